import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { lowestUuidOf } from '../domain/uuid.ts'
import { integerArray, uuidArray } from './binary-arrays.ts'
import { isCitus } from './citus.ts'
import type { Database } from './database.ts'
import { withItsEvents } from './item-events.ts'
import { type BareItem, ITEM_COLUMNS, itsEvent, type RequestItem, wasReceivedAround } from './reports.ts'
import { microseconds } from './sql.ts'

/** Requests of a work provider that came since an instant, before one of them if that is given, the newest first. */
export type RequestSpan = {
  readonly workProviderId: string
  readonly since: Instant
  readonly now: Instant
  readonly before: string | null
}

/** Higher than any id. */
const ABOVE_ALL = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** The ids of requests with reports, derived yet or not, and of matches. One probe of the index a request, however many items it has. */
export async function newestRequests(db: Database, span: RequestSpan, limit: number): Promise<string[]> {
  if (await isCitus(db)) return newestOnCitus(db, span, limit)
  const { workProviderId, since, now } = span
  const before = sql`${span.before ?? ABOVE_ALL}::uuid`
  const from = sql`${lowestUuidOf(since)}::uuid`
  const nextIn = (table: 'report' | 'inbox', below: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    select request_id from ${sql.table(table)}
    where work_provider_id = ${workProviderId} and request_id < ${below} and request_id >= ${from}
      and ${table === 'report' ? wasReceivedAround(since, now) : sql`true`}
    order by request_id desc limit 1
  `
  const walk = (table: 'report' | 'inbox', walked: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    (
      (select request_id, 1 as place from (${nextIn(table, before)}) newest)
      union all
      select (${nextIn(table, sql`${walked}.request_id`)}), place + 1 from ${walked}
      where request_id is not null and place < ${limit}::int
    )
  `
  const { rows } = await sql<{ requestId: string }>`
    with recursive told (request_id, place) as ${walk('report', sql`told`)},
    waiting (request_id, place) as ${walk('inbox', sql`waiting`)}
    select request_id as "requestId" from (
      select request_id from told
      union select request_id from waiting
      union (
        select request_id from match
        where work_provider_id = ${workProviderId} and request_id < ${before} and request_id >= ${from}
        order by request_id desc limit ${limit}
      )
    ) found
    where request_id is not null order by request_id desc limit ${limit}
  `.execute(db)
  return rows.map((row) => row.requestId)
}

/**
 * There no statement walks over shards. Each request has one item 0: the items of the newest are gone through for it, in
 * the index, on all shards at once.
 */
async function newestOnCitus(db: Database, span: RequestSpan, limit: number): Promise<string[]> {
  const { workProviderId, since, now } = span
  const isWanted = sql`
    work_provider_id = ${workProviderId} and request_id < ${span.before ?? ABOVE_ALL}::uuid
      and request_id >= ${lowestUuidOf(since)}::uuid
  `
  const { rows } = await sql<{ requestId: string }>`
    select request_id as "requestId" from (
      (select request_id from (
        select slice, request_id from report where ${isWanted} and ${wasReceivedAround(since, now)} and item = 0
        union all
        select slice, request_id from inbox where ${isWanted} and item = 0
      ) told order by request_id desc limit ${limit})
      union
      (select request_id from match where ${isWanted} order by request_id desc limit ${limit})
    ) found
    order by request_id desc limit ${limit}
  `.execute(db)
  return rows.map((row) => row.requestId)
}

export type RequestHead = {
  readonly requestId: string
  readonly kind: EventKind
  readonly receivedAt: Instant
  readonly items: number
}

/** What requests with reports were; others are left out. Items are counted from 0 without a gap: the last tells how many. */
export async function readRequestHeads(
  db: Database,
  span: RequestSpan,
  requestIds: readonly string[],
): Promise<RequestHead[]> {
  if (await isCitus(db)) return headsOnCitus(db, span, requestIds)
  const endOf = (way: RawBuilder<unknown>): RawBuilder<unknown> => sql`
    select * from (
      (select item, kind, received_at from report
        where work_provider_id = ${span.workProviderId} and request_id = asked.request_id
          and ${wasReceivedAround(span.since, span.now)}
        order by item ${way} limit 1)
      union all
      (select item, kind, received_at from inbox
        where work_provider_id = ${span.workProviderId} and request_id = asked.request_id
        order by item ${way} limit 1)
    ) ends order by item ${way} limit 1
  `
  const { rows } = await sql<RequestHead>`
    select asked.request_id as "requestId", first.kind, ${microseconds('first.received_at')} as "receivedAt",
      last.item + 1 as items
    from unnest(${uuidArray(requestIds)}::uuid[]) asked (request_id)
    cross join lateral (${endOf(sql`asc`)}) first
    cross join lateral (${endOf(sql`desc`)}) last
  `.execute(db)
  return rows
}

/** There the items are gone through. What is read from both tables is so by shards, each in a snapshot: none is between them. */
async function headsOnCitus(db: Database, span: RequestSpan, requestIds: readonly string[]): Promise<RequestHead[]> {
  const isAsked = sql`work_provider_id = ${span.workProviderId} and request_id = any(${uuidArray(requestIds)}::uuid[])`
  const { rows } = await sql<RequestHead>`
    select request_id as "requestId", min(kind::text) as kind, ${microseconds('min(received_at)')} as "receivedAt",
      max(item) + 1 as items
    from (
      select slice, request_id, item, kind, received_at from report
      where ${isAsked} and ${wasReceivedAround(span.since, span.now)}
      union all
      select slice, request_id, item, kind, received_at from inbox where ${isAsked}
    ) told
    group by request_id
  `.execute(db)
  const byId = new Map(rows.map((row) => [row.requestId, row]))
  return requestIds.flatMap((id) => byId.get(id) ?? [])
}

/** The first items of some requests, so many of each at most. */
export async function readFirstItems(
  db: Database,
  span: RequestSpan,
  requests: readonly { requestId: string; limit: number }[],
): Promise<RequestItem[]> {
  const { workProviderId } = span
  if (await isCitus(db)) return withItsEvents(db, workProviderId, await firstItemsOnCitus(db, span, requests))
  const { rows } = await sql<RequestItem>`
    select asked.request_id as "requestId", ${ITEM_COLUMNS}
    from unnest(${uuidArray(requests.map((one) => one.requestId))}::uuid[],
      ${integerArray(requests.map((one) => one.limit))}::int[]) asked (request_id, at_most)
    cross join lateral (
      (select slice, item, identity_kind, identity, kind, at, received_at, false as is_waiting from report
        where work_provider_id = ${workProviderId} and request_id = asked.request_id
          and ${wasReceivedAround(span.since, span.now)}
        order by item limit asked.at_most)
      union all
      (select slice, item, identity_kind, identity, kind, at, received_at, true from inbox
        where work_provider_id = ${workProviderId} and request_id = asked.request_id
        order by item limit asked.at_most)
      order by item limit asked.at_most
    ) t
    ${itsEvent(workProviderId)}
  `.execute(db)
  return rows
}

/** The same without their events: since items are counted without a gap, the first ones are those of the lowest numbers. */
async function firstItemsOnCitus(
  db: Database,
  span: RequestSpan,
  requests: readonly { requestId: string; limit: number }[],
): Promise<(BareItem & { slice: number })[]> {
  const ids = requests.map((one) => one.requestId)
  const isAsked = sql`work_provider_id = ${span.workProviderId} and request_id = any(${uuidArray(ids)}::uuid[])`
  const most = requests.reduce((most, { limit }) => Math.max(most, limit), 0)
  const { rows } = await sql<BareItem & { slice: number }>`
    select slice, request_id as "requestId", item, identity_kind as "identityKind", identity, kind,
      ${microseconds('told.at')} as at, ${microseconds('told.received_at')} as "receivedAt", is_waiting as "isWaiting"
    from (
      select slice, request_id, item, identity_kind, identity, kind, at, received_at, false as is_waiting from report
      where ${isAsked} and ${wasReceivedAround(span.since, span.now)} and item < ${most}
      union all
      select slice, request_id, item, identity_kind, identity, kind, at, received_at, true from inbox
      where ${isAsked} and item < ${most}
    ) told
    order by request_id, item
  `.execute(db)
  const limits = new Map(requests.map((one) => [one.requestId, one.limit]))
  return rows.filter((row) => row.item < limits.get(row.requestId)!)
}
