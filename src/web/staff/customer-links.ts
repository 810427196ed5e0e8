import { createLink, recordConsent, releaseUserId } from '../../app/links.ts'
import type { StreamRecord } from '../../domain/customer-record.ts'
import { Impossible } from '../../domain/errors.ts'
import { consentAt } from '../../domain/link.ts'
import { checkbox, errorSummary, field, type FormErrors, postForm, select } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import { type CustomerForm, doneFor, instantField, instantOf, shownFor, textOf } from './customer-form.ts'
import { backToCustomer } from './customer-facts.ts'

const AT = '/staff/customers/:number/links'

export const LINK_PAGES: readonly Route[] = [
  { method: 'GET', path: `${AT}/new`, page: shownFor(newPage), for: 'operator' },
  { method: 'POST', path: `${AT}/new`, page: doneFor(make, newPage), for: 'operator' },
  { method: 'GET', path: `${AT}/:link`, page: shownFor(linkPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:link/consent`, page: doneFor(consent(true), linkPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:link/withdraw`, page: doneFor(consent(false), linkPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:link/bind`, page: doneFor(bind, linkPage), for: 'operator' },
  { method: 'POST', path: `${AT}/:link/release`, page: doneFor(release, linkPage), for: 'operator' },
]

function make(form: CustomerForm): Promise<unknown> {
  const { visit, about } = form
  return createLink(visit.context, {
    workProvider: textOf(form, 'workProvider') ?? '',
    customerNumber: about.customer.customerNumber,
    workProviderUserId: userIdOf(form),
    consentedAt: visit.form.get('consented') === 'yes' ? (instantOf(form, 'at') ?? about.reading.now) : undefined,
  })
}

function consent(given: boolean): (form: CustomerForm) => Promise<unknown> {
  return (form) => {
    const { workProvider, customerNumber } = requireNames(form)
    return recordConsent(form.visit.context, { workProvider, customerNumber }, given, instantOf(form, 'at'))
  }
}

async function bind(form: CustomerForm): Promise<unknown> {
  const workProviderUserId = userIdOf(form)
  if (workProviderUserId === undefined) throw new Impossible('enter the user id to bind')
  return createLink(form.visit.context, { ...requireNames(form), workProviderUserId })
}

async function release(form: CustomerForm): Promise<unknown> {
  const at = instantOf(form, 'releaseAt')
  return releaseUserId(form.visit.context, {
    ...requireNames(form),
    workProviderUserId: form.visit.form.get('held') ?? '',
    at,
  })
}

/** Byte for byte, as the work provider writes it. */
function userIdOf({ visit }: CustomerForm): string | undefined {
  const text = visit.form.get('userId') ?? ''
  return text === '' ? undefined : text
}

function streamOf({ visit, about }: CustomerForm): StreamRecord | null {
  return about.reading.record.streams.find((one) => String(one.link.id) === visit.parameters['link']) ?? null
}

function requireNames(form: CustomerForm): { workProvider: string; customerNumber: string } {
  const stream = streamOf(form)
  if (stream === null) throw new Impossible('this customer has no such link')
  return { workProvider: stream.workProvider, customerNumber: form.about.customer.customerNumber }
}

function newPage(form: CustomerForm, errors: FormErrors, status: number): Promise<Response> {
  const { visit, about, at } = form
  const { customerNumber } = about.customer
  const linked = new Set(about.reading.record.streams.map((stream) => stream.workProviderId))
  const choices = about.providers.filter((one) => !linked.has(one.id))
  const fields = html`${select(errors, {
      name: 'workProvider',
      label: 'Work provider',
      value: visit.form.get('workProvider') ?? '',
      choices: choices.map(({ name }) => ({ value: name, label: name })),
    })}
    ${field(errors, {
      name: 'userId',
      label: 'Its user id for them',
      hint: 'Exactly as the work provider writes it. Empty, if it reports the customer number.',
      value: visit.form.get('userId') ?? '',
    })}
    ${checkbox(errors, 'consented', html`The customer has consented`, visit.form.get('consented') === 'yes')}
    ${instantField(form, errors, { name: 'at', label: 'Consent given', hint: 'Empty: now.' })} <button>Link</button>`
  const body = html`${errorSummary(errors)}
    <h1>Link customer ${customerNumber}</h1>
    ${
      choices.length === 0
        ? html`<p>They are linked to every work provider.</p>`
        : html`<p>What was reported of them before becomes shifts at once.</p>
            ${postForm(`${at}/links/new`, fields)}`
    }
    ${backToCustomer(customerNumber)}`
  return page(visit, { title: `Link customer ${customerNumber}`, body, hasErrors: errors.size > 0 }, status)
}

function linkPage(form: CustomerForm, errors: FormErrors, status: number): Promise<Response> {
  const { visit, about, at } = form
  const stream = streamOf(form)
  if (stream === null) return notFound(visit)
  const { customerNumber } = about.customer
  const title = `Customer ${customerNumber} at ${stream.workProvider}`
  const path = `${at}/links/${stream.link.id}`
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    ${consentSection(form, stream, path, errors)} ${idsSection(form, stream, path, errors)}
    ${backToCustomer(customerNumber)}`
  return page(visit, { title, body, hasErrors: errors.size > 0 }, status)
}

function consentSection(form: CustomerForm, stream: StreamRecord, path: string, errors: FormErrors): Markup {
  const last = consentAt(stream.consents, form.about.reading.now)
  const said = last === null ? 'There is none yet.' : last.given ? 'It is given.' : 'It is withdrawn.'
  return html`<section class="card" aria-labelledby="consent">
    <h2 id="consent">Consent</h2>
    <p>
      ${said} A consent recorded here is one that the customer gave on paper or by telephone. Without it there is no
      cover, and the work provider is told nothing.
    </p>
    <form method="post" action="${path}/consent" novalidate>
      ${instantField(form, errors, { name: 'at', label: 'From', hint: 'Empty: from now on.' })}
      <div class="actions">
        <button>Record a consent</button>
        <button class="button-danger" formaction="${path}/withdraw">Record a withdrawal</button>
      </div>
    </form>
  </section>`
}

function idsSection(form: CustomerForm, stream: StreamRecord, path: string, errors: FormErrors): Markup {
  const { visit } = form
  const held = stream.bindings.filter((one) => one.release === null && one.identity.kind === 'user_id')
  return html`<section class="card" aria-labelledby="ids">
    <h2 id="ids">User ids</h2>
    ${postForm(
      `${path}/bind`,
      html`${field(errors, {
          name: 'userId',
          label: 'Bind a user id',
          hint: 'Exactly as the work provider writes it. What was reported of it becomes shifts at once.',
          value: visit.form.get('userId') ?? '',
        })} <button>Bind</button>`,
    )}
    ${
      held.length === 0
        ? nothing
        : html`<h3>Release a user id</h3>
            <p>Events from that instant on are not theirs any more; earlier ones stay.</p>
            ${postForm(
              `${path}/release`,
              html`${select(errors, {
                  name: 'held',
                  label: 'User id',
                  value: visit.form.get('held') ?? '',
                  choices: held.map(({ identity }) => ({ value: identity.text, label: identity.text })),
                })}
                ${instantField(form, errors, { name: 'releaseAt', label: 'Released from', hint: 'Empty: from now on.' })}
                <button class="button-danger">Release</button>`,
            )}`
    }
  </section>`
}
