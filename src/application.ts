import type { Hono } from 'hono'
import { splitTarget } from './domain/query.ts'
import type { Bindings } from './http/api.ts'
import type { Served } from './http/server.ts'
import type { Site } from './web/site.ts'

/** The API and the pages as one: each path is one of them, and what is neither is refused in the caller's language. */
export function buildApplication(api: Hono<Bindings>, site: Site): Served {
  return {
    fetch(request, env) {
      const { incoming } = env
      const { path } = splitTarget(incoming.url)
      const isForSite = site.has(path) || (!path.startsWith('/v1') && namesHtml(incoming.headers.accept))
      return isForSite ? site.app.fetch(request, env) : api.fetch(request, env)
    },
  }
}

/** Whether a browser asks: its `Accept` names HTML itself. */
function namesHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(accept)
}
