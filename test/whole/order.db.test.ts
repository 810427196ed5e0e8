import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { startAcceptor } from '../../src/app/accept.ts'
import { anomaliesOf, coverOfReading, readCustomer, shiftsOf } from '../../src/app/customer-record.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { createLink } from '../../src/app/links.ts'
import { projectReports } from '../../src/app/project.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { deriveFromFacts } from '../../src/domain/customer-record.ts'
import type { IdentityName } from '../../src/domain/identity.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { derivedOfLinks } from '../../src/storage/shifts.ts'
import { runs } from '../support/properties.ts'
import { contextOn, onEachEngine, openStore, type Store } from '../support/stores.ts'

const GRID = 30 * 60 * 1_000_000
const STEPS = 80

type Report = { kind: EventKind; step: number }
/** One delivery of one of the reports: which, under which identity, and whether it opens a new request. */
type Delivery = { nth: number; byUserId: boolean; cut: boolean; projectAfter: boolean; restartAfter: boolean }

const reports = fc.array(
  fc.record({ kind: fc.constantFrom('login' as const, 'logout' as const), step: fc.integer({ min: 0, max: STEPS }) }),
  { minLength: 1, maxLength: 20 },
)
const delivery: fc.Arbitrary<Delivery> = fc.record({
  nth: fc.nat(),
  byUserId: fc.boolean(),
  cut: fc.boolean(),
  projectAfter: fc.boolean(),
  restartAfter: fc.boolean(),
})

onEachEngine('the same reports', (engine) => {
  let store: Store
  let workProviderId = ''
  let people = 0
  before(async () => {
    store = await openStore(engine)
    workProviderId = (await createWorkProvider(store.context, 'Ace')).id
  })
  after(() => store.close())

  /** Tells reports to a customer of their own, in a given way; answers what came of it. */
  async function tell(said: readonly Report[], deliveries: readonly Delivery[], linkAt: number) {
    const { context } = store
    const customerNumber = `C${++people}`
    const userId = `u${people}`
    const base = Math.floor(context.now() / GRID - STEPS) * GRID
    await createCustomer(context, { email: `${customerNumber}@example.com`, customerNumber })
    await createPolicy(context, { customerNumber, classOfUse: 'delivery', coverLevel: 'TPO', from: base as Instant })
    const link = (): Promise<unknown> =>
      createLink(context, {
        workProvider: 'Ace',
        customerNumber,
        workProviderUserId: userId,
        consentedAt: base as Instant,
      })
    const acceptor = startAcceptor(context, () => {})
    const identity = (byUserId: boolean): IdentityName =>
      byUserId ? { kind: 'user_id', text: userId } : { kind: 'customer_number', text: customerNumber }

    // Whatever the deliveries leave out is told at the end, so that the set is always the same.
    const missing = said.map((_, nth) => ({
      nth,
      byUserId: false,
      cut: true,
      projectAfter: false,
      restartAfter: false,
    }))
    const all = [
      ...deliveries,
      ...missing.filter(({ nth }) => !deliveries.some((one) => one.nth % said.length === nth)),
    ]
    let batch = null as { kind: EventKind; reports: { identity: IdentityName; at: Instant }[] } | null
    const send = async (): Promise<void> => {
      if (batch === null) return
      await acceptor.accept({ requestId: context.newId(), workProviderId, ...batch })
      batch = null
    }
    for (const [index, one] of all.entries()) {
      if (index === linkAt % all.length) await link()
      const { kind, step } = said[one.nth % said.length]!
      if (one.cut || batch?.kind !== kind) await send()
      batch ??= { kind, reports: [] }
      batch.reports.push({ identity: identity(one.byUserId), at: (base + step * GRID) as Instant })
      if (one.projectAfter) {
        await send()
        await projectReports(context.db, 3)
      }
      if (one.restartAfter) {
        // Another process goes on where this one was: nothing is kept in memory.
        await send()
        const other = contextOn(store.target)
        await projectReports(other.context.db, 2)
        await other.close()
      }
    }
    await send()
    await settle(context)
    const reading = await readCustomer(context, { customerNumber })
    const stream = reading.record.streams[0]!
    const stored = (await derivedOfLinks(context.db, [stream.link.id])).get(stream.link.id)!
    assert.deepEqual(stored, deriveFromFacts(stream), 'what is stored equals what is derived from scratch')
    return {
      shifts: shiftsOf(reading).map((one) => [
        one.startedAt - base,
        one.endedAt === null ? null : one.endedAt - base,
        one.endReason,
      ]),
      anomalies: anomaliesOf(reading).map((one) => [one.at - base, one.kind]),
      cover: coverOfReading(reading).map((one) => [one.from - base, one.to === reading.now ? 'now' : one.to - base]),
    }
  }

  test('in any order, told again, cut into requests, under either identity, linked at any time: the same shifts and cover', async () => {
    await fc.assert(
      fc.asyncProperty(reports, fc.array(delivery, { maxLength: 40 }), fc.nat(), async (said, deliveries, linkAt) => {
        const plain = await tell(said, [], 0)
        const wild = await tell(said, deliveries, linkAt)
        assert.deepEqual(wild, plain)
        for (const [index, [from, to]] of plain.shifts.entries()) {
          const next = plain.shifts[index + 1]
          assert.ok(
            next === undefined || ((to ?? from) as number) <= (next[0] as number),
            'shifts of one stream never overlap',
          )
          assert.ok(to === null || (to as number) - (from as number) <= 14 * 2 * GRID, 'none is longer than the cap')
        }
      }),
      runs(15),
    )
  })
})
