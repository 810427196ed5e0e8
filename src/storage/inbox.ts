import { sql } from 'kysely'
import type { Identity, IdentityKind } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventKind, ShiftEvent } from '../domain/shift-event.ts'
import { booleanArray, integerArray, smallintArray, textArray, timestampArray, uuidArray } from './binary-arrays.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { CUSTOMER_NUMBER, USER_ID } from './identities.ts'
import { nearMicroseconds, timestamp } from './sql.ts'

/** Columns of rows, as the arrays that one `unnest` takes: one statement however many rows. */
export type InboxColumns = {
  slice: number[]
  workProviderId: string[]
  requestId: string[]
  item: number[]
  identityKind: IdentityKind[]
  identity: string[]
  kind: EventKind[]
  at: Instant[]
}

/**
 * Stores accepted reports in one statement, which commits by itself: when this is over they are on disk. All get the
 * time of the statement as `received_at`.
 */
export async function appendToInbox(db: Database, rows: InboxColumns): Promise<void> {
  await sql`/* prepared */
    insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select slice, work_provider_id, request_id, item, case when is_number then ${CUSTOMER_NUMBER} else ${USER_ID} end, identity,
      case when is_login then ${LOGIN} else ${LOGOUT} end, at
    from unnest(${smallintArray(rows.slice)}::smallint[], ${uuidArray(rows.workProviderId)}::uuid[],
      ${uuidArray(rows.requestId)}::uuid[], ${integerArray(rows.item)}::integer[],
      ${booleanArray(rows.identityKind.map((kind) => kind === 'customer_number'))}::boolean[],
      ${textArray(rows.identity)}::text[], ${booleanArray(rows.kind.map((kind) => kind === 'login'))}::boolean[],
      ${timestampArray(rows.at)}::timestamptz[])
      as row (slice, work_provider_id, request_id, item, is_number, identity, is_login, at)
  `.execute(db)
}

const UUID_LENGTH = 36
const LOGIN = sql`${sql.lit('login' satisfies EventKind)}::event_kind`
const LOGOUT = sql`${sql.lit('logout' satisfies EventKind)}::event_kind`

type EventRow = { workProviderId: string; identityKind: IdentityKind; identity: string; kind: EventKind; at: Instant }

/** Of a claim: once, and not beside each event. */
type CountRow = Omit<Taken, 'reached'> & { readonly reached: readonly string[] }

/** Request ids by work provider. */
export type Requests = ReadonlyMap<string, string>

/** Which reports a turn looks for. */
export type Sought = {
  /** Those of these work providers, or those of all `others`. */
  readonly workProviders: readonly string[]
  readonly others: boolean
  /** None of a request before the one of its work provider: what was taken out is in the index for a while, and is passed. */
  readonly from: Requests
}

export const EVERYTHING: Sought = { workProviders: [], others: true, from: new Map() }

/** What a turn took. */
export type Taken = {
  readonly claimed: number
  /** The work providers whose share was used up, so that more of their reports may wait. */
  readonly unfinished: readonly string[]
  /** The last request of each work provider that reports were taken of. */
  readonly reached: Requests
  /** When the first of them was received; null without any. */
  readonly oldestAt: Instant | null
}

export type Claimed = Taken & { readonly events: ShiftEvent[] }

/**
 * Takes up to about `limit` reports out of the inbox, keeps them as reports, and adds their events. Answers the events
 * that are new, or that now turn out to have been told earlier (annulled ones left out), and how many reports were taken.
 *
 * The work providers that have such reports waiting share the limit, so that the backlog of one does not hold up another.
 * Rows that another projector has claimed are left to it. Events are inserted in the order of their key: two
 * projectors that add the same ones wait for each other in one direction only.
 */
export async function claimReports(trx: DatabaseTransaction, limit: number, sought = EVERYTHING): Promise<Claimed> {
  const { workProviders, others, from } = sought
  const { rows } = await sql<CountRow | (EventRow & { claimed: null })>`/* prepared */
    with asked as (
      select w.id, coalesce(f.request_id, '00000000-0000-0000-0000-000000000000') as first
      from work_provider w
      left join unnest(${uuidArray([...from.keys()])}::uuid[], ${uuidArray([...from.values()])}::uuid[])
        as f (work_provider_id, request_id) on f.work_provider_id = w.id
      where (w.id = any(${uuidArray(workProviders)}::uuid[])) <> ${others}::boolean
    ),
    waiting as (
      select asked.id as work_provider_id, asked.first, ceil(${limit}::numeric / count(*) over ())::bigint as share
      from asked cross join lateral (
        select from inbox i where i.work_provider_id = asked.id and i.request_id >= asked.first
        order by i.request_id, i.item limit 1
      ) oldest
    ),
    taken as (
      select oldest.place from waiting cross join lateral (
        select i.ctid as place from inbox i
        where i.work_provider_id = waiting.work_provider_id and i.request_id >= waiting.first
        order by i.request_id, i.item limit waiting.share
        for update skip locked
      ) oldest
    ),
    claimed as (
      -- By place, which cannot change while the rows are locked: a join would be planned for the whole backlog.
      delete from inbox where ctid = any(array(select place from taken)) returning *
    ),
    kept as (
      insert into report
        (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at
      from claimed
    ),
    added as (
      insert into event as e
        (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
      select distinct on (slice, work_provider_id, identity_kind, identity, at, kind)
        slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item
      from claimed
      order by slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item
      on conflict (slice, work_provider_id, identity_kind, identity, at, kind) do update
        set received_at = excluded.received_at, request_id = excluded.request_id, item = excluded.item
        where (excluded.received_at, excluded.request_id, excluded.item) < (e.received_at, e.request_id, e.item)
      returning work_provider_id, identity_kind, identity, kind, at, annulled
    ),
    counted as (
      select coalesce(sum(taken), 0)::int as claimed,
        coalesce(array_agg(who::text) filter (where taken >= (select max(share) from waiting)), '{}') as unfinished,
        coalesce(array_agg(who::text || last), '{}') as reached, min(oldest) as oldest
      from (
        select work_provider_id as who, count(*) as taken, max(request_id::text) as last, min(received_at) as oldest
        from claimed group by 1
      ) each
    )
    select claimed, unfinished, reached, ${nearMicroseconds('oldest')} as "oldestAt",
      null::uuid as "workProviderId", null::identity_kind as "identityKind", null::text as identity, null::event_kind as kind,
      null::bigint as at
    from counted
    union all
    select null, null, null, null, work_provider_id, identity_kind, identity, kind, ${nearMicroseconds('at')}
    from added where not annulled
  `.execute(trx)
  const { claimed, unfinished, reached, oldestAt } = rows.find((row) => row.claimed !== null)!
  return {
    claimed,
    unfinished,
    reached: new Map(reached.map((pair) => [pair.slice(0, UUID_LENGTH), pair.slice(UUID_LENGTH)])),
    oldestAt,
    events: rows.flatMap((row) => (row.claimed === null ? [eventFromRow(row)] : [])),
  }
}

function eventFromRow(row: EventRow): ShiftEvent {
  const identity: Identity = { workProviderId: row.workProviderId, kind: row.identityKind, text: row.identity }
  return { identity, kind: row.kind, at: row.at }
}

/** Whether a report that was accepted by an instant still waits. With a column: Citus can carry no rows without any. */
export async function isWaitingSince(db: Database, instant: Instant): Promise<boolean> {
  const { rows } = await sql<{ waiting: boolean }>`
    select exists (select 1 from inbox where received_at <= ${timestamp(instant)} limit 1) as waiting
  `.execute(db)
  return rows[0]!.waiting
}
