import { MICROSECONDS_PER_MINUTE } from './instant.ts'
import { clip, type Interval } from './interval.ts'
import { type LocalDay, localDay } from './local-day.ts'

/** Minutes of cover on one local day. */
export type DayUsage = { readonly day: string; readonly minutes: number }

/** The days of a month. Null when the text is not one, as in `2026-11`. */
export function localDaysOfMonth(month: string, timeZone: string): LocalDay[] | null {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) return null
  const first = Temporal.PlainDate.from(`${month}-01`)
  return Array.from({ length: first.daysInMonth }, (_, index) => localDay(first.add({ days: index }), timeZone))
}

/** The minutes of each day that `cover` (sorted, without overlaps) holds; days without any are left out. */
export function usageByDay(cover: readonly Interval[], days: readonly LocalDay[]): DayUsage[] {
  return days.flatMap((day) => {
    const covered = clip(cover, day).reduce((sum, piece) => sum + (piece.to - piece.from), 0)
    return covered === 0 ? [] : [{ day: day.day, minutes: covered / MICROSECONDS_PER_MINUTE }]
  })
}
