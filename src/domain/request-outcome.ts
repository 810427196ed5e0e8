import type { Instant } from './instant.ts'
import type { EventKind } from './shift-event.ts'
import { type Derived, type ShiftAt, shiftAt } from './shift-engine.ts'

export const OUTCOMES = ['pending', 'parked', 'opened', 'closed', 'repeat', 'orphan', 'empty'] as const
/** What became of one item of a request, as it stands now. */
export type Outcome = (typeof OUTCOMES)[number]

export const MATCH_OUTCOMES = ['matched', 'parked', 'failed'] as const
/** What a work provider's word that it recognises a customer, or does not, came to. */
export type MatchOutcome = (typeof MATCH_OUTCOMES)[number]

export type ItemFacts = {
  readonly kind: EventKind
  readonly at: Instant
  /** Not projected yet. */
  readonly isWaiting: boolean
  readonly isAnnulled: boolean
}

/** What the work provider may see of the person: null for one that status does not know either. */
export type VisibleStream = { readonly derived: Derived } | null

export type ItemOutcome = { readonly outcome: Outcome; readonly shift: ShiftAt | null }

/** A report ahead of the clock is pending: an answer at an instant uses nothing told of later ones. */
export function outcomeOf(item: ItemFacts, stream: VisibleStream, now: Instant): ItemOutcome {
  if (item.isWaiting) return { outcome: 'pending', shift: null }
  if (stream === null) return { outcome: 'parked', shift: null }
  if (item.at > now) return { outcome: 'pending', shift: null }
  const ignored = { outcome: item.kind === 'login' ? 'repeat' : 'orphan', shift: null } as const
  if (item.isAnnulled) return ignored
  const { shifts, anomalies } = stream.derived
  const shift = shifts.find((one) => (item.kind === 'login' ? one.startedAt === item.at : one.endedAt === item.at))
  if (shift !== undefined) {
    return { outcome: item.kind === 'login' ? 'opened' : 'closed', shift: shiftAt(shift, now) }
  }
  const anomaly = anomalies.find((one) => one.at === item.at)
  return anomaly === undefined ? { outcome: 'pending', shift: null } : { outcome: anomaly.kind, shift: null }
}
