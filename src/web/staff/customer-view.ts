import { formatInstant, type Instant } from '../../domain/instant.ts'
import { contains, type Interval } from '../../domain/interval.ts'
import { type LocalDay, localDateOf, localDay, localDayOf, localWeekOf } from '../../domain/local-day.ts'
import { type LocalTime, parseDate, parseLocalTime } from '../../domain/local-time.ts'
import type { FormErrors } from '../kit/forms.ts'
import { customerPath } from './paths.ts'

/** What of a customer is looked at: a day or a week, an instant in it, and as it was known when. */
export type CustomerView = {
  readonly customerNumber: string
  readonly isWeek: boolean
  /** In order; the span is all of them. */
  readonly days: readonly LocalDay[]
  readonly span: Interval
  /** Always in the span; null: none is chosen. */
  readonly chosen: Instant | null
  /** Null: as it is known now. */
  readonly known: Instant | null
}

export type ReadView = {
  readonly view: CustomerView
  readonly errors: FormErrors
  /** The clock showed the chosen time twice: the other instant. */
  readonly again: Instant | null
  /** The same of the time at which it was known. */
  readonly knownAgain: Instant | null
}

const NOT_A_TIME = 'Enter a date and a time that the clock showed, like 25/11/2026, 18:30:00'
const TO_COME = 'That is still to come'

/**
 * Reads `?span=week`, `?on=` a date, `?at=` the chosen instant, `?known=`. The instant decides which day or week is shown.
 * What cannot be read is left out, and told in the errors.
 */
export function readView(customerNumber: string, query: string, now: Instant, timeZone: string): ReadView {
  const parameters = new URLSearchParams(query)
  const errors = new Map<string, string>()
  const time = (name: string, latest: Instant): LocalTime | null => {
    const text = parameters.get(name)?.trim() ?? ''
    if (text === '') return null
    const parsed = parseLocalTime(text, timeZone)
    if (parsed !== null && parsed.instant <= latest) return parsed
    errors.set(name, parsed === null ? NOT_A_TIME : TO_COME)
    return null
  }
  const knownTime = time('known', now)
  const known = knownTime?.instant ?? null
  const at = time('at', known ?? now)
  const on = parameters.get('on') ?? ''
  const date = on === '' ? null : parseDate(on)
  if (on !== '' && date === null) errors.set('form', 'That is not a date')
  const isWeek = parameters.get('span') === 'week'
  const place = at?.instant ?? (date === null ? (known ?? now) : localDay(date, timeZone).from)
  const view = viewAt({ customerNumber, isWeek, chosen: at?.instant ?? null, known }, place, timeZone)
  return { view, errors, again: at?.again ?? null, knownAgain: knownTime?.again ?? null }
}

type Placed = Pick<CustomerView, 'customerNumber' | 'isWeek' | 'chosen' | 'known'>

/** The view whose day or week an instant is in. What is chosen stays chosen if it is in it too. */
export function viewAt(view: Placed, place: Instant, timeZone: string): CustomerView {
  const days = view.isWeek ? localWeekOf(place, timeZone) : [localDayOf(place, timeZone)]
  const span = { from: days[0]!.from, to: days.at(-1)!.to }
  const chosen = view.chosen !== null && contains(span, view.chosen) ? view.chosen : null
  return { ...view, days, span, chosen }
}

/** So many days or weeks later; before, when `count` is negative. */
export function moved(view: CustomerView, count: number, timeZone: string): CustomerView {
  const date = localDateOf(view.span.from, timeZone).add({ days: count * view.days.length })
  return viewAt(view, localDay(date, timeZone).from, timeZone)
}

/** The address of a view, or of what belongs to the customer at a path below, as known then. */
export function addressOf(view: CustomerView, below = ''): string {
  const { customerNumber, isWeek, days, chosen, known } = view
  const query = new URLSearchParams({
    ...(below !== '' || !isWeek ? {} : { span: 'week' }),
    ...(below !== '' ? {} : chosen === null ? { on: days[0]!.day } : { at: formatInstant(chosen) }),
    ...(known === null ? {} : { known: formatInstant(known) }),
  }).toString()
  return `${customerPath(customerNumber)}${below}${query === '' ? '' : `?${query}`}`
}
