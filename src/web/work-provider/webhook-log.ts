import { readDeliveries, replay } from '../../app/webhooks.ts'
import { Impossible } from '../../domain/errors.ts'
import { DELIVERY_STATES, type ListedDelivery, type Try } from '../../storage/webhook-deliveries.ts'
import type { WebhookEndpoint } from '../../storage/webhooks.ts'
import { errorSummary, field, formError, type FormErrors, hidden, NO_ERRORS, postForm } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page, seeOther } from '../kit/replies.ts'
import { momentOf, type Subject } from './subject.ts'
import { here, ownEndpoint } from './webhooks.ts'

const DELIVERIES_A_PAGE = 50
const STATE_WORDS: Record<ListedDelivery['state'], string> = {
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'given up',
  dropped: 'not sent',
}

/** GET <at>/webhooks/log?endpoint=..., with `before` and `state`: what an address was told, the newest first. */
export async function showLog(given: Subject): Promise<Response> {
  const query = new URLSearchParams(given.visit.query)
  const endpoint = await ownOrNull(given, query.get('endpoint') ?? '')
  return endpoint === null ? notFound(given.visit) : logPage(here(given), endpoint, NO_ERRORS, 200)
}

/** POST <at>/webhooks/replay: one entry, all after a number, or what was given up. */
export async function replayEntries(given: Subject): Promise<Response> {
  const subject = here(given)
  const { visit, at } = subject
  const endpoint = await ownOrNull(given, visit.form.get('endpoint') ?? '')
  if (endpoint === null) return notFound(visit)
  const [after, to] = [visit.form.get('after') ?? '', visit.form.get('to') ?? '']
  if (!/^\d{1,15}$/.test(after) || !/^\d{0,15}$/.test(to)) {
    return logPage(subject, endpoint, formError('after', 'Enter the number of an entry, or 0'), 422)
  }
  const failedOnly = visit.form.get('failed') === 'yes'
  try {
    await replay(visit.context, endpoint.id, {
      after: Number(after),
      failedOnly,
      ...(to === '' ? {} : { to: Number(to) }),
    })
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return logPage(subject, endpoint, formError('form', error.message), 422)
  }
  return seeOther(visit, `${at}/log?endpoint=${endpoint.id}`)
}

async function ownOrNull(subject: Subject, id: string): Promise<WebhookEndpoint | null> {
  try {
    return await ownEndpoint(subject, id)
  } catch (error) {
    if (error instanceof Impossible) return null
    throw error
  }
}

async function logPage(
  subject: Subject,
  endpoint: WebhookEndpoint,
  errors: FormErrors,
  status: number,
): Promise<Response> {
  const { visit, at } = subject
  const query = new URLSearchParams(visit.query)
  const state = DELIVERY_STATES.find((one) => one === query.get('state')) ?? null
  const before = /^\d{1,15}$/.test(query.get('before') ?? '') ? Number(query.get('before')) : null
  const { deliveries, next } = await readDeliveries(visit.context, endpoint.id, {
    before,
    state,
    limit: DELIVERIES_A_PAGE,
  })
  const own = `${at}/log?endpoint=${endpoint.id}`
  const title = 'What it was told'
  const mayReplay = subject.mayChange && endpoint.disabledAt === null
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <p><code>${endpoint.url}</code></p>
    <nav aria-label="Which">
      <p>
        ${[null, ...DELIVERY_STATES].map((one, index) => {
          const words = one === null ? 'all' : STATE_WORDS[one]
          const link =
            one === state
              ? html`<strong>${words}</strong>`
              : html`<a href="${own}${one === null ? '' : `&state=${one}`}">${words}</a>`
          return html`${index === 0 ? nothing : ' · '}${link}`
        })}
      </p>
    </nav>
    ${deliveries.length === 0 ? html`<p>Nothing.</p>` : logTable(subject, endpoint, deliveries, mayReplay)}
    <p>
      ${next === null ? nothing : html`<a href="${own}${state === null ? '' : `&state=${state}`}&before=${next}">Older</a> · `}
      <a href="${at}">Back to the webhooks</a>
    </p>
    ${mayReplay ? replayCard(subject, endpoint, errors) : nothing}`
  return page(visit, { title, body, isWide: true, hasErrors: errors.size > 0 }, status)
}

function logTable(
  subject: Subject,
  { id }: WebhookEndpoint,
  deliveries: readonly ListedDelivery[],
  mayReplay: boolean,
): Markup {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          <th class="number">Number</th>
          <th>What and when</th>
          <th>Now</th>
          <th>Tries</th>
          ${mayReplay ? html`<th><span class="unseen">Again</span></th>` : nothing}
        </tr>
      </thead>
      <tbody>
        ${deliveries.map(
          (one) =>
            html`<tr>
              <td class="number">${one.number}</td>
              <td>
                <code>${one.type}</code><br />
                <span class="hint">${momentOf(subject, one.at)}</span>
              </td>
              <td>${stateOf(subject, one)}</td>
              <td class="name">${triesOf(subject, one.tries)}</td>
              ${
                mayReplay
                  ? html`<td>
                      ${
                        one.state === 'waiting'
                          ? nothing
                          : postForm(
                              `${subject.at}/replay`,
                              html`${hidden('endpoint', id)} ${hidden('after', String(one.number - 1))}
                                ${hidden('to', String(one.number))}
                                <button class="as-link">
                                  Send again<span class="unseen"> number ${one.number}</span>
                                </button>`,
                            )
                      }
                    </td>`
                  : nothing
              }
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function stateOf(subject: Subject, { state, nextTryAt, tries }: ListedDelivery): Markup {
  const next = state === 'waiting' && tries.length > 0 ? html`, again ${momentOf(subject, nextTryAt)}` : nothing
  return html`${STATE_WORDS[state]}${next}`
}

/** The last one, and those before on demand. */
function triesOf(subject: Subject, tries: readonly Try[]): Markup {
  const last = tries.at(-1)
  if (last === undefined) return html`none`
  const before = tries.slice(0, -1)
  return html`${tryOf(subject, last)}
  ${
    before.length === 0
      ? nothing
      : html`<details>
          <summary>${before.length} before</summary>
          <ol>
            ${before.map((tried) => html`<li>${tryOf(subject, tried)}</li>`)}
          </ol>
        </details>`
  }`
}

function tryOf(subject: Subject, { at, status, note }: Try): Markup {
  const words = [status === null ? '' : `answered ${status}`, note].filter((part) => part !== '').join(': ')
  return html`${momentOf(subject, at)}: ${words === '' ? 'tried' : words}`
}

function replayCard(subject: Subject, { id }: WebhookEndpoint, errors: FormErrors): Markup {
  return html`<section class="card" aria-labelledby="again">
    <h2 id="again">Send again</h2>
    ${postForm(
      `${subject.at}/replay`,
      html`${hidden('endpoint', id)}
        ${field(errors, {
          name: 'after',
          label: 'Everything after the entry of this number',
          hint: 'Also what was never sent, while the address was disabled or before it was added. 0 is all that is kept.',
          type: 'number',
          value: subject.visit.form.get('after') ?? '',
        })}
        <div class="check">
          <input id="failed" name="failed" type="checkbox" value="yes" />
          <label for="failed">Only what was given up</label>
        </div>
        <div class="actions"><button class="button-second">Send again</button></div>`,
    )}
  </section>`
}
