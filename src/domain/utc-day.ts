import { fromTemporal, type Instant, MICROSECONDS_PER_HOUR, temporal } from './instant.ts'

/** A day of UTC, as in `2026-11-23`. What is counted by day must not change with the insurer's time zone. */
export type UtcDay = string

export const MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR

export function utcDayOf(instant: Instant): UtcDay {
  return temporal(instant).toString().slice(0, 10)
}

/** The first instant of a day. */
export function startOfUtcDay(day: UtcDay): Instant {
  return fromTemporal(Temporal.Instant.from(`${day}T00:00:00Z`))
}

export function addDays(day: UtcDay, days: number): UtcDay {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

/** So many days in a row, the oldest first. */
export function daysUpTo(last: UtcDay, count: number): UtcDay[] {
  return Array.from({ length: count }, (_, index) => addDays(last, index - count + 1))
}
