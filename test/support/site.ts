import { once } from 'node:events'
import { sql } from 'kysely'
import { freePort } from '../../scripts/cluster.ts'
import { createKey } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { type Limits, STANDARD_LIMITS } from '../../src/domain/limits.ts'
import { openAccounts } from '../../src/app/accounts.ts'
import { LIVE_PACE, type LivePace, openLive } from '../../src/app/live.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { buildApplication } from '../../src/application.ts'
import { buildApi } from '../../src/http/api.ts'
import { buildMetrics } from '../../src/http/metrics.ts'
import { openApiDocument } from '../../src/http/openapi/document.ts'
import { createHttpServer, type Patience } from '../../src/http/server.ts'
import { startServices } from '../../src/http/services.ts'
import { lazily } from '../../src/domain/lazily.ts'
import { openMetrics } from '../../src/prometheus.ts'
import { ping } from '../../src/storage/database.ts'
import { trustedProxies } from '../../src/web/kit/client-address.ts'
import type { ApiDescription } from '../../src/web/kit/api-description.ts'
import { buildSite } from '../../src/web/site.ts'
import { type Engine, openStore, type Store } from './stores.ts'

const SECRET = 'a secret for tests that is long enough'
/** Opens `/metrics`. */
export const METRICS_TOKEN = 'a token of those who watch'

/** A mail as the outbox holds it. */
export type SentMail = { to: string; subject: string; body: string; kind: string }

export type TestSite = {
  readonly store: Store
  readonly context: Context
  /** Without a slash at the end. */
  readonly url: string
  /** A live key of the work provider "Courier Ltd". */
  readonly key: string
  readonly workProviderId: string
  /** The mails to an address, oldest first. */
  mailsTo(address: string): Promise<SentMail[]>
  /** The first link to this site in the newest mail to an address. */
  linkMailedTo(address: string): Promise<string>
  /** The answer of `GET /v1/user/status` to Courier Ltd. */
  status(query: string): Promise<{ status: number; body: Record<string, unknown> }>
  /** Reports a login or logout to the API. */
  report(kind: 'login' | 'logout', body: Record<string, string>): Promise<void>
  /** Derives everything accepted so far. */
  settle(): Promise<void>
  /** Tells the pages that the server stops, as the program does first. */
  stop(): void
  close(): Promise<void>
}

/**
 * The whole application, API and pages, on a store and port of its own. It believes `X-Forwarded-For`, so that a test can
 * be many networks. Nothing runs in the background: mails stay in the outbox, shifts wait for `settle`.
 */
export async function openSite(
  engine: Engine = 'embedded',
  limits: Partial<Limits> = {},
  patience?: Patience,
  pace: LivePace = LIVE_PACE,
  more: { readonly pageMs?: number; readonly keepsMails?: boolean } = {},
): Promise<TestSite> {
  const store = await openStore(engine)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const context: Context = {
    ...store.context,
    publicUrl: url,
    limits: { ...STANDARD_LIMITS, ...limits },
    metrics: openMetrics(),
  }
  const { id: workProviderId } = await createWorkProvider(context, 'Courier Ltd')
  const { key } = await createKey(context, 'Courier Ltd')
  const { services, stop } = startServices(context, {
    onStored: () => {},
    isPrepared: () => true,
    assertReady: () => ping(context.db),
  })
  const stopping = new AbortController()
  const live = openLive(context, stopping.signal, pace)
  const site = buildSite({
    context,
    accounts: lazily(() => openAccounts(context, SECRET)),
    api: openApiDocument() as ApiDescription,
    live,
    keepsMails: more.keepsMails ?? true,
    stopping: stopping.signal,
    isTrustedProxy: trustedProxies(['127.0.0.1']),
    isPrepared: () => true,
    ...(more.pageMs === undefined ? {} : { pageMs: more.pageMs }),
  })
  const metrics = buildMetrics(context, METRICS_TOKEN, services)
  const server = createHttpServer(
    buildApplication(buildApi(services), () => Promise.resolve(site), metrics),
    services,
    patience,
  )
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const mailsTo: TestSite['mailsTo'] = async (address) => {
    const { rows } = await sql<SentMail>`
      select to_address as to, subject, body, kind from outbox where lower(to_address) = lower(${address}) order by id
    `.execute(context.db)
    return rows
  }
  return {
    store,
    context,
    url,
    key,
    workProviderId,
    mailsTo,
    async linkMailedTo(address) {
      const mail = (await mailsTo(address)).at(-1)
      const link = mail === undefined ? undefined : new RegExp(`${url}/[^\\s]+`).exec(mail.body)?.[0]
      if (link === undefined) throw new Error(`no link was mailed to ${address}`)
      return link
    },
    async status(query) {
      const response = await fetch(`${url}/v1/user/status?${query}`, { headers: { Authorization: key } })
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
    async report(kind, body) {
      const response = await fetch(`${url}/v1/shift/${kind}`, {
        method: 'POST',
        headers: { Authorization: key },
        body: JSON.stringify(body),
      })
      if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`)
    },
    settle: () => settle(context),
    stop: () => stopping.abort(),
    async close() {
      stopping.abort()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await stop()
      await live.stop()
      await store.close()
    },
  }
}
