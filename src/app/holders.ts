import { type Identity, identityKey } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { contains } from '../domain/interval.ts'
import { holding } from '../domain/link.ts'
import { type BoundIdentity, identityOf } from '../storage/bindings.ts'

/** For each thing told of an identity at an instant, the binding that holds the identity then; null for nobody. */
export function holdersOf(
  told: readonly { readonly identity: Identity; readonly at: Instant }[],
  bindings: readonly BoundIdentity[],
): (BoundIdentity | null)[] {
  const byIdentity = Map.groupBy(bindings, (binding) => identityKey(identityOf(binding)))
  return told.map(({ identity, at }) => {
    const ofIdentity = byIdentity.get(identityKey(identity)) ?? []
    return ofIdentity.find((binding) => contains(holding(binding), at)) ?? null
  })
}
