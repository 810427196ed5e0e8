import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fromTemporal, type Instant, MICROSECONDS_PER_HOUR, temporal } from '../../src/domain/instant.ts'
import { contains } from '../../src/domain/interval.ts'
import { hourMarks, localDayOf, localWeekOf } from '../../src/domain/local-day.ts'
import { runs } from '../support/properties.ts'

const zones = fc.constantFrom('Europe/London', 'Pacific/Kiritimati', 'America/St_Johns', 'Australia/Lord_Howe')
/** Some years, to the second. */
const instants = fc.integer({ min: 1_750_000_000, max: 1_900_000_000 }).map((seconds) => (seconds * 1e6) as Instant)
const at = (text: string): Instant => fromTemporal(Temporal.Instant.from(text))

describe('local days', () => {
  test('the day and the week of an instant hold it; a week is seven days without gaps, Monday first', () => {
    fc.assert(
      fc.property(instants, zones, (instant, timeZone) => {
        const week = localWeekOf(instant, timeZone)
        assert.equal(week.length, 7)
        assert.equal(Temporal.PlainDate.from(week[0]!.day).dayOfWeek, 1)
        for (const [index, day] of week.slice(1).entries()) assert.equal(day.from, week[index]!.to)
        assert.deepEqual(
          week.filter((day) => contains(day, instant)),
          [localDayOf(instant, timeZone)],
        )
      }),
      runs(1_000),
    )
  })

  test('the night in March has 23 hours and the one in October 25', () => {
    const hours = (text: string): number => {
      const { from, to } = localDayOf(at(text), 'Europe/London')
      return (to - from) / MICROSECONDS_PER_HOUR
    }
    assert.equal(hours('2026-03-29T12:00Z'), 23)
    assert.equal(hours('2026-10-25T12:00Z'), 25)
    assert.equal(hours('2026-10-26T12:00Z'), 24)
  })

  test('an hour that the clock shows twice is marked twice, one that it leaps over not at all', () => {
    const marks = (text: string, every: number): [number, string][] =>
      hourMarks(localDayOf(at(text), 'Europe/London'), 'Europe/London', every).map((mark) => [
        mark.hour,
        temporal(mark.at).toString(),
      ])
    assert.deepEqual(marks('2026-10-25T12:00Z', 1).slice(0, 4), [
      [0, '2026-10-24T23:00:00Z'],
      [1, '2026-10-25T00:00:00Z'],
      [1, '2026-10-25T01:00:00Z'],
      [2, '2026-10-25T02:00:00Z'],
    ])
    assert.equal(marks('2026-10-25T12:00Z', 1).length, 25)
    assert.deepEqual(marks('2026-03-29T12:00Z', 1).slice(0, 3), [
      [0, '2026-03-29T00:00:00Z'],
      [2, '2026-03-29T01:00:00Z'],
      [3, '2026-03-29T02:00:00Z'],
    ])
    assert.deepEqual(
      marks('2026-10-25T12:00Z', 6).map(([hour]) => hour),
      [0, 6, 12, 18],
    )
  })

  test('marks lie within the day, in order, where the clock shows the full hour', () => {
    fc.assert(
      fc.property(instants, zones, fc.constantFrom(1, 6), (instant, timeZone, every) => {
        const day = localDayOf(instant, timeZone)
        const marks = hourMarks(day, timeZone, every)
        assert.ok(marks.length >= 23 / every)
        for (const [index, mark] of marks.entries()) {
          const shown = temporal(mark.at).toZonedDateTimeISO(timeZone)
          assert.deepEqual([shown.hour, shown.minute, shown.second], [mark.hour, 0, 0])
          assert.ok(contains(day, mark.at) && (index === 0 || marks[index - 1]!.at < mark.at))
        }
      }),
      runs(1_000),
    )
  })
})
