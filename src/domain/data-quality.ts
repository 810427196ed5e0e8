import { type Instant, MAX_AHEAD, MICROSECONDS_PER_MINUTE, plus } from './instant.ts'
import { earlier } from './interval.ts'
import { lagOf, LAGS } from './lag.ts'
import type { ItemOutcome, Outcome } from './request-outcome.ts'
import type { EventKind } from './shift-event.ts'
import { MICROSECONDS_PER_DAY, startOfUtcDay, type UtcDay, utcDayOf } from './utc-day.ts'
import { MAX_CAP } from './work-provider.ts'

/** What is counted of a work provider's reports. A duplicate is counted as one, and otherwise left out. */
export const COUNTS = [
  'reports',
  'duplicates',
  'logins',
  ...LAGS,
  'pending',
  'parked',
  'opened',
  'closed',
  'repeats',
  'orphans',
  'empties',
  'capped',
] as const
export type Count = (typeof COUNTS)[number]
export type Counts = Readonly<Record<Count, number>>

const COUNT_OF_OUTCOME: Readonly<Record<Outcome, Count>> = {
  pending: 'pending',
  parked: 'parked',
  opened: 'opened',
  closed: 'closed',
  repeat: 'repeats',
  orphan: 'orphans',
  empty: 'empties',
}

/** How the reports of a day came one after another. */
export type Rhythm = {
  readonly firstReceivedAt: Instant | null
  readonly lastReceivedAt: Instant | null
  /** In microseconds; 0 of fewer than two. */
  readonly longestGap: number
}

export type Tally = Counts & Rhythm

/** The reports of a day, as they stood at `countedAt`; null for a day that is not counted. */
export type QualityDay = Tally & { readonly day: UtcDay; readonly countedAt: Instant | null }

export const NOTHING: Tally = {
  ...(Object.fromEntries(COUNTS.map((name) => [name, 0])) as Counts),
  firstReceivedAt: null,
  lastReceivedAt: null,
  longestGap: 0,
}

export type CountedReport = {
  readonly kind: EventKind
  readonly at: Instant
  readonly receivedAt: Instant
  /** What became of it; null for a duplicate: another report told the same before. */
  readonly became: ItemOutcome | null
}

/** Adds reports to a tally of those that came before them. */
export function count(before: Tally, reports: readonly CountedReport[]): Tally {
  const tally = { ...before }
  for (const { kind, at, receivedAt, became } of reports) {
    tally.reports += 1
    const last = tally.lastReceivedAt
    tally.firstReceivedAt = earlier(tally.firstReceivedAt ?? receivedAt, receivedAt)
    if (last === null || receivedAt > last) {
      tally.longestGap = Math.max(tally.longestGap, receivedAt - (last ?? receivedAt))
      tally.lastReceivedAt = receivedAt
    }
    if (became === null) {
      tally.duplicates += 1
      continue
    }
    if (kind === 'login') tally.logins += 1
    tally[lagOf(receivedAt - at)] += 1
    tally[COUNT_OF_OUTCOME[became.outcome]] += 1
    if (became.outcome === 'opened' && became.shift?.endReason === 'cap') tally.capped += 1
  }
  return tally
}

export function sumOf(days: readonly Counts[]): Counts {
  return Object.fromEntries(COUNTS.map((name) => [name, days.reduce((sum, day) => sum + day[name], 0)])) as Counts
}

/** The reports that told something for the first time. */
export function newsIn(counts: Counts): number {
  return counts.reports - counts.duplicates
}

export type Shares = Readonly<
  Record<'duplicate' | 'late' | 'orphan' | 'repeat' | 'empty' | 'capped' | 'parked', number | null>
>

/**
 * Shares from 0 to 1, null of nothing: duplicates of all reports; late (by more than an hour), empty and parked ones of
 * those that are no duplicates; orphans of the logouts, repeats of the logins, capped ones of the shifts that were opened.
 */
export function sharesOf(counts: Counts): Shares {
  const news = newsIn(counts)
  return {
    duplicate: share(counts.duplicates, counts.reports),
    late: share(counts.hoursLate + counts.daysLate, news),
    orphan: share(counts.orphans, news - counts.logins),
    repeat: share(counts.repeats, counts.logins),
    empty: share(counts.empties, news),
    capped: share(counts.capped, counts.opened),
    parked: share(counts.parked, news),
  }
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** A day of the running one is counted again when its count is so old. */
const TODAY_EVERY = 15 * MICROSECONDS_PER_MINUTE
/**
 * How long after its end what became of a day's reports still changes as a rule: they may speak of a time 24 h ahead,
 * of a shift that lasts as long as a cap can, and its logout may come 24 h late. Until then each day is counted daily.
 */
const SETTLES_AFTER = MAX_AHEAD + MAX_CAP + MICROSECONDS_PER_DAY

/** A count of a day from before this is too old. */
export function staleBefore(day: UtcDay, now: Instant): Instant {
  const end = plus(startOfUtcDay(day), MICROSECONDS_PER_DAY)
  if (now < end) return plus(now, -TODAY_EVERY)
  return earlier(startOfUtcDay(utcDayOf(now)), plus(end, SETTLES_AFTER))
}
