import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  count,
  type CountedReport,
  COUNTS,
  type Counts,
  newsIn,
  NOTHING,
  sharesOf,
  staleBefore,
} from '../../src/domain/data-quality.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { type Lag, lagOf, LAGS, usualLag } from '../../src/domain/lag.ts'
import { OUTCOMES } from '../../src/domain/request-outcome.ts'
import { daysUpTo, startOfUtcDay, utcDayOf } from '../../src/domain/utc-day.ts'
import { lowestUuidOf } from '../../src/domain/uuid.ts'
import { runs } from '../support/properties.ts'
import { requestIdOf } from '../support/received.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const at = (text: string): Instant => (Date.parse(text) * 1_000) as Instant
const counts = (some: Partial<Counts>): Counts => ({ ...NOTHING, ...some })

const minutes = fc.integer({ min: 0, max: 3 * 24 * 60 }).map((minute) => (minute * MINUTE) as Instant)
const reports: fc.Arbitrary<CountedReport[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('login' as const, 'logout' as const),
    at: minutes,
    receivedAt: minutes,
    became: fc.option(
      fc.record({
        outcome: fc.constantFrom(...OUTCOMES),
        shift: fc.option(
          fc.record({
            startedAt: minutes,
            endedAt: fc.constant(null),
            capAt: minutes,
            endReason: fc.constantFrom('cap' as const, null),
          }),
        ),
      }),
    ),
  }),
)

describe('lags', () => {
  test('an hour ahead is 65 to 55 minutes; each bound belongs to the lag above it', () => {
    const seen = (
      [
        [-24 * HOUR, 'farAhead'],
        [-65 * MINUTE - 1, 'farAhead'],
        [-65 * MINUTE, 'hourAhead'],
        [-HOUR, 'hourAhead'],
        [-55 * MINUTE - 1, 'hourAhead'],
        [-55 * MINUTE, 'ahead'],
        [-MINUTE - 1, 'ahead'],
        [-MINUTE, 'onTime'],
        [0, 'onTime'],
        [MINUTE - 1, 'onTime'],
        [MINUTE, 'minutesLate'],
        [HOUR, 'hoursLate'],
        [24 * HOUR - 1, 'hoursLate'],
        [24 * HOUR, 'daysLate'],
        [4_000 * 24 * HOUR, 'daysLate'],
      ] as const
    ).map(([microseconds, lag]) => [microseconds, lagOf(microseconds), lag])
    for (const [microseconds, found, lag] of seen) assert.equal(found, lag, `${microseconds} µs`)
  })

  test('the usual lag is the one in the middle', () => {
    const of = (some: Partial<Record<Lag, number>>) => usualLag(counts(some))
    assert.equal(of({}), null)
    assert.equal(of({ daysLate: 1 }), 'daysLate')
    assert.equal(of({ farAhead: 2, onTime: 3 }), 'onTime')
    assert.equal(of({ onTime: 3, hoursLate: 2 }), 'onTime')
    assert.equal(of({ hourAhead: 1, onTime: 1, hoursLate: 1 }), 'onTime')
  })
})

describe('counting', () => {
  test('is the same however the reports are cut into pieces', () => {
    fc.assert(
      fc.property(reports, fc.array(fc.nat(), { maxLength: 5 }), (all, cuts) => {
        const places = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].sort((a, b) => a - b)
        const inPieces = places.reduce(
          (tally, place, index) => count(tally, all.slice(places[index - 1], place)),
          NOTHING,
        )
        assert.deepEqual(inPieces, count(NOTHING, all))
      }),
      runs(200),
    )
  })

  test('puts each report that is no duplicate under one lag and one outcome', () => {
    fc.assert(
      fc.property(reports, (all) => {
        const tally = count(NOTHING, all)
        const sum = (names: readonly (keyof Counts)[]) => names.reduce((total, name) => total + tally[name], 0)
        assert.equal(tally.reports, all.length)
        assert.equal(newsIn(tally), all.filter((one) => one.became !== null).length)
        assert.equal(sum(LAGS), newsIn(tally))
        const outcomes = COUNTS.slice(COUNTS.indexOf('pending'), COUNTS.indexOf('capped'))
        assert.equal(outcomes.length, OUTCOMES.length)
        assert.equal(sum(outcomes), newsIn(tally))
        assert.ok(tally.capped <= tally.opened)
      }),
      runs(200),
    )
  })

  test('notes when the first and the last came, and the longest time between two', () => {
    const came = [3, 10, 12, 40, 41].map((minute) => (minute * MINUTE) as Instant)
    const { firstReceivedAt, lastReceivedAt, longestGap } = count(
      NOTHING,
      came.map((receivedAt) => ({ kind: 'login' as const, at: receivedAt, receivedAt, became: null })),
    )
    assert.deepEqual([firstReceivedAt, lastReceivedAt, longestGap], [3 * MINUTE, 41 * MINUTE, 28 * MINUTE])
  })

  test('shares are of what could have been so, and of nothing there is none', () => {
    assert.deepEqual(new Set(Object.values(sharesOf(NOTHING))), new Set([null]))
    const some = counts({
      reports: 100,
      duplicates: 20,
      logins: 50,
      hoursLate: 6,
      daysLate: 2,
      opened: 40,
      repeats: 10,
      orphans: 3,
      empties: 4,
      parked: 16,
      capped: 10,
    })
    assert.deepEqual(sharesOf(some), {
      duplicate: 0.2,
      late: 0.1,
      orphan: 0.1,
      repeat: 0.2,
      empty: 0.05,
      capped: 0.25,
      parked: 0.2,
    })
  })
})

describe('a day is counted again', () => {
  const day = '2026-03-29'
  test('every quarter of an hour while it runs', () => {
    assert.equal(staleBefore(day, at('2026-03-29T10:00:00Z')), at('2026-03-29T09:45:00Z'))
  })

  test('once it is over, and then daily until what became of its reports does not change any more', () => {
    assert.equal(staleBefore(day, at('2026-03-30T00:00:00Z')), at('2026-03-30T00:00:00Z'))
    assert.equal(staleBefore(day, at('2026-04-02T23:59:59Z')), at('2026-04-02T00:00:00Z'))
    // 24 h ahead, 48 h of cap, 24 h late.
    const settled = at('2026-04-03T00:00:00Z')
    assert.equal(staleBefore(day, settled), settled)
    assert.equal(staleBefore(day, at('2027-01-01T00:00:00Z')), settled)
  })
})

describe('days of UTC', () => {
  test('begin and end where the ids of requests do', () => {
    const instant = fc.integer({ min: 1_500_000_000_000, max: 1_900_000_000_000 }).map((ms) => (ms * 1_000) as Instant)
    fc.assert(
      fc.property(instant, fc.integer({ min: 0, max: 999 }), (millisecond, microseconds) => {
        const id = requestIdOf((millisecond + microseconds) as Instant)
        assert.ok(id >= lowestUuidOf(millisecond), `${id} of ${millisecond}`)
        assert.ok(id < lowestUuidOf((millisecond + 1_000) as Instant), `${id} of ${millisecond}`)
        const start = startOfUtcDay(utcDayOf(millisecond))
        assert.ok(start <= millisecond && millisecond < start + 24 * HOUR)
      }),
      runs(200),
    )
  })

  test('follow each other over the end of a month', () => {
    assert.deepEqual(daysUpTo('2024-03-01', 3), ['2024-02-28', '2024-02-29', '2024-03-01'])
  })
})
