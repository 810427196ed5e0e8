import { type IncomingHttpHeaders, request } from 'node:http'
import type { TestSite } from '../support/site.ts'
import type { Visitor } from '../support/visitor.ts'

export type RawAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }

export type RawRequest = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** Whose cookies are sent. */
  readonly as?: Visitor
  /** Sends what a browser sends with the site's own forms. */
  readonly isOwn?: boolean
}

export const FORM = 'application/x-www-form-urlencoded'

/**
 * A request whose target, method and headers go out as they are: `fetch` would mend or refuse some of them. On a
 * connection of its own: one whose request was not read to its end is not used again.
 */
export function sendRaw(site: TestSite, target: string, asked: RawRequest = {}): Promise<RawAnswer> {
  const { method = 'GET', body, as, isOwn = false } = asked
  const cookie = [...(as?.cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  const { hostname, port } = new URL(site.url)
  return new Promise((resolve, reject) => {
    const headers = {
      Accept: 'text/html',
      ...(cookie === '' ? {} : { Cookie: cookie }),
      ...(isOwn ? { Origin: site.url, 'Sec-Fetch-Site': 'same-origin', 'Content-Type': FORM } : {}),
      ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...asked.headers,
    }
    const sent = request({ hostname, port, method, path: target, headers, agent: false }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (piece: string) => (text += piece))
      incoming.on('end', () => resolve({ status: incoming.statusCode!, headers: incoming.headers, text }))
      incoming.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
