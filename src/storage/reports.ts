import { sql } from 'kysely'
import type { IdentityKind } from '../domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import type { Database } from './database.ts'
import { microseconds, timestamp } from './sql.ts'

/** One item of a request, with the earliest report of the same event. */
export type RequestItem = {
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

/** A request id holds the process's clock; the report the database's. They are never further apart than this. */
const CLOCKS_APART = 30 * MICROSECONDS_PER_HOUR

/** The items of one request of a work provider from `fromItem` on, whether derived yet or not. */
export async function readRequestItems(
  db: Database,
  request: { workProviderId: string; requestId: string; sentAt: Instant; fromItem: number; limit: number },
): Promise<RequestItem[]> {
  const { workProviderId, requestId, sentAt, fromItem, limit } = request
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
    select t.item, t.identity_kind as "identityKind", t.identity, t.kind, ${microseconds('t.at')} as at,
      ${microseconds('t.received_at')} as "receivedAt", t.is_waiting as "isWaiting",
      coalesce(e.annulled, false) as "isAnnulled", e.request_id as "firstRequestId", e.item as "firstItem"
    from told t
    left join event e on e.slice = t.slice and e.work_provider_id = ${workProviderId}
      and e.identity_kind = t.identity_kind and e.identity = t.identity and e.at = t.at and e.kind = t.kind
    order by t.item limit ${limit}
  `.execute(db)
  return rows
}

export type ReportKey = { workProviderId: string; requestId: string; item: number; slice: number }

/** Looks, a piece at a time, for reports whose event is missing or was heard of later than they were. */
export async function missingEvents(
  db: Database,
  after: ReportKey | null,
  limit: number,
): Promise<{ reports: number; missing: string[]; last: ReportKey | null }> {
  const from = after ?? {
    workProviderId: '00000000-0000-0000-0000-000000000000',
    requestId: '00000000-0000-0000-0000-000000000000',
    item: -1,
    slice: -1,
  }
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
    missing: rows.filter((row) => row.isMissing).map((row) => `report ${row.requestId} item ${row.item}`),
    last: rows.length < limit ? null : rows.at(-1)!,
  }
}
