import { KEY_PLACE } from './samples.ts'

/* Whole programs, which a reader can run as they stand. test/site/docs.db.test.ts does. */

/** Stands for the reader's secret for webhooks. */
export const WEBHOOK_SECRET_PLACE = 'YOUR_WEBHOOK_SECRET'
/** Where the programs that take webhooks listen. */
export const RECEIVER_PORT = 8000

export type Program = { readonly language: string; readonly title: string; code(url: string): string }

/** Goes on reading the feed from where it ended the last time. */
export const FEED_READERS: readonly Program[] = [
  {
    language: 'python-feed',
    title: 'Python',
    code: (url) => `
import pathlib, requests

kept = pathlib.Path("zego-feed-number")
after = int(kept.read_text()) if kept.exists() else 0
while True:
    response = requests.get(
        "${url}/v1/feed",
        params={"after": after},
        headers={"Authorization": "${KEY_PLACE}"},
        timeout=10,
    )
    response.raise_for_status()
    page = response.json()
    for entry in page["entries"]:
        # Act on it, then keep its number.
        print(entry["number"], entry["type"], entry["data"])
        after = entry["number"]
        kept.write_text(str(after))
    if page["next"] is None:
        break
print("read up to", after)
`,
  },
  {
    language: 'typescript-feed',
    title: 'TypeScript',
    code: (url) => `
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const kept = 'zego-feed-number'
let after = existsSync(kept) ? Number(readFileSync(kept, 'utf8')) : 0
for (let isMore = true; isMore; ) {
  const response = await fetch(\`${url}/v1/feed?after=\${after}\`, {
    headers: { Authorization: '${KEY_PLACE}' },
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(await response.text())
  const page = await response.json()
  for (const entry of page.entries) {
    // Act on it, then keep its number.
    console.log(entry.number, entry.type, entry.data)
    after = entry.number
    writeFileSync(kept, String(after))
  }
  isMore = page.next !== null
}
console.log('read up to', after)
`,
  },
]

/** Takes webhooks, and only those that are signed. */
export const RECEIVERS: readonly Program[] = [
  {
    language: 'python-receiving',
    title: 'Python, by its standard library',
    code: () => `
import base64, hashlib, hmac, json, time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRETS = ["${WEBHOOK_SECRET_PLACE}"]  # the new and the old one while you rotate


def is_signed(headers, body):
    """Whether one of the secrets signed it in the last five minutes. body: the bytes as they came."""
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > 300:
        return False
    signed = f"{headers.get('webhook-id')}.{sent_at}.".encode() + body
    given = headers.get("webhook-signature", "").encode().split()
    for secret in SECRETS:
        key = base64.b64decode(secret.replace("whsec_", ""))
        mac = hmac.new(key, signed, hashlib.sha256).digest()
        good = b"v1," + base64.b64encode(mac)
        if any(hmac.compare_digest(one, good) for one in given):
            return True
    return False


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = is_signed(self.headers, body)
        if signed:
            entry = json.loads(body)
            # Keep it, unless you have this id; act on it later.
            print(entry["type"], self.headers["webhook-id"], flush=True)
        self.send_response(202 if signed else 401)
        self.end_headers()


HTTPServer(("127.0.0.1", ${RECEIVER_PORT}), Receiver).serve_forever()
`,
  },
  {
    language: 'typescript-receiving',
    title: 'TypeScript, by Node.js alone',
    code: () => `
import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'

const secrets = ['${WEBHOOK_SECRET_PLACE}'] // the new and the old one while you rotate

/** Whether one of the secrets signed it in the last five minutes. body: the bytes as they came. */
function isSigned(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const sentAt = headers['webhook-timestamp']
  if (!(Math.abs(Date.now() / 1000 - Number(sentAt)) <= 300)) return false
  const given = String(headers['webhook-signature']).split(' ')
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    const hmac = createHmac('sha256', key)
    hmac.update(\`\${headers['webhook-id']}.\${sentAt}.\`).update(body)
    const good = Buffer.from(\`v1,\${hmac.digest('base64')}\`)
    return given.some((one) => isSame(Buffer.from(one), good))
  })
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

createServer(async (request, response) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  const body = Buffer.concat(pieces)
  const signed = isSigned(request.headers, body)
  if (signed) {
    const entry = JSON.parse(body.toString())
    // Keep it, unless you have this id; act on it later.
    console.log(entry.type, request.headers['webhook-id'])
  }
  response.writeHead(signed ? 202 : 401).end()
}).listen(${RECEIVER_PORT}, '127.0.0.1')
`,
  },
]
