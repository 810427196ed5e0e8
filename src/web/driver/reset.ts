import { z } from 'zod'
import { isResetLink, requestPasswordReset, setPasswordByLink } from '../../app/password-reset.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page, problemPage } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'
import { email, newPassword, PASSWORD_HINT } from './fields.ts'

const Request = z.object({ email })
const NewPassword = z.object({ password: newPassword })

/** GET /reset */
export function showReset(visit: Visit): Promise<Response> {
  return requestPage(visit, NO_ERRORS)
}

/** POST /reset: the answer is the same whether or not there is an account; a mail goes out either way. */
export async function requestReset(visit: Visit): Promise<Response> {
  const parsed = parseForm(Request, visit.form)
  if (!parsed.ok) return requestPage(visit, parsed.errors, 422)
  const asked = await requestPasswordReset(visit.context, {
    email: parsed.values.email,
    network: visit.network,
  })
  if (!asked) {
    return requestPage(visit, formError('email', 'Too many addresses were tried from here. Wait an hour'), 429)
  }
  return page(visit, {
    title: 'Look into your mail',
    body: html`<h1>Look into your mail</h1>
      <p>
        We sent a mail to <strong>${parsed.values.email}</strong> with what to do next. The link in it is good for an
        hour.
      </p>
      <p>Nothing there after some minutes? Look among unwanted mail, or <a href="/reset">check the address</a>.</p>`,
  })
}

function requestPage(visit: Visit, errors: FormErrors, status = 200): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Set a new password</h1>
    <p>We mail you a link by which you can choose a new password.</p>
    ${postForm(
      '/reset',
      html`${field(errors, {
          name: 'email',
          label: 'E-mail address',
          type: 'email',
          value: visit.form.get('email') ?? '',
          autocomplete: 'username',
        })} <button>Send me the link</button>`,
    )}`
  return page(visit, { title: 'Set a new password', body, hasErrors: errors.size > 0 }, status)
}

/** GET /reset/<token>: looking at it changes nothing. */
export async function showNewPassword(visit: Visit): Promise<Response> {
  return (await isResetLink(visit.context, tokenOf(visit))) ? passwordPage(visit, NO_ERRORS) : stale(visit)
}

/** POST /reset/<token> */
export async function setPassword(visit: Visit): Promise<Response> {
  const { context, accounts, client } = visit
  if (!(await isResetLink(context, tokenOf(visit)))) return stale(visit)
  const parsed = parseForm(NewPassword, visit.form)
  if (!parsed.ok) return passwordPage(visit, parsed.errors, 422)
  const done = await setPasswordByLink(context, accounts, client, tokenOf(visit), parsed.values.password)
  if (!done.done) return stale(visit)
  return page(visit, {
    title: 'Your password is set',
    body: html`<h1>Your password is set</h1>
      <p>Every browser that was logged in is logged out.</p>
      <p><a class="button" href="/login">Log in</a></p>`,
  })
}

function tokenOf(visit: Visit): string {
  return visit.parameters['token'] ?? ''
}

function stale(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not good any more',
    text: 'It was used already, or it is older than an hour.',
    way: { to: '/reset', label: 'Ask for a new link' },
  })
}

function passwordPage(visit: Visit, errors: FormErrors, status = 200): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Choose a new password</h1>
    ${postForm(
      visit.path,
      html`${field(errors, {
          name: 'password',
          label: 'New password',
          type: 'password',
          autocomplete: 'new-password',
          hint: PASSWORD_HINT,
        })} <button>Set the password</button>`,
    )}`
  return page(visit, { title: 'Choose a new password', body, hasErrors: errors.size > 0 }, status)
}
