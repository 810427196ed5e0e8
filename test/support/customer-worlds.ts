import type { Identity, World } from '../oracle/facts.ts'

/**
 * The facts of a world that are about one customer, for each of many: the oracle goes through all that it is given for
 * every answer.
 */
export function worldsOfCustomers(world: World): (customerNumber: string) => World {
  const links = Map.groupBy(world.links, (one) => one.customerNumber)
  const bindings = Map.groupBy(world.bindings, (one) => one.linkId)
  const consents = Map.groupBy(world.consents, (one) => one.linkId)
  const matches = Map.groupBy(world.matches, (one) => one.customerNumber)
  const policies = Map.groupBy(world.policies, (one) => one.customerNumber)
  const cancellations = Map.groupBy(world.cancellations, (one) => one.policyId)
  const reports = Map.groupBy(world.reports, keyOf)
  const annulments = Map.groupBy(world.annulments, keyOf)
  return (customerNumber) => {
    const own = links.get(customerNumber) ?? []
    const held = own.flatMap(({ id }) => bindings.get(id) ?? [])
    const keys = [
      ...world.workProviders.map(({ name }) =>
        keyOf({ workProvider: name, identity: { kind: 'customer_number', text: customerNumber } }),
      ),
      ...held.map(({ workProvider, userId }) => keyOf({ workProvider, identity: { kind: 'user_id', text: userId } })),
    ]
    const insured = policies.get(customerNumber) ?? []
    const of = <F>(facts: ReadonlyMap<string, F[]>): F[] => [...new Set(keys)].flatMap((key) => facts.get(key) ?? [])
    return {
      workProviders: world.workProviders,
      links: own,
      bindings: held,
      releases: world.releases.filter(({ bindingId }) => held.some(({ id }) => id === bindingId)),
      consents: own.flatMap(({ id }) => consents.get(id) ?? []),
      matches: matches.get(customerNumber) ?? [],
      policies: insured,
      cancellations: insured.flatMap(({ id }) => cancellations.get(id) ?? []),
      reports: of(reports),
      annulments: of(annulments),
    }
  }
}

/** Of whom a work provider told. */
function keyOf({ workProvider, identity }: { workProvider: string; identity: Identity }): string {
  return `${workProvider}/${identity.kind}/${identity.text}`
}
