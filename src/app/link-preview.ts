import type { LinkIntent } from '../domain/link-intent.ts'
import { contains } from '../domain/interval.ts'
import { type Binding, consentAt, holding, isActiveAt } from '../domain/link.ts'
import { policyAt } from '../domain/policy.ts'
import { hasFeed, type LinkRequirement, requirementChanges } from '../domain/work-provider.ts'
import { bindingsOfLinks } from '../storage/bindings.ts'
import type { StoredCustomer } from '../storage/customers.ts'
import { databaseNow, inSnapshot } from '../storage/database.ts'
import { findLink } from '../storage/links.ts'
import { isRecognised } from '../storage/matches.ts'
import { policiesOf } from '../storage/policies.ts'
import { settingsOf } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadLinkFacts } from './link-facts.ts'

/** What a customer has to know of a link, before and after agreeing. */
export type LinkPreview = {
  /** What the work provider requires besides consent now. */
  readonly requirement: LinkRequirement
  /** Whether that is met for good, or would be by agreeing to this intent. */
  readonly isRequirementMet: boolean
  /** Whether the customer shares with the work provider now. */
  readonly isSharing: boolean
  readonly isActive: boolean
  /** Nothing is left to agree to: the link is active, and holds the id that the intent names. */
  readonly isLinkedAlready: boolean
  /** Whether the customer is asked to let the work provider know how to reach them: it has no id for them yet. */
  readonly asksContact: boolean
  /** Whether a policy is valid for the work provider now. */
  readonly hasPolicy: boolean
}

export function linkPreview(context: Context, customer: StoredCustomer, intent: LinkIntent): Promise<LinkPreview> {
  const { workProviderId } = intent
  const { customerNumber } = customer
  return inSnapshot(context.db, async (db) => {
    const now = await databaseNow(db)
    const settings = (await settingsOf(db, [workProviderId])).get(workProviderId)!
    const link = await findLink(db, workProviderId, customerNumber)
    const facts = link === null ? null : (await loadLinkFacts(db, [link])).get(link.id)!
    const policies = (await policiesOf(db, [customerNumber])).get(customerNumber)!
    const isActive = facts !== null && isActiveAt(facts, now)
    const ids = link === null ? [] : await bindingsOfLinks(db, [link.id])
    const isBound = ids.some((binding) => isUserId(binding, intent.userId) && contains(holding(binding), now))
    const requirement = requirementChanges(settings).findLast((change) => change.from <= now)?.requirement ?? 'nothing'
    const isMatched = await isRecognised(db, { workProviderId, customerNumber })
    const isSigned = facts?.consents.some((consent) => consent.given && consent.signed) ?? false
    return {
      requirement,
      isRequirementMet:
        requirement === 'nothing' ||
        (requirement === 'match' ? isMatched : isSigned || intent.cameBy === 'signed link'),
      isSharing: facts !== null && (consentAt(facts.consents, now)?.given ?? false),
      isActive,
      isLinkedAlready: isActive && (intent.userId === null || isBound),
      asksContact: hasFeed(settings) && intent.userId === null && !ids.some(isHeldUserId),
      hasPolicy: policyAt(policies, workProviderId, now) !== null,
    }
  })
}

function isHeldUserId({ identity, release }: Binding): boolean {
  return identity.kind === 'user_id' && release === null
}

function isUserId({ identity }: Binding, userId: string | null): boolean {
  return identity.kind === 'user_id' && identity.text === userId
}
