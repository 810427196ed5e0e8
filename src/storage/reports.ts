import { type RawBuilder, sql } from 'kysely'
import { type IdentityKind, SLICES } from '../domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { lowestUuidOf } from '../domain/uuid.ts'
import { isCitus } from './citus.ts'
import type { Database } from './database.ts'
import { withItsEvents } from './item-events.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'
import { listWorkProviders } from './work-providers.ts'

/** One item of a request, with the earliest report of the same event. */
export type RequestItem = {
  readonly requestId: string
  readonly item: number
  readonly identityKind: IdentityKind
  readonly identity: string
  readonly kind: EventKind
  readonly at: Instant
  readonly receivedAt: Instant
  /** Whether it still waits in the inbox. */
  readonly isWaiting: boolean
  readonly isAnnulled: boolean
  readonly firstRequestId: string | null
  readonly firstItem: number | null
}

/** An item without what its event says. */
export type BareItem = Omit<RequestItem, 'isAnnulled' | 'firstRequestId' | 'firstItem'>

/** Whether an item told its event first; one whose event is not known yet did, as far as we know. */
export function isFirst({ requestId, item, firstRequestId, firstItem }: RequestItem): boolean {
  return firstRequestId === null || (firstRequestId === requestId && firstItem === item)
}

/** Of a report `t` and its event `e`. */
export const ITEM_COLUMNS = sql`
  t.item, t.identity_kind as "identityKind", t.identity, t.kind, ${microseconds('t.at')} as at,
  ${microseconds('t.received_at')} as "receivedAt", t.is_waiting as "isWaiting",
  coalesce(e.annulled, false) as "isAnnulled", e.request_id as "firstRequestId", e.item as "firstItem"
`

/** A request id holds the process's clock; the report the database's. They are never further apart than this. */
export const CLOCKS_APART = 30 * MICROSECONDS_PER_HOUR

/** The items of one request of a work provider from `fromItem` on, whether derived yet or not. */
export async function readRequestItems(
  db: Database,
  request: { workProviderId: string; requestId: string; sentAt: Instant; fromItem: number; limit: number },
): Promise<RequestItem[]> {
  const { workProviderId, requestId, sentAt, fromItem, limit } = request
  if (await isCitus(db)) return withItsEvents(db, workProviderId, await bareItems(db, request))
  const { rows } = await sql<RequestItem>`
    with told as (
      (select slice, item, identity_kind, identity, kind, at, received_at, false as is_waiting from report
        where work_provider_id = ${workProviderId} and request_id = ${requestId} and item >= ${fromItem}
          and received_at > ${timestamp(plus(sentAt, -CLOCKS_APART))}
          and received_at < ${timestamp(plus(sentAt, CLOCKS_APART))}
        order by item limit ${limit})
      union all
      (select slice, item, identity_kind, identity, kind, at, received_at, true from inbox
        where work_provider_id = ${workProviderId} and request_id = ${requestId} and item >= ${fromItem}
        order by item limit ${limit})
    )
    select ${requestId}::uuid as "requestId", ${ITEM_COLUMNS}
    from told t
    left join event e on e.slice = t.slice and e.work_provider_id = ${workProviderId}
      and e.identity_kind = t.identity_kind and e.identity = t.identity and e.at = t.at and e.kind = t.kind
    order by t.item limit ${limit}
  `.execute(db)
  return rows
}

/** The same without their events. Both tables are read on each shard in one snapshot, so that none is between them. */
async function bareItems(
  db: Database,
  request: { workProviderId: string; requestId: string; sentAt: Instant; fromItem: number; limit: number },
): Promise<(BareItem & { slice: number })[]> {
  const { workProviderId, requestId, sentAt, fromItem, limit } = request
  const isAsked = sql`work_provider_id = ${workProviderId} and request_id = ${requestId} and item >= ${fromItem}`
  const { rows } = await sql<BareItem & { slice: number }>`
    select slice, request_id as "requestId", item, identity_kind as "identityKind", identity, kind,
      ${microseconds('told.at')} as at, ${microseconds('told.received_at')} as "receivedAt", is_waiting as "isWaiting"
    from (
      select slice, request_id, item, identity_kind, identity, kind, at, received_at, false as is_waiting from report
      where ${isAsked} and ${wasReceivedAround(sentAt, sentAt)}
      union all
      select slice, request_id, item, identity_kind, identity, kind, at, received_at, true from inbox where ${isAsked}
    ) told
    order by item limit ${limit}
  `.execute(db)
  return rows
}

/** A report's place among those of a work provider, which is the order in which their requests came. */
export type ReportPlace = { readonly requestId: string; readonly item: number }

/** Kept reports of the requests of a work provider that came from one instant on and before another, a piece at a time. */
export async function reportsBetween(
  db: Database,
  span: { workProviderId: string; from: Instant; to: Instant; after: ReportPlace | null; limit: number },
): Promise<RequestItem[]> {
  const { workProviderId, from, to, limit } = span
  const after = span.after ?? { requestId: lowestUuidOf(from), item: -1 }
  if (await isCitus(db)) return withItsEvents(db, workProviderId, await bareReportsBetween(db, { ...span, after }))
  const { rows } = await sql<RequestItem>`
    select t.request_id as "requestId", ${ITEM_COLUMNS}
    from (
      select slice, request_id, item, identity_kind, identity, kind, at, received_at, false as is_waiting from report
      where work_provider_id = ${workProviderId} and (request_id, item) > (${after.requestId}::uuid, ${after.item}::int)
        and request_id < ${lowestUuidOf(to)}::uuid and ${wasReceivedAround(from, to)}
      order by request_id, item limit ${limit}
    ) t
    ${itsEvent(workProviderId)}
    order by t.request_id, t.item
  `.execute(db)
  return rows
}

/** The same without their events, in which a report of any shard comes by its place. */
async function bareReportsBetween(
  db: Database,
  span: { workProviderId: string; from: Instant; to: Instant; after: ReportPlace; limit: number },
): Promise<(BareItem & { slice: number })[]> {
  const { workProviderId, from, to, after, limit } = span
  const { rows } = await sql<BareItem & { slice: number }>`
    select slice, request_id as "requestId", item, identity_kind as "identityKind", identity, kind,
      ${microseconds('report.at')} as at, ${microseconds('report.received_at')} as "receivedAt", false as "isWaiting"
    from report
    where work_provider_id = ${workProviderId} and (request_id, item) > (${after.requestId}::uuid, ${after.item}::int)
      and request_id < ${lowestUuidOf(to)}::uuid and ${wasReceivedAround(from, to)}
    order by request_id, item limit ${limit}
  `.execute(db)
  return rows
}

/** That tells PostgreSQL which months to look into; whatever came with a request of that time is in them. */
export function wasReceivedAround(from: Instant, to: Instant): RawBuilder<unknown> {
  return sql`received_at > ${timestamp(plus(from, -CLOCKS_APART))} and received_at < ${timestamp(plus(to, CLOCKS_APART))}`
}

/** One probe for each report `t`, into the one partition: a join would be planned as a scan of all events. */
export function itsEvent(workProviderId: string): RawBuilder<unknown> {
  return sql`
    left join lateral (
      select annulled, request_id, item from event
      where slice = t.slice and work_provider_id = ${workProviderId} and identity_kind = t.identity_kind
        and identity = t.identity and at = t.at and kind = t.kind
      limit 1
    ) e on true
  `
}

/** When a work provider's last request with reports was received, derived yet or not; null before the first. */
export async function lastReportAt(db: Database, workProviderId: string): Promise<Instant | null> {
  const { rows } = await sql<{ at: Instant }>`
    select ${microseconds('received_at')} as at from (
      (select request_id, received_at from report where work_provider_id = ${workProviderId}
        order by request_id desc limit 1)
      union all
      (select request_id, received_at from inbox where work_provider_id = ${workProviderId}
        order by request_id desc limit 1)
    ) newest
    order by request_id desc limit 1
  `.execute(db)
  return rows[0]?.at ?? null
}

/** When each work provider was last heard of, derived yet or not, by name; null for one that never reported. No test twins. */
export async function lastReports(db: Database): Promise<{ id: string; name: string; lastReportAt: Instant | null }[]> {
  if (await isCitus(db)) return lastReportsOneByOne(db)
  const { rows } = await sql<{ id: string; name: string; lastReportAt: Instant | null }>`
    select w.id, w.name, ${microsecondsOrNull('newest.received_at')} as "lastReportAt"
    from work_provider w left join lateral (
      select * from (
        (select request_id, received_at from report where work_provider_id = w.id order by request_id desc limit 1)
        union all
        (select request_id, received_at from inbox where work_provider_id = w.id order by request_id desc limit 1)
      ) told order by request_id desc limit 1
    ) newest on true
    where w.test_of is null
    order by w.name
  `.execute(db)
  return rows
}

/** Citus reads the newest of all shards for one work provider at a time. */
async function lastReportsOneByOne(
  db: Database,
): Promise<{ id: string; name: string; lastReportAt: Instant | null }[]> {
  const all = []
  for (const { id, name } of await listWorkProviders(db))
    all.push({ id, name, lastReportAt: await lastReportAt(db, id) })
  return all
}

export type ReportKey = { workProviderId: string; requestId: string; item: number; slice: number }

/** Looks, a piece at a time, for reports whose event is missing or was heard of later than they were. */
export async function missingEvents(
  db: Database,
  after: ReportKey | null,
  limit: number,
): Promise<{ reports: number; missing: string[]; last: ReportKey | null }> {
  if (await isCitus(db)) return missingEventsOfSlice(db, after ?? beginningOf(0), limit)
  const from = after ?? beginningOf(-1)
  const { rows } = await sql<ReportKey & { isMissing: boolean }>`
    select r.work_provider_id as "workProviderId", r.request_id as "requestId", r.item, r.slice,
      e.received_at is null or e.received_at > r.received_at as "isMissing"
    from (
      select * from report
      where (work_provider_id, request_id, item, slice)
        > (${from.workProviderId}::uuid, ${from.requestId}::uuid, ${from.item}, ${from.slice})
      order by work_provider_id, request_id, item, slice limit ${limit}
    ) r
    -- One probe each, into the one partition: a join would be planned as a scan of all events.
    left join lateral (
      select received_at from event
      where slice = r.slice and work_provider_id = r.work_provider_id and identity_kind = r.identity_kind
        and identity = r.identity and at = r.at and kind = r.kind
      limit 1
    ) e on true
    order by r.work_provider_id, r.request_id, r.item, r.slice
  `.execute(db)
  return {
    reports: rows.length,
    missing: rows.flatMap(nameIfMissing),
    last: rows.length < limit ? null : rows.at(-1)!,
  }
}

/** Before all reports of a slice. */
function beginningOf(slice: number): ReportKey {
  const lowest = '00000000-0000-0000-0000-000000000000'
  return { workProviderId: lowest, requestId: lowest, item: -1, slice }
}

function nameIfMissing(row: ReportKey & { isMissing: boolean }): string[] {
  return row.isMissing ? [`report ${row.requestId} item ${row.item}`] : []
}

/** As `missingEvents`, one slice after another: Citus probes for each row only where all is on one shard. */
async function missingEventsOfSlice(
  db: Database,
  after: ReportKey,
  limit: number,
): Promise<{ reports: number; missing: string[]; last: ReportKey | null }> {
  const slice = sql`${after.slice}::smallint`
  const { rows } = await sql<ReportKey & { isMissing: boolean }>`
    select r.work_provider_id as "workProviderId", r.request_id as "requestId", r.item, r.slice,
      e.received_at is null or e.received_at > r.received_at as "isMissing"
    from (
      select * from report
      where slice = ${slice} and (work_provider_id, request_id, item)
        > (${after.workProviderId}::uuid, ${after.requestId}::uuid, ${after.item})
      order by work_provider_id, request_id, item limit ${limit}
    ) r
    left join lateral (
      select received_at from event
      where slice = ${slice} and work_provider_id = r.work_provider_id and identity_kind = r.identity_kind
        and identity = r.identity and at = r.at and kind = r.kind
      limit 1
    ) e on true
    order by r.work_provider_id, r.request_id, r.item
  `.execute(db)
  const next = after.slice + 1 < SLICES ? beginningOf(after.slice + 1) : null
  return {
    reports: rows.length,
    missing: rows.flatMap(nameIfMissing),
    last: rows.length < limit ? next : rows.at(-1)!,
  }
}
