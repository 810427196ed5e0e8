import { html } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'

const CALLS = [
  { call: 'POST /v1/shift/login', says: 'A courier starts work.' },
  { call: 'POST /v1/shift/logout', says: 'A courier stops work.' },
  { call: 'POST /v1/batch/login', says: 'Up to 10,000 starts at once.' },
  { call: 'POST /v1/batch/logout', says: 'Up to 10,000 stops at once.' },
  { call: 'POST /v1/match', says: 'You recognise a customer, or do not.' },
  { call: 'GET /v1/user/status', says: 'Whether a courier may be given work.' },
  { call: 'GET /v1/validate/customer-number/<number>', says: 'Whether a customer number exists.' },
  { call: 'GET /v1/requests/<id>', says: 'What became of a report.' },
]

/** GET /docs */
export function showDocs(visit: Visit): Promise<Response> {
  const { publicUrl } = visit.context
  return page(visit, {
    title: 'For work providers',
    isWide: true,
    body: html`<h1>For work providers</h1>
      <p>
        You report when each courier starts and stops; we keep the record of who was insured when. Each call carries
        your key in the <code>Authorization</code> header.
      </p>
      <h2>Report a start</h2>
      <pre tabindex="0"><code>${report(publicUrl)}</code></pre>
      <p>
        <code>202 {"status":"PENDING"}</code> means that the report is on disk. Send it again whenever you are not sure:
        a report told twice counts once, and the order of arrival does not matter.
      </p>
      <h2>Calls</h2>
      <dl>
        ${CALLS.map(
          ({ call, says }) =>
            html`<dt><code>${call}</code></dt>
              <dd>${says}</dd>`,
        )}
      </dl>
      <p>All of it, exactly: <a href="/openapi.json">openapi.json</a>, a description of the API in OpenAPI 3.1.</p>
      <h2>Bring a courier here</h2>
      <p>Give your couriers a link. They log in or sign up, see what is shared, and agree.</p>
      <pre tabindex="0"><code>${link(publicUrl)}</code></pre>
      <p>
        To sign a link, add <code>exp</code> (unix seconds) and <code>sig</code>: the hex HMAC-SHA256, with your link
        secret, over the decoded parameters but <code>sig</code>, sorted by name, joined as
        <code>name=value</code> lines.
      </p>`,
  })
}

function report(publicUrl: string): string {
  return [
    `curl -i ${publicUrl}/v1/shift/login/ \\`,
    '  -H "Authorization: $KEY" \\',
    `  -d '{"workProviderUserId":"1686","timestamp":"'$(date -u +%FT%TZ)'"}'`,
  ].join('\n')
}

function link(publicUrl: string): string {
  return [
    `${publicUrl}/link-work-provider`,
    '  ?work_provider=Courier%20Ltd',
    '  &work_provider_user_id=1686',
    '  &email=driver%40example.com',
  ].join('\n')
}
