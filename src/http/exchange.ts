import type { IncomingMessage } from 'node:http'
import type { Acceptor } from '../app/accept.ts'
import type { Caller, KeyRing } from '../app/api-keys.ts'
import type { StatusDesk } from '../app/answer-status.ts'
import type { ApiUseLog } from '../app/api-use.ts'
import type { Context } from '../app/context.ts'
import type { RefusalLog } from '../app/refusals.ts'
import type { ValidationDesk } from '../app/validate.ts'
import type { RateLimiter } from './rate-limit.ts'
import type { Reply, ReplyContext } from './replies.ts'

/** What the resources of the API work with. */
export type Services = {
  readonly context: Context
  readonly keyRing: KeyRing
  readonly acceptor: Acceptor
  readonly statusDesk: StatusDesk
  readonly validationDesk: ValidationDesk
  readonly refusals: RefusalLog
  readonly apiUse: ApiUseLog
  readonly rates: RateLimiter
  /** How many requests are being answered. */
  readonly underWay: { count: number }
  /** Whether the database was checked and migrated: before, nothing is promised on it. */
  readonly isPrepared: () => boolean
  /** Throws unless the database can be used. */
  readonly assertReady: () => Promise<void>
}

/** One request under way. */
export type Exchange = ReplyContext & {
  readonly services: Services
  readonly incoming: IncomingMessage
  /** The path as it was sent, without its trailing slash, and the query without its question mark. */
  readonly path: string
  readonly query: string
  /** Who asks; null where no key is asked for, and until it is known. */
  caller: Caller | null
}

/** One whose caller is known. */
export type KnownExchange = Exchange & { readonly caller: Caller }

/** A resource answers, or throws a `Refusal`. */
export type Resource = (exchange: KnownExchange) => Promise<Reply>
