import type { Instant } from './instant.ts'
import { isActiveAt, type LinkFacts } from './link.ts'
import { type Policy, policyAt } from './policy.ts'

/** Whether a work provider may give work to a customer: eligibility, not whether they are on shift. */
export type Status =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'disabled'; readonly customerNumber: string }
  | { readonly kind: 'enabled'; readonly customerNumber: string; readonly policy: Policy }

export type StatusFacts = LinkFacts & {
  readonly workProviderId: string
  readonly customerNumber: string
  readonly policies: readonly Policy[]
}

/** Someone unknown, not linked, or whose link is not active: the answer is the same for all of them. */
export function statusOf(facts: StatusFacts | null, now: Instant): Status {
  if (facts === null || !isActiveAt(facts, now)) return { kind: 'unknown' }
  const { customerNumber } = facts
  const policy = policyAt(facts.policies, facts.workProviderId, now)
  return policy === null ? { kind: 'disabled', customerNumber } : { kind: 'enabled', customerNumber, policy }
}
