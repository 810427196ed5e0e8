import { z } from 'zod'
import { beginSecondFactor, confirmSecondFactor } from '../../app/desk-login.ts'
import type { SecondFactor } from '../../app/desk-accounts.ts'
import { password } from '../kit/fields.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html, type Markup } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import { qrCode } from '../kit/qr.ts'
import { tooManyWords } from '../kit/too-many.ts'
import type { DeskVisit } from '../kit/visit.ts'
import { deskOf } from './desk-client.ts'

const Begin = z.object({ password })

/** GET /desk/second-factor: for those who have none yet, and for everybody else done. */
export function showSecondFactor(visit: DeskVisit): Promise<Response> | Response {
  return visit.person.hasSecondFactor ? seeOther(visit, '/desk') : passwordPage(visit, NO_ERRORS)
}

/** POST /desk/second-factor: makes the secret, shown this once. */
export async function begin(visit: DeskVisit): Promise<Response> {
  if (visit.person.hasSecondFactor) return seeOther(visit, '/desk')
  const parsed = parseForm(Begin, visit.form)
  if (!parsed.ok) return passwordPage(visit, parsed.errors, 422)
  const begun = await beginSecondFactor(deskOf(visit), visit.person, parsed.values.password)
  if (begun.done) return setUpPage(visit, begun)
  const isTooMany = begun.reason === 'too many attempts'
  const words = isTooMany ? tooManyWords(begun) : 'That is not your password'
  return passwordPage(visit, formError('password', words), isTooMany ? 429 : 422)
}

/** POST /desk/second-factor/code: the first code makes it count. */
export async function confirm(visit: DeskVisit): Promise<Response> {
  if (visit.person.hasSecondFactor) return seeOther(visit, '/desk')
  const done = await confirmSecondFactor(deskOf(visit), visit.person, visit.form.get('code') ?? '')
  if (done.done) {
    visit.cookies.push(...done.cookies)
    return seeOther(visit, '/desk')
  }
  const isTooMany = done.reason === 'too many attempts'
  const words = isTooMany ? tooManyWords(done) : 'That code is not right. Type the one that the app shows now'
  return codePage(visit, formError('code', words), isTooMany ? 429 : 422)
}

function passwordPage(visit: DeskVisit, errors: FormErrors, status = 200): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Set up your authenticator app</h1>
    <p>
      The desk is entered by a password and a code. The code comes from an app on your telephone, or a password manager.
    </p>
    ${postForm(
      '/desk/second-factor',
      html`<input type="text" name="username" value="${visit.person.email}" autocomplete="username" hidden />
        ${field(errors, {
          name: 'password',
          label: 'Your password, once more',
          type: 'password',
          autocomplete: 'current-password',
        })}
        <button>Continue</button>`,
    )}`
  return page(visit, { title: 'Set up your authenticator app', body, hasErrors: errors.size > 0 }, status)
}

function setUpPage(visit: DeskVisit, { uri, backupCodes }: SecondFactor): Promise<Response> {
  const body = html`<h1>Set up your authenticator app</h1>
    <ol class="steps">
      <li>
        <p>Scan this code with the app, or type the key into it.</p>
        ${qrCode(uri, 'The key for your authenticator app, to scan')}
        <p>Key: <code class="secret">${spaced(new URL(uri).searchParams.get('secret') ?? '')}</code></p>
      </li>
      <li>
        <p>
          Keep these backup codes where you keep passwords. Each lets you in once when you do not have the app. They are
          shown this once.
        </p>
        <ul class="codes">
          ${backupCodes.map((code) => html`<li><code>${code}</code></li>`)}
        </ul>
      </li>
      <li>
        <p>Type the code that the app shows.</p>
        ${codeForm(NO_ERRORS)}
      </li>
    </ol>`
  return page(visit, { title: 'Set up your authenticator app', body })
}

function codePage(visit: DeskVisit, errors: FormErrors, status: number): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Enter the code</h1>
    ${codeForm(errors)}
    <p><a href="/desk/second-factor">Start again with a new key</a></p>`
  return page(visit, { title: 'Enter the code', body, hasErrors: true }, status)
}

function codeForm(errors: FormErrors): Markup {
  return postForm(
    '/desk/second-factor/code',
    html`${field(errors, { name: 'code', label: 'Code', hint: 'Six digits.', autocomplete: 'one-time-code' })}
      <button>Finish</button>`,
  )
}

function spaced(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, '$1 ')
}
