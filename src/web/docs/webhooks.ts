import { ENTRIES_A_PAGE, FEED_KEPT_DAYS } from '../../app/feed.ts'
import { ANSWER_MS, MAX_ANSWER_BYTES } from '../../app/outgoing.ts'
import { MAX_ENDPOINTS, MAX_SECRET_OVERLAP_HOURS, SECRET_OVERLAP_HOURS } from '../../app/webhooks.ts'
import { MAX_URL_CHARACTERS, RETRY_SECONDS } from '../../domain/webhook.ts'
import { type ApiDescription, type Operation, resolve, type Schema } from '../kit/api-description.ts'
import { html, type Markup } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { type FieldShown, fieldList, fieldsOfObject } from './fields.ts'
import { chapter, inline, keyField, programs, samples } from './frame.ts'
import { SAMPLES } from './samples.ts'
import { FEED_READERS, RECEIVERS } from './webhook-samples.ts'

/** GET /docs/webhooks: what work providers are told, from the API's description, and how to take it. */
export function showWebhooks(visit: Visit): Promise<Response> {
  return chapter(
    visit,
    '/docs/webhooks',
    html`<h1>Feed and webhooks</h1>
      <p>
        You are told when a courier links to you or withdraws, when their status changes, when a shift begins and ends,
        and when somebody whom you report is not linked. All of it is in your <a href="#reading">feed</a>, which you
        read when you like; <a href="#taking">webhooks</a> bring the same to your own server, seconds after it became
        known. The feed alone is enough; webhooks alone are not quite: what they could not bring for days is in the
        feed.
      </p>
      <ul class="contents">
        ${SECTIONS.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
      </ul>
      ${SECTIONS.map(
        ({ id, title, body }) =>
          html`<h2 id="${id}">${title}</h2>
            ${body(visit)}`,
      )}`,
  )
}

type Section = { readonly id: string; readonly title: string; readonly body: (visit: Visit) => Markup }

const SECTIONS: readonly Section[] = [
  { id: 'told', title: 'What you are told', body: ({ api }) => told(api) },
  { id: 'reading', title: 'Reading the feed', body: reading },
  { id: 'taking', title: 'Taking webhooks', body: taking },
  { id: 'verifying', title: 'Verifying the signature', body: verifying },
  { id: 'retries', title: 'When it does not arrive', body: retries },
  { id: 'signed-up', title: 'When somebody signed up', body: signedUp },
  { id: 'rotating', title: 'Another secret', body: rotating },
  { id: 'addresses', title: 'Which addresses may be used', body: addresses },
]

function told(api: ApiDescription): Markup {
  const types = Object.entries(api.webhooks)
  const [, { post }] = types.find(([type]) => type === 'shift.closed')!
  const entry = schemaOf(api, post)
  const data = entry.properties!['data']!
  const envelope = fieldsOfObject(api, entry).filter(({ description }) => description !== '')
  return html`<p>Each entry is one JSON object, the same in the feed and by webhook:</p>
    <pre tabindex="0"><code>${exampleOf(post)}</code></pre>
    ${fieldList(envelope.filter(({ name }) => entry.properties![name] !== data))}
    <p>By its <code>type</code> you know what is in <code>data</code>. Ignore types and fields that you do not know.</p>
    ${types.map(([type, one]) => typeCard(api, type, one.post))}`
}

function typeCard(api: ApiDescription, type: string, operation: Operation): Markup {
  const data = schemaOf(api, operation).properties!['data']!
  const { data: example } = exampleValue(operation) as { data: unknown }
  const id = type.replaceAll(/[._]/g, '-')
  return html`<section class="card" aria-labelledby="${id}">
    <h3 id="${id}"><code>${type}</code></h3>
    <p>${inline(operation.description ?? '')}</p>
    ${fieldList(fieldsOfObject(api, data).map((field) => marked(field, data)))}
    <pre tabindex="0"><code>${JSON.stringify(example, null, 2)}</code></pre>
  </section>`
}

function marked(field: FieldShown, { required = [] }: Schema): FieldShown {
  return required.includes(field.name) ? field : { ...field, notes: [...field.notes, 'not always there'] }
}

function schemaOf(api: ApiDescription, { requestBody }: Operation): Schema {
  return resolve(api, requestBody!.content['application/json'].schema)
}

function exampleValue({ requestBody }: Operation): unknown {
  return Object.values(requestBody!.content['application/json'].examples!)[0]!.value
}

function exampleOf(operation: Operation): string {
  return JSON.stringify(exampleValue(operation), null, 2)
}

function reading(visit: Visit): Markup {
  return html`${keyField()} ${samples(visit, SAMPLES['/v1/feed']!)}
    <p>
      Keep the number of the last entry that you acted on, and ask for what follows it by <code>after</code>. An entry
      has its number only once what it tells of is on disk, and no smaller number comes later: who read up to a number
      has missed nothing up to there, whatever happened to you or to us meanwhile. If your program ends between acting
      and keeping the number, it meets the entry again, by the same <code>id</code>.
    </p>
    ${programs(visit, FEED_READERS)}
    <p>
      <code>next</code> leads to the following page of up to ${number(ENTRIES_A_PAGE)} entries, and is
      <code>null</code> on the last. Then ask again after some seconds, or when a webhook comes; <code>last</code> tells
      how far there is to go.
    </p>
    <dl class="facts">
      <dt>How it begins</dt>
      <dd>
        When you first ask for it, or when an address for webhooks is added. What happened before is not in it: ask for
        the status of those whom you work with.
      </dd>
      <dt>How long it is kept</dt>
      <dd>
        ${FEED_KEPT_DAYS} days. Who asks for what is older is answered <code>410</code>: not all is there that followed.
        <code>Zego-Error-Detail</code> names the number to go on with; ask for the status of those whom you work with.
      </dd>
      <dt>A number beyond the last</dt>
      <dd>is answered <code>400</code>: it is none that you were given.</dd>
      <dt>A gap</dt>
      <dd>
        is there only where the insurer had to restore a backup: numbers go on far above those that you had. Read on as
        always. What was told after that backup is lost to the feed, so ask for the status of those whom you work with.
      </dd>
    </dl>`
}

function taking(): Markup {
  return html`<p>
      On <a href="/work-provider">your own page</a>, under Webhooks, you add up to ${MAX_ENDPOINTS} addresses, each for
      all types or for some. Each has a secret, which is shown once, and a button that sends a message of the type
      <code>webhook.test</code>, which has no <code>number</code> and no <code>id</code>, and says what came of it. From
      then on every entry is posted there as JSON, in the way of
      <a href="https://www.standardwebhooks.com" rel="noreferrer">Standard Webhooks</a>, whose libraries can take it:
    </p>
    <dl class="facts">
      <dt><code>webhook-id</code></dt>
      <dd>The <code>id</code> of the entry, the same at every try: what you know it again by.</dd>
      <dt><code>webhook-timestamp</code></dt>
      <dd>When this try was sent, in unix seconds.</dd>
      <dt><code>webhook-signature</code></dt>
      <dd>One signature, or several with a space between them.</dd>
    </dl>
    <dl class="facts">
      <dt>Answer soon</dt>
      <dd>
        with any status from 200 to 299, within ${ANSWER_MS / 1_000} seconds: keep the entry, answer, and act on it
        afterwards. Of your answer up to ${number(MAX_ANSWER_BYTES / 1024)} KiB are read.
        <a href="#signed-up">customer.signed_up</a> alone listens to what you answer: <code>202</code> says nothing but
        that you have it.
      </dd>
      <dt>It may come twice</dt>
      <dd>Each comes at least once. Keep the <code>webhook-id</code> of what you had, and answer as you did.</dd>
      <dt>It may come out of order</dt>
      <dd>
        Several are on their way at once, and one that failed comes later. <code>number</code> tells which is the later
        word: act on one about a person only if you have acted on none with a higher number about them, or read the feed
        when something comes, and take the webhook as the bell.
      </dd>
    </dl>`
}

function verifying(visit: Visit): Markup {
  return html`<p>
      Anybody can post to your address. What comes from here is signed: HMAC-SHA256 over
      <code>webhook-id</code>, <code>webhook-timestamp</code> and the body, with a dot between them. The key is what
      follows <code>whsec_</code> in your secret, decoded from base64; a signature is <code>v1,</code> and the HMAC in
      base64. Take the bytes of the body as they came, compare in constant time, and refuse what is older than five
      minutes, so that nobody sends again what they overheard.
    </p>
    ${programs(visit, RECEIVERS)}
    <p>
      The clients for Python and TypeScript have this as <code>verify_webhook</code> and <code>verifyWebhook</code>. To
      see that it refuses, post something that is not signed:
    </p>
    <pre tabindex="0"><code>curl -i http://127.0.0.1:8000/ -d '{"type":"shift.opened"}'</code></pre>`
}

function retries(): Markup {
  const hours = RETRY_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / 3_600
  return html`<p>
      An answer with another status, none within ${ANSWER_MS / 1_000} seconds, a redirect, or no connection: it is sent
      again after ${RETRY_SECONDS.map(duration).join(', ')}, each a little longer by chance. That is
      ${RETRY_SECONDS.length + 1} tries in about ${Math.round(hours / 24)} days. After the last one your people at the
      desk get a mail, one a day at most.
    </p>
    <dl class="facts">
      <dt>Answer <code>410</code></dt>
      <dd>
        when you want nothing more at this address: it is disabled at once, and your people get a mail. They enable it
        again on your own page: what waited for it is sent then, and a replay brings what came meanwhile.
      </dd>
      <dt>Replay</dt>
      <dd>
        Your own page lists what was sent, with each try and what was answered, and sends it again: all after a number,
        or only what failed. As long as it is in the feed, which is ${FEED_KEPT_DAYS} days.
      </dd>
    </dl>`
}

function signedUp(): Markup {
  return html`<p>
      A customer may agree while you have no id of your own bound to them, because you vouched for their number by
      <code>POST /v1/match</code>. They then agree, too, that you are told their e-mail address and telephone number, so
      that you can find them. Your answer to <a href="#customer-signed-up">customer.signed_up</a> counts as your word:
    </p>
    <dl class="facts">
      <dt><code>204</code></dt>
      <dd>You know them: as <code>POST /v1/match</code> with <code>success</code> true.</dd>
      <dt><code>200</code></dt>
      <dd>
        with <code>{"workProviderUserId":"1686"}</code>: the same, and your id for them is bound at once: what you
        reported under it counts. An id that another customer holds is not taken over: the insurer's people look at it.
      </dd>
      <dt><code>404</code></dt>
      <dd>
        You know nobody like that: the insurer's people look at it, and the customer gets a mail. Where another address
        of yours, or <code>POST /v1/match</code>, said that you know them, that is what counts.
      </dd>
      <dt>Any other from 200 to 299</dt>
      <dd>
        You have it, and say nothing of the person yet: <code>202</code>, say. Answer later by
        <code>POST /v1/match</code>.
      </dd>
    </dl>
    <p>
      So a server that answers <code>204</code> to whatever it gets says that it knows everybody, and one that has
      nothing at that path and answers <code>404</code> says that it knows nobody. Leave the type out at such addresses.
      Once you found the customer, or they withdraw, e-mail address and telephone number are taken out of the feed, and
      are not sent any more.
    </p>`
}

function rotating(): Markup {
  return html`<p>
    Make a new secret on your own page. For ${SECRET_OVERLAP_HOURS} hours, or as long as you say up to
    ${MAX_SECRET_OVERLAP_HOURS}, everything is signed with both, and one signature that fits is enough: put the new
    secret beside the old one, and take the old one out when the time is over. If the old one became known to somebody,
    let it end at once, by 0 hours.
  </p>`
}

function addresses(): Markup {
  return html`<ul>
    <li>
      They begin with <code>https://</code>, and your certificate is good for the name and by an authority that is
      publicly known.
    </li>
    <li>
      They have no name and password and no <code>#</code> in them, and up to ${number(MAX_URL_CHARACTERS)} characters.
    </li>
    <li>
      Their host is on the public internet. One that leads into a private network, to the machine itself, or to what is
      reserved is not connected to, whatever its name: the try fails, and says so.
    </li>
    <li>Redirects are not followed: a <code>301</code> is an answer like any other that is not 200 to 299.</li>
  </ul>`
}

const UNITS = [
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

function duration(seconds: number): string {
  const [unit, size] = UNITS.find(([, one]) => seconds >= one)!
  return `${seconds / size}\u00a0${unit}`
}

function number(value: number): string {
  return value.toLocaleString('en-GB')
}
