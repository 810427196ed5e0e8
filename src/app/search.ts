import { type Identity, type IdentityName, identityKey } from '../domain/identity.ts'
import { EARLIEST_INSTANT, type Instant, MAX_AHEAD, plus } from '../domain/instant.ts'
import { FOREVER, later } from '../domain/interval.ts'
import { holding } from '../domain/link.ts'
import { type Wanted, wantedOf } from '../domain/search.ts'
import { timeOfUuid } from '../domain/uuid.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import { type BoundIdentity, bindingsOfIdentities, identityOf } from '../storage/bindings.ts'
import type { Database } from '../storage/database.ts'
import { readEventRanges } from '../storage/events.ts'
import { findLinks } from '../storage/links.ts'
import { findRefusal, type StoredRefusal } from '../storage/refusals.ts'
import {
  customerOfEmail,
  customersNumbered,
  customersOfEmailBeginning,
  customersOfNameBeginnings,
  customersOfVehicle,
  type FoundCustomer,
  knownIdentities,
  workProvidersOfRequest,
} from '../storage/search.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'

/** More than these are not looked at one by one: a longer text finds fewer. */
export const MAX_HITS = 50

/** By what a customer was found. `until`: when a work provider's id was released; null while it is held. */
export type Matched =
  | { readonly by: 'customer number' | 'e-mail address' | 'vehicle registration' | 'beginning of the e-mail address' }
  | { readonly by: 'name' }
  | { readonly by: 'user id'; readonly workProvider: string; readonly until: Instant | null }

export type Hit =
  | { readonly kind: 'customer'; readonly customer: FoundCustomer; readonly matched: readonly Matched[] }
  /** Events under an identity that nobody holds. */
  | { readonly kind: 'parked'; readonly workProvider: WorkProvider; readonly identity: IdentityName }
  | { readonly kind: 'request'; readonly requestId: string }

/** `isMore`: there are more than are listed. `only`: the one that the text names exactly, where it names one. */
export type Found = { readonly hits: readonly Hit[]; readonly isMore: boolean; readonly only: Hit | null }

type CustomerMatch = { readonly number: string; readonly matched: Matched }

/** Whom, or what, a text from the search box names. Each way to look is a statement or two, however many customers there are. */
export async function search(context: Context, text: string): Promise<Found> {
  const { db } = context
  const wanted = wantedOf(text)
  const providers = await listWorkProviders(db)
  const identities = await readIdentities(context, wanted, providers)
  const exact = [...(await namedExactly(db, wanted)), ...identities.holders]
  const others: Hit[] = [...identities.parked, ...(await findRequest(db, wanted, providers))]
  const hits = [...(await customerHits(db, exact)), ...others]
  if (hits.length === 1) return { hits, isMore: false, only: hits[0]! }
  const begun = await namedByBeginning(db, wanted)
  const all = [...(await customerHits(db, [...exact, ...begun])), ...others]
  return { hits: all.slice(0, MAX_HITS), isMore: all.length > MAX_HITS, only: null }
}

async function namedExactly(db: Database, wanted: Wanted): Promise<CustomerMatch[]> {
  const { customerNumber, email, registration } = wanted
  const byEmail = email === null ? null : await customerOfEmail(db, email)
  const byVehicle = registration === null ? [] : await customersOfVehicle(db, registration, MAX_HITS + 1)
  return [
    ...matches(customerNumber === null ? [] : [customerNumber], { by: 'customer number' }),
    ...matches(byEmail === null ? [] : [byEmail], { by: 'e-mail address' }),
    ...matches(byVehicle, { by: 'vehicle registration' }),
  ]
}

async function namedByBeginning(db: Database, wanted: Wanted): Promise<CustomerMatch[]> {
  const { nameBeginnings: words, emailBeginning } = wanted
  const names = words.length === 0 ? [] : await customersOfNameBeginnings(db, words, MAX_HITS + 1)
  const emails = emailBeginning === null ? [] : await customersOfEmailBeginning(db, emailBeginning, MAX_HITS + 1)
  return [...matches(names, { by: 'name' }), ...matches(emails, { by: 'beginning of the e-mail address' })]
}

function matches(numbers: readonly string[], matched: Matched): CustomerMatch[] {
  return numbers.map((number) => ({ number, matched }))
}

/** Each customer once, with all that matched, in the order in which they were found; numbers that nobody has left out. */
async function customerHits(db: Database, found: readonly CustomerMatch[]): Promise<Hit[]> {
  const byNumber = Map.groupBy(found, ({ number }) => number)
  const customers = found.length === 0 ? [] : await customersNumbered(db, [...byNumber.keys()])
  const known = new Map(customers.map((customer) => [customer.customerNumber, customer]))
  return [...byNumber].flatMap(([number, own]) => {
    const customer = known.get(number)
    return customer === undefined ? [] : [{ kind: 'customer', customer, matched: own.map((one) => one.matched) }]
  })
}

/** Who holds, or held, a text as an id at any work provider; and where it was reported and nobody holds it. */
async function readIdentities(
  context: Context,
  wanted: Wanted,
  providers: readonly WorkProvider[],
): Promise<{ holders: CustomerMatch[]; parked: Hit[] }> {
  const { db } = context
  const names: IdentityName[] = [
    ...(wanted.userId === null ? [] : [{ kind: 'user_id', text: wanted.userId } as const]),
    ...(wanted.customerNumber === null ? [] : [{ kind: 'customer_number', text: wanted.customerNumber } as const]),
  ]
  const asked = names.flatMap((name) => providers.map(({ id }): Identity => ({ ...name, workProviderId: id })))
  const known = asked.length === 0 ? [] : await knownIdentities(db, asked)
  if (known.length === 0) return { holders: [], parked: [] }
  const bindings = await bindingsOfIdentities(db, known)
  const byId = new Map(providers.map((one) => [one.id, one]))
  const userIds = bindings.filter((binding) => binding.identity.kind === 'user_id')
  const links = new Map((await findLinks(db, linkIdsOf(userIds))).map((link) => [link.id, link]))
  const holders = userIds.map((binding) => ({
    number: links.get(binding.linkId)!.customerNumber,
    matched: {
      by: 'user id',
      workProvider: byId.get(binding.workProviderId)!.name,
      until: binding.release === null ? null : holding(binding).to,
    } satisfies Matched,
  }))
  const parked = await parkedOf(db, known, bindings, context.now())
  return {
    holders,
    parked: parked.map((identity) => ({
      kind: 'parked',
      workProvider: byId.get(identity.workProviderId)!,
      identity: { kind: identity.kind, text: identity.text },
    })),
  }
}

function linkIdsOf(bindings: readonly BoundIdentity[]): number[] {
  return [...new Set(bindings.map((binding) => binding.linkId))]
}

/** Those of some identities that have events that nobody holds. */
async function parkedOf(
  db: Database,
  identities: readonly Identity[],
  bindings: readonly BoundIdentity[],
  now: Instant,
): Promise<Identity[]> {
  const byIdentity = Map.groupBy(bindings, (binding) => identityKey(identityOf(binding)))
  const ranges = identities.flatMap((identity) => {
    const ends = (byIdentity.get(identityKey(identity)) ?? []).map((binding) => holding(binding).to)
    const from = ends.reduce(later, EARLIEST_INSTANT)
    return from === FOREVER ? [] : [{ identity, from, to: plus(now, 2 * MAX_AHEAD), limit: 1 }]
  })
  const events = await readEventRanges(db, ranges)
  return [...new Set(events.map((event) => ranges[event.range]!.identity))]
}

async function findRequest(db: Database, { requestId }: Wanted, providers: readonly WorkProvider[]): Promise<Hit[]> {
  const sentAt = requestId === null ? null : timeOfUuid(requestId)
  if (requestId === null || sentAt === null) return []
  const workProviderIds = providers.map((one) => one.id)
  const taken = await workProvidersOfRequest(db, { workProviderIds, requestId, sentAt })
  const isKnown = taken.length > 0 || isOfOne(await findRefusal(db, requestId), workProviderIds)
  return isKnown ? [{ kind: 'request', requestId }] : []
}

/** Whether a refusal is one that staff see: of a work provider, or of nobody with a live key; of no test twin. */
function isOfOne(refusal: StoredRefusal | null, workProviderIds: readonly string[]): boolean {
  return refusal !== null && (refusal.workProviderId === null || workProviderIds.includes(refusal.workProviderId))
}
