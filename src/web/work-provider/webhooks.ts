import { tryEndpoint } from '../../app/deliver.ts'
import { isTaken } from '../../app/outgoing.ts'
import {
  addEndpointOf,
  dropEndpoint,
  enableAgain,
  MAX_ENDPOINTS,
  MAX_SECRET_OVERLAP_HOURS,
  requireEndpoint,
  rotateSecret,
  SECRET_OVERLAP_HOURS,
} from '../../app/webhooks.ts'
import { Impossible } from '../../domain/errors.ts'
import { FEED_TYPES } from '../../domain/feed.ts'
import { feedSpan } from '../../storage/feed.ts'
import { endpointsOf, type WebhookEndpoint } from '../../storage/webhooks.ts'
import { errorSummary, field, formError, type FormErrors, hidden, NO_ERRORS, postForm } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import { stepUpField } from '../staff/step-up.ts'
import { guarded, showSecret } from './keys.ts'
import { momentOf, overlapHours, type Subject } from './subject.ts'

/* The addresses at which a work provider is told of what happens. What each was told: webhook-log.ts. */

/** GET <at>/webhooks */
export function showWebhooks(subject: Subject): Promise<Response> {
  return webhooksPage(subject, NO_ERRORS, 200)
}

/** POST <at>/webhooks: adds an address; its secret is shown this once. */
export function makeEndpoint(given: Subject): Promise<Response> {
  const subject = here(given)
  return guarded(subject, async () => {
    const { visit, workProvider } = subject
    const types = visit.form.getAll('types')
    const url = visit.form.get('url') ?? ''
    const all = types.length === FEED_TYPES.length
    const chosen = all ? {} : { types }
    const { secret } = await addEndpointOf(visit.context, workProvider, { url, ...chosen })
    return showSecret(subject, {
      title: 'The secret of the new address',
      secret,
      hint: 'What is posted to it is signed with this secret, by the Standard Webhooks scheme. Post a message to try it out.',
    })
  })
}

/** POST <at>/webhooks/rotate */
export function renewSecret(given: Subject): Promise<Response> {
  const subject = here(given)
  return guardedHere(subject, async ({ id }) => {
    const made = await rotateSecret(subject.visit.context, id, overlapHours(subject, MAX_SECRET_OVERLAP_HOURS))
    const until = momentOf(subject, made.oldUntil)
    const hint = html`Until ${until} what is posted is signed with the old one too.`
    return showSecret(subject, { title: 'A new secret', secret: made.secret, hint })
  })
}

/** POST <at>/webhooks/remove */
export function removeEndpoint(given: Subject): Promise<Response> {
  const subject = here(given)
  return guardedHere(subject, async ({ id }) => {
    await dropEndpoint(subject.visit.context, id)
    return seeOther(subject.visit, subject.at)
  })
}

/** POST <at>/webhooks/enable */
export function enableEndpoint(given: Subject): Promise<Response> {
  const subject = here(given)
  return unguarded(subject, async ({ id }) => {
    await enableAgain(subject.visit.context, id)
    return seeOther(subject.visit, `${subject.at}/log?endpoint=${id}`)
  })
}

/** POST <at>/webhooks/test: a message that tells nothing, and what came of it. */
export function testEndpoint(given: Subject): Promise<Response> {
  const subject = here(given)
  return unguarded(subject, async ({ id, url }) => {
    const posted = await tryEndpoint(subject.visit.context, id)
    const title = isTaken(posted) ? 'It arrived' : 'It was not taken'
    const what =
      posted.kind === 'answered'
        ? html`Your server answered
            <strong>${posted.status}</strong>${isTaken(posted) ? '.' : ': anything but 2xx is tried again later.'}`
        : html`Your server was not reached: ${posted.kind === 'failed' ? posted.why : 'this server is stopping'}.`
    return page(subject.visit, {
      title,
      body: html`<h1>${title}</h1>
        <p>A message of the type <code>webhook.test</code> was posted to <code>${url}</code>.</p>
        <p>${what}</p>
        <p><a class="button" href="${subject.at}">Back to the webhooks</a></p>`,
    })
  })
}

/** The subject of these pages: what is wrong with a form is shown on them. */
export function here(subject: Subject): Subject {
  const at = `${subject.at}/webhooks`
  const own: Subject = { ...subject, at, show: (errors, status) => webhooksPage(subject, errors, status) }
  return own
}

/** An endpoint of this very work provider: another's is none. */
export async function ownEndpoint({ visit, workProvider }: Subject, id: string): Promise<WebhookEndpoint> {
  const endpoint = await requireEndpoint(visit.context, id)
  if (endpoint.workProviderId !== workProvider.id) throw new Impossible('choose one of the addresses')
  return endpoint
}

type OnEndpoint = (endpoint: WebhookEndpoint) => Promise<Response>

/** Asks for a code first; each endpoint has a field of its own for it. */
function guardedHere(subject: Subject, work: OnEndpoint): Promise<Response> {
  const id = subject.visit.form.get('endpoint') ?? ''
  return guarded(subject, async () => work(await ownEndpoint(subject, id)), codeOf(id))
}

export async function unguarded(subject: Subject, work: OnEndpoint): Promise<Response> {
  try {
    return await work(await ownEndpoint(subject, subject.visit.form.get('endpoint') ?? ''))
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return subject.show(formError('form', error.message), 422)
  }
}

function codeOf(endpointId: string): string {
  return `code-${endpointId}`
}

async function webhooksPage(given: Subject, errors: FormErrors, status: number): Promise<Response> {
  const subject = here(given)
  const { visit, workProvider } = subject
  const endpoints = await endpointsOf(visit.context.db, workProvider.id)
  const { last } = await feedSpan(visit.context.db, workProvider.id)
  const title = `Webhooks of ${workProvider.name}`
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <p>
      Links, statuses, shifts and parked reports are posted to these addresses as they happen. The same can be read in
      order from <code>GET /v1/feed</code>${last === 0 ? '' : `, where the last entry has the number ${last}`}.
      <a href="/docs/webhooks">How it works</a>
    </p>
    ${endpoints.map((endpoint) => endpointCard(subject, endpoint, errors))}
    ${subject.mayChange && endpoints.length < MAX_ENDPOINTS ? addCard(subject, errors, endpoints.length === 0) : nothing}
    <p><a href="${given.at}">Back to ${workProvider.name}</a></p>`
  return page(visit, { title, body, isWide: true, hasErrors: errors.size > 0 }, status)
}

function endpointCard(subject: Subject, endpoint: WebhookEndpoint, errors: FormErrors): Markup {
  const { id, url, types, recordedAt, disabledAt, disabledBecause } = endpoint
  const { at } = subject
  const code = codeOf(id)
  return html`<section class="card ${disabledAt === null ? '' : 'note'}" aria-labelledby="at-${id}">
    <h2 id="at-${id}"><code>${url}</code></h2>
    <dl class="facts">
      <dt>State</dt>
      <dd>
        ${disabledAt === null ? 'live' : html`disabled ${momentOf(subject, disabledAt)}: ${disabledBecause ?? ''}`}
      </dd>
      <dt>Told of</dt>
      <dd>${types === null ? 'everything' : types.join(', ')}</dd>
      <dt>Added</dt>
      <dd>${momentOf(subject, recordedAt)}</dd>
    </dl>
    <p><a href="${at}/log?endpoint=${id}">What it was told</a></p>
    ${
      subject.mayChange
        ? html`<form method="post" action="${at}/test">
              ${hidden('endpoint', id)}
              <div class="actions">
                <button class="button-second">Post a test message</button>
                ${disabledAt === null ? nothing : html`<button formaction="${at}/enable">Enable again</button>`}
              </div>
            </form>
            <details ${errors.has(code) ? html`open` : nothing}>
              <summary>New secret, or remove</summary>
              <form method="post" action="${at}/rotate" novalidate>
                ${hidden('endpoint', id)}
                ${field(errors, {
                  name: 'overlap',
                  id: `overlap-${id}`,
                  label: 'Hours for which the old secret goes on',
                  hint: `From 0 to ${MAX_SECRET_OVERLAP_HOURS}.`,
                  type: 'number',
                  value: String(SECRET_OVERLAP_HOURS),
                })}
                ${stepUpField(errors, code)}
                <div class="actions">
                  <button class="button-second">Make a new secret</button>
                  <button class="button-danger" formaction="${at}/remove">Remove</button>
                </div>
              </form>
            </details>`
        : nothing
    }
  </section>`
}

function addCard(subject: Subject, errors: FormErrors, isFirst: boolean): Markup {
  const { form } = subject.visit
  const chosen = form.has('url') ? form.getAll('types') : FEED_TYPES
  return html`<section class="card" aria-labelledby="add">
    <h2 id="add">Add an address</h2>
    <details ${isFirst || form.has('url') ? html`open` : nothing}>
      <summary>Address and what it is told</summary>
      ${postForm(
        subject.at,
        html`${field(errors, {
            name: 'url',
            label: 'Address',
            hint: 'On the public internet, beginning with https://',
            value: form.get('url') ?? '',
          })}
          <fieldset>
            <legend>What it is told of</legend>
            ${FEED_TYPES.map(
              (type) =>
                html`<div class="check">
                  <input
                    id="type-${type}"
                    name="types"
                    type="checkbox"
                    value="${type}"
                    ${chosen.includes(type) ? html`checked` : nothing}
                  />
                  <label for="type-${type}"><code>${type}</code></label>
                </div>`,
            )}
          </fieldset>
          ${stepUpField(errors)}
          <div class="actions"><button>Add</button></div>`,
      )}
    </details>
  </section>`
}
