import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Acceptor } from '../app/accept.ts'
import type { Context } from '../app/context.ts'
import { hashOf } from '../app/tokens.ts'
import { openWatch } from '../app/watch.ts'

export const METRICS_PATH = '/metrics'

/** What of a process is told beside its counters; a process that only derives takes nothing in. */
export type Watched = { readonly acceptor: Pick<Acceptor, 'queued'>; readonly underWay: { readonly count: number } }

export const TAKES_NOTHING: Watched = { acceptor: { queued: () => ({ events: 0, bytes: 0 }) }, underWay: { count: 0 } }

/** GET /metrics, for whoever sends the token (`Authorization: Bearer <token>`). It tells of loads and names, not of people. */
export function buildMetrics(context: Context, token: string, { acceptor, underWay }: Watched): RequestListener {
  const watch = openWatch(context)
  return (incoming, outgoing) => {
    if (incoming.method !== 'GET') return refuse(outgoing, 405, { Allow: 'GET' })
    if (!hasToken(incoming, token)) return refuse(outgoing, 401, { 'WWW-Authenticate': 'Bearer' })
    void tell(outgoing)
  }

  async function tell(outgoing: ServerResponse): Promise<void> {
    const { metrics, log } = context
    try {
      const text = await metrics.tell({ queue: acceptor.queued(), underWay: underWay.count, store: await watch() })
      outgoing.writeHead(200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' }).end(text)
    } catch (error) {
      log.error({ err: error }, 'the metrics could not be told')
      refuse(outgoing, 500, {})
    }
  }
}

function hasToken(incoming: IncomingMessage, token: string): boolean {
  const sent = /^Bearer +(.+)$/i.exec(incoming.headers.authorization ?? '')?.[1] ?? ''
  // Hashes are of one length, as comparing in equal time needs.
  return timingSafeEqual(hashOf(sent), hashOf(token))
}

function refuse(outgoing: ServerResponse, status: number, headers: Record<string, string>): void {
  outgoing.writeHead(status, { ...headers, 'Content-Type': 'text/plain', 'Content-Length': 0 }).end()
}
