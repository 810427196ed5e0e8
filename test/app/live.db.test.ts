import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { countShifts, SHIFTS_A_PIECE, UNCOVERED_TOLD } from '../../src/app/count-shifts.ts'
import { explain, loadRecord } from '../../src/app/customer-record.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { LIVE_PACE, type LivePace, openLive } from '../../src/app/live.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, plus } from '../../src/domain/instant.ts'
import type { ShiftCount } from '../../src/domain/live.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { isCovered, standingsAt } from '../../src/domain/standing.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { countRefusals, storeRefusals } from '../../src/storage/refusals.ts'
import { timestamp } from '../../src/storage/sql.ts'
import { statementsOf } from '../site/statements.ts'
import { waitFor } from '../faults/harness.ts'
import { runs } from '../support/properties.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { histories, startHistory } from '../whole/random-history.ts'

const RUNS = 10
/** The first sample, and no other while a test looks. */
const ONE_SAMPLE: LivePace = { ...LIVE_PACE, restMs: 600_000 }

async function counted(context: Context, countedAtMost?: number): Promise<ShiftCount> {
  const count = countShifts(context, await databaseNow(context.db), countedAtMost)
  for (;;) {
    const step = await count.next()
    if (step.done === true) return step.value
  }
}

onEachEngine('who is on shift now, and who of them is covered', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  test('is what the rules say of each customer, after any history', async () => {
    const { context } = store
    const customers: string[] = []
    let onShiftSeen = 0
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const told = await startHistory(context)
        customers.push(told.customerNumber, told.rivalNumber)
        for (const step of steps) await told.tell(step)
        await settle(context)
        const count = await counted(context)
        let [onShift, covered] = [0, 0]
        for (const customerNumber of customers) {
          const record = await loadRecord(context.db, customerNumber, { withInbox: false })
          const standings = standingsAt(record, count.at)
          onShift += standings.filter((one) => one.shift !== null).length
          covered += standings.filter(isCovered).length
          const { why } = explain({ record, now: count.at })
          for (const one of count.uncovered.filter((it) => it.customerNumber === customerNumber)) {
            assert.ok(why.includes(one.why), `${one.why} is not in: ${why}`)
            assert.equal(
              one.startedAt,
              standings.find((it) => it.stream.workProvider === one.workProvider)!.shift!.startedAt,
            )
          }
        }
        assert.deepEqual({ onShift: count.onShift, covered: count.covered }, { onShift, covered })
        assert.equal(count.uncovered.length, Math.min(onShift - covered, UNCOVERED_TOLD))
        onShiftSeen += onShift
      }),
      runs(RUNS),
    )
    assert.ok(onShiftSeen > 0, 'histories in which nobody is on shift now show nothing')
  })
})

onEachEngine('the live figures', (engine) => {
  let store: Store
  let context: Context
  let workProviderId: string
  before(async () => {
    store = await openStore(engine)
    context = store.context
    workProviderId = (await createWorkProvider(context, 'Ace')).id
  })
  after(() => store.close())

  async function report(kind: EventKind, text: string, at: Instant): Promise<void> {
    const reports = [{ identity: { kind: 'user_id' as const, text }, at }]
    await startAcceptor(context, () => {}).accept({ requestId: context.newId(), workProviderId, kind, reports })
  }

  async function driver(userId: string): Promise<string> {
    const { customerNumber } = await createCustomer(context, { email: `${userId}@example.com` })
    const consentedAt = plus(context.now(), -MICROSECONDS_PER_HOUR)
    await createLink(context, { workProvider: 'Ace', customerNumber, workProviderUserId: userId, consentedAt })
    return customerNumber
  }

  test('count who has logged in until they log out, also when the logout is told ahead', async () => {
    const customerNumber = await driver('ahead')
    await createPolicy(context, { customerNumber, classOfUse: 'Delivery', coverLevel: 'TPO' })
    const before = await counted(context)
    const now = context.now()
    await report('login', 'ahead', plus(now, -MICROSECONDS_PER_MINUTE))
    await settle(context)
    assert.equal((await counted(context)).onShift, before.onShift + 1)
    await report('logout', 'ahead', plus(now, 2 * MICROSECONDS_PER_HOUR))
    await report('login', 'ahead', plus(now, 3 * MICROSECONDS_PER_HOUR))
    await report('logout', 'ahead', plus(now, 4 * MICROSECONDS_PER_HOUR))
    await settle(context)
    const during = await counted(context)
    assert.equal(during.onShift, before.onShift + 1)
    assert.equal(during.covered, before.covered + 1)
    await report('logout', 'ahead', now)
    await settle(context)
    assert.equal((await counted(context)).onShift, before.onShift)
  })

  test('miss nobody between two pieces, though all were told of the same instants, and count no more than asked', async () => {
    const before = await counted(context)
    const people = 2 * SHIFTS_A_PIECE + 7
    await onShiftTogether(people, SHIFTS_A_PIECE + 3)
    const count = await counted(context)
    assert.equal(count.onShift, before.onShift + people)
    assert.equal(count.covered, before.covered)
    assert.equal(count.uncovered.length, UNCOVERED_TOLD)
    assert.equal(count.isAll, true)
    const some = await counted(context, SHIFTS_A_PIECE)
    assert.equal(some.isAll, false)
    assert.equal(some.onShift, SHIFTS_A_PIECE)
  })

  /** As if derived: customers without policies, so many of them with one and the same logout ahead. */
  async function onShiftTogether(people: number, withLogout: number): Promise<void> {
    const now = context.now()
    const started = timestamp(plus(now, -MICROSECONDS_PER_HOUR))
    const end = timestamp(plus(now, MICROSECONDS_PER_HOUR))
    const cap = timestamp(plus(now, 13 * MICROSECONDS_PER_HOUR))
    await sql`
      with made as (select 'T' || n as number, n from generate_series(1, ${people}::int) n),
      customers as (
        insert into customer (customer_number, email, email_key)
        select number, number || '@example.com', lower(number) || '@example.com' from made returning customer_number
      )
      select count(*) from customers
    `.execute(context.db)
    await sql`
      insert into link (work_provider_id, customer_number)
      select ${workProviderId}::uuid, 'T' || n from generate_series(1, ${people}::int) n
    `.execute(context.db)
    await sql`
      insert into identity (work_provider_id, kind, identity, slice)
      select work_provider_id, 'customer_number', customer_number, 1 from link where customer_number ~ '^T\\d+$'
    `.execute(context.db)
    await sql`
      insert into binding (work_provider_id, identity_kind, identity, slice, link_id)
      select work_provider_id, 'customer_number', customer_number, 1, id from link where customer_number ~ '^T\\d+$'
    `.execute(context.db)
    await sql`
      insert into shift (link_id, started_at, ended_at, cap_at, rules_version)
      select id, ${started}, case when substr(customer_number, 2)::int <= ${withLogout}::int then ${end} end, ${cap}, 1
      from link where customer_number ~ '^T\\d+$'
    `.execute(context.db)
    await sql`
      insert into event (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
      select 1, work_provider_id, 'customer_number', customer_number, ${end}, 'logout', ${started}, gen_random_uuid(), 0
      from link where customer_number ~ '^T\\d+$' and substr(customer_number, 2)::int <= ${withLogout}::int
    `.execute(context.db)
  }

  test('tell the last events first, derived or not, whose they are, and what waits', async () => {
    const customerNumber = await driver('last')
    await settle(context)
    const at = plus(context.now(), -MICROSECONDS_PER_MINUTE)
    await report('login', 'last', at)
    await settle(context)
    await report('login', 'nobody', at)
    const { snapshot, stop } = sampling()
    const { received, inbox, rate } = await snapshot()
    assert.deepEqual(
      received.slice(0, 2).map((one) => [one.workProvider, one.kind, one.identity, one.customerNumber, one.at]),
      [
        ['Ace', 'login', 'nobody', null, at],
        ['Ace', 'login', 'last', customerNumber, at],
      ],
    )
    assert.deepEqual(inbox, { waiting: 1, isMore: false, oldestAt: received[0]!.receivedAt })
    const { rows } = await sql<{ lately: number }>`
      select count(*) as lately from (select received_at from inbox union all select received_at from report) told
    `.execute(context.db)
    assert.deepEqual(rate, { perSecond: rows[0]!.lately / 60, isEstimate: false })
    await stop()
    await settle(context)
  })

  test('tell how many requests were refused, with and without a key', async () => {
    const at = context.now()
    const refusal = { at, method: 'POST', path: '/v1/match', status: 400, error: 'INVALID_DATA' as const, detail: '' }
    const kept = [workProviderId, null].map((id) => ({ ...refusal, requestId: context.newId(), workProviderId: id }))
    const old = { ...refusal, requestId: context.newId(), workProviderId, at: plus(at, -2 * MICROSECONDS_PER_HOUR) }
    const counts = [{ workProviderId: null, error: 'INVALID_DATA' as const, refusals: 3 }]
    await storeRefusals(context.db, [...kept, old], counts, at)
    const { snapshot, stop } = sampling()
    const { refusals } = await snapshot()
    assert.deepEqual(refusals, { lastHour: 2, isMore: false, today: [{ error: 'INVALID_DATA', refusals: 3 }] })
    assert.deepEqual(await countRefusals(context.db, null), { INVALID_DATA: 3 })
    await stop()
  })

  function sampling(pace: LivePace = ONE_SAMPLE, given = context) {
    const stopping = new AbortController()
    const live = openLive(given, stopping.signal, pace)
    return {
      ...live,
      ended: live.stop,
      async stop() {
        stopping.abort()
        await live.stop()
      },
    }
  }

  test('are read once however many watch, and not before somebody does', async () => {
    const alone = sampling()
    const forOne = await statementsOf(() => alone.snapshot())
    assert.ok(forOne.length > 0)
    await alone.stop()

    const live = sampling()
    assert.deepEqual(await statementsOf(async () => void live.watch()!.end()), [])
    const watchers = Array.from({ length: 5 }, () => live.watch()!)
    const forMany = await statementsOf(async () => {
      const seen = await Promise.all([live.snapshot(), ...watchers.map((watcher) => watcher.next(null, 600_000))])
      assert.equal(new Set(seen).size, 1)
      await live.snapshot()
    })
    assert.deepEqual(forMany, forOne)
    await live.stop()
  })

  test('are read again and again while somebody watches, and no more when nobody does', async () => {
    const live = sampling({ ...LIVE_PACE, restMs: 1, share: 1, lingerMs: 0 })
    const watcher = live.watch()!
    const first = await watcher.next(null, 600_000)
    const second = await watcher.next(first, 600_000)
    assert.ok(first !== null && second !== null && second.at > first.at)
    watcher.end()
    // Nobody told it to stop: it ends by itself.
    await live.ended()
    await live.stop()
  })

  test('are read again after a count that failed, from the beginning', async () => {
    let failures = 0
    const log = Object.create(context.log, { error: { value: () => void failures++ } }) as Context['log']
    const live = sampling({ ...LIVE_PACE, restMs: 1, share: 1, failedRestMs: 1 }, { ...context, log })
    const watcher = live.watch()!
    try {
      let seen = await watcher.next(null, 600_000)
      while (seen!.shifts === null) seen = await watcher.next(seen, 600_000)
      await sql`alter table shift rename to shift_away`.execute(context.db)
      await waitFor('samples that fail', () => failures > 2)
      await sql`alter table shift_away rename to shift`.execute(context.db)
      const at = await databaseNow(context.db)
      while (seen!.shifts!.at < at) {
        seen = await watcher.next(seen, 600_000)
        assert.equal(typeof seen?.shifts?.onShift, 'number')
      }
    } finally {
      watcher.end()
      await live.stop()
    }
  })

  test('are for so many at once and no more', async () => {
    const live = sampling(ONE_SAMPLE, { ...context, limits: { ...context.limits, liveStreams: 2 } })
    const [first, second] = [live.watch(), live.watch()]
    assert.ok(first !== null && second !== null)
    assert.equal(live.watch(), null)
    first.end()
    assert.notEqual(live.watch(), null)
    await live.stop()
  })

  test('end for everybody when the server stops', async () => {
    const live = sampling()
    const watcher = live.watch()!
    const seen = await watcher.next(null, 600_000)
    const waiting = watcher.next(seen, 600_000)
    await live.stop()
    assert.equal(await waiting, null)
    assert.equal(await watcher.next(seen, 600_000), null)
    await assert.rejects(live.snapshot())
  })
})
