import type { Instant } from '../../domain/instant.ts'
import type { WorkProvider } from '../../domain/work-provider.ts'
import type { FormErrors } from '../kit/forms.ts'
import type { Markup } from '../kit/html.ts'
import { moment } from '../kit/moment.ts'
import type { Route } from '../kit/route.ts'
import type { DeskVisit } from '../kit/visit.ts'

/** A work provider that a page is about: one of many to staff, their own to its people. */
export type Subject = {
  readonly visit: DeskVisit
  readonly workProvider: WorkProvider
  /** The address of the page, without a slash at the end. */
  readonly at: string
  readonly isForStaff: boolean
  /** Whether it is a test twin: its page has less. */
  readonly isTest: boolean
  /** Whether whoever looks may make keys, secrets and settings. */
  readonly mayChange: boolean
  /** The page again, with what is wrong with a form that was sent from it. */
  readonly show: (errors: FormErrors, status: number) => Promise<Response>
}

export type Action = (subject: Subject) => Promise<Response>

/** An action with its address, below the page of a work provider. */
export type SubjectAction = { readonly method: Route['method']; readonly path: string; readonly action: Action }

/** An instant as its page writes it. */
export function momentOf({ visit: { context } }: Subject, instant: Instant): Markup {
  return moment(instant, context.now(), context.timeZone)
}

/**
 * For how many hours an old key or secret goes on, as a form says it, in no more digits than the most has. NaN for what is no
 * number: nothing typed would else be 0, and end it at once.
 */
export function overlapHours({ visit }: Subject, most: number): number {
  const typed = visit.form.get('overlap') ?? ''
  return /^\d+$/.test(typed) && typed.length <= String(most).length ? Number(typed) : Number.NaN
}
