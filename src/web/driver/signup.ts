import { z } from 'zod'
import { findSignUp, finishSignUp, requestSignUp } from '../../app/sign-up.ts'
import { insurerTerms } from '../../app/terms.ts'
import type { LinkIntent } from '../../domain/link-intent.ts'
import type { Terms } from '../../domain/terms.ts'
import {
  checkbox,
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
import { page, problemPage, seeOther } from '../kit/replies.ts'
import { tooManyWords } from '../kit/too-many.ts'
import type { Visit } from '../kit/visit.ts'
import { email, name, newPassword, PASSWORD_HINT, phone } from '../kit/fields.ts'
import { intentNote, intentOfForm, intentOfQuery, withLink } from './intent.ts'

const SignUp = z.object({ email })
const Person = z.object({
  name,
  password: newPassword,
  phone,
  termsId: z.string(),
  agree: z.literal('yes', { error: 'Agree to the terms to have an account' }),
})

/** GET /signup: the address alone is asked for; the rest comes on the page that is mailed to it. */
export async function showSignUp(visit: Visit): Promise<Response> {
  const intent = await intentOfQuery(visit)
  if (visit.driver !== null) return seeOther(visit, intent === null ? '/home' : `/link/${intent.id}`)
  return signUpPage(visit, intent, NO_ERRORS, intent?.email ?? '')
}

/** POST /signup */
export async function signUp(visit: Visit): Promise<Response> {
  const intent = await intentOfForm(visit)
  const typed = visit.form.get('email') ?? ''
  const parsed = parseForm(SignUp, visit.form)
  if (!parsed.ok) return signUpPage(visit, intent, parsed.errors, typed, 422)
  const { network, context } = visit
  const asked = await requestSignUp(context, { email: parsed.values.email, network, intentId: intent?.id ?? null })
  if (!asked) {
    const errors = formError('email', 'Too many addresses were tried from here. Wait an hour and try again')
    return signUpPage(visit, intent, errors, typed, 429)
  }
  return page(visit, {
    title: 'Look into your mail',
    body: html`<h1>Look into your mail</h1>
      <p>
        We sent a mail to <strong>${parsed.values.email}</strong>. Open the link in it to go on: in this browser or
        another.
      </p>
      <p>
        Nothing there after some minutes? Look among unwanted mail, or
        <a href="${withLink('/signup', intent)}">check the address</a>.
      </p>`,
  })
}

function signUpPage(
  visit: Visit,
  intent: LinkIntent | null,
  errors: FormErrors,
  typed: string,
  status = 200,
): Promise<Response> {
  const body = html`${errorSummary(errors)}
    <h1>Sign up</h1>
    ${intent === null ? nothing : intentNote(intent)}
    ${postForm(
      '/signup',
      html`${hidden('link', intent?.id ?? null)}
        ${field(errors, {
          name: 'email',
          label: 'E-mail address',
          type: 'email',
          value: typed,
          autocomplete: 'email',
          hint: 'We send a link there: it shows that the address is yours.',
        })} <button>Send me the link</button>`,
    )}
    <p>You have an account? <a href="${withLink('/login', intent)}">Log in</a></p>`
  return page(visit, { title: 'Sign up', body, hasErrors: errors.size > 0 }, status)
}

/** GET /signup/<token>: looking at it changes nothing. */
export async function showPerson(visit: Visit): Promise<Response> {
  const found = await findSignUp(visit.context, tokenOf(visit))
  if (found === null) return staleLink(visit)
  return personPage(visit, found.email, await insurerTerms(visit.context), NO_ERRORS)
}

/** POST /signup/<token> */
export async function finish(visit: Visit): Promise<Response> {
  const found = await findSignUp(visit.context, tokenOf(visit))
  if (found === null) return staleLink(visit)
  const terms = await insurerTerms(visit.context)
  const parsed = parseForm(Person, visit.form)
  if (!parsed.ok) return personPage(visit, found.email, terms, parsed.errors, 422)
  const done = await finishSignUp(visit.context, visit.accounts, visit, tokenOf(visit), parsed.values)
  if (done === 'terms changed') {
    const errors = formError('agree', 'The terms have just changed: read them again and agree')
    return personPage(visit, found.email, terms, errors, 422)
  }
  if (!done.done) {
    if (done.reason === 'account exists') return hasAccount(visit)
    if (done.reason === 'too many attempts') {
      return personPage(visit, found.email, terms, formError('form', tooManyWords(done)), 429)
    }
    return staleLink(visit)
  }
  visit.cookies.push(...done.cookies)
  return seeOther(visit, done.intentId === null ? '/home' : `/link/${done.intentId}`)
}

function personPage(visit: Visit, address: string, terms: Terms, errors: FormErrors, status = 200): Promise<Response> {
  const typed = (field: string): string => visit.form.get(field) ?? ''
  const body = html`${errorSummary(errors)}
    <h1>Finish your sign-up</h1>
    <p>Your e-mail address: <strong>${address}</strong></p>
    ${postForm(
      visit.path,
      html`${hidden('termsId', terms.id)}
        <input type="text" name="username" value="${address}" autocomplete="username" hidden />
        ${field(errors, { name: 'name', label: 'Your name', value: typed('name'), autocomplete: 'name' })}
        ${field(errors, {
          name: 'password',
          label: 'Choose a password',
          type: 'password',
          autocomplete: 'new-password',
          hint: PASSWORD_HINT,
        })}
        ${field(errors, {
          name: 'phone',
          label: 'Telephone (optional)',
          type: 'tel',
          value: typed('phone'),
          autocomplete: 'tel',
        })}
        ${checkbox(
          errors,
          'agree',
          html`I agree to the
            <a href="/terms/${terms.id}" target="_blank">${terms.title} (version ${terms.version})</a>`,
          typed('agree') === 'yes',
        )}
        <button>Make my account</button>`,
    )}`
  return page(visit, { title: 'Finish your sign-up', body, hasErrors: errors.size > 0 }, status)
}

function tokenOf(visit: Visit): string {
  return visit.parameters['token'] ?? ''
}

function staleLink(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not good any more',
    text: 'It was used already, or it is older than a day. If you finished your sign-up, log in; else ask for a new link.',
    way: { to: '/signup', label: 'Ask for a new link' },
  })
}

function hasAccount(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'You have an account already',
    text: 'Log in with your password, or set a new one.',
    way: { to: '/login', label: 'Log in' },
  })
}
