import { html } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter } from './frame.ts'

/** GET /docs/changes */
export function showChanges(visit: Visit): Promise<Response> {
  return chapter(
    visit,
    '/docs/changes',
    html`<h1>Changes</h1>
      <p>
        What works today goes on working. Fields may be added to answers and headers: ignore what you do not know. A
        field that goes is deprecated first, and an answer to whoever still uses it says so in <code>Deprecation</code>.
      </p>
      <h2>Deprecated</h2>
      <dl class="facts">
        <dt><code>policyId</code></dt>
        <dd>since 13 August 2018: say <code>customerNumber</code></dd>
        <dt><code>driverId</code></dt>
        <dd>since 13 August 2018: say <code>workProviderUserId</code></dd>
      </dl>
      <h2>Version ${visit.api.info.version}</h2>
      <ul>
        <li><code>GET /v1/requests/&lt;id&gt;</code> says what became of each report.</li>
        <li>
          <code>GET /v1/feed</code> tells what happens, in order, and <a href="/docs/webhooks">webhooks</a> bring it to
          you.
        </li>
        <li>Errors say in <code>Zego-Error-Detail</code> what is wrong.</li>
        <li>Test keys, with <a href="/docs/testing">customers whose answers are fixed</a>.</li>
        <li>Signed links; a page of your own with keys, requests, refusals and data quality.</li>
      </ul>`,
  )
}
