import type { ErrorName } from '../domain/errors.ts'
import type { DeprecatedField } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'

/**
 * `again`: it did not arrive, and is tried once more; `failed`: that was the last time. `dropped`: the receiver wants no more.
 */
export const WEBHOOK_OUTCOMES = ['delivered', 'again', 'failed', 'dropped'] as const
export type WebhookOutcome = (typeof WEBHOOK_OUTCOMES)[number]

/** What this process does, for those who watch over it; since it started. */
export type Metrics = {
  /** A request was answered. `route`: the pattern of its path, so that there are few; empty where there is nothing. */
  answered(request: AnsweredRequest): void
  /** Reports are on disk, by one commit. */
  stored(reports: number, seconds: number): void
  /** One turn of the projector took these out of the inbox; `lagSeconds` after the first of them was received. */
  derived(reports: number, lagSeconds: number): void
  refused(error: ErrorName): void
  /** A webhook was tried. */
  delivered(outcome: WebhookOutcome): void
  usedDeprecated(workProviderId: string, field: DeprecatedField): void
  /** All of it and what is read when it is asked for, in Prometheus' text format. */
  tell(figures: WatchedFigures): Promise<string>
  readonly contentType: string
}

export type AnsweredRequest = {
  readonly method: string
  readonly route: string
  readonly status: number
  readonly seconds: number
}

/** How things stand at this moment. */
export type WatchedFigures = {
  /** Reports and their bytes that wait for the disk in this process. */
  readonly queue: { readonly events: number; readonly bytes: number }
  readonly underWay: number
  /** Of the whole store, whichever process answers; null: the database does not. */
  readonly store: WatchedStore | null
}

export type WatchedStore = {
  readonly at: Instant
  /** Reports that are not derived yet; counted up to some thousands. */
  readonly waiting: number
  readonly oldestAt: Instant | null
  readonly workProviders: readonly WatchedWorkProvider[]
  /** Webhooks that wait to be brought, counted up to some thousands, and since when the first was due. */
  readonly webhooks: { readonly waiting: number; readonly oldestDueAt: Instant | null }
}

export type WatchedWorkProvider = {
  readonly id: string
  readonly name: string
  /** Null: it never reported. */
  readonly lastReportAt: Instant | null
}

/** Of a process that nobody watches over: a command. */
export const UNWATCHED: Metrics = {
  answered: () => {},
  stored: () => {},
  derived: () => {},
  refused: () => {},
  delivered: () => {},
  usedDeprecated: () => {},
  tell: () => Promise.resolve(''),
  contentType: 'text/plain',
}
