import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Accounts, openAccounts } from './app/accounts.ts'
import type { Context } from './app/context.ts'
import type { Live } from './app/live.ts'
import type { Config } from './config.ts'
import { lazily } from './domain/lazily.ts'
import type { ApiDescription } from './web/kit/api-description.ts'
import type { Site } from './web/site.ts'

export type PagesOptions = {
  readonly context: Context
  readonly config: Config
  readonly live: Live
  readonly stopping: AbortSignal
  /** What signs the cookies of those who log in. It is known once the database was checked and migrated. */
  readonly secret: () => string
  /** Callers are served. */
  readonly isPrepared: () => boolean
}

/**
 * The pages, and the accounts of those who log in: more than half of the program's modules. They are loaded when
 * somebody first asks for a page, or by `load`, so that an embedded server's API need not wait for them.
 */
export type Pages = { site(): Promise<Site>; load(): Promise<void> }

export function openPages({ context, config, live, stopping, secret, isPrepared }: PagesOptions): Pages {
  const accounts = lazily((): Promise<Accounts> => openAccounts(context, secret()))
  const site = lazily(async (): Promise<Site> => {
    const { buildSite } = await import('./web/site.ts')
    const { trustedProxies } = await import('./web/kit/client-address.ts')
    const { openApiDocument } = await import('./http/openapi/document.ts')
    return buildSite({
      context,
      accounts,
      api: openApiDocument() as ApiDescription,
      live,
      keepsMails: config.smtpUrl === undefined,
      stopping,
      isTrustedProxy: trustedProxies(config.trustedProxies),
      isPrepared,
    })
  })
  return {
    site,
    async load() {
      await site()
      // An import runs to its end before anything else does: who waits has an answer in between.
      await nextTurn()
      await accounts()
    },
  }
}
