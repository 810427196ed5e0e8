import { fromTemporal, type Instant, temporal } from './instant.ts'
import { contains, type Interval } from './interval.ts'

/** A day of a time zone, as in `2026-10-25`: of 23 or 25 hours where the clocks change. */
export type LocalDay = Interval & { readonly day: string }

const DAYS_PER_WEEK = 7
const HOURS_PER_DAY = 24

export function localDay(date: Temporal.PlainDate, timeZone: string): LocalDay {
  return {
    day: date.toString(),
    from: fromTemporal(date.toZonedDateTime(timeZone).toInstant()),
    to: fromTemporal(date.add({ days: 1 }).toZonedDateTime(timeZone).toInstant()),
  }
}

export function localDateOf(instant: Instant, timeZone: string): Temporal.PlainDate {
  return temporal(instant).toZonedDateTimeISO(timeZone).toPlainDate()
}

export function localDayOf(instant: Instant, timeZone: string): LocalDay {
  return localDay(localDateOf(instant, timeZone), timeZone)
}

/** The seven days of the week that an instant is in, Monday first. */
export function localWeekOf(instant: Instant, timeZone: string): LocalDay[] {
  const date = localDateOf(instant, timeZone)
  const monday = date.subtract({ days: date.dayOfWeek - 1 })
  return Array.from({ length: DAYS_PER_WEEK }, (_, index) => localDay(monday.add({ days: index }), timeZone))
}

export type HourMark = { readonly at: Instant; readonly hour: number }

/**
 * Where the clock shows the full hours 0, `every`, twice `every` and so on within a day. An hour that the clock shows
 * twice is marked twice, one that it leaps over not at all.
 */
export function hourMarks(day: LocalDay, timeZone: string, every: number): HourMark[] {
  const date = Temporal.PlainDate.from(day.day)
  const hours = Array.from({ length: HOURS_PER_DAY / every }, (_, index) => index * every)
  return hours
    .flatMap((hour) => {
      const wall = date.toPlainDateTime({ hour })
      const shown = (['earlier', 'later'] as const)
        .map((disambiguation) => wall.toZonedDateTime(timeZone, { disambiguation }))
        .filter((zoned) => zoned.toPlainDateTime().equals(wall))
      return [...new Set(shown.map((zoned) => fromTemporal(zoned.toInstant())))].map((at) => ({ at, hour }))
    })
    .filter(({ at }) => contains(day, at))
    .sort((a, b) => a.at - b.at)
}
