import { findUndo, withdraw } from '../../app/link-customer.ts'
import { postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { page, problemPage } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'

/** GET /undo/<token>, the link in a receipt: shows what would be undone, and undoes nothing. */
export async function showUndo(visit: Visit): Promise<Response> {
  const undo = await findUndo(visit.context, visit.parameters['token'] ?? '')
  if (undo === null) return stale(visit)
  const title = `Stop sharing with ${undo.workProvider}?`
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>
        Customer number ${undo.customerNumber} was linked to <strong>${undo.workProvider}</strong>. If that was not you,
        or you changed your mind, stop it here.
      </p>
      <p>From then on nothing is shared with ${undo.workProvider}, and you are not insured while you work for it.</p>
      ${postForm(visit.path, html`<button class="button-danger">Stop sharing</button>`)}`,
  })
}

/** POST /undo/<token>. Whoever has the receipt may: it only ever takes away. */
export async function undoConsent(visit: Visit): Promise<Response> {
  const undo = await findUndo(visit.context, visit.parameters['token'] ?? '')
  if (undo === null) return stale(visit)
  await withdraw(visit.context, undo.customerNumber, undo.linkId, 'mail')
  const title = `Nothing is shared with ${undo.workProvider} any more`
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>You are not insured while you work for it. <a href="/home">In your account</a> you can share again.</p>
      <p>If it was not you who agreed, <a href="/reset">set a new password</a>, too.</p>`,
  })
}

function stale(visit: Visit): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link is not good any more',
    text: 'It was good for 30 days. In your account you can stop sharing at any time.',
    way: { to: '/login', label: 'Log in' },
  })
}
