import { linkUrl } from '../../app/link-secrets.ts'
import { Impossible } from '../../domain/errors.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../../domain/instant.ts'
import { field, formError, type FormErrors, postForm, select } from '../kit/forms.ts'
import { html, type Markup } from '../kit/html.ts'
import { qrCode } from '../kit/qr.ts'
import { page } from '../kit/replies.ts'
import type { Subject } from './subject.ts'

const SIGNED_FOR = [
  { value: '', label: 'not signed' },
  { value: '1', label: 'signed, good for an hour' },
  { value: '24', label: 'signed, good for a day' },
]

/** POST <at>/link: the link for one driver, as the work provider's own code would make it. It changes nothing. */
export async function buildLink(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  const { form, context } = visit
  const userId = form.get('userId')?.trim() ?? ''
  const email = form.get('email')?.trim() ?? ''
  const hours = Number(form.get('signedFor') ?? '')
  if (userId === '') return subject.show(formError('userId', 'Enter the driver’s id at the work provider'), 422)
  try {
    const url = await linkUrl(context, {
      workProvider: workProvider.name,
      workProviderUserId: userId,
      email: email === '' ? undefined : email,
      signedUntil: hours === 1 || hours === 24 ? plus(context.now(), hours * MICROSECONDS_PER_HOUR) : undefined,
    })
    return page(visit, {
      title: 'A link',
      body: html`<h1>A link for ${userId}</h1>
        <p>Give it to this driver only. Nobody is linked before they are logged in and agree.</p>
        ${qrCode(url, 'The link, to scan')}
        <p><code class="secret">${url}</code></p>
        <p><a class="button" href="${at}">Back to ${workProvider.name}</a></p>`,
    })
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return subject.show(formError('userId', error.message), 422)
  }
}

export function linkBuilderSection({ visit, at }: Subject, errors: FormErrors): Markup {
  const typed = (name: string): string => visit.form.get(name) ?? ''
  return html`<section class="card" aria-labelledby="link-builder">
    <h2 id="link-builder">A link for a driver</h2>
    ${postForm(
      `${at}/link`,
      html`${field(errors, { name: 'userId', label: 'The driver’s id at the work provider', value: typed('userId') })}
        ${field(errors, { name: 'email', label: 'E-mail address (optional)', type: 'email', value: typed('email') })}
        ${select(errors, { name: 'signedFor', label: 'Signature', value: typed('signedFor'), choices: SIGNED_FOR })}
        <button>Make the link</button>`,
    )}
  </section>`
}
