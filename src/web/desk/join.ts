import { z } from 'zod'
import { findInvitation, joinDesk } from '../../app/desk-people.ts'
import { name, newPassword, PASSWORD_HINT } from '../kit/fields.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, parseForm, postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page, problemPage, seeOther } from '../kit/replies.ts'
import { tooManyWords } from '../kit/too-many.ts'
import type { Visit } from '../kit/visit.ts'

const Join = z.object({ name, password: newPassword })

/** GET /desk/join/<token>: looking at it changes nothing. */
export function showJoin(visit: Visit): Promise<Response> {
  return joinPage(visit, NO_ERRORS)
}

/** POST /desk/join/<token> */
export async function join(visit: Visit): Promise<Response> {
  const parsed = parseForm(Join, visit.form)
  if (!parsed.ok) return joinPage(visit, parsed.errors, 422)
  const done = await joinDesk(visit.context, visit.deskAccounts, visit, visit.parameters['token'] ?? '', parsed.values)
  if (done.done) {
    visit.cookies.push(...done.cookies)
    return seeOther(visit, '/desk/second-factor')
  }
  if (done.reason === 'link is not valid') return stale(visit)
  if (done.reason === 'too many attempts') return joinPage(visit, formError('password', tooManyWords(done)), 429)
  const words = 'You began to join with another password: type that one, or ask for a new password at the login'
  return joinPage(visit, formError('password', words), 422)
}

async function joinPage(visit: Visit, errors: FormErrors, status = 200): Promise<Response> {
  const invitation = await findInvitation(visit.context, visit.parameters['token'] ?? '')
  if (invitation === null) return stale(visit)
  const body = html`${errorSummary(errors)}
    <h1>Join the desk</h1>
    <p>You are invited as <strong>${invitation.email}</strong>. After this page you set up your authenticator app.</p>
    ${postForm(
      visit.path,
      html`<input type="text" name="username" value="${invitation.email}" autocomplete="username" hidden />
        ${field(errors, { name: 'name', label: 'Your name', value: visit.form.get('name') ?? '', autocomplete: 'name' })}
        ${field(errors, {
          name: 'password',
          label: 'Choose a password',
          type: 'password',
          autocomplete: 'new-password',
          hint: PASSWORD_HINT,
        })}
        <button>Continue</button>`,
    )}`
  return page(visit, { title: 'Join the desk', body, hasErrors: errors.size > 0 }, status)
}

function stale(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This invitation is not good any more',
    text: 'It was used already, a newer one was sent, or it is older than seven days. Ask for a new one.',
    way: { to: '/desk/login', label: 'To the login' },
  })
}
