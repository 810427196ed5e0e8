import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatInstant, type Instant, parseInstant } from '../../src/domain/instant.ts'
import { formatLocalTime, parseDate, parseLocalTime } from '../../src/domain/local-time.ts'

const ZONE = 'Europe/London'

function read(text: string): string {
  const time = parseLocalTime(text, ZONE)
  if (time === null) return 'none'
  return [time.instant, ...(time.again === null ? [] : [time.again])].map(formatInstant).join(' or ')
}

describe('a time as a form sends it', () => {
  test('is of the time zone, or of the offset that it is written with', () => {
    assert.equal(read('2026-11-25T10:00'), '2026-11-25T10:00:00Z')
    assert.equal(read('2026-06-01 10:00:30'), '2026-06-01T09:00:30Z')
    assert.equal(read('2026-06-01T10:00:00.123456Z'), '2026-06-01T10:00:00.123456Z')
    assert.equal(read('2026-06-01T10:00:00+02:00'), '2026-06-01T08:00:00Z')
  })

  test('is told both times when the clock shows it twice, and is none when the clock leaps over it', () => {
    assert.equal(read('2026-10-25T01:30'), '2026-10-25T00:30:00Z or 2026-10-25T01:30:00Z')
    assert.equal(read('2026-03-29T01:30'), 'none')
  })

  test('is none when it is no time, or of years that nobody asks about', () => {
    for (const text of [
      '',
      'now',
      '2026-02-30T10:00',
      '2026-11-25T24:00',
      '2026-11-25',
      '2014-12-31T23:59',
      '9999-01-01T00:00',
    ]) {
      assert.equal(read(text), 'none', text)
    }
  })

  test('is written as it is read, to the second', () => {
    const at = parseInstant('2026-06-01T09:00:30.999999Z')
    assert.ok('instant' in at)
    assert.equal(formatLocalTime(at.instant, ZONE), '2026-06-01T10:00:30')
    assert.equal(parseLocalTime(formatLocalTime(at.instant, ZONE), ZONE)!.instant, (at.instant - 999_999) as Instant)
    assert.equal(formatLocalTime((at.instant - 30_999_999) as Instant, ZONE), '2026-06-01T10:00:00')
  })

  test('a date is one of the calendar', () => {
    assert.equal(parseDate('2026-11-25')?.toString(), '2026-11-25')
    for (const text of ['2026-02-30', '2026-1-1', '', '1900-01-01', '+012026-01-01'])
      assert.equal(parseDate(text), null)
  })
})
