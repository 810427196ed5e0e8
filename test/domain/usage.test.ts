import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { deriveFromFacts } from '../../src/domain/customer-record.ts'
import { coverAtWorkProvider } from '../../src/domain/cover.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { localDaysOfMonth, usageByDay } from '../../src/domain/usage.ts'
import { oracleUsage } from '../oracle/oracle.ts'
import { runs } from '../support/properties.ts'
import { CUSTOMER, GRID, recordOf, START, worlds } from '../support/worlds.ts'

const HOUR = 3_600_000_000

describe('usage', () => {
  test('is that of the oracle, over the night when the clocks go back', () => {
    const now = fc.integer({ min: 0, max: 110 }).map((step) => (START + step * GRID) as Instant)
    fc.assert(
      fc.property(
        worlds,
        now,
        fc.constantFrom('Europe/London', 'Pacific/Kiritimati', 'America/St_Johns'),
        (world, at, timeZone) => {
          const record = recordOf(world, CUSTOMER)
          const days = localDaysOfMonth('2026-10', timeZone)!
          const usage = record.streams.flatMap((stream) => {
            const shifts = deriveFromFacts(stream).shifts
            const cover = coverAtWorkProvider({ ...stream, shifts }, record.policies, at)
            return usageByDay(cover, days).map((day) => ({ workProvider: stream.workProvider, ...day }))
          })
          const expected = oracleUsage(world, CUSTOMER, timeZone, '2026-10', { now: at })
          assert.deepEqual(
            usage.map((one) => [one.workProvider, one.day, one.minutes]),
            expected.map((one) => [one.workProvider, one.day, one.minutes]),
          )
        },
      ),
      runs(1_000),
    )
  })

  test('days have 23 and 25 hours where the clocks change, and 24 otherwise', () => {
    const hours = (month: string): Map<string, number> =>
      new Map(localDaysOfMonth(month, 'Europe/London')!.map((day) => [day.day, (day.to - day.from) / HOUR]))
    assert.equal(hours('2026-03').get('2026-03-29'), 23)
    assert.equal(hours('2026-10').get('2026-10-25'), 25)
    assert.deepEqual([...new Set(hours('2026-11').values())], [24])
  })

  test('a month is written as 2026-11', () => {
    for (const text of ['2026', '2026-13', '2026-00', '2026-1', 'november', '2026-11-01']) {
      assert.equal(localDaysOfMonth(text, 'Europe/London'), null)
    }
  })
})
