import type { Instant } from './instant.ts'
import { BEGINNING, contains, FOREVER, type Interval, later } from './interval.ts'
import type { IdentityName } from './identity.ts'
import type { CameBy } from './link-intent.ts'
import { requirementChanges, type LinkRequirement, type Setting } from './work-provider.ts'

/** The tie of a customer to a work provider. */
export type Link = {
  readonly id: number
  readonly workProviderId: string
  readonly customerNumber: string
  readonly recordedAt: Instant
}

/** The customer's permission on a link, given or withdrawn from `effectiveAt` on. `signed`: given through a signed link. */
export type Consent = {
  readonly seq: number
  readonly given: boolean
  readonly signed: boolean
  readonly effectiveAt: Instant
  readonly recordedAt: Instant
}

/** How a consent, or its end, came to be: recorded by staff, by what led to the question, or by a link in a mail. */
export type ConsentCameBy = 'staff' | CameBy | 'mail'

/** The work provider's word on a customer. It holds from when it was received. */
export type Match = { readonly requestId: string; readonly success: boolean; readonly receivedAt: Instant }

/** An identity held by a link: from where the holder before it ended (null: ever since) until it was released. */
export type Binding = {
  readonly id: number
  readonly linkId: number
  readonly identity: IdentityName
  readonly heldFrom: Instant | null
  readonly recordedAt: Instant
  readonly release: { readonly effectiveAt: Instant; readonly recordedAt: Instant } | null
}

/** What decides whether and when a link is active. */
export type LinkFacts = {
  readonly consents: readonly Consent[]
  readonly matches: readonly Match[]
  readonly settings: readonly Setting[]
}

/** The times of an identity's events that belong to a binding. */
export function holding(binding: Binding): Interval {
  const from = binding.heldFrom ?? BEGINNING
  return { from, to: binding.release === null ? FOREVER : later(binding.release.effectiveAt, from) }
}

/**
 * When a link is active: in each period of consent, from the first instant at which what the work provider then
 * requires is met, until the consent ends. A stricter requirement later does not end what is active.
 */
export function activeIntervals(facts: LinkFacts): Interval[] {
  return consentPeriods(facts.consents).flatMap((period) => {
    const from = requirementMetFrom(facts, period)
    return from === null ? [] : [{ from, to: period.to }]
  })
}

export function isActiveAt(facts: LinkFacts, at: Instant): boolean {
  return activeIntervals(facts).some((interval) => contains(interval, at))
}

export function consentPeriods(consents: readonly Consent[]): Interval[] {
  const periods: Interval[] = []
  let since: Instant | null = null
  for (const consent of inOrder(consents)) {
    if (consent.given) since ??= consent.effectiveAt
    else if (since !== null) {
      periods.push({ from: since, to: consent.effectiveAt })
      since = null
    }
  }
  if (since !== null) periods.push({ from: since, to: FOREVER })
  return periods
}

/** The last consent fact that is in effect at an instant: given, withdrawn, or none. */
export function consentAt(consents: readonly Consent[], at: Instant): Consent | null {
  return inOrder(consents).findLast((consent) => consent.effectiveAt <= at) ?? null
}

/** From when withdrawals have to hold so that none is given any more: from now, where one is, and from where one begins later. */
export function withdrawalsAt(consents: readonly Consent[], at: Instant): Instant[] {
  const later = inOrder(consents).filter(({ given, effectiveAt }) => given && effectiveAt > at)
  const isGiven = consentAt(consents, at)?.given ?? false
  return [...(isGiven ? [at] : []), ...later.map(({ effectiveAt }) => effectiveAt)]
}

/** By when they take effect; of several at one instant only the last one said counts. */
function inOrder(consents: readonly Consent[]): Consent[] {
  const sorted = [...consents].sort((a, b) => a.effectiveAt - b.effectiveAt || a.seq - b.seq)
  return sorted.filter((consent, index) => sorted[index + 1]?.effectiveAt !== consent.effectiveAt)
}

function requirementMetFrom(facts: LinkFacts, period: Interval): Instant | null {
  const changes = requirementChanges(facts.settings)
  const stretches = [{ from: BEGINNING, requirement: 'nothing' as LinkRequirement }, ...changes]
  for (const [index, stretch] of stretches.entries()) {
    const stretchEnd = stretches[index + 1]?.from ?? FOREVER
    const from = later(later(period.from, stretch.from), metFrom(facts, stretch.requirement))
    if (from < stretchEnd && from < period.to) return from
  }
  return null
}

/** The instant from which a requirement is met for good; `FOREVER` when it never was. */
function metFrom(facts: LinkFacts, requirement: LinkRequirement): Instant {
  if (requirement === 'nothing') return BEGINNING
  const proofs =
    requirement === 'match'
      ? facts.matches.filter((match) => match.success).map((match) => match.receivedAt)
      : facts.consents.filter((consent) => consent.given && consent.signed).map((consent) => consent.effectiveAt)
  return proofs.length === 0 ? FOREVER : (Math.min(...proofs) as Instant)
}
