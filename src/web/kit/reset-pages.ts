import { z } from 'zod'
import {
  isResetLink,
  requestPasswordReset,
  type ResetKind,
  type Resetter,
  setPasswordByLink,
} from '../../app/password-reset.ts'
import { email, newPassword, PASSWORD_HINT } from './fields.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from './forms.ts'
import { html, type Markup } from './html.ts'
import { page, problemPage } from './replies.ts'
import type { Page, Visit } from './visit.ts'

const Request = z.object({ email })
const NewPassword = z.object({ password: newPassword })

export type ResetWords = {
  readonly kind: ResetKind
  /** The accounts that the password is of. */
  readonly accounts: (visit: Visit) => Resetter['accounts']
  /** The address of the pages, and that of the login. */
  readonly at: string
  readonly login: string
  readonly title: string
  readonly intro: string
  /** What else is said once the mail is on its way. */
  readonly afterMail: Markup
}

/** The pages by which a password is chosen anew, for one kind of accounts. */
export type ResetPages = {
  /** GET <at> */
  readonly showReset: Page
  /** POST <at>: the answer is the same whether or not there is an account; a mail goes out either way. */
  readonly requestReset: Page
  /** GET <at>/<token>: looking at it changes nothing. */
  readonly showNewPassword: Page
  /** POST <at>/<token> */
  readonly setPassword: Page
}

export function resetPages(words: ResetWords): ResetPages {
  const { kind, at } = words
  return {
    showReset: (visit) => requestPage(visit, words, NO_ERRORS),

    async requestReset(visit) {
      const parsed = parseForm(Request, visit.form)
      if (!parsed.ok) return requestPage(visit, words, parsed.errors, 422)
      const { network } = visit
      if (!(await requestPasswordReset(visit.context, kind, { email: parsed.values.email, network }))) {
        const wrong = formError('email', 'Too many addresses were tried from here. Wait an hour')
        return requestPage(visit, words, wrong, 429)
      }
      return mailedPage(visit, parsed.values.email, words.afterMail)
    },

    async showNewPassword(visit) {
      const isGood = await isResetLink(visit.context, kind, tokenOf(visit))
      return isGood ? passwordPage(visit, NO_ERRORS) : stale(visit, at)
    },

    async setPassword(visit) {
      const { context, client } = visit
      if (!(await isResetLink(context, kind, tokenOf(visit)))) return stale(visit, at)
      const parsed = parseForm(NewPassword, visit.form)
      if (!parsed.ok) return passwordPage(visit, parsed.errors, 422)
      const resetter = { kind, accounts: words.accounts(visit), client }
      const done = await setPasswordByLink(context, resetter, tokenOf(visit), parsed.values.password)
      return done.done ? donePage(visit, words.login) : stale(visit, at)
    },
  }
}

function tokenOf(visit: Visit): string {
  return visit.parameters['token'] ?? ''
}

function requestPage(
  visit: Visit,
  { at, title, intro }: ResetWords,
  errors: FormErrors,
  status = 200,
): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <p>${intro}</p>
    ${postForm(
      at,
      html`${field(errors, {
          name: 'email',
          label: 'E-mail address',
          type: 'email',
          value: visit.form.get('email') ?? '',
          autocomplete: 'username',
        })} <button>Send me the link</button>`,
    )}`
  return page(visit, { title, body, hasErrors: errors.size > 0 }, status)
}

function mailedPage(visit: Visit, address: string, afterMail: Markup): Promise<Response> {
  return page(visit, {
    title: 'Look into your mail',
    body: html`<h1>Look into your mail</h1>
      <p>We sent a mail to <strong>${address}</strong> with what to do next. The link in it is good for an hour.</p>
      ${afterMail}`,
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

function donePage(visit: Visit, login: string): Promise<Response> {
  return page(visit, {
    title: 'Your password is set',
    body: html`<h1>Your password is set</h1>
      <p>Every browser that was logged in is logged out.</p>
      <p><a class="button" href="${login}">Log in</a></p>`,
  })
}

function stale(visit: Visit, at: string): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not good any more',
    text: 'It was used already, or it is older than an hour.',
    way: { to: at, label: 'Ask for a new link' },
  })
}
