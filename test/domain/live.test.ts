import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Instant, instantOfEpochMilliseconds, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { rateOf, restAfter } from '../../src/domain/live.ts'
import { lowestUuidOf } from '../../src/domain/uuid.ts'
import { runs } from '../support/properties.ts'

const NOW = instantOfEpochMilliseconds(Date.UTC(2026, 10, 1, 12))
const ago = (seconds: number): Instant => plus(NOW, -seconds * MICROSECONDS_PER_SECOND)

describe('events a second', () => {
  it('are those of the last minute, of all work providers', () => {
    assert.deepEqual(rateOf([], NOW), { perSecond: 0, isEstimate: false })
    const received = [
      { reports: 30, oldestAt: ago(50), isCut: false },
      { reports: 90, oldestAt: ago(1), isCut: false },
    ]
    assert.deepEqual(rateOf(received, NOW), { perSecond: 2, isEstimate: false })
  })

  it('are estimated by the newest where there are more than are counted', () => {
    assert.deepEqual(rateOf([{ reports: 5_000, oldestAt: ago(10), isCut: true }], NOW), {
      perSecond: 500,
      isEstimate: true,
    })
  })

  it('are never more than were counted, however short ago', () => {
    assert.equal(rateOf([{ reports: 5_000, oldestAt: plus(NOW, 1), isCut: true }], NOW).perSecond, 5_000)
  })
})

describe('samples', () => {
  it('rest at least as long as they may, and take no more than their share of the time', () => {
    const cost = fc.double({ min: 0, max: 100_000, noNaN: true })
    const pace = fc.record({
      restMs: fc.integer({ min: 1, max: 5_000 }),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(cost, pace, (costMs, asked) => {
        const rest = restAfter(costMs, asked)
        assert.ok(rest >= asked.restMs)
        assert.ok(costMs <= (costMs + rest) * asked.share + 1e-6)
      }),
      runs(200),
    )
  })
})

describe('the first request id of an instant', () => {
  it('is after those made before, and no later than those made from then on', () => {
    const made = randomUUIDv7()
    const madeAt = Number.parseInt(made.replaceAll('-', '').slice(0, 12), 16)
    assert.ok(lowestUuidOf(instantOfEpochMilliseconds(madeAt)) <= made)
    assert.ok(lowestUuidOf(instantOfEpochMilliseconds(madeAt + 1)) > made)
  })
})
