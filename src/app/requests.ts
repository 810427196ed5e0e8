import type { Instant } from '../domain/instant.ts'
import type { ItemOutcome, MatchOutcome } from '../domain/request-outcome.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { timeOfUuid } from '../domain/uuid.ts'
import { type Database, databaseNow, inSnapshot } from '../storage/database.ts'
import { findMatches } from '../storage/matches.ts'
import { isFirst, readRequestItems, type RequestItem } from '../storage/reports.ts'
import type { Context } from './context.ts'
import { matchOutcomesOf, outcomesOf } from './outcomes.ts'

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
    const outcomes = await outcomesOf(db, workProviderId, page, now)
    const items = page.map((row, index) => ({
      index: row.item,
      kind: row.kind,
      at: row.at,
      ...outcomes[index]!,
      duplicateOf: duplicateOf(row),
    }))
    return {
      id: requestId,
      receivedAt: page[0]!.receivedAt,
      items,
      nextItem: rows[context.limits.pageItems]?.item ?? null,
    }
  })
}

function duplicateOf(row: RequestItem): string | null {
  return isFirst(row) ? null : row.firstRequestId
}

async function readMatch(db: Database, workProviderId: string, requestId: string): Promise<RequestAnswer | null> {
  const [match] = await findMatches(db, workProviderId, [requestId])
  if (match === undefined) return null
  const [outcome] = await matchOutcomesOf(db, [match])
  return { id: requestId, receivedAt: match.receivedAt, match: { success: match.success, outcome: outcome! } }
}
