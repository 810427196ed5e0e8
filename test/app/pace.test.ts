import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nextLimit, restMs, type Turn } from '../../src/app/pace.ts'
import { MAX_REPORTS_A_TURN } from '../../src/app/project.ts'

const MANY = 100
const FEW = 10
/** As late as is borne. */
const HALF_A_MINUTE = 29

const limits = fc.integer({ min: 1, max: MAX_REPORTS_A_TURN })
const turns: fc.Arbitrary<Turn> = fc.record({
  limit: limits,
  // By a clock of whole milliseconds, a turn may take none.
  tookMs: fc.integer({ min: 0, max: 5_000 }),
  callers: fc.integer({ min: 0, max: 300 }),
  lagSeconds: fc.integer({ min: 0, max: 7_200 }),
})

describe('the reports of the next turn', () => {
  test('are some, whole, never more than a transaction takes, and at most twice as many', () => {
    fc.assert(
      fc.property(turns, (turn) => {
        const next = nextLimit(turn)
        assert.ok(Number.isInteger(next) && next >= 1 && next <= MAX_REPORTS_A_TURN, String(next))
        assert.ok(next <= Math.max(2 * turn.limit, 8), String(next))
      }),
    )
  })

  test('are no more for more callers, and no fewer the later the oldest report is', () => {
    fc.assert(
      fc.property(turns, fc.nat(300), fc.nat(7_200), (turn, more, later) => {
        // No turn has fewer; what is below grows to that by its own doubling where nobody calls.
        fc.pre(turn.limit >= 8)
        assert.ok(nextLimit({ ...turn, callers: turn.callers + more }) <= nextLimit(turn))
        assert.ok(nextLimit({ ...turn, lagSeconds: turn.lagSeconds + later }) >= nextLimit(turn))
      }),
    )
  })

  test('settle among many callers on what takes about 8 ms, 8 at least and 32 at most', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 7, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        limits,
        (turnMs, reportMs, first) => {
          let limit = first
          const takes = (): number => turnMs + limit * reportMs
          for (let turn = 0; turn < 50; turn++) {
            limit = nextLimit({ limit, tookMs: takes(), callers: MANY, lagSeconds: HALF_A_MINUTE })
          }
          assert.ok(takes() < 8 * 1.07 || limit === 8, `${limit} take ${takes()} ms`)
          assert.ok(takes() > 8 * 0.93 || limit === 32, `${limit} take ${takes()} ms`)
          assert.ok(limit >= 8 && limit <= 32, String(limit))
        },
      ),
    )
  })

  test('are 128 at most among few callers, and double while nobody calls', () => {
    const turn = { limit: 100, tookMs: 40, lagSeconds: HALF_A_MINUTE }
    assert.equal(nextLimit({ ...turn, callers: FEW }), 128)
    assert.equal(nextLimit({ ...turn, callers: 0 }), 200)
  })

  test('may take twice as long when the oldest report is half a minute late, and again every quarter of a minute', () => {
    const at = (lagSeconds: number): number => nextLimit({ limit: 1_000, tookMs: 8, callers: MANY, lagSeconds })
    assert.deepEqual([29, 30, 45, 60, 75, 90, 105].map(at), [32, 64, 128, 256, 512, 1_000, 1_000])
    const slow = (lagSeconds: number): number => nextLimit({ limit: 20, tookMs: 16, callers: MANY, lagSeconds })
    assert.deepEqual([29, 30, 45].map(slow), [10, 20, 40])
  })
})

test('the rest is as long as the turn, among many callers four times as long, and 50 ms at most', () => {
  const rests = [1, 32, 33, 256].map((callers) => restMs(10, callers))
  assert.deepEqual(rests, [10, 10, 40, 40])
  assert.equal(restMs(20, 256), 50)
  assert.equal(restMs(60, 1), 50)
})
