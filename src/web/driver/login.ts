import { z } from 'zod'
import { tryPassword } from '../../app/attempts.ts'
import { completeSignUp } from '../../app/sign-up.ts'
import { intentFor, takeUp } from '../../app/link-intents.ts'
import { isUuid } from '../../domain/uuid.ts'
import { viewerOf } from '../kit/browser.ts'
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
import { html, nothing } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'
import { email, password } from '../kit/fields.ts'
import { retryAfter, tooManyWords } from '../kit/too-many.ts'
import { intentNote, intentOfForm, intentOfQuery, withLink } from './intent.ts'

const WRONG = 'The e-mail address or the password is not right'
const LogIn = z.object({ email, password })

/** GET /login, with `?link=` an intent. */
export async function showLogin(visit: Visit): Promise<Response> {
  const intent = await intentOfQuery(visit)
  if (visit.driver !== null) return seeOther(visit, intent === null ? '/home' : `/link/${intent.id}`)
  return loginPage(visit, NO_ERRORS, intent?.email ?? '')
}

/** POST /login */
export async function logIn(visit: Visit): Promise<Response> {
  const typed = visit.form.get('email') ?? ''
  const parsed = parseForm(LogIn, visit.form)
  if (!parsed.ok) return loginPage(visit, parsed.errors, typed, 422)
  const done = await tryPassword(visit.context, { email: parsed.values.email, network: visit.network }, () =>
    visit.accounts.logIn(visit.client, parsed.values.email, parsed.values.password),
  )
  if (!done.done) {
    if (done.reason !== 'too many attempts') return loginPage(visit, formError('password', WRONG), typed, 422)
    return loginPage(visit, formError('password', tooManyWords(done)), typed, 429, retryAfter(done))
  }
  visit.cookies.push(...done.cookies)
  const { account } = done
  await completeSignUp(visit.context, account)
  // Asked again as this account: it may have taken the intent up in another browser.
  const intent = await intentFor(visit.context, visit.form.get('link'), { ...viewerOf(visit), accountId: account.id })
  await takeUp(visit.context, intent, account.id)
  return seeOther(visit, intent === null ? '/home' : `/link/${intent.id}`)
}

/** POST /logout */
export async function logOut(visit: Visit): Promise<Response> {
  if (visit.driver !== null) {
    const done = await visit.accounts.logOut(visit.client)
    if (done.done) visit.cookies.push(...done.cookies)
  }
  return seeOther(visit, '/')
}

async function loginPage(
  visit: Visit,
  errors: FormErrors,
  typed: string,
  status = 200,
  headers: Record<string, string> = {},
): Promise<Response> {
  const intent = visit.method === 'POST' ? await intentOfForm(visit) : await intentOfQuery(visit)
  // Kept even where it shows nothing: it may be for the account that logs in.
  const link = visit.form.get('link') ?? new URLSearchParams(visit.query).get('link')
  const body = html`${errorSummary(errors)}
    <h1>Log in</h1>
    ${intent === null ? nothing : intentNote(intent)}
    ${postForm(
      '/login',
      html`${hidden('link', link !== null && isUuid(link) ? link : null)}
        ${field(errors, { name: 'email', label: 'E-mail address', type: 'email', value: typed, autocomplete: 'username' })}
        ${field(errors, { name: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' })}
        <button>Log in</button>`,
    )}
    <p><a href="/reset">I forgot my password</a></p>
    <p>No account yet? <a href="${withLink('/signup', intent)}">Sign up</a></p>`
  return page(visit, { title: 'Log in', body, hasErrors: errors.size > 0 }, status, headers)
}

/** GET /welcome: for those of whom nothing is to be told, not even whether they have an account. */
export async function showWelcome(visit: Visit): Promise<Response> {
  const intent = await intentFor(visit.context, new URLSearchParams(visit.query).get('link'), viewerOf(visit))
  return page(visit, {
    title: 'Log in or sign up',
    body: html`<h1>Log in or sign up</h1>
      ${intent === null ? nothing : intentNote(intent)}
      <div class="actions">
        <a class="button" href="${withLink('/login', intent)}">I have an account</a>
        <a class="button button-second" href="${withLink('/signup', intent)}">I am new here</a>
      </div>`,
  })
}
