import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Instant } from '../../src/domain/instant.ts'
import { type Change, type Piece, rederive, type Rederived, type Rest } from '../../src/domain/rederive.ts'
import {
  type Anomaly,
  type CapAt,
  type Derived,
  deriveStream,
  momentsOf,
  type Shift,
  toldIn,
} from '../../src/domain/shift-engine.ts'
import { runs } from '../support/properties.ts'

type Event = { kind: 'login' | 'logout'; at: Instant }

const HORIZON = 200
const CAP = 6
const instant = fc.integer({ min: 0, max: HORIZON }).map((at) => at as Instant)
const event: fc.Arbitrary<Event> = fc.record({ kind: fc.constantFrom('login', 'logout'), at: instant })
const events = fc.array(event, { maxLength: 60 })
const capAt: CapAt = (startedAt) => (startedAt + CAP) as Instant

/** A stored result in memory, and the pieces of it that storage would read. */
class Stored {
  readonly shifts = new Map<Instant, Shift>()
  readonly anomalies = new Map<Instant, Anomaly>()
  steps = 0

  constructor(derived: Derived) {
    for (const shift of derived.shifts) this.shifts.set(shift.startedAt, shift)
    for (const anomaly of derived.anomalies) this.anomalies.set(anomaly.at, anomaly)
  }

  piece(all: readonly Event[], { from, newBefore }: Rest, size: number): Piece {
    const moments = momentsOf(all.filter((one) => one.at >= from))
    const shifts = this.derived().shifts
    const until = moments[size]?.at ?? null
    const isIn = (at: Instant): boolean => at >= from && (until === null || at < until)
    return {
      from,
      until,
      moments: moments.slice(0, size),
      lastBefore: shifts.findLast((shift) => shift.startedAt < from) ?? null,
      newBefore,
      stored: {
        shifts: shifts.filter((shift) => isIn(shift.startedAt)),
        anomalies: this.derived().anomalies.filter((anomaly) => isIn(anomaly.at)),
      },
    }
  }

  /** As `piece`, of at most `size` shifts and anomalies, where the result itself tells all events but the added ones. */
  pieceOfAdded(added: readonly Event[], { from, newBefore }: Rest, size: number): Piece {
    const derived = this.derived()
    const lastBefore = derived.shifts.findLast((shift) => shift.startedAt < from) ?? null
    const shifts = derived.shifts.filter((shift) => shift.startedAt >= from)
    const anomalies = derived.anomalies.filter((anomaly) => anomaly.at >= from)
    const ends = [...(shifts[size] ? [shifts[size].startedAt] : []), ...(anomalies[size] ? [anomalies[size].at] : [])]
    const until = ends.length === 0 ? null : (Math.min(...ends) as Instant)
    const isIn = (at: Instant): boolean => at >= from && (until === null || at < until)
    const read = { shifts: [...(lastBefore ? [lastBefore] : []), ...shifts.slice(0, size)], anomalies }
    return {
      from,
      until,
      moments: momentsOf([...toldIn(read), ...added].filter((one) => isIn(one.at))),
      lastBefore,
      newBefore,
      stored: {
        shifts: shifts.filter((shift) => isIn(shift.startedAt)),
        anomalies: anomalies.filter((anomaly) => isIn(anomaly.at)),
      },
    }
  }

  derived(): Derived {
    return {
      shifts: [...this.shifts.values()].sort((a, b) => a.startedAt - b.startedAt),
      anomalies: [...this.anomalies.values()].sort((a, b) => a.at - b.at),
    }
  }

  /** Derives again, in pieces of `size` moments, as the projector does. */
  rederive(all: readonly Event[], changes: readonly Change[], size: number): void {
    const first = [...changes].sort((a, b) => a.from - b.from)[0]
    let rest: Rest | null = first === undefined ? null : { from: first.from, changes, newBefore: null }
    while (rest !== null) {
      const piece = this.piece(all, rest, size)
      const result = rederive(piece, rest.changes, capAt)
      this.write(result)
      this.steps += piece.moments.length
      rest = result.rest
    }
  }

  write(result: Rederived): void {
    for (const startedAt of result.removeShifts) this.shifts.delete(startedAt)
    for (const shift of result.writeShifts) this.shifts.set(shift.startedAt, shift)
    for (const at of result.removeAnomalies) this.anomalies.delete(at)
    for (const anomaly of result.writeAnomalies) this.anomalies.set(anomaly.at, anomaly)
  }
}

function scratch(all: readonly Event[]): Derived {
  return deriveStream(momentsOf(all), capAt)
}

describe('deriving again where events changed', () => {
  test('added events, in pieces of any size: equal to deriving from scratch', () => {
    fc.assert(
      fc.property(events, events, fc.integer({ min: 1, max: 8 }), (before, added, size) => {
        const stored = new Stored(scratch(before))
        const after = [...before, ...added]
        stored.rederive(
          after,
          added.map(({ at }) => ({ from: at, to: at })),
          size,
        )
        assert.deepEqual(stored.derived(), scratch(after))
      }),
      runs(5_000),
    )
  })

  test('a result tells every moment that it was derived from', () => {
    fc.assert(
      fc.property(events, (told) => {
        assert.deepEqual(momentsOf(toldIn(scratch(told))), momentsOf(told))
      }),
      runs(5_000),
    )
  })

  test('added events, where the stored result tells the others: as derived from scratch, unless a piece ends too early', () => {
    let met = 0
    fc.assert(
      fc.property(
        events,
        fc.array(event, { minLength: 1, maxLength: 4 }),
        fc.nat({ max: 8 }),
        (before, added, size) => {
          const stored = new Stored(scratch(before))
          const changes = added.map(({ at }) => ({ from: at, to: at })).sort((a, b) => a.from - b.from)
          let rest: Rest | null = { from: changes[0]!.from, changes, newBefore: null }
          while (rest !== null) {
            const result = rederive(stored.pieceOfAdded(added, rest, 3 + size), rest.changes, capAt)
            // Nothing of such a piece is written: the events themselves are read instead.
            if (result.rest !== null && result.rest.newBefore !== null) return
            stored.write(result)
            rest = result.rest
          }
          met++
          assert.deepEqual(stored.derived(), scratch([...before, ...added]))
        },
      ),
      runs(5_000),
    )
    assert.ok(met > 0, 'no piece met the stored result')
  })

  test('removed events: equal to deriving from scratch', () => {
    fc.assert(
      fc.property(
        events,
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        (before, keep, size) => {
          const stored = new Stored(scratch(before))
          const after = before.filter((_, index) => keep[index])
          const gone = before.filter((_, index) => !keep[index])
          stored.rederive(
            after,
            gone.map(({ at }) => ({ from: at, to: at })),
            size,
          )
          assert.deepEqual(stored.derived(), scratch(after))
        },
      ),
      runs(5_000),
    )
  })

  test('a whole stretch of events replaced, open at its end or not: equal to deriving from scratch', () => {
    fc.assert(
      fc.property(
        events,
        events,
        instant,
        fc.option(instant),
        fc.integer({ min: 1, max: 8 }),
        (before, others, from, end, size) => {
          const to = end === null ? null : (Math.max(from, end) as Instant)
          const isIn = (at: Instant): boolean => at >= from && (to === null || at <= to)
          const after = [...before.filter((one) => !isIn(one.at)), ...others.filter((one) => isIn(one.at))]
          const stored = new Stored(scratch(before))
          stored.rederive(after, [{ from, to }], size)
          assert.deepEqual(stored.derived(), scratch(after))
        },
      ),
      runs(5_000),
    )
  })

  test('one event late by any time in a long stream of pairs: only its neighbours are looked at', () => {
    const pairs = Array.from({ length: 10_000 }, (_, index): Event[] => [
      { kind: 'login', at: (index * 10) as Instant },
      { kind: 'logout', at: (index * 10 + 4) as Instant },
    ]).flat()
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 99_999 }),
        fc.constantFrom('login' as const, 'logout' as const),
        (at, kind) => {
          const late: Event = { kind, at: at as Instant }
          const around = pairs.filter((one) => Math.abs(one.at - at) < 100)
          const stored = new Stored(scratch(around))
          stored.rederive([...around, late], [{ from: late.at, to: late.at }], 5)
          assert.deepEqual(stored.derived(), scratch([...around, late]))
          assert.ok(stored.steps <= 5, `looked at ${stored.steps} moments`)
        },
      ),
      runs(200),
    )
  })
})
