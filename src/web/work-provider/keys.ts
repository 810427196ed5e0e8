import { createKey, createTestKey, revokeKey, rotateKey } from '../../app/api-keys.ts'
import { MAX_LISTED_KEYS } from '../../app/api-use.ts'
import { Impossible } from '../../domain/errors.ts'
import { type Instant, MICROSECONDS_PER_HOUR } from '../../domain/instant.ts'
import { type ListedApiKey, newestApiKeys } from '../../storage/api-keys.ts'
import { stepUp, stepUpField } from '../staff/step-up.ts'
import { field, formError, type FormErrors } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import { momentOf, overlapHours, type Subject } from './subject.ts'

const DEFAULT_OVERLAP_HOURS = 72
const MAX_OVERLAP_HOURS = 24 * 90

/** POST <at>/keys: makes one, shown this once. */
export function makeKey(subject: Subject): Promise<Response> {
  const { visit, workProvider } = subject
  return guarded(subject, async () => {
    const { key } = await createKey(visit.context, workProvider.name)
    return showSecret(subject, { title: 'A new key', secret: key, hint: 'It works at once.' })
  })
}

/** POST <at>/keys/test: makes one of the sandbox, and the sandbox with the first. */
export function makeTestKey(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  return guarded(subject, async () => {
    const { key } = await createTestKey(visit.context, workProvider.name)
    const hint = html`It works at once, and sees <a href="${at}/test">test customers</a> alone.`
    return showSecret(subject, { title: 'A new test key', secret: key, hint })
  })
}

/** POST <at>/keys/rotate: a new one; the old one goes on for a time. */
export function replaceKey(subject: Subject): Promise<Response> {
  const { visit } = subject
  return guarded(subject, async () => {
    const old = await ownKey(subject)
    const hours = overlapHours(subject, MAX_OVERLAP_HOURS)
    if (!(hours <= MAX_OVERLAP_HOURS)) {
      throw new Impossible(`an overlap is from 0 to ${MAX_OVERLAP_HOURS} hours`)
    }
    const made = await rotateKey(visit.context, old.id, hours * MICROSECONDS_PER_HOUR)
    const until = momentOf(subject, made.oldKeyExpiresAt)
    return showSecret(subject, { title: 'A new key', secret: made.key, hint: html`The old one works until ${until}.` })
  })
}

/** POST <at>/keys/revoke: at once, in every process. */
export function endKey(subject: Subject): Promise<Response> {
  return guarded(subject, async () => {
    const key = await ownKey(subject)
    await revokeKey(subject.visit.context, key.id)
    return page(subject.visit, {
      title: 'The key is revoked',
      body: html`<h1>The key is revoked</h1>
        <p>No request with it is served any more.</p>
        <p><a class="button" href="${subject.at}">Back to ${subject.workProvider.name}</a></p>`,
    })
  })
}

/** A key of this very work provider: another's is none. */
async function ownKey({ visit, workProvider }: Subject): Promise<ListedApiKey> {
  const id = visit.form.get('key') ?? ''
  const own = await newestApiKeys(visit.context.db, workProvider.id, MAX_LISTED_KEYS)
  const key = own.find((one) => one.id === id)
  if (key === undefined) throw new Impossible('choose one of the keys')
  return key
}

/** Asks for a code (in the field of that name) before anything is done, and shows what cannot be done in the form. */
export async function guarded(subject: Subject, work: () => Promise<Response>, codeField?: string): Promise<Response> {
  const wrong = await stepUp(subject.visit, codeField)
  if (wrong !== null) return subject.show(wrong, 422)
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return subject.show(formError('form', error.message), 422)
  }
}

export function showSecret(
  { visit, at, workProvider }: Subject,
  { title, secret, hint }: { title: string; secret: string; hint: Markup | string },
): Promise<Response> {
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>It is shown this once. Keep it where you keep passwords.</p>
      <p><code class="secret">${secret}</code></p>
      <p>${hint}</p>
      <p><a class="button" href="${at}">Back to ${workProvider.name}</a></p>`,
  })
}

export function keysSection(subject: Subject, keys: readonly ListedApiKey[], errors: FormErrors): Markup {
  const now = subject.visit.context.now()
  const live = keys.filter((key) => isLive(key, now))
  return html`<section class="card" aria-labelledby="keys">
    <h2 id="keys">Keys</h2>
    ${
      keys.length === 0
        ? html`<p>There are no keys yet.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th>Key</th>
                  <th>Made</th>
                  <th>Last used</th>
                  <th>Now</th>
                </tr>
              </thead>
              <tbody>
                ${keys.map(
                  (key) =>
                    html`<tr>
                      <td><code>${key.id}</code></td>
                      <td>${momentOf(subject, key.recordedAt)}</td>
                      <td>${key.lastUsedAt === null ? 'never' : momentOf(subject, key.lastUsedAt)}</td>
                      <td>${stateOf(subject, key, now)}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    ${
      subject.mayChange && (live.length > 0 || !subject.isTest)
        ? html`<details ${errors.has('code') || errors.has('overlap') ? html`open` : nothing}>
            <summary>${subject.isTest ? 'Rotate or revoke' : 'Make, rotate or revoke'}</summary>
            <form method="post" action="${subject.at}/keys${subject.isTest ? '/rotate' : ''}" novalidate>
              ${
                live.length === 0
                  ? nothing
                  : html`<div class="field">
                      <label for="key">Which key, to rotate or revoke</label>
                      <select id="key" name="key">
                        ${live.map((key) => html`<option value="${key.id}">${key.id}</option>`)}
                      </select>
                    </div>`
              }
              ${field(errors, {
                name: 'overlap',
                label: 'Hours for which a rotated key goes on',
                type: 'number',
                value: subject.visit.form.get('overlap') ?? String(DEFAULT_OVERLAP_HOURS),
              })}
              ${stepUpField(errors)}
              <div class="actions">
                ${
                  subject.isTest
                    ? nothing
                    : html`<button>Make a key</button>
                        <button class="button-second" formaction="${subject.at}/keys/test">Make a test key</button>`
                }
                ${
                  live.length === 0
                    ? nothing
                    : html`<button class="button-second" formaction="${subject.at}/keys/rotate">Rotate</button>
                        <button class="button-danger" formaction="${subject.at}/keys/revoke">Revoke</button>`
                }
              </div>
            </form>
          </details>`
        : nothing
    }
  </section>`
}

function isLive({ revokedAt, expiresAt }: ListedApiKey, now: Instant): boolean {
  return revokedAt === null && (expiresAt === null || now < expiresAt)
}

function stateOf(subject: Subject, { revokedAt, expiresAt }: ListedApiKey, now: Instant): Markup {
  if (revokedAt !== null) return html`revoked ${momentOf(subject, revokedAt)}`
  if (expiresAt === null) return html`live`
  return expiresAt > now
    ? html`live until ${momentOf(subject, expiresAt)}`
    : html`ended ${momentOf(subject, expiresAt)}`
}
