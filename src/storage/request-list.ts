import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { lowestUuidOf } from '../domain/uuid.ts'
import { integerArray, uuidArray } from './binary-arrays.ts'
import type { Database } from './database.ts'
import { ITEM_COLUMNS, itsEvent, type RequestItem, wasReceivedAround } from './reports.ts'
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

/** The first items of some requests, so many of each at most. */
export async function readFirstItems(
  db: Database,
  span: RequestSpan,
  requests: readonly { requestId: string; limit: number }[],
): Promise<RequestItem[]> {
  const { workProviderId } = span
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
