import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asKnownAt, deriveFromFacts } from '../../src/domain/customer-record.ts'
import { coverOf } from '../../src/domain/cover.ts'
import { explainCover } from '../../src/domain/explain.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { BEGINNING, clip } from '../../src/domain/interval.ts'
import { activeIntervals } from '../../src/domain/link.ts'
import { anomaliesAt, shiftsAt } from '../../src/domain/shift-engine.ts'
import type { Question, World } from '../oracle/facts.ts'
import { oracleActive, oracleAnomalies, oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { runs } from '../support/properties.ts'
import { CUSTOMER, GRID, recordOf, START, worlds } from '../support/worlds.ts'

/* The domain against an oracle that was written from product.md alone, by someone who had not read the domain. */

const now = fc.integer({ min: 0, max: 110 }).map((step) => START + step * GRID)
const questions: fc.Arbitrary<Question> = fc.oneof(
  now.map((at) => ({ now: at })),
  now.map((at) => ({ now: at, asKnownAt: at })),
)

function answer(world: World, question: Question) {
  const whole = recordOf(world, CUSTOMER)
  const at = question.now as Instant
  const record = question.asKnownAt === undefined ? whole : asKnownAt(whole, at)
  const streams = record.streams.map((stream) => ({ ...stream, derived: deriveFromFacts(stream) }))
  return { record, streams, at }
}

describe('the rules, for every set of facts and every instant asked', () => {
  test('shifts are those of the oracle', () => {
    fc.assert(
      fc.property(worlds, questions, (world, question) => {
        const { streams, at } = answer(world, question)
        const shifts = streams
          .flatMap(({ workProvider, derived }) =>
            shiftsAt(derived.shifts, at).map((shift) => ({ workProvider, ...shift })),
          )
          .sort((a, b) => a.startedAt - b.startedAt || (a.workProvider < b.workProvider ? -1 : 1))
        assert.deepEqual(shifts.map(plain), oracleShifts(world, CUSTOMER, question).map(plain))
      }),
      runs(3_000),
    )
  })

  test('anomalies are those of the oracle', () => {
    fc.assert(
      fc.property(worlds, questions, (world, question) => {
        const { streams, at } = answer(world, question)
        const anomalies = streams
          .flatMap(({ workProvider, derived }) =>
            anomaliesAt(derived.anomalies, at).map((one) => ({ workProvider, ...one })),
          )
          .sort((a, b) => a.at - b.at || (a.workProvider < b.workProvider ? -1 : 1))
        assert.deepEqual(anomalies.map(plain), oracleAnomalies(world, CUSTOMER, question).map(plain))
      }),
      runs(2_000),
    )
  })

  test('a link is active when the oracle says so', () => {
    fc.assert(
      fc.property(worlds, questions, (world, question) => {
        const { streams, at } = answer(world, question)
        for (const stream of streams) {
          const active = clip(activeIntervals(stream), { from: BEGINNING, to: at })
          assert.deepEqual(
            active.map(plain),
            oracleActive(world, `${stream.workProvider}-${CUSTOMER}`, question).map(plain),
          )
        }
      }),
      runs(3_000),
    )
  })

  test('cover is that of the oracle', () => {
    fc.assert(
      fc.property(worlds, questions, (world, question) => {
        const { record, streams, at } = answer(world, question)
        const records = streams.map((stream) => ({ ...stream, shifts: stream.derived.shifts }))
        assert.deepEqual(
          coverOf(records, record.policies, at).map(plain),
          oracleCover(world, CUSTOMER, question).map(plain),
        )
      }),
      runs(3_000),
    )
  })

  test('the explanation of an instant agrees with the cover', () => {
    fc.assert(
      fc.property(worlds, now, (world, at) => {
        // Cover answered a moment later includes the instant itself, if it is covered.
        const cover = oracleCover(world, CUSTOMER, { now: at + 1 })
        const { covered, why } = explainCover(recordOf(world, CUSTOMER), at as Instant, (at + 1) as Instant)
        assert.equal(
          covered,
          cover.some((piece) => piece.from <= at && at < piece.to),
          why,
        )
      }),
      runs(3_000),
    )
  })
})

/** Compares by content: the domain's objects carry brands and further fields, the oracle's do not. */
function plain(one: object): unknown {
  return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
}
