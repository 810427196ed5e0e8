import { EARLIEST_INSTANT, fromTemporal, type Instant, parseInstant, temporal } from './instant.ts'

/** `again`: when the clock showed the same time once more, in the night in which it is put back. */
export type LocalTime = { readonly instant: Instant; readonly again: Instant | null }

const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?$/
const LAST_YEAR = 2199

/**
 * A date and time as a form sends it, in a time zone; or an instant with its offset. Null for what is neither, for a time
 * that the clock leaps over, and for one before reports are taken or centuries ahead.
 */
export function parseLocalTime(text: string, timeZone: string): LocalTime | null {
  const trimmed = text.trim()
  if (!LOCAL.test(trimmed)) {
    const parsed = parseInstant(trimmed)
    return 'problem' in parsed ? null : bounded({ instant: parsed.instant, again: null })
  }
  const wall = plainDateTime(trimmed.replace(' ', 'T'))
  if (wall === null) return null
  const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
    wall.toZonedDateTime(timeZone, { disambiguation }),
  )
  if (!first!.toPlainDateTime().equals(wall)) return null
  const again = first!.equals(second!) ? null : fromTemporal(second!.toInstant())
  return bounded({ instant: fromTemporal(first!.toInstant()), again })
}

/** A date as in `2026-11-25`; null for any other text. */
export function parseDate(text: string): Temporal.PlainDate | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null
  const midnight = plainDateTime(`${text}T00:00`)
  return midnight === null || midnight.year < 2015 || midnight.year > LAST_YEAR ? null : midnight.toPlainDate()
}

/** As a form's field takes it: to the second, in a time zone. */
export function formatLocalTime(instant: Instant, timeZone: string): string {
  const zoned = temporal(instant).toZonedDateTimeISO(timeZone)
  return zoned.toPlainDateTime().toString({ smallestUnit: 'second', roundingMode: 'floor' })
}

function plainDateTime(text: string): Temporal.PlainDateTime | null {
  try {
    return Temporal.PlainDateTime.from(text, { overflow: 'reject' })
  } catch {
    return null
  }
}

function bounded(time: LocalTime): LocalTime | null {
  const { instant } = time
  return instant < EARLIEST_INSTANT || temporal(instant).toZonedDateTimeISO('UTC').year > LAST_YEAR ? null : time
}
