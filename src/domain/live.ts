import type { IdentityKind } from './identity.ts'
import { type Instant, MICROSECONDS_PER_MINUTE, MICROSECONDS_PER_SECOND } from './instant.ts'
import type { EventKind } from './shift-event.ts'

/** What the live page shows: read once for all who watch. */
export type LiveSnapshot = LiveFigures & {
  /** Null until everybody on shift was counted for the first time. */
  readonly shifts: ShiftCount | null
}

export type LiveFigures = {
  readonly at: Instant
  readonly inbox: InboxFigures
  readonly rate: Rate
  /** The newest first. */
  readonly received: readonly ReceivedReport[]
  readonly refusals: RefusalFigures
}

/** Everybody on shift at an instant: a person once for each work provider that has them on shift. */
export type ShiftCount = {
  readonly at: Instant
  readonly onShift: number
  readonly covered: number
  /** Some of those without cover. */
  readonly uncovered: readonly Uncovered[]
  /** Not when there were more than are ever counted. */
  readonly isAll: boolean
}

/** Somebody who is on shift without cover, and what is lacking, as `explainCover` says it. */
export type Uncovered = {
  readonly customerNumber: string
  readonly workProvider: string
  readonly startedAt: Instant
  readonly why: string
}

/** Reports that are accepted and not derived yet. */
export type InboxFigures = { readonly waiting: number; readonly isMore: boolean; readonly oldestAt: Instant | null }

export type ReceivedReport = {
  readonly workProvider: string
  readonly identityKind: IdentityKind
  readonly identity: string
  /** Whose the identity is, or was last; null when it is bound to nobody. */
  readonly customerNumber: string | null
  readonly kind: EventKind
  readonly at: Instant
  readonly receivedAt: Instant
}

export type RefusalFigures = {
  readonly lastHour: number
  /** Whether some of the last hour were forgotten already: only so many are kept of each work provider. */
  readonly isMore: boolean
  /** By error, of the day (UTC). */
  readonly today: readonly { readonly error: string; readonly refusals: number }[]
}

/** The reports of a work provider in the last minute; of many (`isCut`) the newest alone. */
export type Received = { readonly reports: number; readonly oldestAt: Instant; readonly isCut: boolean }

/** Reports a second. `isEstimate`: of some only the newest were counted. */
export type Rate = { readonly perSecond: number; readonly isEstimate: boolean }

export function rateOf(received: readonly Received[], now: Instant): Rate {
  const perMicrosecond = received.map(({ reports, oldestAt, isCut }) => {
    const span = isCut ? Math.max(now - oldestAt, MICROSECONDS_PER_SECOND) : MICROSECONDS_PER_MINUTE
    return reports / span
  })
  return {
    perSecond: perMicrosecond.reduce((sum, one) => sum + one, 0) * MICROSECONDS_PER_SECOND,
    isEstimate: received.some(({ isCut }) => isCut),
  }
}

/** How samples follow each other. */
export type Pace = {
  /** At the least so long from the end of one to the beginning of the next. */
  readonly restMs: number
  /** The most of the time that sampling may take: what costs more is done less often. */
  readonly share: number
}

export function restAfter(costMs: number, { restMs, share }: Pace): number {
  return Math.max(restMs, Math.ceil(costMs / share - costMs))
}
