import { type RawBuilder, sql } from 'kysely'
import type { IdentityKind } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventKind, ShiftEvent } from '../domain/shift-event.ts'
import { integerArray, uuidArray } from './binary-arrays.ts'
import { type Database, type DatabaseTransaction, inTransaction } from './database.ts'
import { microseconds } from './sql.ts'

/*
 * How reports leave the inbox where it is distributed by Citus: slice by slice, since a statement with one slice runs on
 * one shard, and not in one transaction with what is derived, which is on another server (docs/decisions/0026).
 */

/** Reports of a slice, by the columns of their keys. */
export type ReportKeys = {
  readonly workProviderId: readonly string[]
  readonly requestId: readonly string[]
  readonly item: readonly number[]
}

/** The last turn of a slice: its number, and the reports that were derived in it. */
export type SliceTurn = ReportKeys & { readonly turn: number }

/**
 * The slices that have reports waiting. Every connection begins at another one, so that projectors seldom meet. The one
 * statement of a round of turns that asks every shard: one probe for each slice, however much waits.
 */
export async function waitingSlices(db: Database): Promise<number[]> {
  const { rows } = await sql<{ slice: number }>`
    with waiting as materialized (
      select its.slice from inbox_slice its
      cross join lateral (select 1 from inbox where slice = its.slice limit 1) one
    )
    select slice from waiting order by (slice + pg_backend_pid()) & 63
  `.execute(db)
  return rows.map(({ slice }) => slice)
}

export async function lastTurn(db: Database, slice: number): Promise<SliceTurn> {
  const { rows } = await sql<SliceTurn>`
    select turn, work_provider_id as "workProviderId", request_id as "requestId", item
    from slice_turn where slice = ${slice}
  `.execute(db)
  return rows[0]!
}

export type Oldest = ReportKeys & {
  /** The work providers whose share was used up, so that more of their reports may wait. */
  readonly unfinished: readonly string[]
  /** When the first of them was received; null without any. */
  readonly oldestAt: Instant | null
  /** Some reports of the last turn are not taken out yet. */
  readonly isLeft: boolean
}

/** The oldest reports of a slice, up to about `limit`: the work providers that have some share it. They stay there. */
export async function oldestOfSlice(db: Database, slice: number, last: ReportKeys, limit: number): Promise<Oldest> {
  const { rows } = await sql<{
    workProviderId: string
    requestId: string
    item: number
    receivedAt: Instant
    share: number
    isLeft: boolean
  }>`
    with recursive turn (work_provider_id) as (
      (select work_provider_id from inbox where slice = ${slice}::smallint order by work_provider_id limit 1)
      union all
      select (
        select i.work_provider_id from inbox i
        where i.slice = ${slice}::smallint and i.work_provider_id > turn.work_provider_id
        order by i.work_provider_id limit 1
      )
      from turn where turn.work_provider_id is not null
    ),
    waiting as (
      select work_provider_id, ceil(${limit}::numeric / count(*) over ())::bigint as share
      from turn where work_provider_id is not null
    )
    select oldest.work_provider_id as "workProviderId", oldest.request_id as "requestId", oldest.item,
      ${microseconds('oldest.received_at')} as "receivedAt", waiting.share,
      exists (select from inbox where ${isOneOf(slice, last)}) as "isLeft"
    from waiting cross join lateral (
      select i.work_provider_id, i.request_id, i.item, i.received_at from inbox i
      where i.slice = ${slice}::smallint and i.work_provider_id = waiting.work_provider_id
      order by i.request_id, i.item limit waiting.share
    ) oldest
  `.execute(db)
  const taken = Map.groupBy(rows, (row) => row.workProviderId)
  return {
    workProviderId: rows.map((row) => row.workProviderId),
    requestId: rows.map((row) => row.requestId),
    item: rows.map((row) => row.item),
    unfinished: [...taken].flatMap(([id, ofOne]) => (ofOne.length >= ofOne[0]!.share ? [id] : [])),
    oldestAt: rows.reduce<Instant | null>(
      (first, { receivedAt }) => (first === null || receivedAt < first ? receivedAt : first),
      null,
    ),
    isLeft: rows[0]?.isLeft ?? false,
  }
}

/** Adds the events of reports in the inbox, in the order of their key. Once more changes nothing. */
export async function addEvents(db: Database, slice: number, keys: ReportKeys): Promise<void> {
  await sql`
    insert into event as e
      (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
    select distinct on (slice, work_provider_id, identity_kind, identity, at, kind)
      slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item
    from inbox where ${isOneOf(slice, keys)}
    order by slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item
    on conflict (slice, work_provider_id, identity_kind, identity, at, kind) do update
      set received_at = excluded.received_at, request_id = excluded.request_id, item = excluded.item
      where (excluded.received_at, excluded.request_id, excluded.item) < (e.received_at, e.request_id, e.item)
  `.execute(db)
}

/** The events that reports in the inbox were the first to tell, annulled ones too. They must have been added. */
export async function eventsFirstTold(db: Database, slice: number, keys: ReportKeys): Promise<ShiftEvent[]> {
  const { rows } = await sql<{
    workProviderId: string
    identityKind: IdentityKind
    identity: string
    kind: EventKind
    at: Instant
  }>`
    select t.work_provider_id as "workProviderId", t.identity_kind as "identityKind", t.identity, t.kind,
      ${microseconds('t.at')} as at
    from (select * from inbox where ${isOneOf(slice, keys)}) t
    cross join lateral (
      select request_id, item from event
      where slice = ${slice}::smallint and work_provider_id = t.work_provider_id
        and identity_kind = t.identity_kind and identity = t.identity and at = t.at and kind = t.kind
      limit 1
    ) e
    where e.request_id = t.request_id and e.item = t.item
  `.execute(db)
  return rows.map(({ workProviderId, identityKind, identity, kind, at }) => ({
    identity: { workProviderId, kind: identityKind, text: identity },
    kind,
    at,
  }))
}

/**
 * Notes, in the transaction that derives them, that reports were derived. False when the slice had another turn since
 * `last`: somebody else was faster, and nothing may be kept of what this transaction did.
 */
export async function noteTurn(
  trx: DatabaseTransaction,
  slice: number,
  last: SliceTurn,
  keys: ReportKeys,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update slice_turn
    set turn = turn + 1, work_provider_id = ${uuidArray(keys.workProviderId)}::uuid[],
      request_id = ${uuidArray(keys.requestId)}::uuid[], item = ${integerArray(keys.item)}::integer[]
    where slice = ${slice} and turn = ${last.turn}
  `.execute(trx)
  return numAffectedRows === 1n
}

/** Moves derived reports from the inbox to where they are kept. Once more, or two at once, come to the same. */
export function keepReports(db: Database, slice: number, keys: ReportKeys): Promise<void> {
  return inTransaction(db, async (trx) => {
    await sql`
      insert into report (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at
      from inbox where ${isOneOf(slice, keys)}
      order by work_provider_id, request_id, item
      on conflict do nothing
    `.execute(trx)
    await sql`delete from inbox where ${isOneOf(slice, keys)}`.execute(trx)
  })
}

function isOneOf(slice: number, keys: ReportKeys): RawBuilder<unknown> {
  return sql`slice = ${slice}::smallint and (work_provider_id, request_id, item) in (
    select work_provider_id, request_id, item
    from unnest(${uuidArray(keys.workProviderId)}::uuid[], ${uuidArray(keys.requestId)}::uuid[],
      ${integerArray(keys.item)}::integer[]) as one (work_provider_id, request_id, item)
  )`
}
