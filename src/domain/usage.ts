import { fromTemporal, MICROSECONDS_PER_MINUTE } from './instant.ts'
import { clip, type Interval } from './interval.ts'

/** A calendar month of a time zone, cut into its local days: of 23 or 25 hours where the clocks change. */
export type LocalDay = Interval & { readonly day: string }

/** Minutes of cover on one local day. */
export type DayUsage = { readonly day: string; readonly minutes: number }

/** Null when the text is not a month, as in `2026-11`. */
export function localDaysOfMonth(month: string, timeZone: string): LocalDay[] | null {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) return null
  const first = Temporal.PlainDate.from(`${month}-01`)
  return Array.from({ length: first.daysInMonth }, (_, index) => {
    const day = first.add({ days: index })
    return {
      day: day.toString(),
      from: fromTemporal(day.toZonedDateTime(timeZone).toInstant()),
      to: fromTemporal(day.add({ days: 1 }).toZonedDateTime(timeZone).toInstant()),
    }
  })
}

/** The minutes of each day that `cover` (sorted, without overlaps) holds; days without any are left out. */
export function usageByDay(cover: readonly Interval[], days: readonly LocalDay[]): DayUsage[] {
  return days.flatMap((day) => {
    const covered = clip(cover, day).reduce((sum, piece) => sum + (piece.to - piece.from), 0)
    return covered === 0 ? [] : [{ day: day.day, minutes: covered / MICROSECONDS_PER_MINUTE }]
  })
}
