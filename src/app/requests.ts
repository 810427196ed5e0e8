import type { Identity } from '../domain/identity.ts'
import { type Instant, instantOfEpochMilliseconds } from '../domain/instant.ts'
import { isActiveAt } from '../domain/link.ts'
import { type ItemOutcome, type MatchOutcome, outcomeOf, type VisibleStream } from '../domain/request-outcome.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { statusOf } from '../domain/status.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { type Database, databaseNow, inSnapshot } from '../storage/database.ts'
import { findLinks } from '../storage/links.ts'
import { findMatch } from '../storage/matches.ts'
import { readRequestItems, type RequestItem } from '../storage/reports.ts'
import { derivedAround } from '../storage/shifts.ts'
import { readStatuses } from '../storage/status.ts'
import type { Context } from './context.ts'
import { holdersOf } from './holders.ts'
import { loadLinkFacts } from './link-facts.ts'

export type ReportedItem = ItemOutcome & {
  readonly index: number
  readonly kind: EventKind
  readonly at: Instant
  /** The request that told the same before, if this was not the first; it may be this very one. */
  readonly duplicateOf: string | null
}

export type RequestAnswer = { readonly id: string; readonly receivedAt: Instant } & (
  | { readonly items: readonly ReportedItem[]; readonly nextItem: number | null }
  | { readonly match: { readonly success: boolean; readonly outcome: MatchOutcome } }
)

/** What became of a request, worked out now; null for one that is not this work provider's, or is none at all. */
export async function readRequest(
  context: Context,
  workProviderId: string,
  requestId: string,
  fromItem: number,
): Promise<RequestAnswer | null> {
  const sentAt = timeOfUuid(requestId)
  if (sentAt === null) return null
  return inSnapshot(context.db, async (db) => {
    const now = await databaseNow(db)
    const asked = { workProviderId, requestId, sentAt, fromItem, limit: context.limits.pageItems + 1 }
    const rows = await readRequestItems(db, asked)
    if (rows.length === 0) return readMatch(db, workProviderId, requestId)
    const page = rows.slice(0, context.limits.pageItems)
    const streams = await visibleStreams(db, workProviderId, page, now)
    const items = page.map((row, index) => ({
      index: row.item,
      kind: row.kind,
      at: row.at,
      ...outcomeOf(row, streams[index]!, now),
      duplicateOf: duplicateOf(row, requestId),
    }))
    return {
      id: requestId,
      receivedAt: page[0]!.receivedAt,
      items,
      nextItem: rows[context.limits.pageItems]?.item ?? null,
    }
  })
}

/**
 * For each item, the stored result around it of the stream that it belongs to; null when nobody holds the identity then,
 * or when the holder's link is not active: this answer must tell no more than status does.
 */
async function visibleStreams(
  db: Database,
  workProviderId: string,
  items: readonly RequestItem[],
  now: Instant,
): Promise<VisibleStream[]> {
  const identities = items.map((item): Identity => ({ workProviderId, kind: item.identityKind, text: item.identity }))
  const told = items.map((item, index) => ({ identity: identities[index]!, at: item.at }))
  const holders = holdersOf(told, await bindingsOfIdentities(db, identities))
  const active = await activeLinks(db, new Set(holders.flatMap((holder) => holder?.linkId ?? [])), now)
  const around = await derivedAround(
    db,
    items.map((item, index) => ({ linkId: holders[index]?.linkId ?? 0, at: item.at })),
  )
  return items.map((_, index) => {
    const holder = holders[index]!
    return holder !== null && active.has(holder.linkId) ? { derived: around[index]! } : null
  })
}

/** Those of some links that are active at an instant. */
async function activeLinks(db: Database, linkIds: ReadonlySet<number>, now: Instant): Promise<Set<number>> {
  const facts = await loadLinkFacts(db, await findLinks(db, [...linkIds]))
  return new Set([...linkIds].filter((id) => isActiveAt(facts.get(id)!, now)))
}

function duplicateOf(row: RequestItem, requestId: string): string | null {
  if (row.firstRequestId === null) return null
  return row.firstRequestId === requestId && row.firstItem === row.item ? null : row.firstRequestId
}

async function readMatch(db: Database, workProviderId: string, requestId: string): Promise<RequestAnswer | null> {
  const match = await findMatch(db, workProviderId, requestId)
  if (match === null) return null
  const [reading] = await readStatuses(db, [{ workProviderId, kind: 'customer_number', text: match.customerNumber }])
  const isActive = statusOf(reading!.facts, reading!.now).kind !== 'unknown'
  const outcome = !match.success ? 'failed' : isActive ? 'matched' : 'parked'
  return { id: requestId, receivedAt: match.receivedAt, match: { success: match.success, outcome } }
}

/** The milliseconds that a UUID of version 7 begins with; null for any other text. */
function timeOfUuid(id: string): Instant | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return instantOfEpochMilliseconds(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}
