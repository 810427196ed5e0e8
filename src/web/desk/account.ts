import { z } from 'zod'
import { changeDeskPassword } from '../../app/desk-login.ts'
import { ROLE_WORDS } from '../../domain/desk.ts'
import { newPassword, password, PASSWORD_HINT } from '../kit/fields.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html, nothing } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import { tooManyWords } from '../kit/too-many.ts'
import type { DeskVisit } from '../kit/visit.ts'
import { deskOf } from './desk-client.ts'

const NewPassword = z.object({ currentPassword: password, newPassword })

/** GET /desk/account */
export function showAccount(visit: DeskVisit): Promise<Response> {
  return accountPage(visit, NO_ERRORS)
}

/** POST /desk/account/password */
export async function savePassword(visit: DeskVisit): Promise<Response> {
  const parsed = parseForm(NewPassword, visit.form)
  if (!parsed.ok) return accountPage(visit, parsed.errors, 422)
  const { currentPassword, newPassword: next } = parsed.values
  const done = await changeDeskPassword(deskOf(visit), visit.person, currentPassword, next)
  if (done.done) {
    visit.cookies.push(...done.cookies)
    return seeOther(visit, '/desk/account?done=password')
  }
  const isTooMany = done.reason === 'too many attempts'
  const words = isTooMany ? tooManyWords(done) : 'That is not your password'
  return accountPage(visit, formError('currentPassword', words), isTooMany ? 429 : 422)
}

function accountPage(visit: DeskVisit, errors: FormErrors, status = 200): Promise<Response> {
  const { email, name, role } = visit.person
  const isDone = visit.method === 'GET' && new URLSearchParams(visit.query).get('done') === 'password'
  const body = html`${errorSummary(errors)}
    <h1>Your account</h1>
    ${isDone ? html`<p class="card state state-good" role="status">Your password is changed.</p>` : nothing}
    <section class="card" aria-labelledby="who">
      <h2 id="who">Who you are here</h2>
      <dl class="facts">
        <dt>Name</dt>
        <dd>${name}</dd>
        <dt>E-mail</dt>
        <dd>${email}</dd>
        <dt>Role</dt>
        <dd>${role}${role === 'work provider' ? nothing : html`: ${ROLE_WORDS[role]}`}</dd>
      </dl>
    </section>
    <section class="card" aria-labelledby="secret">
      <h2 id="secret">Your password</h2>
      ${postForm(
        '/desk/account/password',
        html`<input type="text" name="username" value="${email}" autocomplete="username" hidden />
          ${field(errors, {
            name: 'currentPassword',
            label: 'Your password now',
            type: 'password',
            autocomplete: 'current-password',
          })}
          ${field(errors, {
            name: 'newPassword',
            label: 'New password',
            type: 'password',
            autocomplete: 'new-password',
            hint: PASSWORD_HINT,
          })}
          <button>Change the password</button>`,
      )}
    </section>`
  return page(visit, { title: 'Your account', body, hasErrors: errors.size > 0 }, status)
}
