import type { Logger } from 'pino'
import type { Actor } from '../domain/audit.ts'
import type { Limits } from '../domain/limits.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from '../storage/database.ts'
import type { Metrics } from './metrics.ts'
import type { Outgoing } from './outgoing.ts'

/** What every use case is given first; made once, in `main.ts`. */
export type Context = {
  readonly db: Database
  readonly isEmbedded: boolean
  /** On whose behalf things are done: what the audit log says. */
  readonly actor: Actor
  /** The process's clock. Facts take the database's; this one judges what clients send. */
  readonly now: () => Instant
  /** A new UUID of version 7. */
  readonly newId: () => string
  readonly randomBytes: (count: number) => Buffer
  readonly log: Logger
  readonly metrics: Metrics
  readonly limits: Limits
  /** What posts to other people's servers. */
  readonly outgoing: Outgoing
  readonly timeZone: string
  /** How people reach the site, without a slash at the end: what links in mails begin with. */
  readonly publicUrl: string
}
