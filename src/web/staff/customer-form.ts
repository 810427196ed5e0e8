import { readDeskCustomer, type DeskCustomer } from '../../app/desk-customer.ts'
import { Impossible } from '../../domain/errors.ts'
import { formatInstant, type Instant } from '../../domain/instant.ts'
import { parseLocalTime } from '../../domain/local-time.ts'
import { field, formError, type FormErrors, NO_ERRORS, select } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, seeOther } from '../kit/replies.ts'
import { formatExactly } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { customerPath } from './paths.ts'

/** A page on which something of a customer is changed. */
export type CustomerForm = {
  readonly visit: StaffVisit
  readonly about: DeskCustomer
  /** The address of the customer's page. */
  readonly at: string
}

type Shown = (form: CustomerForm, errors: FormErrors, status: number) => Promise<Response>

/** A page of a customer's; there is none of nobody's. */
export function shownFor(show: Shown): (visit: StaffVisit) => Promise<Response> {
  return async (visit) => {
    const form = await formFor(visit)
    return form === null ? notFound(visit) : show(form, NO_ERRORS, 200)
  }
}

/** Does what was asked for and goes back to the customer; what is impossible is said on the form, and nothing is done. */
export function doneFor(
  work: (form: CustomerForm) => Promise<unknown>,
  show: Shown,
): (visit: StaffVisit) => Promise<Response> {
  return async (visit) => {
    const form = await formFor(visit)
    if (form === null) return notFound(visit)
    try {
      await work(form)
    } catch (error) {
      if (error instanceof Wrong) return show(form, error.errors, 422)
      if (!(error instanceof Impossible)) throw error
      return show(form, formError('form', capital(error.message)), 422)
    }
    return seeOther(visit, form.at)
  }
}

async function formFor(visit: StaffVisit): Promise<CustomerForm | null> {
  const about = await readDeskCustomer(visit.context, visit.parameters['number'] ?? '', null)
  return about === null ? null : { visit, about, at: customerPath(about.customer.customerNumber) }
}

/** What is wrong with a field. */
class Wrong extends Error {
  readonly errors: FormErrors
  constructor(errors: FormErrors) {
    super('a field is wrong')
    this.errors = errors
  }
}

export function textOf({ visit }: CustomerForm, name: string): string | undefined {
  const text = visit.form.get(name)?.trim() ?? ''
  return text === '' ? undefined : text
}

/** The instant in a field; undefined when it is left empty. Of a time that the clock shows twice, the one that was chosen. */
export function instantOf(form: CustomerForm, name: string): Instant | undefined {
  const text = textOf(form, name)
  if (text === undefined) return undefined
  const time = parseLocalTime(text, form.visit.context.timeZone)
  if (time === null) {
    throw new Wrong(formError(name, 'Enter a date and a time that the clock shows, like 25/11/2026, 18:30:00'))
  }
  if (time.again === null) return time.instant
  const chosen = textOf(form, whichOf(name))
  const instant = [time.instant, time.again].find((one) => formatInstant(one) === chosen)
  if (instant !== undefined) return instant
  throw new Wrong(formError(whichOf(name), 'The clock shows that time twice: choose which of the two is meant'))
}

/** The field beside that of a time, in the night in which the clock is put back. */
function whichOf(name: string): string {
  return `${name}Which`
}

export function instantField(
  form: CustomerForm,
  errors: FormErrors,
  { name, label, hint }: { name: string; label: string; hint: string },
): Markup {
  const { visit } = form
  const { timeZone } = visit.context
  const typed = visit.form.get(name) ?? ''
  const time = typed === '' ? null : parseLocalTime(typed, timeZone)
  return html`${field(errors, {
    name,
    label: `${label} (${timeZone})`,
    hint,
    type: 'datetime-local',
    step: 1,
    value: typed,
  })}
  ${time === null || time.again === null ? nothing : whichField(form, errors, name, [time.instant, time.again])}`
}

function whichField(
  { visit }: CustomerForm,
  errors: FormErrors,
  name: string,
  both: readonly [Instant, Instant],
): Markup {
  const { timeZone } = visit.context
  return select(errors, {
    name: whichOf(name),
    label: 'Which of the two',
    value: visit.form.get(whichOf(name)) ?? '',
    choices: [
      { value: '', label: 'choose' },
      ...both.map((one) => ({ value: formatInstant(one), label: formatExactly(one, timeZone) })),
    ],
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
