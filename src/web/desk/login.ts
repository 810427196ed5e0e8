import { z } from 'zod'
import { finishDeskLogIn, logInToDesk } from '../../app/desk-login.ts'
import { email, password } from '../kit/fields.ts'
import {
  errorSummary,
  field,
  formError,
  type FormErrors,
  hidden,
  NO_ERRORS,
  parseForm,
  postForm,
} from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import { retryAfter, tooManyWords } from '../kit/too-many.ts'
import type { Visit } from '../kit/visit.ts'
import { deskOf } from './desk-client.ts'
import { nextOf, withNext } from './next.ts'

const LogIn = z.object({ email, password })
const WRONG = 'The e-mail address or the password is not right'
const WRONG_CODE = 'That code is not right, or was used already. Wait for the next one'

/** GET /desk/login */
export function showLogin(visit: Visit): Promise<Response> | Response {
  return visit.person === null ? loginPage(visit, NO_ERRORS) : seeOther(visit, nextOf(visit))
}

/** POST /desk/login: the first step. */
export async function logIn(visit: Visit): Promise<Response> {
  const parsed = parseForm(LogIn, visit.form)
  if (!parsed.ok) return loginPage(visit, parsed.errors, 422)
  const done = await logInToDesk(deskOf(visit), parsed.values.email, parsed.values.password)
  if (!done.done) {
    if (done.reason !== 'too many attempts') return loginPage(visit, formError('password', WRONG), 422)
    return loginPage(visit, formError('password', tooManyWords(done)), 429, retryAfter(done))
  }
  visit.cookies.push(...done.cookies)
  return seeOther(visit, done.needsCode ? withNext('/desk/login/code', nextOf(visit)) : '/desk/second-factor')
}

/** GET /desk/login/code */
export function showCode(visit: Visit): Promise<Response> | Response {
  return visit.person === null ? codePage(visit, NO_ERRORS) : seeOther(visit, nextOf(visit))
}

/** POST /desk/login/code: the second step. */
export async function logInByCode(visit: Visit): Promise<Response> {
  const done = await finishDeskLogIn(deskOf(visit), visit.form.get('code') ?? '')
  if (done.done) {
    visit.cookies.push(...done.cookies)
    return seeOther(visit, nextOf(visit))
  }
  if (done.reason === 'not logged in') return seeOther(visit, withNext('/desk/login', nextOf(visit)))
  if (done.reason !== 'too many attempts') return codePage(visit, formError('code', WRONG_CODE), 422)
  return codePage(visit, formError('code', tooManyWords(done)), 429, retryAfter(done))
}

/** POST /desk/logout */
export async function logOut(visit: Visit): Promise<Response> {
  if (visit.person !== null) {
    const done = await visit.deskAccounts.logOut(visit.client)
    if (done.done) visit.cookies.push(...done.cookies)
  }
  return seeOther(visit, '/desk/login')
}

function loginPage(
  visit: Visit,
  errors: FormErrors,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Log in to the desk</h1>
    <p>For staff, and for people of work providers who were invited. <a href="/login">Drivers log in here</a>.</p>
    ${postForm(
      '/desk/login',
      html`${hidden('next', nextOf(visit))}
        ${field(errors, {
          name: 'email',
          label: 'E-mail address',
          type: 'email',
          value: visit.form.get('email') ?? '',
          autocomplete: 'username',
        })}
        ${field(errors, { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' })}
        <button>Continue</button>`,
    )}
    <p><a href="/desk/reset">I forgot my password</a></p>`
  return page(visit, { title: 'Log in to the desk', body, hasErrors: errors.size > 0 }, status, headers)
}

function codePage(
  visit: Visit,
  errors: FormErrors,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Enter your code</h1>
    ${postForm(
      '/desk/login/code',
      html`${hidden('next', nextOf(visit))}
        ${field(errors, {
          name: 'code',
          label: 'Code',
          hint: 'The six digits that your authenticator app shows now. Or one of your backup codes.',
          autocomplete: 'one-time-code',
        })} <button>Log in</button>`,
    )}
    <p><a href="${withNext('/desk/login', nextOf(visit))}">Start again</a></p>
    <p>Lost both the app and the backup codes? An administrator can let you set up a new app.</p>`
  return page(visit, { title: 'Enter your code', body, hasErrors: errors.size > 0 }, status, headers)
}
