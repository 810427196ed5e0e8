import type { IdentityKind } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { type IdentityPlace, type MatchCase, matchCases, parkedIdentities } from '../storage/reconciliation.ts'
import { openConflicts } from '../storage/link-conflicts.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { settle } from './settle.ts'

/** Something that staff have to look at. */
export type Case = { readonly workProvider: string; readonly since: Instant } & (
  | {
      readonly kind: 'parked'
      readonly identityKind: IdentityKind
      readonly identity: string
      readonly events: number
      readonly firstAt: Instant
      readonly lastAt: Instant
    }
  | { readonly kind: MatchCase['kind']; readonly customerNumber: string }
  /** A customer claims a user id that another customer holds. */
  | { readonly kind: 'conflicting claim'; readonly customerNumber: string; readonly identity: string }
)

const IDENTITIES_A_PIECE = 500

/** The work list: parked persons, failed and unknown matches, matches that wait for a consent, conflicting claims. */
export async function* reconciliation(context: Context): AsyncGenerator<Case[]> {
  await settle(context)
  const names = new Map((await listWorkProviders(context.db)).map((one) => [one.id, one.name]))
  yield (await matchCases(context.db)).map(({ workProviderId, ...one }) => ({
    ...one,
    workProvider: names.get(workProviderId)!,
  }))
  yield (await openConflicts(context.db)).map(({ workProviderId, customerNumber, userId, since }) => ({
    kind: 'conflicting claim' as const,
    workProvider: names.get(workProviderId)!,
    customerNumber,
    identity: userId,
    since,
  }))
  let after: IdentityPlace | null = null
  do {
    const piece = await parkedIdentities(context.db, after, IDENTITIES_A_PIECE)
    yield piece.parked.map(({ workProviderId, kind, ...one }) => ({
      ...one,
      kind: 'parked' as const,
      identityKind: kind,
      workProvider: names.get(workProviderId)!,
    }))
    after = piece.last
  } while (after !== null)
}
