import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Counts, NOTHING, type QualityDay } from '../../src/domain/data-quality.ts'
import { fallenSilent, findingInWords, isAnHourAhead } from '../../src/domain/findings.ts'
import { formatInstant, type Instant } from '../../src/domain/instant.ts'
import { daysUpTo, startOfUtcDay } from '../../src/domain/utc-day.ts'

const HOUR = 3_600_000_000

describe('a steady lead of an hour', () => {
  const day = (hourAhead: number, onTime: number, duplicates = 0): Counts => ({
    ...NOTHING,
    reports: hourAhead + onTime + duplicates,
    duplicates,
    hourAhead,
    onTime,
  })

  test('is seen when more than half of 50 reports or more sit there, on three days at least', () => {
    assert.equal(isAnHourAhead([day(20, 5), day(10, 5), day(6, 4)]), true)
    assert.equal(isAnHourAhead([day(0, 0), day(20, 5), day(10, 5), day(0, 0), day(6, 4)]), true)
  })

  test('is not seen in fewer than 50 reports', () => {
    assert.equal(isAnHourAhead([day(20, 0), day(20, 0), day(9, 0)]), false)
    assert.equal(isAnHourAhead([day(20, 0), day(20, 0), day(10, 0)]), true)
  })

  test('is not seen when half of them sit there, no more', () => {
    assert.equal(isAnHourAhead([day(30, 20), day(30, 20), day(30, 20), day(0, 30)]), false)
    assert.equal(isAnHourAhead([day(30, 20), day(30, 20), day(30, 20), day(0, 29)]), true)
  })

  test('is not seen on one day or two, however many sit there', () => {
    assert.equal(isAnHourAhead([day(1_000, 0), day(1_000, 0), day(5, 5)]), false)
  })

  test('is told by what is said for the first time: repeating the rest does not hide it', () => {
    assert.equal(isAnHourAhead([day(20, 0, 500), day(20, 0, 500), day(20, 0, 500)]), true)
  })
})

describe('a work provider that has fallen silent', () => {
  const days = daysUpTo('2026-05-08', 8)
  const lastAt = (startOfUtcDay('2026-05-08') + 12 * HOUR) as Instant

  /** Its habit: reports from `from` o'clock to `to` o'clock, never further apart than `gap` hours. */
  function habit({ from = 1, to = 23, gap = 1, without = '' } = {}): QualityDay[] {
    return days.map((day, index) => {
      const start = startOfUtcDay(day)
      const isLast = index === days.length - 1
      if (day === without) return { ...NOTHING, day, countedAt: lastAt }
      return {
        ...NOTHING,
        day,
        countedAt: lastAt,
        reports: 9,
        firstReceivedAt: (start + from * HOUR) as Instant,
        lastReceivedAt: isLast ? lastAt : ((start + to * HOUR) as Instant),
        longestGap: gap * HOUR,
      }
    })
  }
  const after = (hours: number): Instant => (lastAt + hours * HOUR) as Instant

  test('is named after three times the longest time that it was ever silent, nights included', () => {
    // From 23 to 1 o'clock.
    assert.equal(fallenSilent(habit(), lastAt, after(6)), null)
    assert.deepEqual(fallenSilent(habit(), lastAt, after(6.1)), { since: lastAt, usualGap: 2 * HOUR })
    const lunchOnly = habit({ from: 11, to: 14 })
    assert.equal(fallenSilent(lunchOnly, lastAt, after(63)), null)
    assert.deepEqual(fallenSilent(lunchOnly, lastAt, after(63.1)), { since: lastAt, usualGap: 21 * HOUR })
    assert.equal(fallenSilent(habit({ gap: 5 }), lastAt, after(15)), null)
    assert.notEqual(fallenSilent(habit({ gap: 5 }), lastAt, after(15.1)), null)
  })

  test('is not named within three hours, however busy it was', () => {
    const busy = habit({ from: 0, to: 23.9, gap: 0.01 })
    assert.equal(fallenSilent(busy, lastAt, after(3)), null)
    assert.notEqual(fallenSilent(busy, lastAt, after(3.1)), null)
  })

  test('is not named when it did not report on each of the seven days before', () => {
    assert.equal(fallenSilent(habit({ without: days[0]! }), lastAt, after(1_000)), null)
    assert.equal(fallenSilent(habit({ without: days[6]! }), lastAt, after(1_000)), null)
    assert.equal(fallenSilent(habit().slice(1), lastAt, after(1_000)), null)
    assert.equal(fallenSilent([], lastAt, after(1_000)), null)
  })

  test('is named though its last day is not counted yet', () => {
    assert.notEqual(fallenSilent(habit({ without: days[7]! }), lastAt, after(100)), null)
  })
})

test('a finding is a sentence', () => {
  const since = startOfUtcDay('2026-05-08')
  const silent = (usualGap: number) => findingInWords({ kind: 'fallen silent', since, usualGap }, formatInstant)
  assert.match(silent(2.5 * HOUR), /nothing came since 2026-05-08T00:00:00Z\..* longer than 3 hours\.$/)
  assert.match(silent(90 * 60_000_000), / longer than 90 minutes\.$/)
  assert.match(silent(0), / longer than a minute\.$/)
  assert.match(findingInWords({ kind: 'an hour ahead', share: 0.834 }, formatInstant), /one hour ahead \(83 % of/)
})
