import { html } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter, keyField, samples } from './frame.ts'
import { SAMPLES } from './samples.ts'

/** GET /docs */
export function showStart(visit: Visit): Promise<Response> {
  return chapter(
    visit,
    '/docs',
    html`<h1>For work providers</h1>
      <p>
        You report when each courier starts and stops work; we keep the record of who was insured when, and answer
        whether somebody may be given work. From here to the first report on disk takes five minutes.
      </p>
      ${keyField()}
      <ol class="steps">
        <li>
          <h2>Get a key</h2>
          <p>
            The insurer makes you one, and more on <a href="/work-provider">your own page</a> once you are invited. A
            key is shown once. Every call carries it, bare, in the <code>Authorization</code> header.
          </p>
          <p>
            Begin with a test key: it sees made-up couriers with fixed numbers, and nothing that you send with it
            counts.
            <a href="/docs/testing">Testing</a> says what each of them answers.
          </p>
        </li>
        <li>
          <h2>Report that a courier starts</h2>
          ${samples(visit, SAMPLES['/v1/shift/login']!)}
          <p>
            <code>202 {"status":"PENDING"}</code> means that the report is on disk. Send it again whenever you are not
            sure that it arrived: a report told twice counts once, and the order of arrival changes nothing. A courier
            whom nobody knows yet is no error: the report waits until they are linked.
          </p>
        </li>
        <li>
          <h2>Report that they stop</h2>
          ${samples(visit, SAMPLES['/v1/shift/logout']!)}
          <p>
            A logout that is lost ends the shift after the cap that is agreed with you, 14 hours unless you agreed on
            another.
          </p>
        </li>
        <li>
          <h2>See what became of it</h2>
          <p>
            Each <code>202</code> has a <code>Location</code>: asked with your key, it says of each report whether it
            opened or closed a shift, repeated one, or waits for somebody to be linked. Your own page shows the same for
            thirty days.
          </p>
        </li>
        <li>
          <h2>Ask before you give work</h2>
          ${samples(visit, SAMPLES['/v1/user/status']!)}
          <p>
            <code>ENABLED</code>: linked to you, and insured now for working for you. <code>DISABLED</code>: linked, and
            not insured. <code>404</code>: nobody whom you may ask about, which couriers become by
            <a href="/docs/linking">linking</a>.
          </p>
        </li>
        <li>
          <h2>Be told of what changes</h2>
          <p>
            Instead of asking again and again: the <a href="/docs/webhooks">feed and webhooks</a> tell when somebody
            links or withdraws, when a status changes, when shifts begin and end.
          </p>
        </li>
      </ol>
      <p>
        All <a href="/docs/calls">calls</a> with their fields and answers, all <a href="/docs/errors">errors</a> with
        what to do, and <a href="/openapi.json">openapi.json</a>, the same for programs.
      </p>`,
  )
}
