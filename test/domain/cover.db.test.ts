import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { deriveFromFacts } from '../../src/domain/customer-record.ts'
import { coverAtWorkProvider } from '../../src/domain/cover.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { earlier, FOREVER, type Interval } from '../../src/domain/interval.ts'
import { activeIntervals } from '../../src/domain/link.ts'
import { isGoodFor, validity } from '../../src/domain/policy.ts'
import { shiftsAt } from '../../src/domain/shift-engine.ts'
import { runs } from '../support/properties.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { CUSTOMER, GRID, recordOf, START, worlds } from '../support/worlds.ts'

onEachEngine('cover worked out in code', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  test("equals the union and intersection of PostgreSQL's multiranges", async () => {
    const now = fc.integer({ min: 0, max: 110 }).map((step) => (START + step * GRID) as Instant)
    await fc.assert(
      fc.asyncProperty(worlds, now, async (world, at) => {
        const record = recordOf(world, CUSTOMER)
        for (const stream of record.streams) {
          const shifts = deriveFromFacts(stream).shifts
          const onShift = shiftsAt(shifts, at).map((one) => ({
            from: one.startedAt,
            to: one.endedAt ?? earlier(one.capAt, at),
          }))
          const valid = record.policies.filter((policy) => isGoodFor(policy, stream.workProviderId)).map(validity)
          const { rows } = await sql<{ from: number; to: number }>`
            select lower(piece) as "from", upper(piece) as "to" from unnest(
              ${union(onShift)} * ${union(activeIntervals(stream))} * ${union(valid)} * int8multirange(int8range(0, ${at}))
            ) piece order by piece
          `.execute(store.context.db)
          const cover = coverAtWorkProvider({ ...stream, shifts }, record.policies, at)
          assert.deepEqual(
            cover.map(({ from, to }) => ({ from, to })),
            rows,
          )
        }
      }),
      runs(60),
    )
  })
})

function union(intervals: readonly Interval[]) {
  const whole = intervals.filter((one) => one.from < one.to)
  const bound = (at: Instant): number => Math.min(Math.max(at, 0), FOREVER)
  return sql`(select coalesce(range_agg(int8range(f, t)), '{}') from unnest(
    ${whole.map((one) => bound(one.from))}::bigint[], ${whole.map((one) => bound(one.to))}::bigint[]) as r (f, t))`
}
