import { type Counts, newsIn, type QualityDay, type Rhythm, sumOf } from './data-quality.ts'
import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE } from './instant.ts'

/** What staff are to be told of a work provider by name. */
export type Finding =
  | { readonly kind: 'an hour ahead'; readonly share: number }
  | { readonly kind: 'fallen silent'; readonly since: Instant; readonly usualGap: number }

/** The days that are looked at for a lead of an hour. */
export const LEAD_DAYS = 7
const MIN_LEAD_DAYS = 3
const MIN_LEAD_REPORTS = 50

/**
 * Whether reports sit steadily one hour ahead, which old clients do in summer time: of at least 50, more than half; and
 * more than half on each of at least three days.
 */
export function isAnHourAhead(days: readonly Counts[]): boolean {
  const leads = (counts: Counts): boolean => counts.hourAhead * 2 > newsIn(counts)
  const total = sumOf(days)
  return newsIn(total) >= MIN_LEAD_REPORTS && leads(total) && days.filter(leads).length >= MIN_LEAD_DAYS
}

/** The share of the reports of some days that sit an hour ahead. */
export function leadShare(days: readonly Counts[]): number {
  const total = sumOf(days)
  return total.hourAhead / newsIn(total)
}

/** A habit is to have reported on each of so many days before the last report's. */
export const HABIT_DAYS = 7
const SILENT_GAPS = 3
/** However busy it usually is: an hour's pause may be an upgrade. */
const MIN_SILENCE = 3 * MICROSECONDS_PER_HOUR

/**
 * Whether a work provider that used to report every day has stopped: nothing for more than three times the longest time
 * that it was ever silent in its habit, and for more than three hours. `habit`: the day of its last report and the
 * seven before it, the oldest first.
 */
export function fallenSilent(
  habit: readonly QualityDay[],
  lastReportAt: Instant,
  now: Instant,
): { readonly since: Instant; readonly usualGap: number } | null {
  if (habit.length <= HABIT_DAYS || habit.slice(0, -1).some((day) => day.reports === 0)) return null
  const usualGap = longestGapIn(habit)
  const isSilent = now - lastReportAt > Math.max(SILENT_GAPS * usualGap, MIN_SILENCE)
  return isSilent ? { since: lastReportAt, usualGap } : null
}

function longestGapIn(days: readonly Rhythm[]): number {
  let [longest, last] = [0, null as Instant | null]
  for (const { firstReceivedAt, lastReceivedAt, longestGap } of days) {
    if (firstReceivedAt === null) continue
    longest = Math.max(longest, longestGap, last === null ? 0 : firstReceivedAt - last)
    last = lastReceivedAt
  }
  return longest
}

/** A finding in a sentence; instants are written by `at`. */
export function findingInWords(finding: Finding, at: (instant: Instant) => string): string {
  if (finding.kind === 'an hour ahead') {
    const share = Math.round(finding.share * 100)
    return `Its reports sit one hour ahead (${share} % of the last ${LEAD_DAYS} days): old clients do so in summer time.`
  }
  const gap = lengthInWords(finding.usualGap)
  return `It has fallen silent: nothing came since ${at(finding.since)}. It reported every day before, and was never silent for longer than ${gap}.`
}

function lengthInWords(microseconds: number): string {
  const minutes = Math.max(1, Math.ceil(microseconds / MICROSECONDS_PER_MINUTE))
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`
  return `${Math.ceil(minutes / 60)} hours`
}
