import type { Instant } from '../domain/instant.ts'
import { plus } from '../domain/instant.ts'
import type { ItemOutcome, MatchOutcome, Outcome } from '../domain/request-outcome.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { MICROSECONDS_PER_DAY } from '../domain/utc-day.ts'
import { isUuid } from '../domain/uuid.ts'
import { type Database, databaseNow } from '../storage/database.ts'
import { findMatches } from '../storage/matches.ts'
import {
  newestRequests,
  readFirstItems,
  readRequestHeads,
  type RequestHead,
  type RequestSpan,
} from '../storage/request-list.ts'
import { isFirst, type RequestItem } from '../storage/reports.ts'
import type { Context } from './context.ts'
import { matchOutcomesOf, outcomesOf } from './outcomes.ts'

export const LISTED_DAYS = 30
export const MAX_LISTED_REQUESTS = 100
/** Of a large batch so many items are looked at: the request's own answer tells of all of them. */
export const MAX_LISTED_ITEMS = 100
/** Some ten milliseconds of the embedded engine's one backend. */
const ITEMS_A_PIECE = 1_000

/** A request with what became of it: how many of the items looked at had each outcome. */
export type ListedRequest = { readonly id: string; readonly receivedAt: Instant } & (
  | {
      readonly kind: EventKind
      readonly items: number
      readonly lookedAt: number
      readonly duplicates: number
      readonly outcomes: ReadonlyMap<Outcome, number>
    }
  | { readonly kind: 'match'; readonly success: boolean; readonly outcome: MatchOutcome }
)

export type RequestPage = {
  readonly requests: readonly ListedRequest[]
  /** What `before` is to be for the next page; null on the last one. */
  readonly next: string | null
}

/**
 * A page of a work provider's requests of the last 30 days, reports and matches, the newest first. `before`: the id that
 * the page before gave; anything that is no id begins at the newest.
 */
export async function listRequests(
  context: Context,
  workProviderId: string,
  { before, limit }: { before: string | null; limit: number },
): Promise<RequestPage> {
  const { db } = context
  const now = await databaseNow(db)
  const atMost = Math.min(limit, MAX_LISTED_REQUESTS)
  const since = plus(now, -LISTED_DAYS * MICROSECONDS_PER_DAY)
  const span = { workProviderId, since, now, before: before !== null && isUuid(before) ? before : null }
  const found = await newestRequests(db, span, atMost + 1)
  const ids = found.slice(0, atMost)
  const listed = new Map([...(await listReports(db, span, ids)), ...(await listMatches(db, workProviderId, ids))])
  return {
    requests: ids.flatMap((id) => listed.get(id) ?? []),
    next: found.length > atMost ? ids.at(-1)! : null,
  }
}

async function listReports(
  db: Database,
  span: RequestSpan,
  ids: readonly string[],
): Promise<Map<string, ListedRequest>> {
  const listed = new Map<string, ListedRequest>()
  for (const heads of inPieces(await readRequestHeads(db, span, ids))) {
    const wanted = heads.map(({ requestId, items }) => ({ requestId, limit: lookedAt(items) }))
    const items = await readFirstItems(db, span, wanted)
    const outcomes = await outcomesOf(db, span.workProviderId, items, span.now)
    const told = items.map((item, index) => ({ item, outcome: outcomes[index]! }))
    const byRequest = Map.groupBy(told, ({ item }) => item.requestId)
    for (const head of heads) listed.set(head.requestId, listedOf(head, byRequest.get(head.requestId) ?? []))
  }
  return listed
}

function lookedAt(items: number): number {
  return Math.min(items, MAX_LISTED_ITEMS)
}

/** Requests with about as many items together as one statement should read. */
function* inPieces(heads: readonly RequestHead[]): Generator<RequestHead[]> {
  let piece: RequestHead[] = []
  let items = 0
  for (const head of heads) {
    piece.push(head)
    items += lookedAt(head.items)
    if (items < ITEMS_A_PIECE) continue
    yield piece
    piece = []
    items = 0
  }
  if (piece.length > 0) yield piece
}

function listedOf(head: RequestHead, told: readonly { item: RequestItem; outcome: ItemOutcome }[]): ListedRequest {
  const { requestId, kind, receivedAt, items } = head
  const outcomes = new Map<Outcome, number>()
  for (const { outcome } of told) outcomes.set(outcome.outcome, (outcomes.get(outcome.outcome) ?? 0) + 1)
  const duplicates = told.filter(({ item }) => !isFirst(item)).length
  return { id: requestId, receivedAt, kind, items, lookedAt: told.length, duplicates, outcomes }
}

async function listMatches(
  db: Database,
  workProviderId: string,
  ids: readonly string[],
): Promise<Map<string, ListedRequest>> {
  const matches = await findMatches(db, workProviderId, ids)
  const outcomes = matches.length === 0 ? [] : await matchOutcomesOf(db, matches)
  return new Map(
    matches.map(({ requestId, receivedAt, success }, index) => [
      requestId,
      { id: requestId, receivedAt, kind: 'match', success, outcome: outcomes[index]! },
    ]),
  )
}
