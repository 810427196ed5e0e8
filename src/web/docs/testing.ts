import { TEST_KEY_PREFIX } from '../../app/api-keys.ts'
import { TEST_PEOPLE, TEST_POLICY, TEST_TABLE, type TestPerson } from '../../domain/sandbox.ts'
import { MICROSECONDS_PER_HOUR } from '../../domain/instant.ts'
import { DEFAULT_CAP } from '../../domain/work-provider.ts'
import { html, type Markup } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter, keyField, samples } from './frame.ts'
import { TEST_SAMPLES } from './samples.ts'

/** GET /docs/testing: test keys, and what the customers that they see answer. */
export function showTesting(visit: Visit): Promise<Response> {
  return chapter(
    visit,
    '/docs/testing',
    html`<h1>Testing</h1>
      <p>
        A test key begins with <code>${TEST_KEY_PREFIX}</code>. The insurer makes you one, or you do on
        <a href="/work-provider">your own page</a>. It makes the same calls as any other key, under the same limits and
        with the same errors. But it sees test customers, and nobody else; and what you send with it is no cover, is
        billed to nobody, and is shown to you alone, on the page <a href="/work-provider/test">Test keys</a>.
      </p>
      <p>
        Test customers are nobody to all other keys. So take the key from the environment of your program: with the real
        one in its place, it talks of real couriers, and nothing else changes.
      </p>
      ${keyField()}
      <h2>Who there is</h2>
      ${table(
        ['Customer number', 'Your id', 'E-mail address', 'Is'],
        TEST_TABLE.map(({ customerNumber, userId, email, is }) => [
          html`<code>${customerNumber}</code>`,
          html`<code>${userId}</code>`,
          email === null ? html`none` : html`<code>${email}</code>`,
          html`${is}`,
        ]),
      )}
      <h2>What they answer</h2>
      <p>
        To status, by number or by id; to validate, by number, with the e-mail address above or without one, while any
        other address is <code>404 INVALID_CUSTOMER_EMAIL</code>; and to match. Every match is answered by
        <code>202</code>: what became of a <code>"success": true</code> is told at its <code>Location</code>.
      </p>
      ${table(
        ['Customer number', 'Status', 'Validate', 'Match'],
        TEST_TABLE.map((person) =>
          person.email === null
            ? answers(person.customerNumber, '404 INVALID_CUSTOMER', '404 INVALID_CUSTOMER', 'parked')
            : answers(
                person.customerNumber,
                `200 ${person.policy === null ? 'DISABLED' : 'ENABLED'}`,
                '204',
                'matched',
              ),
        ),
      )}
      <h3>The bodies of the statuses</h3>
      ${Object.values(TEST_PEOPLE).map((person) => html`<pre tabindex="0"><code>${statusBody(person)}</code></pre>`)}
      <h3>To ask for one that is enabled, and for one that nobody knows</h3>
      ${samples(visit, TEST_SAMPLES.enabled)} ${samples(visit, TEST_SAMPLES.unknown)}
      <h3>To validate a number with its e-mail address</h3>
      ${samples(visit, TEST_SAMPLES.validate)}
      <h3>To say that you recognise somebody</h3>
      ${samples(visit, TEST_SAMPLES.match)}
      <h2>Shifts</h2>
      <p>
        What you report of the first three opens and closes shifts: <code>Location</code> says which. They have been
        linked to you since the year 2015, so that reports of any time can be tried, and a shift without logout ends
        after ${DEFAULT_CAP / MICROSECONDS_PER_HOUR} hours. What you report of anybody else is parked, as it is of a
        courier who is not linked.
      </p>
      ${samples(visit, TEST_SAMPLES.login)}
      <h2>What cannot be tested</h2>
      <p>
        Nobody links themselves to a test key: it has no <a href="/docs/linking">link</a> of its own, and mails nobody.
        What you sent stays; a test customer’s shifts are those that all of your test keys reported.
      </p>`,
  )
}

/** The body of the answer, as the contract has it. */
function statusBody({ customerNumber, policy }: TestPerson): string {
  const who = { policyId: customerNumber, customer_number: customerNumber }
  if (policy === null) return JSON.stringify({ status: 'DISABLED', ...who })
  return JSON.stringify({
    status: 'ENABLED',
    ...who,
    cover_class_of_use: TEST_POLICY.classOfUse,
    cover_level: TEST_POLICY.coverLevel,
    ...(policy.vehicleRegistration === null ? {} : { vehicle_registration: policy.vehicleRegistration }),
  })
}

function answers(customerNumber: string, status: string, validate: string, became: string): Markup[] {
  const code = (text: string): Markup => html`<code>${text}</code>`
  return [code(customerNumber), code(status), code(validate), html`${code('202')}, ${code(became)}`]
}

function table(headings: readonly string[], rows: readonly (readonly Markup[])[]): Markup {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          ${headings.map((heading) => html`<th>${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
