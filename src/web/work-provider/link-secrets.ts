import { createLinkSecret, endLinkSecret } from '../../app/link-secrets.ts'
import { Impossible } from '../../domain/errors.ts'
import { linkSecretsOf } from '../../storage/link-secrets.ts'
import { stepUpField } from '../staff/step-up.ts'
import type { FormErrors } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import { guarded, showSecret } from './keys.ts'
import { momentOf, type Subject } from './subject.ts'

/** The page has another form that asks for a code. */
const CODE = 'secretCode'

/** POST <at>/link-secrets: makes one, shown this once. */
export function makeLinkSecret(subject: Subject): Promise<Response> {
  return guarded(
    subject,
    async () => {
      const { secret } = await createLinkSecret(subject.visit.context, subject.workProvider.name)
      return showSecret(subject, { title: 'A new link secret', secret, hint: 'Links signed with it are good at once.' })
    },
    CODE,
  )
}

/** POST <at>/link-secrets/revoke */
export function revokeLinkSecret(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  return guarded(
    subject,
    async () => {
      const id = visit.form.get('secret') ?? ''
      const own = await linkSecretsOf(visit.context.db, workProvider.id)
      if (!own.some((secret) => secret.id === id)) throw new Impossible('choose one of the secrets')
      await endLinkSecret(visit.context, id)
      return page(visit, {
        title: 'The secret is revoked',
        body: html`<h1>The secret is revoked</h1>
          <p>Links signed with it are refused from now on.</p>
          <p><a class="button" href="${at}">Back to ${workProvider.name}</a></p>`,
      })
    },
    CODE,
  )
}

export async function linkSecretsSection(subject: Subject, errors: FormErrors): Promise<Markup> {
  const live = (await linkSecretsOf(subject.visit.context.db, subject.workProvider.id)).filter(
    (secret) => secret.revokedAt === null,
  )
  return html`<section class="card" aria-labelledby="secrets">
    <h2 id="secrets">Link secrets</h2>
    <p>With one the work provider’s code signs its links. Two may be live, so that a change needs no pause.</p>
    ${
      live.length === 0
        ? html`<p>None.</p>`
        : html`<ul>
            ${live.map((secret) => html`<li><code>${secret.id}</code>, made ${momentOf(subject, secret.recordedAt)}</li>`)}
          </ul>`
    }
    ${
      subject.mayChange
        ? html`<details ${errors.has(CODE) ? html`open` : nothing}>
            <summary>Make or revoke</summary>
            <form method="post" action="${subject.at}/link-secrets" novalidate>
              ${
                live.length === 0
                  ? nothing
                  : html`<div class="field">
                      <label for="secret">Which secret, to revoke</label>
                      <select id="secret" name="secret">
                        ${live.map((secret) => html`<option value="${secret.id}">${secret.id}</option>`)}
                      </select>
                    </div>`
              }
              ${stepUpField(errors, CODE)}
              <div class="actions">
                <button>Make a secret</button>
                ${
                  live.length === 0
                    ? nothing
                    : html`<button class="button-danger" formaction="${subject.at}/link-secrets/revoke">Revoke</button>`
                }
              </div>
            </form>
          </details>`
        : nothing
    }
  </section>`
}
