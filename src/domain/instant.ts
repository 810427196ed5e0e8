/**
 * A point in time: whole microseconds since the Unix epoch, as PostgreSQL keeps them. Every value between 2015 and
 * 2255 is an exact JavaScript number. No `Date` is ever made: it knows milliseconds only.
 */
export type Instant = number & { readonly __instant: never }

export const MICROSECONDS_PER_MILLISECOND = 1_000
export const MICROSECONDS_PER_SECOND = 1_000_000
export const MICROSECONDS_PER_MINUTE = 60 * MICROSECONDS_PER_SECOND
export const MICROSECONDS_PER_HOUR = 60 * MICROSECONDS_PER_MINUTE

/** Reports from before are refused: nobody was insured then. */
export const EARLIEST_INSTANT = instantOfEpochSeconds(Date.UTC(2015, 0, 1) / 1000)
/** How far ahead of the server's clock an instant may lie: it covers a client in any time zone that forgot its offset. */
export const MAX_AHEAD = 24 * MICROSECONDS_PER_HOUR

export type ParsedInstant = { instant: Instant } | { problem: string }

/*
 * ISO 8601 in the forms that clients were seen to send: extended or basic, `T` or a space, with or without seconds,
 * a fraction of one to nine digits, and always an offset. Groups: year, month, day, hour, minute, second, fraction,
 * offset sign, offset hours, offset minutes.
 */
const EXTENDED =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/
const BASIC = /^(\d{4})(\d\d)(\d\d)[Tt ](\d\d)(\d\d)(?:(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)$/
/** The forms that a timestamp is taken in; a date, time or offset that does not exist fits them too. */
export const TIMESTAMPS: readonly RegExp[] = [EXTENDED, BASIC]

const WITHOUT_OFFSET = /^[\d-]+[Tt ][\d:]+(?:[.,]\d+)?$/

const MAX_OFFSET_MINUTES = 18 * 60
const MILLISECONDS_PER_400_YEARS = 146_097 * 24 * 60 * 60 * 1000

/** Reads a timestamp of the contract, or says what is wrong with it in words fit for an ASCII header. */
export function parseInstant(text: string): ParsedInstant {
  const match = EXTENDED.exec(text) ?? BASIC.exec(text)
  if (match === null) {
    return { problem: WITHOUT_OFFSET.test(text) ? 'timestamp has no time zone' : 'timestamp is not ISO 8601' }
  }
  const [, year, month, day, hour, minute, second = '00', fraction = '', sign, offsetHours, offsetMinutes = '00'] =
    match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) {
    return { problem: 'timestamp has a time of day that does not exist' }
  }
  if (Number(day) < 1 || Number(day) > daysInMonth(Number(year), Number(month))) {
    return { problem: 'timestamp has a date that does not exist' }
  }
  const offset = sign === undefined ? 0 : Number(offsetHours) * 60 + Number(offsetMinutes)
  if (Number(offsetMinutes) > 59 || offset > MAX_OFFSET_MINUTES) {
    return { problem: 'timestamp has an offset beyond 18:00' }
  }
  // A leap second is told as the second before it, with its fraction.
  const wholeSecond = second === '60' ? 59 : Number(second)
  const utc = epochMilliseconds(Number(year), Number(month), Number(day), Number(hour), Number(minute), wholeSecond)
  const microseconds = Number(fraction.slice(0, 6).padEnd(6, '0'))
  const offsetMicroseconds = (sign === '-' ? -offset : offset) * MICROSECONDS_PER_MINUTE
  return { instant: (utc * MICROSECONDS_PER_MILLISECOND + microseconds - offsetMicroseconds) as Instant }
}

/** Reads the timestamp of a report: as `parseInstant`, and within the years that a report may speak of. */
export function parseReportInstant(text: string, now: Instant): ParsedInstant {
  const parsed = parseInstant(text)
  if ('problem' in parsed) return parsed
  if (parsed.instant < EARLIEST_INSTANT) return { problem: 'timestamp is before 2015' }
  if (parsed.instant > now + MAX_AHEAD) return { problem: 'timestamp is more than 24 hours ahead' }
  return parsed
}

/** `2026-11-23T10:00:00Z`; six decimals where the microseconds are not zero. */
export function formatInstant(instant: Instant): string {
  const microseconds = instant % MICROSECONDS_PER_SECOND
  const seconds = temporal(instant).round({ smallestUnit: 'second', roundingMode: 'floor' })
  if (microseconds === 0) return seconds.toString()
  const positive = (microseconds + MICROSECONDS_PER_SECOND) % MICROSECONDS_PER_SECOND
  return `${seconds.toString().slice(0, -1)}.${String(positive).padStart(6, '0')}Z`
}

export function instantOfEpochSeconds(seconds: number): Instant {
  return (seconds * MICROSECONDS_PER_SECOND) as Instant
}

export function instantOfEpochMilliseconds(milliseconds: number): Instant {
  return (milliseconds * MICROSECONDS_PER_MILLISECOND) as Instant
}

export function plus(instant: Instant, microseconds: number): Instant {
  return (instant + microseconds) as Instant
}

export function temporal(instant: Instant): Temporal.Instant {
  return Temporal.Instant.fromEpochNanoseconds(BigInt(instant) * 1000n)
}

export function fromTemporal(instant: Temporal.Instant): Instant {
  return Number(instant.epochNanoseconds / 1000n) as Instant
}

/** Arithmetic only: hundreds of thousands a second are read, and `Temporal` would read each as text again. */
function epochMilliseconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number {
  // `Date.UTC` takes years below 100 for those of the last century: the calendar repeats itself every 400 years.
  return Date.UTC(year + 400, month - 1, day, hour, minute, second) - MILLISECONDS_PER_400_YEARS
}

function daysInMonth(year: number, month: number): number {
  if (month < 1 || month > 12) return 0
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
