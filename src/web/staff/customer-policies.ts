import { cancelPolicy, changePolicy, createPolicy } from '../../app/policies.ts'
import { FOREVER } from '../../domain/interval.ts'
import { type Policy, validity } from '../../domain/policy.ts'
import { errorSummary, field, type FormErrors, postForm, select } from '../kit/forms.ts'
import { html, type Markup } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import { type CustomerForm, doneFor, instantField, instantOf, shownFor, textOf } from './customer-form.ts'
import { backToCustomer } from './customer-facts.ts'
import { Impossible } from '../../domain/errors.ts'
import { fromTo, policyWords } from './timeline-words.ts'

const AT = '/staff/customers/:number/policies'

export const POLICY_PAGES: readonly Route[] = [
  { method: 'GET', path: `${AT}/new`, page: shownFor(newPage), for: 'operator' },
  { method: 'POST', path: `${AT}/new`, page: doneFor(make, newPage), for: 'operator' },
  { method: 'GET', path: `${AT}/:policy`, page: shownFor(policyPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:policy/change`, page: doneFor(change, policyPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:policy/cancel`, page: doneFor(cancel, policyPage), for: 'operator' },
]

function make(form: CustomerForm): Promise<unknown> {
  return createPolicy(form.visit.context, {
    ...insuredOf(form),
    from: instantOf(form, 'from'),
    to: instantOf(form, 'to'),
  })
}

function change(form: CustomerForm): Promise<unknown> {
  return changePolicy(form.visit.context, { ...insuredOf(form), id: requirePolicy(form).id, at: instantOf(form, 'at') })
}

function cancel(form: CustomerForm): Promise<unknown> {
  return cancelPolicy(form.visit.context, requirePolicy(form).id, instantOf(form, 'cancelAt'))
}

/** What is insured, as the fields say. */
function insuredOf(form: CustomerForm) {
  return {
    customerNumber: form.about.customer.customerNumber,
    classOfUse: textOf(form, 'classOfUse') ?? '',
    coverLevel: textOf(form, 'coverLevel') ?? '',
    vehicleRegistration: textOf(form, 'vehicle'),
    workProvider: textOf(form, 'workProvider'),
  }
}

function policyOf({ visit, about }: CustomerForm): Policy | null {
  return about.reading.record.policies.find((one) => one.id === visit.parameters['policy']) ?? null
}

function requirePolicy(form: CustomerForm): Policy {
  const policy = policyOf(form)
  if (policy === null) throw new Impossible('this customer has no such policy')
  return policy
}

function newPage(form: CustomerForm, errors: FormErrors, status: number): Promise<Response> {
  const { visit, about, at } = form
  const { customerNumber } = about.customer
  const fields = html`${insuredFields(form, errors)}
    ${instantField(form, errors, { name: 'from', label: 'Valid from', hint: 'Empty: from now on.' })}
    ${instantField(form, errors, { name: 'to', label: 'Valid to', hint: 'Empty: until further notice.' })}
    <button>Make the policy</button>`
  const body = html`${errorSummary(errors)}
    <h1>New policy of customer ${customerNumber}</h1>
    ${postForm(`${at}/policies/new`, fields)} ${backToCustomer(customerNumber)}`
  return page(visit, { title: `New policy of customer ${customerNumber}`, body, hasErrors: errors.size > 0 }, status)
}

function policyPage(form: CustomerForm, errors: FormErrors, status: number): Promise<Response> {
  const { visit, about, at } = form
  const policy = policyOf(form)
  if (policy === null) return notFound(visit)
  const { customerNumber } = about.customer
  const { timeZone } = visit.context
  const { from, to } = validity(policy)
  const ends = to === FOREVER ? '' : ' The new one ends when this one would have.'
  const body = html`${errorSummary(errors)}
    <h1>Policy of customer ${customerNumber}</h1>
    <p>${policyWords(policy)}. Valid ${fromTo({ from, to }, timeZone)}.</p>
    <p>Id <code>${policy.id}</code></p>
    <section class="card" aria-labelledby="change">
      <h2 id="change">Change</h2>
      <p>
        This policy ends at that instant, and another takes its place: what was insured before stays as it was.${ends}
      </p>
      ${postForm(
        `${at}/policies/${policy.id}/change`,
        html`${insuredFields(form, errors, policy)}
          ${instantField(form, errors, { name: 'at', label: 'The change holds from', hint: 'Empty: from now on.' })}
          <button>Change the policy</button>`,
      )}
    </section>
    <section class="card" aria-labelledby="cancel">
      <h2 id="cancel">Cancel</h2>
      ${postForm(
        `${at}/policies/${policy.id}/cancel`,
        html`${instantField(form, errors, { name: 'cancelAt', label: 'Cancelled from', hint: 'Empty: from now on.' })}
          <button class="button-danger">Cancel the policy</button>`,
      )}
    </section>
    ${backToCustomer(customerNumber)}`
  return page(visit, { title: `Policy of customer ${customerNumber}`, body, hasErrors: errors.size > 0 }, status)
}

function insuredFields(form: CustomerForm, errors: FormErrors, before?: Policy): Markup {
  const { visit, about } = form
  const typed = (name: string, was?: string | null): string => visit.form.get(name) ?? was ?? ''
  const only = about.providers.find((one) => one.id === before?.workProviderId)
  return html`${field(errors, {
    name: 'classOfUse',
    label: 'Class of use',
    hint: 'Like “Carriage of Goods for Hire & Reward”.',
    value: typed('classOfUse', before?.classOfUse),
  })}
  ${field(errors, {
    name: 'coverLevel',
    label: 'Cover level',
    hint: 'Like “Third Party (TPO)”.',
    value: typed('coverLevel', before?.coverLevel),
  })}
  ${field(errors, {
    name: 'vehicle',
    label: 'Vehicle registration',
    hint: 'Empty, if it names no vehicle.',
    value: typed('vehicle', before?.vehicleRegistration),
  })}
  ${select(errors, {
    name: 'workProvider',
    label: 'Good for',
    value: typed('workProvider', only?.name),
    choices: [
      { value: '', label: 'every work provider' },
      ...about.providers.map(({ name }) => ({ value: name, label: `${name} only` })),
    ],
  })}`
}
