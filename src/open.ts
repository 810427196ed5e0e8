import { randomBytes, randomUUIDv7 } from 'node:crypto'
import type { Logger } from 'pino'
import type { Context } from './app/context.ts'
import { type Metrics, UNWATCHED } from './app/metrics.ts'
import type { Outgoing } from './app/outgoing.ts'
import type { Config } from './config.ts'
import type { Actor } from './domain/audit.ts'
import { instantOfEpochMilliseconds } from './domain/instant.ts'
import { lazily } from './domain/lazily.ts'
import { type DatabaseTarget, type OpenDatabase, openDatabase, type PoolUse } from './storage/database.ts'
import { type Embedded, openEmbedded } from './storage/embedded/embedded.ts'

/** A context on an open store; the one place where clock, randomness and database come together. */
export type OpenContext = {
  readonly context: Context
  /** The same for what answers requests, on connections of its own: what hangs in the background is not in its way. */
  readonly forCallers: Context
  close(): Promise<void>
}

export type OpenOptions = {
  /** Whether a running process's embedded engine will do: for commands. */
  readonly mayShare: boolean
  /** Who opens it. */
  readonly actor: Actor
  readonly onFirstStart: () => void
  readonly onBroken: (reason: string) => void
  /** Of a process that somebody watches over. */
  readonly metrics?: Metrics
}

/** What speaks TLS and looks names up is loaded when something is first posted: the program starts sooner without it. */
function outgoingWhenUsed(allowed: readonly string[]): Outgoing {
  const opened = lazily(async () => (await import('./outgoing.ts')).openOutgoing(allowed))
  return { mayBePlain: allowed.length > 0, post: async (message, signal) => (await opened()).post(message, signal) }
}

export async function openContext(config: Config, log: Logger, options: OpenOptions): Promise<OpenContext> {
  const embedded: Embedded | null =
    config.databaseUrl === undefined ? await openEmbedded({ dataDir: config.dataDir, ...options }) : null
  const target: DatabaseTarget = embedded === null ? { url: config.databaseUrl! } : { embeddedHost: embedded.host }
  const open = (use: PoolUse): OpenDatabase =>
    openDatabase(target, (error) => log.warn({ err: error }, 'an idle connection broke'), [], use)
  const database = open('work')
  // The embedded engine has one backend for everybody: more connections would not help.
  const ofCallers = embedded === null ? open('callers') : database
  const context: Context = {
    db: database.db,
    isEmbedded: database.isEmbedded,
    actor: options.actor,
    now: () => instantOfEpochMilliseconds(Date.now()),
    newId: () => randomUUIDv7(),
    randomBytes,
    log,
    metrics: options.metrics ?? UNWATCHED,
    limits: config.limits,
    outgoing: outgoingWhenUsed(config.webhookNetworks),
    timeZone: config.timeZone,
    publicUrl: config.publicUrl,
  }
  return {
    context,
    forCallers: { ...context, db: ofCallers.db },
    async close() {
      for (const one of new Set([ofCallers, database])) await one.close()
      await embedded?.close()
    },
  }
}
