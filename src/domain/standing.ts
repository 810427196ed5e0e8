import type { CustomerRecord, StreamRecord } from './customer-record.ts'
import { deriveFromFacts } from './customer-record.ts'
import type { Instant } from './instant.ts'
import { contains } from './interval.ts'
import { activeIntervals } from './link.ts'
import { type Policy, policyAt } from './policy.ts'
import type { Shift } from './shift-engine.ts'

/** What decides a customer's cover at one work provider at an instant. Covered is who has all three. */
export type Standing = {
  readonly stream: StreamRecord
  /** The shift that the instant is in. */
  readonly shift: Shift | null
  /** All shifts of the stream, for what came before. */
  readonly shifts: readonly Shift[]
  /** From when the link has been active; null when it is not. */
  readonly activeSince: Instant | null
  readonly policy: Policy | null
}

export function standingAt(stream: StreamRecord, policies: readonly Policy[], at: Instant): Standing {
  const { shifts } = deriveFromFacts(stream)
  return {
    stream,
    shift: shifts.find((one) => one.startedAt <= at && at < (one.endedAt ?? one.capAt)) ?? null,
    shifts,
    activeSince: activeIntervals(stream).find((interval) => contains(interval, at))?.from ?? null,
    policy: policyAt(policies, stream.workProviderId, at),
  }
}

export function standingsAt(record: CustomerRecord, at: Instant): Standing[] {
  return record.streams.map((stream) => standingAt(stream, record.policies, at))
}

export type Covered = Standing & { readonly shift: Shift; readonly activeSince: Instant; readonly policy: Policy }

export function isCovered(standing: Standing): standing is Covered {
  return standing.shift !== null && standing.activeSince !== null && standing.policy !== null
}
