import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatInstant, type Instant, parseInstant, parseReportInstant } from '../../src/domain/instant.ts'
import { runs } from '../support/properties.ts'

const instants = fc
  .integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2100, 0, 1) })
  .chain((ms) => fc.integer({ min: 0, max: 999 }).map((us) => (ms * 1000 + us) as Instant))

function parsed(text: string): Instant {
  const result = parseInstant(text)
  assert.ok('instant' in result, `${text}: ${'problem' in result ? result.problem : ''}`)
  return result.instant
}

describe('timestamps', () => {
  test('what is printed is read back to the microsecond', () => {
    fc.assert(
      fc.property(instants, (instant) => assert.equal(parsed(formatInstant(instant)), instant)),
      runs(2_000),
    )
  })

  test('an offset changes the text, never the instant', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: -18 * 60, max: 18 * 60 }), (instant, minutes) => {
        const local = formatInstant((instant + minutes * 60_000_000) as Instant).slice(0, -1)
        const size = Math.abs(minutes)
        const offset = `${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
        assert.equal(parsed(`${local}${minutes < 0 ? '-' : '+'}${offset}`), instant)
      }),
      runs(2_000),
    )
  })

  test('agree with Temporal wherever both read a text', () => {
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('T', 't', ' '),
        fc.constantFrom('Z', 'z', '+00', '+0000', '-00:00'),
        (instant, separator, zone) => {
          const text = formatInstant(instant).replace('T', separator).replace('Z', zone)
          assert.equal(parsed(text), Number(Temporal.Instant.from(text).epochNanoseconds / 1000n))
        },
      ),
      runs(1_000),
    )
  })

  test('microseconds are printed where they are not zero, and only then', () => {
    assert.equal(formatInstant(parsed('2026-11-23T10:00:00.000Z')), '2026-11-23T10:00:00Z')
    assert.equal(formatInstant(parsed('2026-11-23T10:00:00.1Z')), '2026-11-23T10:00:00.100000Z')
    assert.equal(formatInstant(parsed('2026-11-23T10:00:00.123456789Z')), '2026-11-23T10:00:00.123456Z')
  })

  test('a leap second is the second before it, with its fraction', () => {
    assert.equal(parsed('2016-12-31T23:59:60.25Z'), parsed('2016-12-31T23:59:59.25Z'))
  })

  for (const text of [
    '2026-11-23T10:00:00',
    '2026-11-23T10:00',
    '2026-11-23',
    '2026-11-23T10Z',
    '2026-02-30T10:00:00Z',
    '2026-00-10T10:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T10:60:00Z',
    '2026-11-23T10:00:61Z',
    '2026-11-23T10:00:00Z[Europe/London]',
    '2026-W48-1T10:00:00Z',
    '2026-327T10:00:00Z',
    '+002026-11-23T10:00:00Z',
    ' 2026-11-23T10:00:00Z',
    '2026-11-23T10:00:00Z ',
    '2026-11-23T10:00:00\u221201:00',
    '1795424400',
    '2026-11-23T10:00:00+18:01',
    '2026-11-23T10:00:00+01:00:30',
    '2026-11-23T10:00:00.Z',
    '2026-11-23T10:00:00.1234567890Z',
    '2025-02-29T10:00:00Z',
    '2026-11-23T10:00:00+1:00',
    '',
  ]) {
    test(`${JSON.stringify(text)} is refused`, () => assert.ok('problem' in parseInstant(text)))
  }

  test('a report may lie 24 hours ahead and no further, and not before 2015', () => {
    const now = parsed('2026-11-23T10:00:00Z')
    const isTaken = (text: string): boolean => 'instant' in parseReportInstant(text, now)
    assert.ok(isTaken('2026-11-24T10:00:00Z'))
    assert.ok(!isTaken('2026-11-24T10:00:00.000001Z'))
    assert.ok(isTaken('2015-01-01T00:00:00Z'))
    assert.ok(!isTaken('2014-12-31T23:59:59.999999Z'))
  })
})
