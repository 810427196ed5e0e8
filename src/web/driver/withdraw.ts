import { findOwnLink, withdraw } from '../../app/link-customer.ts'
import { askAgain } from '../../app/link-intents.ts'
import { findShareable } from '../../app/driver-links.ts'
import { postForm } from '../kit/forms.ts'
import { html } from '../kit/html.ts'
import { notFound, page, seeOther } from '../kit/replies.ts'
import type { DriverVisit } from '../kit/visit.ts'

/** GET /withdraw/<link>: the first of two clicks. */
export async function showWithdraw(visit: DriverVisit): Promise<Response> {
  const own = await findOwnLink(visit.context, visit.driver.customer.customerNumber, linkIdOf(visit))
  if (own === null) return notFound(visit)
  const { link, workProvider } = own
  const title = `Stop sharing with ${workProvider}?`
  return page(visit, {
    title,
    body: html`<h1>${title}</h1>
      <p>
        From then on, ${workProvider} is told nothing about you, and
        <strong>you are not insured while you work for it</strong>.
      </p>
      <p>
        What was reported so far is kept: it is the record by which a claim is settled. You can share again at any time.
      </p>
      ${postForm(
        `/withdraw/${link.id}`,
        html`<div class="actions">
          <button class="button-danger">Stop sharing</button>
          <a href="/home">Keep sharing</a>
        </div>`,
      )}`,
  })
}

/** POST /withdraw/<link>: the second. */
export async function withdrawConsent(visit: DriverVisit): Promise<Response> {
  const isDone = await withdraw(visit.context, visit.driver.customer.customerNumber, linkIdOf(visit), 'home')
  return isDone ? seeOther(visit, '/home') : notFound(visit)
}

/** Zero, which is no link's, for what is no number. */
function linkIdOf(visit: DriverVisit): number {
  const id = visit.parameters['link'] ?? ''
  return /^\d{1,15}$/.test(id) ? Number(id) : 0
}

/** POST /share/<work provider>: asks again, or for the first time where a work provider's word waits. */
export async function share(visit: DriverVisit): Promise<Response> {
  const { account, customer } = visit.driver
  const found = await findShareable(visit.context, customer.customerNumber, visit.parameters['workProvider'] ?? '')
  if (found === null) return notFound(visit)
  const intent = await askAgain(visit.context, found.workProvider, account.id, found.cameBy)
  return seeOther(visit, `/link/${intent.id}`)
}
