import type { Instant } from './instant.ts'
import { contains, earlier, FOREVER, type Interval, later } from './interval.ts'

/** What is insured. `vehicleRegistration` only where it names a vehicle, `workProviderId` only where it is good for one. */
export type Policy = {
  readonly id: string
  readonly classOfUse: string
  readonly coverLevel: string
  readonly vehicleRegistration: string | null
  readonly workProviderId: string | null
  readonly validFrom: Instant
  readonly validTo: Instant | null
  readonly recordedAt: Instant
  readonly cancellations: readonly Cancellation[]
}

export type Cancellation = { readonly effectiveAt: Instant; readonly recordedAt: Instant }

export function validity(policy: Policy): Interval {
  const ends = policy.cancellations.map((cancellation) => cancellation.effectiveAt)
  const to = ends.reduce(earlier, policy.validTo ?? FOREVER)
  return { from: policy.validFrom, to: later(to, policy.validFrom) }
}

export function isGoodFor(policy: Policy, workProviderId: string): boolean {
  return policy.workProviderId === null || policy.workProviderId === workProviderId
}

/** The policy that counts for a work provider at an instant: of several valid ones, the one that started last. */
export function policyAt(policies: readonly Policy[], workProviderId: string, at: Instant): Policy | null {
  const valid = policies.filter((policy) => isGoodFor(policy, workProviderId) && contains(validity(policy), at))
  return valid.sort((a, b) => a.validFrom - b.validFrom || a.recordedAt - b.recordedAt).at(-1) ?? null
}
