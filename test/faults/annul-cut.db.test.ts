import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { startAcceptor } from '../../src/app/accept.ts'
import { annulKnownEvent } from '../../src/app/annul.ts'
import { check } from '../../src/app/check.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Identity } from '../../src/domain/identity.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { isAnnulled, type ShiftEvent } from '../../src/domain/shift-event.ts'
import { inTransaction, isUnavailable } from '../../src/storage/database.ts'
import { eventsOfIdentities, readEventRanges } from '../../src/storage/events.ts'
import { lockIdentities } from '../../src/storage/identities.ts'
import { readRequestItems } from '../../src/storage/reports.ts'
import { derivedOfLinks } from '../../src/storage/shifts.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { openWay, type Way } from './way.ts'

onEachEngine('an annulment', (engine) => {
  let store: Store
  let way: Way
  let workProviderId: string
  before(async () => {
    store = await openStore(engine)
    way = await openWay(store)
    workProviderId = (await createWorkProvider(store.context, 'Ace')).id
  })
  after(async () => {
    await way.close()
    await store.close()
  })

  type Told = { event: ShiftEvent; linkId: number; requestId: string }

  /** Somebody new who logged in and has not logged out. */
  async function login(userId: string): Promise<Told> {
    const { context } = store
    const { customerNumber } = await createCustomer(context, { email: `${userId}@example.com` })
    const { id: linkId } = await createLink(context, {
      workProvider: 'Ace',
      customerNumber,
      workProviderUserId: userId,
    })
    const identity: Identity = { workProviderId, kind: 'user_id', text: userId }
    const at = plus(context.now(), -MICROSECONDS_PER_HOUR)
    const requestId = context.newId()
    await startAcceptor(context, () => {}).accept({
      requestId,
      workProviderId,
      kind: 'login',
      reports: [{ identity, at }],
    })
    await settle(context)
    return { event: { identity, kind: 'login', at }, linkId, requestId }
  }

  /** What each of those says who are asked whether it counts: the facts, deriving, a request's answer, the stored shift. */
  async function saidOf({ event, linkId, requestId }: Told): Promise<boolean[]> {
    const { db, now } = store.context
    const { identity, at } = event
    // Whoever was cut off in the middle of it holds this until the database has noticed.
    await inTransaction(db, (trx) => lockIdentities(trx, [identity]))
    const [fact] = await eventsOfIdentities(db, [identity], { withInbox: false })
    const range = { identity, from: at, to: plus(at, 1), limit: 1 }
    const [item] = await readRequestItems(db, { workProviderId, requestId, sentAt: now(), fromItem: 0, limit: 1 })
    return [
      !isAnnulled(fact!),
      (await readEventRanges(db, [range])).length === 1,
      !item!.isAnnulled,
      (await derivedOfLinks(db, [linkId])).get(linkId)!.shifts.length === 1,
    ]
  }

  for (const isAnswered of [false, true]) {
    const when = isAnswered ? 'after its answer' : 'before its answer'
    it(`cut off at any of its statements, ${when}, is there whole or not at all, and is said again`, async () => {
      let [died, kept] = [0, 0]
      for (let statement = 1; ; statement++) {
        const told = await login(`u${isAnswered}${statement}`)
        assert.deepEqual(await saidOf(told), [true, true, true, true])
        const { context, close } = way.connect(statement, isAnswered)
        const annulment = { annulled: true, reason: 'a slip' }
        const isDead = await annulKnownEvent(context, told.event, annulment).then(
          () => false,
          (error: unknown) => {
            if (!isUnavailable(error)) throw error
            return true
          },
        )
        await close()
        const said = await saidOf(told)
        assert.equal(new Set(said).size, 1, `after statement ${statement}: ${said}`)
        kept += said[0] ? 0 : 1
        if (!isDead) break
        died += 1
        await annulKnownEvent(store.context, told.event, annulment)
        assert.deepEqual(await saidOf(told), [false, false, false, false])
      }
      assert.ok(died > 5 && kept > 0, `${died} deaths, ${kept} annulments kept`)
      assert.deepEqual((await check(store.context)).differences, [])
    })
  }
})
