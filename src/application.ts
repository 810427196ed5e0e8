import type { RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { splitTarget } from './domain/query.ts'
import { METRICS_PATH } from './http/metrics.ts'
import type { Site } from './web/site.ts'

/** The API and the pages as one: each path is one of them, and what is neither is refused in the caller's language. */
export function buildApplication(
  api: RequestListener,
  site: Site,
  metrics: RequestListener | null = null,
): RequestListener {
  const pages = getRequestListener((request, env) => site.app.fetch(request, env as HttpBindings), {
    // A HTTP/1.0 client need not name a host.
    hostname: 'localhost',
    // A host that is none, say.
    errorHandler: () => Response.json({ error: 'INVALID_DATA' }, { status: 400 }),
  })
  return (incoming, outgoing) => {
    const { path } = splitTarget(incoming.url)
    if (metrics !== null && path === METRICS_PATH) return metrics(incoming, outgoing)
    const isForSite = site.has(path) || (!path.startsWith('/v1') && namesHtml(incoming.headers.accept))
    if (isForSite) void pages(incoming, outgoing)
    else api(incoming, outgoing)
  }
}

/** Whether a browser asks: its `Accept` names HTML itself. */
function namesHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(accept)
}
