import { type Bound, bindParked, moveUserId } from '../../app/case-binding.ts'
import { type CaseCustomer, type CaseRecord, customerOf } from '../../app/case-record.ts'
import { identityOfCase } from '../../domain/case.ts'
import { Impossible } from '../../domain/errors.ts'
import { parseCustomerNumber } from '../../domain/identity.ts'
import { type Instant, parseInstant } from '../../domain/instant.ts'
import { errorSummary, field, formError, type FormErrors, hidden, NO_ERRORS, postForm, textArea } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { addressOfCase } from './case-address.ts'
import { caseOf, casePage } from './case-page.ts'
import { customerLink, customerWords, nameOf } from './case-words.ts'

/** GET .../bind?customer=: who it would be bound to, and what comes of it. Changes nothing. */
export async function confirmBind(visit: StaffVisit): Promise<Response> {
  const record = await caseOf(visit)
  if (record === null) return notFound(visit)
  const typed = new URLSearchParams(visit.query).get('customer') ?? ''
  const found = await lookUp(visit, record, typed)
  if (typeof found === 'string') return casePage(visit, record, formError('customer', found), 422)
  return confirmPage(visit, record, {
    title: `Bind this id to ${found.customerNumber}?`,
    inside: html`<dl class="facts">
        <dt>Customer</dt>
        <dd>${customerLink(found.customerNumber)} <strong>${nameOf(found)}</strong>, ${customerWords(found)}</dd>
      </dl>
      <p>
        All that was reported of the id becomes this customer’s shifts at once. It can be released again, from an
        instant on.
      </p>
      ${agreeing(record, found)}
      ${postForm(
        `${addressOfCase(record.name)}/bind`,
        html`${hidden('customer', found.customerNumber)} <button>Bind it to ${found.customerNumber}</button>`,
      )}`,
    errors: NO_ERRORS,
  })
}

/** POST .../bind: binds it, and says how many shifts came of it. */
export async function bind(visit: StaffVisit): Promise<Response> {
  const record = await caseOf(visit)
  const identity = record === null ? null : identityOfCase(record.name)
  if (record === null || identity === null) return notFound(visit)
  try {
    const bound = await bindParked(visit.context, identity, visit.form.get('customer') ?? '')
    return boundPage(visit, record, bound)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return casePage(visit, record, formError('customer', error.message), 422)
  }
}

async function lookUp(visit: StaffVisit, record: CaseRecord, typed: string): Promise<CaseCustomer | string> {
  if (record.row === null) return 'This case is settled already'
  const number = parseCustomerNumber(typed.trim())
  if (number === null) return 'Enter a customer number: it has letters A-Z and digits only'
  const { db, now } = visit.context
  const customer = await customerOf(db, record.workProvider.id, number, now())
  if (customer === null) return `There is no customer ${number}`
  if (customer.isErased) return `Customer ${number} was erased`
  return customer
}

/** Shifts without a consent are kept, and cover nothing: whoever binds should know. */
function agreeing({ workProvider }: CaseRecord, { consent }: CaseCustomer): Markup {
  if (consent?.given === true) return nothing
  return html`<p class="card note">
    This customer does not agree to share with ${workProvider.name} now. Their shifts are kept, but they are not
    covered, and ${workProvider.name} is told nothing, until they agree.
  </p>`
}

/** GET .../move: who holds the id, who gets it. Changes nothing. */
export async function confirmMove(visit: StaffVisit): Promise<Response> {
  const record = await caseOf(visit)
  return record === null ? notFound(visit) : movePage(visit, record, NO_ERRORS)
}

/** POST .../move: releases the id from its holder and binds it to the claimant. */
export async function move(visit: StaffVisit): Promise<Response> {
  const record = await caseOf(visit)
  if (record === null) return notFound(visit)
  const { workProviderId, about: userId, claimant } = record.name
  const reason = visit.form.get('reason') ?? ''
  const from = instantFrom(visit.form.get('from')?.trim() ?? '')
  if (typeof from === 'string') return movePage(visit, record, formError('from', from), 422)
  try {
    const holder = visit.form.get('holder') ?? ''
    const bound = await moveUserId(visit.context, { workProviderId, userId, claimant, holder, reason, at: from.at })
    return boundPage(visit, record, bound)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return movePage(visit, record, formError('reason', error.message), 422)
  }
}

function instantFrom(text: string): { at?: Instant } | string {
  if (text === '') return {}
  const parsed = parseInstant(text)
  return 'problem' in parsed ? `The instant ${parsed.problem}` : { at: parsed.instant }
}

function movePage(visit: StaffVisit, record: CaseRecord, errors: FormErrors, status = 200): Promise<Response> {
  const { name, facts, row } = record
  if (facts.of !== 'claim') return notFound(visit)
  if (row === null || facts.holder === null) {
    return casePage(visit, record, formError('form', 'This case is settled already'), 422)
  }
  return confirmPage(
    visit,
    record,
    {
      title: `Move this id to ${name.claimant}?`,
      inside: html`<dl class="facts">
          <dt>Holds it now</dt>
          <dd>${customerLink(facts.holder.customerNumber)} <strong>${nameOf(facts.holder)}</strong></dd>
          <dt>Gets it</dt>
          <dd>
            ${customerLink(name.claimant)} <strong>${nameOf(facts.claimant)}</strong>, ${customerWords(facts.claimant)}
          </dd>
        </dl>
        <p>
          Events before the instant from which it moves stay ${facts.holder.customerNumber}’s; those from then on are
          ${name.claimant}’s.
        </p>
        ${agreeing(record, facts.claimant)}
        ${postForm(
          `${addressOfCase(name)}/move`,
          html`${hidden('holder', facts.holder.customerNumber)}
            ${textArea(errors, {
              name: 'reason',
              label: 'Reason',
              value: visit.form.get('reason') ?? '',
              hint: 'How you know whose it is. Kept for good, so no names or addresses.',
            })}
            ${field(errors, {
              name: 'from',
              label: 'From when (empty: from now on)',
              value: visit.form.get('from') ?? '',
              hint: 'With an offset, like 2026-11-05T10:00:00Z.',
            })} <button>Move it to ${name.claimant}</button>`,
        )}`,
      errors,
    },
    status,
  )
}

type Confirmation = { readonly title: string; readonly inside: Markup; readonly errors: FormErrors }

function confirmPage(
  visit: StaffVisit,
  { name, workProvider }: CaseRecord,
  { title, inside, errors }: Confirmation,
  status = 200,
): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <p><code>${name.about}</code> at ${workProvider.name}</p>
    ${inside}
    <p><a href="${addressOfCase(name)}">No, back to the case</a></p>`
  return page(visit, { title, body, hasErrors: errors.size > 0 }, status)
}

function boundPage(visit: StaffVisit, { name, workProvider }: CaseRecord, bound: Bound): Promise<Response> {
  const { customerNumber, shifts, isPending } = bound
  const title = `Bound to ${customerNumber}`
  const came =
    shifts === 0 ? 'No shift came of it' : shifts === 1 ? 'One shift came of it' : `${shifts} shifts came of it`
  const body = html`<h1>${title}</h1>
    <p><code>${name.about}</code> at ${workProvider.name} is customer ${customerLink(customerNumber)}’s now.</p>
    <p><strong>${came}${isPending ? ' so far; more are being derived' : ''}.</strong></p>
    <p>
      <a class="button" href="/staff/reconciliation">Back to the reconciliation</a>
      <a href="${addressOfCase(name)}">Back to the case</a>
    </p>`
  return page(visit, { title, body })
}
