import { z } from 'zod'
import { closeAccount } from '../../app/account-changes.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import type { DriverVisit } from '../kit/visit.ts'
import { proverOf } from './account.ts'
import { password } from '../kit/fields.ts'
import { tooManyWords } from '../kit/too-many.ts'

const Close = z.object({ password })

/** GET /account/close */
export function showClose(visit: DriverVisit): Promise<Response> {
  return closePage(visit, NO_ERRORS)
}

/** POST /account/close */
export async function close(visit: DriverVisit): Promise<Response> {
  const parsed = parseForm(Close, visit.form)
  if (!parsed.ok) return closePage(visit, parsed.errors, 422)
  const done = await closeAccount(proverOf(visit), visit.driver.customer, parsed.values.password)
  if (!done.done) {
    const isTooMany = done.reason === 'too many attempts'
    const words = isTooMany ? tooManyWords(done) : 'That is not your password'
    return closePage(visit, formError('password', words), isTooMany ? 429 : 422)
  }
  const title = 'Your account is closed'
  return page(
    { ...visit, driver: null, cookies: [...visit.cookies, ...done.cookies] },
    {
      title,
      body: html`<h1>${title}</h1>
        <p>Nothing is shared any more, and you are not insured while you work. We sent you a mail that says so.</p>
        <p><a class="button" href="/">To the front page</a></p>`,
    },
  )
}

function closePage(visit: DriverVisit, errors: FormErrors, status = 200): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Close your account?</h1>
    <p>What happens at once:</p>
    <ul>
      <li>No work provider is told anything about you any more.</li>
      <li><strong>You are not insured while you work.</strong></li>
      <li>You cannot log in any more; your password and your logins are deleted.</li>
    </ul>
    <p>
      What is kept: your customer number, name and addresses, your policies, what was reported of your shifts, what you
      agreed to and when. A claim can come years after an accident and is settled by that record, so the law asks that
      an insurer keeps it. If you sign up again with the same e-mail address, you have it back.
    </p>
    ${postForm(
      '/account/close',
      html`${field(errors, {
          name: 'password',
          label: 'Your password',
          type: 'password',
          autocomplete: 'current-password',
        })}
        <div class="actions">
          <button class="button-danger">Close my account</button>
          <a href="/account">Keep it</a>
        </div>`,
    )}`
  return page(visit, { title: 'Close your account', body, hasErrors: errors.size > 0 }, status)
}
