import { errorCode, ERRORS, type ErrorName } from '../../domain/errors.ts'
import { html, type Markup } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter, inline } from './frame.ts'

type Advice = { readonly cause: string; readonly what: string }

/** What the pages alone say is none of the API's. */
const OF_PAGES = ['FORBIDDEN'] as const
type ApiError = Exclude<ErrorName, (typeof OF_PAGES)[number]>

const ADVICE: Readonly<Record<ApiError, Advice>> = {
  INVALID_DATA: {
    cause: 'The body or query is not of the form that the call takes. Of a batch with one bad item nothing is stored.',
    what: 'Read `Zego-Error-Detail`: it names the item and the field. Sending the same again does not help.',
  },
  MISSING_AUTH: { cause: 'There is no `Authorization` header, or it is empty.', what: 'Send your key in it, bare.' },
  INVALID_KEY: {
    cause:
      'The key is not a live one: mistyped, revoked, or rotated and over. Or there are two `Authorization` headers.',
    what: 'See on your own page which keys are live, and make a new one if need be.',
  },
  INVALID_CUSTOMER: {
    cause:
      'There is no such customer for you: nobody of that number or id, or somebody who is not linked to you, has not agreed, or has withdrawn. Which of these is not told. To a test key everybody is nobody but test customers, and they are nobody to all other keys.',
    what: 'Check the number or id. If it is right, give the courier your link.',
  },
  INVALID_CUSTOMER_EMAIL: {
    cause: 'The customer number exists; the e-mail address is another.',
    what: 'Ask the courier which address they gave the insurer.',
  },
  NOT_FOUND: {
    cause: 'There is nothing at this path; or it is a request of another work provider, or of none.',
    what: 'Compare the path with the list of calls.',
  },
  GONE: {
    cause: 'Entries of the feed after the number that you gave are not kept any more.',
    what: 'Go on from the number in `Zego-Error-Detail`, and ask for the status of those whom you work with.',
  },
  METHOD_NOT_ALLOWED: { cause: 'The path does not take this method.', what: 'See `Allow` in the answer.' },
  TOO_LARGE: { cause: 'The body is too large, or the batch has too many items.', what: 'Send it in several requests.' },
  RATE_LIMITED: {
    cause: 'Your key sends more in a second than it may.',
    what: 'Wait as long as `Retry-After` says; send reports in batches.',
  },
  TIMEOUT: {
    cause: 'The request did not arrive in time: headers and body have to be there within seconds.',
    what: 'Send it again, on a new connection.',
  },
  EXPECTATION_FAILED: {
    cause: 'The request has an `Expect` header that means something else than `100-continue`.',
    what: 'Leave it out.',
  },
  HEADERS_TOO_LARGE: {
    cause: 'The request line and the headers together are too large.',
    what: 'Send fewer or shorter headers: cookies are not needed.',
  },
  INTERNAL: {
    cause: 'The server is at fault. Whether a report was stored is not known.',
    what: 'Send it again, and tell the insurer the `Request-Id`.',
  },
  UNAVAILABLE: {
    cause: 'The server cannot store or ask now. Nothing is promised.',
    what: 'Send it again after `Retry-After` seconds: what is told twice counts once.',
  },
}

/** GET /docs/errors */
export function showErrors(visit: Visit): Promise<Response> {
  return chapter(
    visit,
    '/docs/errors',
    html`<h1>Errors</h1>
      <p>
        The body of an error is short: <code>{"error":"INVALID_DATA"}</code>. What is wrong in words is in the header
        <code>Zego-Error-Detail</code>; a client that sends <code>Accept: application/problem+json</code> gets both in
        one body. Every answer has a <code>Request-Id</code>: keep it, it is what support asks for.
      </p>
      <p>
        It is always safe to send a report again. After a <code>408</code>, <code>429</code>, <code>500</code> or
        <code>503</code>, or a connection that broke, do: with a pause that grows, and some chance in it, so that not
        all of your servers come back at once. After any other error the same request will be refused again.
      </p>
      ${(Object.entries(ADVICE) as [ApiError, Advice][]).map(([name, advice]) => error(name, advice))}`,
  )
}

function error(name: ApiError, { cause, what }: Advice): Markup {
  const { status, title } = ERRORS[name]
  return html`<section class="card" aria-labelledby="${name}">
    <h2 id="${name}"><code>${status} ${errorCode(name)}</code></h2>
    <p>${title}.</p>
    <dl class="facts">
      <dt>Cause</dt>
      <dd>${inline(cause)}</dd>
      <dt>What to do</dt>
      <dd>${inline(what)}</dd>
    </dl>
  </section>`
}
