import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asKnownAt, type CustomerRecord, streamEvents } from '../../src/domain/customer-record.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { clip, contains, type Interval, union } from '../../src/domain/interval.ts'
import { consentAt } from '../../src/domain/link.ts'
import { localDayOf } from '../../src/domain/local-day.ts'
import { policyAt } from '../../src/domain/policy.ts'
import { eventId, isAnnulled } from '../../src/domain/shift-event.ts'
import { type Timeline, timelineOf } from '../../src/domain/timeline.ts'
import type { Question, World } from '../oracle/facts.ts'
import { oracleActive, oracleAnomalies, oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { runs } from '../support/properties.ts'
import { CUSTOMER, GRID, recordOf, START, worlds } from '../support/worlds.ts'

const instant = fc.integer({ min: -10, max: 110 }).map((step) => (START + step * GRID) as Instant)
const questions = fc
  .tuple(instant, fc.boolean())
  .map(([now, isAsKnown]): Question => (isAsKnown ? { now, asKnownAt: now } : { now }))
/** On the grid, and off it, so that bounds cut through everything. */
const spans = fc
  .tuple(instant, fc.integer({ min: 1, max: 120 }), fc.constantFrom(0, 1))
  .map(([from, steps, off]): Interval => ({
    from: (from + off) as Instant,
    to: (from + steps * GRID + off) as Instant,
  }))

function read(world: World, question: Question, span: Interval): { timeline: Timeline; record: CustomerRecord } {
  const whole = recordOf(world, CUSTOMER)
  const now = question.now as Instant
  const record = question.asKnownAt === undefined ? whole : asKnownAt(whole, now)
  return { timeline: timelineOf({ record, now }, span), record }
}

function check(name: string, property: (world: World, question: Question, span: Interval) => void): void {
  test(name, () => fc.assert(fc.property(worlds, questions, spans, property), runs(1_000)))
}

const bounds = ({ from, to }: Interval): [number, number] => [from, to]

describe('a timeline, for every set of facts, instant asked and span', () => {
  check('has a lane for each linked work provider, by name', (world, question, span) => {
    const { timeline, record } = read(world, question, span)
    const names = record.streams.map((stream) => stream.workProvider).sort()
    assert.deepEqual(
      timeline.lanes.map((lane) => lane.workProvider),
      names,
    )
  })

  check('shows the shifts of the oracle, cut to the span', (world, question, span) => {
    const { timeline } = read(world, question, span)
    const expected = oracleShifts(world, CUSTOMER, question).flatMap((shift) => {
      const whole = { from: shift.startedAt, to: shift.endedAt ?? Math.min(shift.capAt, question.now) } as Interval
      return clip([whole], span).map((part) => [shift.workProvider, ...bounds(part), ...bounds(whole), shift.endReason])
    })
    const shown = timeline.lanes.flatMap((lane) =>
      lane.shifts.map((cut) => [lane.workProvider, ...bounds(cut), ...bounds(cut.whole), cut.shift.endReason]),
    )
    assert.deepEqual(sorted(shown), sorted(expected))
    for (const lane of timeline.lanes) assert.equal(lane.onShift, lengthOf(lane.shifts))
  })

  check('shows every event of the span once, with what the oracle made of it', (world, question, span) => {
    const { timeline, record } = read(world, question, span)
    const shifts = oracleShifts(world, CUSTOMER, question)
    const anomalies = oracleAnomalies(world, CUSTOMER, question)
    const expected = record.streams.flatMap((stream) => {
      const isHere = (one: { workProvider: string }): boolean => one.workProvider === stream.workProvider
      return streamEvents(stream)
        .filter((event) => contains(span, event.at))
        .map((event) => {
          const { kind, at } = event
          const edge = kind === 'login' ? 'startedAt' : 'endedAt'
          const outcome = isAnnulled(event)
            ? 'annulled'
            : at > question.now
              ? 'pending'
              : shifts.some((shift) => isHere(shift) && shift[edge] === at)
                ? { login: 'opened', logout: 'closed' }[kind]
                : anomalies.find((anomaly) => isHere(anomaly) && anomaly.at === at)?.kind
          return [stream.workProvider, eventId(event), outcome]
        })
    })
    const shown = timeline.lanes.flatMap((lane) => lane.events.map((one) => [lane.workProvider, one.id, one.outcome]))
    assert.deepEqual(sorted(shown), sorted(expected))
    for (const lane of timeline.lanes) {
      assert.ok(lane.events.every((one, index) => index === 0 || lane.events[index - 1]!.event.at <= one.event.at))
    }
  })

  check('says when a link was active as the oracle does', (world, question, span) => {
    const { timeline } = read(world, question, span)
    for (const lane of timeline.lanes) {
      const active = oracleActive(world, `${lane.workProvider}-${CUSTOMER}`, question) as Interval[]
      assert.deepEqual(lane.active.map(bounds), clip(active, span).map(bounds))
    }
  })

  check(
    'splits the span up to its instant into cover, the oracle’s, and what is not covered',
    (world, question, span) => {
      const { timeline } = read(world, question, span)
      const expected = oracleCover(world, CUSTOMER, question).flatMap((piece) =>
        clip([piece as unknown as Interval], span).map((part) => [...bounds(part), piece.workProviders.join()]),
      )
      assert.deepEqual(
        timeline.cover.map((piece) => [...bounds(piece), piece.workProviders.join()]),
        expected,
      )
      assert.equal(timeline.covered, lengthOf(timeline.cover))
      for (const lane of timeline.lanes) {
        const own = timeline.cover.filter((piece) => piece.workProviders.includes(lane.workProvider))
        assert.equal(lane.covered, lengthOf(own))
      }
      const past = { from: span.from, to: Math.min(span.to, question.now) } as Interval
      assert.deepEqual(union([...timeline.cover, ...timeline.uncovered]).map(bounds), union([past]).map(bounds))
      assert.equal(lengthOf(timeline.cover) + lengthOf(timeline.uncovered), Math.max(0, past.to - past.from))
    },
  )

  check('shows consent and policies as they stood at every instant of the span', (world, question, span) => {
    const { timeline, record } = read(world, question, span)
    for (let at = span.from; at < span.to; at = (at + GRID / 2) as Instant) {
      for (const [index, lane] of timeline.lanes.entries()) {
        const stream = record.streams.toSorted((a, b) => (a.workProvider < b.workProvider ? -1 : 1))[index]!
        const consent = consentAt(stream.consents, at)
        const shown = lane.consent.filter((stretch) => contains(stretch, at)).map(({ given }) => given)
        assert.deepEqual(shown, consent === null ? [] : [consent.given])
        assert.ok(consent === null || lane.consents.includes(consent))
        const policy = policyAt(record.policies, stream.workProviderId, at)
        const valid = timeline.policies.filter((stretch) => contains(stretch, at)).map((stretch) => stretch.policy)
        assert.ok(policy === null || valid.includes(policy))
      }
    }
  })

  test('a day of 25 hours can hold 25 hours of cover', () => {
    const noon = Number(Temporal.Instant.from('2026-10-25T12:00Z').epochMilliseconds) * 1000
    const day = localDayOf(noon as Instant, 'Europe/London')
    const login = { identity: { workProviderId: 'w', kind: 'customer_number', text: CUSTOMER }, kind: 'login' } as const
    const start = (day.from - GRID) as Instant
    const known = { recordedAt: start, effectiveAt: start }
    const record: CustomerRecord = {
      customerNumber: CUSTOMER,
      policies: [
        {
          id: 'p',
          classOfUse: 'delivery',
          coverLevel: 'third party',
          vehicleRegistration: null,
          workProviderId: null,
          validFrom: start,
          validTo: null,
          recordedAt: start,
          cancellations: [],
        },
      ],
      streams: [
        {
          link: { id: 1, workProviderId: 'w', customerNumber: CUSTOMER, recordedAt: start },
          workProviderId: 'w',
          workProvider: 'Ace',
          settings: [{ seq: 1, name: 'cap', microseconds: 100 * GRID, ...known }],
          consents: [{ seq: 1, given: true, signed: false, ...known }],
          matches: [],
          bindings: [{ id: 1, linkId: 1, identity: login.identity, heldFrom: null, recordedAt: start, release: null }],
          events: [{ ...login, at: start, receivedAt: start, requestId: 'r', annulments: [] }],
        },
      ],
    }
    const timeline = timelineOf({ record, now: (day.to + GRID) as Instant }, day)
    assert.equal(timeline.covered, 25 * 2 * GRID)
    assert.deepEqual(timeline.uncovered, [])
    assert.equal(timeline.lanes[0]!.shifts[0]!.whole.from, start)
  })
})

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { from, to }) => sum + (to - from), 0)
}

function sorted(rows: readonly (readonly unknown[])[]): unknown[] {
  return rows.map((row) => JSON.stringify(row)).sort()
}
