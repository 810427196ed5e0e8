import { type Identity } from '../domain/identity.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import { timeOfUuid } from '../domain/uuid.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { findLinks } from '../storage/links.ts'
import { findMatches } from '../storage/matches.ts'
import { findRefusal, type StoredRefusal } from '../storage/refusals.ts'
import { readRequestItems } from '../storage/reports.ts'
import { workProvidersOfRequest } from '../storage/search.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { holdersOf } from './holders.ts'
import { readRequest, type RequestAnswer } from './requests.ts'

/** Of whom an item speaks, and which customer it belongs to; null while it is parked. */
export type TracedItem = { readonly identity: Identity; readonly customerNumber: string | null }

export type RequestTrace =
  | {
      readonly kind: 'taken'
      readonly workProvider: WorkProvider
      /** What the work provider is told of it. */
      readonly answer: RequestAnswer
      /** One for each item of the answer. */
      readonly items: readonly TracedItem[]
      /** Of a match, the number that it is about. */
      readonly customerNumber: string | null
    }
  | { readonly kind: 'refused'; readonly workProvider: WorkProvider | null; readonly refusal: StoredRefusal }

/** What became of a request of any work provider but test twins, and whose it is; null for an id of none. */
export async function traceRequest(context: Context, id: string, fromItem: number): Promise<RequestTrace | null> {
  const sentAt = timeOfUuid(id)
  if (sentAt === null) return null
  const { db } = context
  const providers = await listWorkProviders(db)
  const workProviderIds = providers.map((one) => one.id)
  const [taken] = await workProvidersOfRequest(db, { workProviderIds, requestId: id, sentAt })
  if (taken === undefined) {
    const refusal = await findRefusal(db, id)
    const workProvider = providers.find((one) => one.id === refusal?.workProviderId) ?? null
    if (refusal === null || (refusal.workProviderId !== null && workProvider === null)) return null
    return { kind: 'refused', workProvider, refusal }
  }
  const answer = await readRequest(context, taken, id, fromItem)
  if (answer === null) return null
  const rows =
    'match' in answer
      ? []
      : await readRequestItems(db, {
          workProviderId: taken,
          requestId: id,
          sentAt,
          fromItem,
          limit: answer.items.length,
        })
  const told = rows.map((row) => ({
    at: row.at,
    identity: { workProviderId: taken, kind: row.identityKind, text: row.identity },
  }))
  const holders = holdersOf(
    told,
    await bindingsOfIdentities(
      db,
      told.map((one) => one.identity),
    ),
  )
  const links = await findLinks(db, [...new Set(holders.flatMap((holder) => holder?.linkId ?? []))])
  const numbers = new Map(links.map((link) => [link.id, link.customerNumber]))
  return {
    kind: 'taken',
    workProvider: providers.find((one) => one.id === taken)!,
    answer,
    items: told.map(({ identity }, index) => {
      const holder = holders[index] ?? null
      return { identity, customerNumber: holder === null ? null : (numbers.get(holder.linkId) ?? null) }
    }),
    customerNumber: 'match' in answer ? ((await findMatches(db, taken, [id]))[0]?.customerNumber ?? null) : null,
  }
}
