import { confirmEmailChange, findEmailChange } from '../../app/account-changes.ts'
import { postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page, problemPage } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'

/** GET /email/<token>, the link mailed to a new address: looking at it changes nothing. */
export async function showEmailChange(visit: Visit): Promise<Response> {
  const change = await findEmailChange(visit.context, visit.parameters['token'] ?? '')
  if (change === null) return stale(visit)
  const title = 'Confirm your new address'
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>From now on you log in with <strong>${change.newEmail}</strong>, and our mails go there.</p>
      ${postForm(visit.path, html`<button>Confirm the address</button>`)}`,
  })
}

/** POST /email/<token> */
export async function confirm(visit: Visit): Promise<Response> {
  const { context, accounts, client } = visit
  const headers = new Headers(client.headers)
  // The link is enough: somebody else may be logged in where it is opened.
  headers.delete('cookie')
  const stranger = { context, accounts, client: { ...client, headers } }
  const token = visit.parameters['token'] ?? ''
  const change = await findEmailChange(context, token)
  const done = await confirmEmailChange(stranger, token)
  if (change === null || !done.done) return stale(visit)
  const title = 'Your address is changed'
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>From now on you log in with <strong>${change.newEmail}</strong>.</p>
      <p><a class="button" href="/home">${visit.driver === null ? 'Log in' : 'To my account'}</a></p>`,
  })
}

function stale(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not good any more',
    text: 'It was used already, it is older than a day, or the address belongs to somebody by now.',
  })
}
