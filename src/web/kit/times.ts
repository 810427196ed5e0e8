import { type Instant, MICROSECONDS_PER_MINUTE, temporal } from '../../domain/instant.ts'

/** Instants as people read them, in the insurer's time zone. */
export function formatDay(instant: Instant, timeZone: string): string {
  return zoned(instant, timeZone).toLocaleString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' })
}

export function formatDate(instant: Instant, timeZone: string): string {
  return zoned(instant, timeZone).toLocaleString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
}

export function formatTime(instant: Instant, timeZone: string): string {
  return zoned(instant, timeZone).toLocaleString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

/** The time alone on the day of `now`, with the day before it on another. */
export function formatMoment(instant: Instant, now: Instant, timeZone: string): string {
  const isSameDay = zoned(instant, timeZone).toPlainDate().equals(zoned(now, timeZone).toPlainDate())
  const time = formatTime(instant, timeZone)
  return isSameDay ? time : `${formatDay(instant, timeZone)}, ${time}`
}

/** `7 h 05 min`; less than a minute is `under a minute`. */
export function formatLength(microseconds: number): string {
  const minutes = Math.floor(microseconds / MICROSECONDS_PER_MINUTE)
  if (minutes === 0) return microseconds > 0 ? 'under a minute' : '0 min'
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes} min` : `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
}

function zoned(instant: Instant, timeZone: string): Temporal.ZonedDateTime {
  return temporal(instant).toZonedDateTimeISO(timeZone)
}
