import { html } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter } from './frame.ts'
import { linkingPicture } from './linking-picture.ts'

/** GET /docs/linking */
export function showLinking(visit: Visit): Promise<Response> {
  const { publicUrl } = visit.context
  return chapter(
    visit,
    '/docs/linking',
    html`<h1>Linking</h1>
      <p>
        You may ask about a courier, and what you report of them counts as cover, once they are linked to you: they have
        agreed, here, to what you will see. You bring them by a link in your app or in a mail.
      </p>
      ${linkingPicture()}
      <h2>The link</h2>
      <pre tabindex="0"><code>${link(publicUrl)}</code></pre>
      <dl class="facts">
        <dt><code>work_provider</code></dt>
        <dd>Your name, as the insurer knows it.</dd>
        <dt><code>work_provider_user_id</code></dt>
        <dd>Your own id for the courier: what you will report them by.</dd>
        <dt><code>email</code></dt>
        <dd>Their e-mail address, if you know it: it saves them typing. Nothing about it is told to you.</dd>
      </dl>
      <p>
        Nobody is linked by opening it. An id that another courier holds already is not taken over: the insurer's people
        look at it, and both couriers are told. <a href="/work-provider">Your own page</a> builds links and their QR
        codes.
      </p>
      <h2>Signed links</h2>
      <p>
        Anybody can type a link. With a signature it is known to be yours, and you may agree with the insurer that only
        such links count. Add <code>exp</code>, until when it is good in unix seconds, and <code>sig</code>: the
        HMAC-SHA256, with your link secret, in hex, over the decoded parameters but <code>sig</code>, sorted by name,
        joined as <code>name=value</code> lines.
      </p>
      <pre tabindex="0" data-language="python-signing"><code>${signing(publicUrl)}</code></pre>
      <h2>When you recognise them yourself</h2>
      <p>
        A courier who gives you their customer number can be checked by
        <a href="/docs/calls#get-v1-validate-customer-number-customernumber-">validate</a>, and vouched for by
        <a href="/docs/calls#post-v1-match">match</a>: they are then asked to agree, once by mail and on their page. Who
        agrees so, without an id of yours, is told to you as <a href="/docs/webhooks#signed-up">customer.signed_up</a>.
      </p>
      <h2>When they withdraw</h2>
      <p>
        They may at any time. From then on status is <code>404</code> and nothing that you report is cover; go on
        reporting, for the record is kept, and counts again from the moment at which they agree again.
      </p>`,
  )
}

function link(publicUrl: string): string {
  return [
    `${publicUrl}/link-work-provider`,
    '  ?work_provider=Courier%20Ltd',
    '  &work_provider_user_id=1686',
    '  &email=driver%40example.com',
  ].join('\n')
}

function signing(publicUrl: string): string {
  return [
    'import hashlib, hmac, time',
    'from urllib.parse import urlencode',
    '',
    'parameters = {',
    '    "work_provider": "Courier Ltd",',
    '    "work_provider_user_id": "1686",',
    '    "exp": str(int(time.time()) + 3600),',
    '}',
    'lines = "\\n".join(f"{name}={value}" for name, value in sorted(parameters.items()))',
    'parameters["sig"] = hmac.new(b"YOUR_LINK_SECRET", lines.encode(), hashlib.sha256).hexdigest()',
    `print("${publicUrl}/link-work-provider?" + urlencode(parameters))`,
  ].join('\n')
}
