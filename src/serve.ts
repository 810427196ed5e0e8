import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Context } from './app/context.ts'
import { createDemo, hasDemo } from './app/demo.ts'
import { preparePartitions, startMaintenance } from './app/maintenance.ts'
import { startProjector } from './app/project.ts'
import { openReadiness } from './app/readiness.ts'
import type { Worker } from './app/worker.ts'
import type { Config } from './config.ts'
import { PROGRAM } from './domain/audit.ts'
import { type DriverAccounts, openDriverAccounts } from './app/driver-accounts.ts'
import { startMailer } from './app/mailer.ts'
import { startNotices } from './app/notices.ts'
import { buildApplication } from './application.ts'
import { authSecret } from './auth-secret.ts'
import { buildApi } from './http/api.ts'
import { createHttpServer } from './http/server.ts'
import { startServices } from './http/services.ts'
import { openMailTransport } from './mail-transport.ts'
import { openContext } from './open.ts'
import { assertDurable, isUnavailable } from './storage/database.ts'
import { migrate } from './storage/migrate.ts'
import { trustedProxies } from './web/kit/client-address.ts'
import { buildSite } from './web/site.ts'
import { greeting } from './greeting.ts'

/** How long requests under way may take to finish once the server is told to stop. */
const DRAIN_MS = 8_000
const DRAIN_POLL_MS = 50
const CONNECT_RETRY_MS = 500

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

type State = { isPrepared: boolean; isStopping: boolean; accounts: DriverAccounts | null }

/** Runs the server in its role. With a database server it listens at once, and is ready when that can be used. */
export async function serve({ config, log, say, onBroken, signal }: ServeOptions): Promise<Serving> {
  const opened = await openContext(config, log, {
    mayShare: false,
    actor: PROGRAM,
    onFirstStart: () => say(`Preparing a new database in ${config.dataDir}: this first start takes some seconds.`),
    onBroken,
  })
  const { context, forCallers } = opened
  const state: State = { isPrepared: false, isStopping: false, accounts: null }
  const workers: Worker[] = []
  let projector: Worker | null = null
  const http = config.role === 'project' ? null : startHttp(forCallers, config, state, () => projector?.nudge())
  try {
    const url = http === null ? null : await listen(http.server, config)
    await prepare(context, config, signal)
    const demoKey = context.isEmbedded && config.hasDemo ? await createDemo(context) : null
    state.accounts = openDriverAccounts(forCallers, await authSecret(context, config))
    const isDemo = demoKey !== null || (await hasDemo(context))
    state.isPrepared = true
    for (const line of greeting({ config, url, demoKey, isDemo, isEmbedded: context.isEmbedded })) say(line)
    if (config.role !== 'accept') {
      workers.push((projector = startProjector(context, http?.callers ?? (() => 0))))
      workers.push(startNotices(context), startMailer(context, await openMailTransport(config, say)))
    }
    workers.push(startMaintenance(context))
    return {
      url,
      async stop() {
        state.isStopping = true
        if (http !== null) await http.drain()
        for (const worker of workers) await worker.stop()
        await opened.close()
      },
    }
  } catch (error) {
    await http?.drain()
    await opened.close()
    throw error
  }
}

type Http = { server: Server; callers: () => number; drain(): Promise<void> }

function startHttp(context: Context, config: Config, state: State, onStored: () => void): Http {
  const ready = openReadiness(context)
  const { services, stop } = startServices(context, {
    onStored,
    isPrepared: () => state.isPrepared,
    async assertReady() {
      if (!state.isPrepared || state.isStopping) throw new Error('not ready yet, or stopping')
      await ready()
    },
  })
  const site = buildSite({
    context,
    get accounts() {
      return state.accounts!
    },
    isTrustedProxy: trustedProxies(config.trustedProxies),
    isPrepared: () => state.isPrepared,
  })
  const server = createHttpServer(buildApplication(buildApi(services), site), services)
  return {
    server,
    callers: () => services.underWay.count,
    async drain() {
      await drainServer(server)
      await stop()
    },
  }
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
