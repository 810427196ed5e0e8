import type { RequestListener } from 'node:http'
import { splitTarget } from './domain/query.ts'
import { isApiPath } from './http/api.ts'
import { METRICS_PATH } from './http/metrics.ts'
import type { Site } from './web/site.ts'

/** The API and the pages as one: each path is one of them, and what is neither is refused in the caller's language. */
export function buildApplication(
  api: RequestListener,
  site: () => Promise<Site>,
  metrics: RequestListener | null = null,
): RequestListener {
  return (incoming, outgoing) => {
    const { path } = splitTarget(incoming.url)
    if (metrics !== null && path === METRICS_PATH) return metrics(incoming, outgoing)
    if (isApiPath(path)) return api(incoming, outgoing)
    void site().then((pages) => {
      const isForPages = pages.has(path) || (!path.startsWith('/v1') && namesHtml(incoming.headers.accept))
      return (isForPages ? pages.answer : api)(incoming, outgoing)
    })
  }
}

/** Whether a browser asks: its `Accept` names HTML itself. */
function namesHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(accept)
}
