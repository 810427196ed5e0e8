import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { pieceRestMs, restAfterPiece } from '../../src/app/rest.ts'

/** Long enough ago that the rest is as long as any. */
const longAgo = (): number => performance.now() - 10_000

/** `rested` when the rest is over before anything else can happen. */
function outcome(rest: Promise<void>): Promise<string> {
  return Promise.race([rest.then(() => 'rested'), setImmediate('resting')])
}

describe('the rest after a piece of background work', () => {
  test('is nine times as long as the piece took, and a quarter of a second at most', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100_000, noNaN: true }), (tookMs) => {
        const rest = pieceRestMs(tookMs)
        assert.ok(rest <= 250, String(rest))
        assert.ok(rest === 250 || Math.abs(rest - 9 * tookMs) < 1e-6, String(rest))
      }),
    )
  })

  test('is taken, and cut short when all is to stop', async () => {
    const stopping = new AbortController()
    const rest = restAfterPiece(longAgo(), stopping.signal)
    assert.equal(await outcome(rest), 'resting')
    stopping.abort()
    assert.equal(await outcome(rest), 'rested')
  })

  test('is none once all is to stop', async () => {
    assert.equal(await outcome(restAfterPiece(longAgo(), AbortSignal.abort())), 'rested')
  })
})
