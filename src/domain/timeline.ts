import { type CustomerRecord, deriveFromFacts, type StreamRecord, streamEvents } from './customer-record.ts'
import { coverAtWorkProvider, coverOf, type CoverPiece, shiftInterval, type WorkRecord } from './cover.ts'
import type { Instant } from './instant.ts'
import { clip, contains, earlier, FOREVER, gaps, type Interval, union } from './interval.ts'
import { activeIntervals, type Consent, consentAt, consentPeriods } from './link.ts'
import { type Policy, validity } from './policy.ts'
import { type Outcome, outcomeOf } from './request-outcome.ts'
import { type Derived, type ShiftAt, shiftsAt } from './shift-engine.ts'
import { eventId, isAnnulled, type ReceivedEvent } from './shift-event.ts'

/** A part of something, cut to the span of a timeline. `whole` is all of it: its end is `FOREVER` when it has none. */
export type Cut = Interval & { readonly whole: Interval }

/** What became of an event, as `GET /v1/requests` says it, but that staff see an annulled one for what it is. */
export type EventOutcome = Exclude<Outcome, 'parked'> | 'annulled'
export type TimelineEvent = { readonly event: ReceivedEvent; readonly id: string; readonly outcome: EventOutcome }

/** Consent given, or withdrawn; before the first word there is neither. */
export type ConsentStretch = Cut & { readonly given: boolean }

/** All that is known of a customer at one work provider within a span. */
export type WorkLane = {
  readonly workProvider: string
  readonly linkId: number
  /** By `at`; those ahead of `now` too, as pending. */
  readonly events: readonly TimelineEvent[]
  readonly shifts: readonly (Cut & { readonly shift: ShiftAt })[]
  /** When the link was active, up to `now`. */
  readonly active: readonly Cut[]
  readonly consent: readonly ConsentStretch[]
  /** The words that the stretches follow from: the one in force when the span begins, and those within it. */
  readonly consents: readonly Consent[]
  /** In microseconds. */
  readonly onShift: number
  readonly covered: number
}

/** `onlyFor`: its name, where the policy is good for one work provider only and the customer is linked to that. */
export type PolicyStretch = Cut & { readonly policy: Policy; readonly onlyFor: string | null }

export type Timeline = {
  readonly span: Interval
  /** The instant that it speaks of: nothing told of later ones counts. */
  readonly now: Instant
  /** One for each linked work provider, by name. */
  readonly lanes: readonly WorkLane[]
  readonly policies: readonly PolicyStretch[]
  readonly cover: readonly (Cut & { readonly workProviders: readonly string[] })[]
  /** What of the span, up to `now`, is not covered. */
  readonly uncovered: readonly Interval[]
  /** In microseconds; a minute reported by two work providers is one. */
  readonly covered: number
}

/** What happened to a customer within a span, and what followed from it, as it stands at `now`. */
export function timelineOf({ record, now }: { record: CustomerRecord; now: Instant }, span: Interval): Timeline {
  const streams = record.streams
    .map((stream) => ({ stream, derived: deriveFromFacts(stream) }))
    .sort((a, b) => (a.stream.workProvider < b.stream.workProvider ? -1 : 1))
  const records = streams.map(({ stream, derived }): WorkRecord => ({ ...stream, shifts: derived.shifts }))
  const cover = coverOf(records, record.policies, now).flatMap((piece) => cutPiece(piece, span))
  return {
    span,
    now,
    lanes: streams.map(({ stream, derived }, index) => ({
      ...laneOf(stream, derived, span, now),
      covered: lengthOf(clip(coverAtWorkProvider(records[index]!, record.policies, now), span)),
    })),
    policies: policiesIn(record, span),
    cover,
    uncovered: gaps({ from: span.from, to: earlier(span.to, now) }, union(cover)),
    covered: lengthOf(cover),
  }
}

function laneOf(stream: StreamRecord, derived: Derived, span: Interval, now: Instant): Omit<WorkLane, 'covered'> {
  const shifts = shiftsAt(derived.shifts, now).flatMap((shift) =>
    cut(shiftInterval(shift, now), span).map((part) => ({ ...part, shift })),
  )
  return {
    workProvider: stream.workProvider,
    linkId: stream.link.id,
    events: streamEvents(stream)
      .filter((event) => contains(span, event.at))
      .sort((a, b) => a.at - b.at || a.receivedAt - b.receivedAt)
      .map((event) => ({ event, id: eventId(event), outcome: eventOutcome(event, derived, now) })),
    shifts,
    active: activeIntervals(stream).flatMap((interval) => cut({ ...interval, to: earlier(interval.to, now) }, span)),
    consent: consentStretches(stream.consents).flatMap(({ given, whole }) =>
      cut(whole, span).map((part) => ({ ...part, given })),
    ),
    consents: consentsIn(stream.consents, span),
    onShift: lengthOf(shifts),
  }
}

function eventOutcome(event: ReceivedEvent, derived: Derived, now: Instant): EventOutcome {
  if (isAnnulled(event)) return 'annulled'
  const item = { kind: event.kind, at: event.at, isWaiting: false, isAnnulled: false }
  const { outcome } = outcomeOf(item, { derived }, now)
  return outcome === 'parked' ? 'pending' : outcome
}

function consentStretches(consents: readonly Consent[]): { given: boolean; whole: Interval }[] {
  if (consents.length === 0) return []
  const first = consents.map((consent) => consent.effectiveAt).reduce(earlier)
  const periods = consentPeriods(consents)
  return [
    ...periods.map((whole) => ({ given: true, whole })),
    ...gaps({ from: first, to: FOREVER }, periods).map((whole) => ({ given: false, whole })),
  ].sort((a, b) => a.whole.from - b.whole.from)
}

function consentsIn(consents: readonly Consent[], span: Interval): Consent[] {
  const first = consentAt(consents, span.from)
  return consents
    .filter(
      (consent) => consent === first || (consent.effectiveAt !== span.from && contains(span, consent.effectiveAt)),
    )
    .sort((a, b) => a.effectiveAt - b.effectiveAt || a.seq - b.seq)
}

function policiesIn(record: CustomerRecord, span: Interval): PolicyStretch[] {
  const names = new Map(record.streams.map((stream) => [stream.workProviderId, stream.workProvider]))
  return record.policies
    .flatMap((policy) =>
      cut(validity(policy), span).map((part) => ({
        ...part,
        policy,
        onlyFor: policy.workProviderId === null ? null : (names.get(policy.workProviderId) ?? null),
      })),
    )
    .sort((a, b) => a.whole.from - b.whole.from || a.policy.recordedAt - b.policy.recordedAt)
}

function cutPiece(piece: CoverPiece, span: Interval): (Cut & { workProviders: readonly string[] })[] {
  return cut({ from: piece.from, to: piece.to }, span).map((part) => ({ ...part, workProviders: piece.workProviders }))
}

/** None when nothing of it is in the span. */
function cut(whole: Interval, span: Interval): Cut[] {
  return clip([whole], span).map((part) => ({ ...part, whole }))
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { from, to }) => sum + (to - from), 0)
}
