import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Context } from './app/context.ts'
import { startCountingQuality } from './app/count-quality.ts'
import { createDemo, hasDemo } from './app/demo.ts'
import { preparePartitions, startMaintenance } from './app/maintenance.ts'
import { startProjector } from './app/projector.ts'
import { openReadiness } from './app/readiness.ts'
import type { Worker } from './app/worker.ts'
import type { Config } from './config.ts'
import { PROGRAM } from './domain/audit.ts'
import { splitTarget } from './domain/query.ts'
import { openLive } from './app/live.ts'
import { UNWATCHED } from './app/metrics.ts'
import { startDeliverer } from './app/deliver.ts'
import { startFeed } from './app/feed.ts'
import { startTellingOfCaps } from './app/feed-shifts.ts'
import { startTellingOfStatuses } from './app/feed-status.ts'
import { type MailTransport, startMailer } from './app/mailer.ts'
import { startNotices } from './app/notices.ts'
import { buildApplication } from './application.ts'
import { authSecret } from './auth-secret.ts'
import { buildApi } from './http/api.ts'
import { buildMetrics, METRICS_PATH, TAKES_NOTHING } from './http/metrics.ts'
import { http as nodeHttp } from './http/node-http.ts'
import { createHttpServer } from './http/server.ts'
import { startServices } from './http/services.ts'
import { openMailTransport } from './mail-transport.ts'
import { openContext } from './open.ts'
import { assertDurable, isUnavailable } from './storage/database.ts'
import { openPages, type Pages } from './pages.ts'
import { migrate } from './storage/migrate.ts'
import { greeting } from './greeting.ts'

/** How long requests under way may take to finish once the server is told to stop: the rest is to end within 8 s too. */
const DRAIN_MS = 6_000
const DRAIN_POLL_MS = 50
const CONNECT_RETRY_MS = 500
/**
 * Whoever waited for the start of an embedded server is answered first. The first turn of everything else takes the
 * engine for tenths of a second, and loading the pages the thread.
 */
const EMBEDDED_REST_STARTS_AFTER_MS = 500

export type ServeOptions = {
  readonly config: Config
  readonly log: Logger
  readonly say: (line: string) => void
  /** The store is lost: the process has to end. */
  readonly onBroken: (reason: string) => void
  /** Aborts waiting for a database that does not answer. */
  readonly signal: AbortSignal
}

export type Serving = { readonly url: string | null; stop(): Promise<void> }

type State = {
  /** What signs the cookies of those who log in; null until the database was checked and migrated. */
  secret: string | null
  /** Callers are served. */
  isPrepared: boolean
  readonly stopping: AbortController
}

/** Runs the server in its role. With a database server it listens at once, and is ready when that can be used. */
export async function serve({ config, log, say, onBroken, signal }: ServeOptions): Promise<Serving> {
  const opened = await openContext(config, log, {
    mayShare: false,
    // Nobody can ask for them without a token.
    metrics: config.metricsToken === undefined ? UNWATCHED : (await import('./prometheus.ts')).openMetrics(),
    actor: PROGRAM,
    onFirstStart: () => say(`Preparing a new database in ${config.dataDir}: this first start takes some seconds.`),
    onBroken,
  })
  const { context, forCallers } = opened
  const state: State = { secret: null, isPrepared: false, stopping: new AbortController() }
  const workers: Worker[] = []
  let projector: Worker | null = null
  const live = openLive(context, state.stopping.signal)
  const pages = openPages({
    context: forCallers,
    config,
    live,
    stopping: state.stopping.signal,
    secret: () => state.secret!,
    isPrepared: () => state.isPrepared,
  })
  const http =
    config.role === 'project'
      ? startHttpForWatchers(context, config)
      : startHttp(forCallers, { config, state, pages }, () => projector?.nudge())
  try {
    const url = http === null ? null : await listen(http.server, config)
    await prepare(context, config, signal)
    const demoKey = context.isEmbedded && config.hasDemo ? await createDemo(context) : null
    const isDemo = demoKey !== null || (config.hasDemo && (await hasDemo(context)))
    state.secret = await authSecret(context, config)
    const hasPages = config.role !== 'project'
    // Other processes serve meanwhile: this one is ready when nothing of its own start holds up whom it serves.
    if (hasPages && !context.isEmbedded) await pages.load()
    state.isPrepared = true
    for (const line of greeting({ config, url, demoKey, isDemo, isEmbedded: context.isEmbedded })) say(line)
    const mails = config.role === 'accept' ? null : await openMailTransport(config, say)
    const startRest = (): void => {
      if (mails !== null) {
        workers.push((projector = startProjector(context, http?.callers ?? (() => 0))), ...startWorkers(context, mails))
      }
      workers.push(startMaintenance(context))
      if (hasPages) void pages.load()
    }
    const rest = setTimeout(startRest, context.isEmbedded ? EMBEDDED_REST_STARTS_AFTER_MS : 0)
    return {
      url,
      async stop() {
        clearTimeout(rest)
        state.stopping.abort()
        if (http !== null) await http.drain()
        for (const worker of workers) await worker.stop()
        await live.stop()
        await opened.close()
      },
    }
  } catch (error) {
    await http?.drain()
    await opened.close()
    throw error
  }
}

/** What goes on beside deriving. */
function startWorkers(context: Context, mails: MailTransport): Worker[] {
  const deliverer = startDeliverer(context)
  return [
    startNotices(context),
    startCountingQuality(context),
    startMailer(context, mails),
    startTellingOfCaps(context),
    startTellingOfStatuses(context),
    startFeed(context, deliverer.nudge),
    deliverer,
  ]
}

type Http = { server: Server; callers: () => number; drain(): Promise<void> }

type HttpParts = { readonly config: Config; readonly state: State; readonly pages: Pages }

function startHttp(context: Context, { config, state, pages }: HttpParts, onStored: () => void): Http {
  const ready = openReadiness(context)
  const { services, stop } = startServices(context, {
    onStored,
    isPrepared: () => state.isPrepared,
    async assertReady() {
      if (!state.isPrepared || state.stopping.signal.aborted) throw new Error('not ready yet, or stopping')
      await ready()
    },
  })
  const metrics = config.metricsToken === undefined ? null : buildMetrics(context, config.metricsToken, services)
  const server = createHttpServer(buildApplication(buildApi(services), pages.site, metrics), services)
  return {
    server,
    callers: () => services.underWay.count,
    async drain() {
      await drainServer(server)
      await stop()
    },
  }
}

/** A process that only derives listens for those who watch over it, if for anybody. */
function startHttpForWatchers(context: Context, { metricsToken }: Config): Http | null {
  if (metricsToken === undefined) return null
  const metrics = buildMetrics(context, metricsToken, TAKES_NOTHING)
  const server = nodeHttp.createServer((incoming, outgoing) => {
    if (splitTarget(incoming.url).path === METRICS_PATH) metrics(incoming, outgoing)
    else outgoing.writeHead(404).end()
  })
  return { server, callers: () => 0, drain: () => drainServer(server) }
}

function listen(server: Server, config: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, () => {
      const { port } = server.address() as AddressInfo
      resolve(config.port === 0 ? `http://${config.host}:${port}` : config.publicUrl)
    })
  })
}

/** Stops listening, lets requests under way finish, and closes connections as they fall idle. */
async function drainServer(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const deadline = performance.now() + DRAIN_MS
  let isClosed = false
  void closed.then(() => (isClosed = true))
  while (!isClosed && performance.now() < deadline) {
    server.closeIdleConnections()
    await Promise.race([closed, delay(DRAIN_POLL_MS)])
  }
  server.closeAllConnections()
  await closed
}

/** Brings the database to this program's schema, waiting for a server that is not there yet. */
async function prepare(context: Context, config: Config, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await assertDurable(context.db)
      await migrate(context.db)
      await preparePartitions(context)
      return
    } catch (error) {
      if (context.isEmbedded || !isUnavailable(error) || signal.aborted) throw error
      if (attempt === 0) context.log.warn({ err: error, role: config.role }, 'waiting for the database')
      await delay(CONNECT_RETRY_MS, undefined, { signal })
    }
  }
}
