import { MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE } from './instant.ts'

/*
 * How long after something happened a report of it arrived, in steps that tell faults apart. Below 0: it speaks of what
 * is still to come, by our clock.
 */

export const LAGS = ['farAhead', 'hourAhead', 'ahead', 'onTime', 'minutesLate', 'hoursLate', 'daysLate'] as const
export type Lag = (typeof LAGS)[number]

/** Each lag in words. */
export const LAG_WORDS: Readonly<Record<Lag, string>> = {
  farAhead: 'more than an hour ahead',
  hourAhead: 'an hour ahead',
  ahead: 'up to an hour ahead',
  onTime: 'within a minute',
  minutesLate: 'within an hour',
  hoursLate: 'within a day',
  daysLate: 'after more than a day',
}

/** What is below a bound, and not below the one before, has that lag. An hour ahead: give or take five minutes. */
const BELOW: Readonly<Record<Lag, number>> = {
  farAhead: -65 * MICROSECONDS_PER_MINUTE,
  hourAhead: -55 * MICROSECONDS_PER_MINUTE,
  ahead: -MICROSECONDS_PER_MINUTE,
  onTime: MICROSECONDS_PER_MINUTE,
  minutesLate: MICROSECONDS_PER_HOUR,
  hoursLate: 24 * MICROSECONDS_PER_HOUR,
  daysLate: Infinity,
}

/** The lag of so many microseconds. */
export function lagOf(microseconds: number): Lag {
  return LAGS.find((lag) => microseconds < BELOW[lag])!
}

/** The lag that as many reports are before as after; null of none. */
export function usualLag(counts: Readonly<Record<Lag, number>>): Lag | null {
  const half = LAGS.reduce((sum, lag) => sum + counts[lag], 0) / 2
  let sum = 0
  if (half === 0) return null
  return LAGS.find((lag) => (sum += counts[lag]) >= half)!
}
