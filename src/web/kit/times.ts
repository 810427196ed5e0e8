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

export function formatClock(instant: Instant, timeZone: string): string {
  const parts = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const
  return zoned(instant, timeZone).toLocaleString('en-GB', parts)
}

/** To the second and with the name of its offset: the hour that comes twice when the clocks go back can be told. */
export function formatExactly(instant: Instant, timeZone: string): string {
  return zoned(instant, timeZone).toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  })
}

/** The time alone on the day of `now`, with the day before it on another. */
export function formatMoment(instant: Instant, now: Instant, timeZone: string): string {
  const isSameDay = zoned(instant, timeZone).toPlainDate().equals(zoned(now, timeZone).toPlainDate())
  const time = formatTime(instant, timeZone)
  return isSameDay ? time : `${formatDay(instant, timeZone)}, ${time}`
}

/** `7 h 5 m`, `7 h`, `5 m`; less than a minute is `under 1 m`. It stays on one line. */
export function formatLength(microseconds: number): string {
  const minutes = Math.floor(microseconds / MICROSECONDS_PER_MINUTE)
  if (minutes === 0) return microseconds > 0 ? 'under\u00a01\u00a0m' : '0\u00a0m'
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  return [...(hours === 0 ? [] : [`${hours}\u00a0h`]), ...(rest === 0 ? [] : [`${rest}\u00a0m`])].join('\u00a0')
}

function zoned(instant: Instant, timeZone: string): Temporal.ZonedDateTime {
  return temporal(instant).toZonedDateTimeISO(timeZone)
}
