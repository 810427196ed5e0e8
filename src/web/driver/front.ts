import { html } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'

/** GET / */
export function showFront(visit: Visit): Promise<Response> | Response {
  if (visit.driver !== null) return seeOther(visit, '/home')
  return page(visit, {
    title: 'Insurance while you work',
    body: html`<h1>Insured while you work, not a minute longer</h1>
      <p>
        Pay-as-you-go insurance for couriers: the company that gives you work tells us when you start and when you stop,
        and you are insured in between. You see every minute of it here, and decide who may look.
      </p>
      <div class="card">
        <h2>I deliver</h2>
        <p>See whether you are covered now, your shifts, and what is shared.</p>
        <div class="actions">
          <a class="button" href="/login">Log in</a>
          <a class="button button-second" href="/signup">Sign up</a>
        </div>
      </div>
      <div class="card">
        <h2>I work on a platform that gives work</h2>
        <p>Report shifts, ask whether a courier may be given work, and bring couriers here by a link.</p>
        <p><a href="/docs">How to connect</a></p>
      </div>`,
  })
}
