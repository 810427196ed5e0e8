import { z } from 'zod'
import { changeDetails, changePassword, type Prover, requestEmailChange } from '../../app/account-changes.ts'
import type { NotDone } from '../../app/account-library.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import type { DriverVisit } from '../kit/visit.ts'
import { email, name, newPassword, password, PASSWORD_HINT, phone } from '../kit/fields.ts'
import { tooManyWords } from '../kit/too-many.ts'

const Details = z.object({ name, phone })
const NewPassword = z.object({ currentPassword: password, newPassword })
const NewEmail = z.object({ newEmail: email, emailPassword: password })

const DONE: Readonly<Record<string, string>> = {
  details: 'Your details are changed.',
  password: 'Your password is changed. Every other browser is logged out.',
  email: 'Look into the mail of the new address: it counts once you opened the link there.',
}

/** GET /account */
export function showAccount(visit: DriverVisit): Promise<Response> {
  return accountPage(visit, NO_ERRORS)
}

/** POST /account/details */
export async function saveDetails(visit: DriverVisit): Promise<Response> {
  const parsed = parseForm(Details, visit.form)
  if (!parsed.ok) return accountPage(visit, parsed.errors, 422)
  await changeDetails(visit.context, visit.driver.customer, parsed.values)
  return seeOther(visit, '/account?done=details')
}

/** POST /account/password */
export async function savePassword(visit: DriverVisit): Promise<Response> {
  const parsed = parseForm(NewPassword, visit.form)
  if (!parsed.ok) return accountPage(visit, parsed.errors, 422)
  const done = await changePassword(proverOf(visit), parsed.values.currentPassword, parsed.values.newPassword)
  if (!done.done) return refused(visit, 'currentPassword', done)
  visit.cookies.push(...done.cookies)
  return seeOther(visit, '/account?done=password')
}

/** POST /account/email */
export async function saveEmail(visit: DriverVisit): Promise<Response> {
  const parsed = parseForm(NewEmail, visit.form)
  if (!parsed.ok) return accountPage(visit, parsed.errors, 422)
  const done = await requestEmailChange(proverOf(visit), parsed.values.emailPassword, parsed.values.newEmail)
  if (done.done) return seeOther(visit, '/account?done=email')
  if (done.reason === 'same e-mail')
    return accountPage(visit, formError('newEmail', 'That is your address already'), 422)
  return refused(visit, 'emailPassword', done)
}

/** POST /account/logout-everywhere */
export async function logOutEverywhere(visit: DriverVisit): Promise<Response> {
  const done = await visit.accounts.logOutEverywhere(visit.client)
  if (done.done) return seeOther(visit, '/login')
  return accountPage(visit, formError('form', tooManyWords(done)), 429)
}

export function proverOf(visit: DriverVisit): Prover {
  const { context, accounts, client, network } = visit
  return { context, accounts, client, network, account: visit.driver.account }
}

function refused(visit: DriverVisit, fieldName: string, notDone: NotDone): Promise<Response> {
  const isTooMany = notDone.reason === 'too many attempts'
  const words = isTooMany ? tooManyWords(notDone) : 'That is not your password'
  return accountPage(visit, formError(fieldName, words), isTooMany ? 429 : 422)
}

function accountPage(visit: DriverVisit, errors: FormErrors, status = 200): Promise<Response> {
  const { account, customer } = visit.driver
  const done = DONE[new URLSearchParams(visit.query).get('done') ?? '']
  const typed = (fieldName: string, fallback: string): string => visit.form.get(fieldName) ?? fallback
  const body = html`${errorSummary(errors)}
    <h1>Your account</h1>
    ${
      done === undefined || visit.method !== 'GET'
        ? nothing
        : html`<p class="card state state-good" role="status">${done}</p>`
    }
    <section class="card" aria-labelledby="details">
      <h2 id="details">Your details</h2>
      <dl class="facts">
        <dt>Customer number</dt>
        <dd><strong>${customer.customerNumber}</strong></dd>
      </dl>
      ${postForm(
        '/account/details',
        html`${field(errors, {
            name: 'name',
            label: 'Your name',
            value: typed('name', customer.name ?? account.name),
            autocomplete: 'name',
          })}
          ${field(errors, {
            name: 'phone',
            label: 'Telephone (optional)',
            type: 'tel',
            value: typed('phone', customer.phone ?? ''),
            autocomplete: 'tel',
          })} <button>Save</button>`,
      )}
    </section>
    ${emailCard(errors, account.email, typed('newEmail', ''))} ${passwordCard(errors, account.email)}
    <section class="card" aria-labelledby="data">
      <h2 id="data">A copy of your data</h2>
      <p>What we keep about you and your shifts, to read or to take elsewhere.</p>
      <p><a href="/account/my-data.json">Everything (JSON)</a></p>
      <p><a href="/account/my-shifts.csv">Your shifts, for a spreadsheet (CSV)</a></p>
    </section>
    <section class="card" aria-labelledby="leave">
      <h2 id="leave">Leave</h2>
      <p><a href="/account/close">Close your account</a></p>
    </section>`
  return page(visit, { title: 'Your account', body, hasErrors: errors.size > 0 }, status)
}

function emailCard(errors: FormErrors, current: string, typed: string): Markup {
  return html`<section class="card" aria-labelledby="address">
    <h2 id="address">Your e-mail address</h2>
    <p>It is <strong>${current}</strong>.</p>
    ${postForm(
      '/account/email',
      html`${field(errors, { name: 'newEmail', label: 'New address', type: 'email', value: typed, autocomplete: 'email' })}
        ${field(errors, {
          name: 'emailPassword',
          label: 'Your password',
          type: 'password',
          autocomplete: 'current-password',
        })} <button>Change the address</button>`,
    )}
  </section>`
}

function passwordCard(errors: FormErrors, username: string): Markup {
  return html`<section class="card" aria-labelledby="secret">
    <h2 id="secret">Your password</h2>
    ${postForm(
      '/account/password',
      html`<input type="text" name="username" value="${username}" autocomplete="username" hidden />
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
    ${postForm('/account/logout-everywhere', html`<button class="button-second">Log out everywhere</button>`)}
  </section>`
}
