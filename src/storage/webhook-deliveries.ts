import { sql } from 'kysely'
import type { FeedType } from '../domain/feed.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull } from './sql.ts'

/* What is brought to the endpoints of webhooks.ts, and what came of it. */

/** Something to be brought to an endpoint. */
export type Delivery = { readonly entryId: string; readonly endpointId: string; readonly attempts: number }

export type Leasing = {
  readonly except: readonly string[]
  readonly each: number
  readonly limit: number
  readonly leaseSeconds: number
}

/**
 * Takes what is due, for a time, at most `each` for an endpoint and `limit` in all: a process that dies while it sends leaves it to be
 * sent again. No transaction is open while somebody else's server is spoken to. `except`: endpoints that are busy.
 */
export async function leaseDeliveries(
  db: Database,
  { except, each, limit, leaseSeconds }: Leasing,
): Promise<Delivery[]> {
  const { rows } = await sql<Delivery & { number: number }>`
    with due as (
      select d.entry_id, d.endpoint_id
      -- Where there is no room for all, none is always the last.
      from (
        select id from webhook_endpoint
        where removed_at is null and disabled_at is null and id <> all(${except}::uuid[]) order by random()
      ) p cross join lateral (
        select entry_id, endpoint_id from webhook_delivery
        where endpoint_id = p.id and state = 'waiting' and next_try_at <= clock_timestamp()
        order by next_try_at, number limit ${each} for update skip locked
      ) d
      limit ${limit}
    )
    update webhook_delivery d
    set attempts = attempts + 1, next_try_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
    from due where d.entry_id = due.entry_id and d.endpoint_id = due.endpoint_id
    returning d.entry_id as "entryId", d.endpoint_id as "endpointId", d.attempts, d.number
  `.execute(db)
  return rows.sort((a, b) => a.number - b.number)
}

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed', 'dropped'] as const
/** `failed`: given up after days. `dropped`: it is not to be told any more. */
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** How a try ended. `status` null: nothing was answered. */
export type Try = { readonly at: Instant; readonly status: number | null; readonly note: string }

/** Notes a try; false when somebody else ended the delivery meanwhile. `afterSeconds`: when a waiting one is tried again. */
export async function noteTry(
  db: Database,
  { entryId, endpointId }: Pick<Delivery, 'entryId' | 'endpointId'>,
  { state, tried, afterSeconds = 0 }: { state: DeliveryState; tried: Try; afterSeconds?: number },
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update webhook_delivery
    set state = ${state}, tries = tries || ${JSON.stringify([tried])}::jsonb,
      next_try_at = clock_timestamp() + ${afterSeconds}::float8 * interval '1 second'
    where entry_id = ${entryId} and endpoint_id = ${endpointId} and state = 'waiting'
  `.execute(db)
  return numAffectedRows > 0n
}

/** Gives back what was taken and not tried. */
export async function giveBack(db: Database, { entryId, endpointId }: Delivery): Promise<void> {
  await sql`
    update webhook_delivery set attempts = attempts - 1, next_try_at = clock_timestamp()
    where entry_id = ${entryId} and endpoint_id = ${endpointId} and state = 'waiting'
  `.execute(db)
}

export type ListedDelivery = {
  readonly number: number
  readonly entryId: string
  readonly type: FeedType
  readonly at: Instant
  readonly state: DeliveryState
  /** When it is tried next, while it waits. */
  readonly nextTryAt: Instant
  readonly tries: readonly Try[]
}

/** The newest deliveries to an endpoint, or those before a number; of one state alone, where it is given. */
export async function listDeliveries(
  db: Database,
  endpointId: string,
  { before, state, limit }: { before: number | null; state: DeliveryState | null; limit: number },
): Promise<ListedDelivery[]> {
  const { rows } = await sql<ListedDelivery>`
    select d.number, d.entry_id as "entryId", e.type, ${microseconds('e.recorded_at')} as at, d.state,
      ${microseconds('d.next_try_at')} as "nextTryAt", d.tries
    from webhook_delivery d join feed_entry e on e.id = d.entry_id
    where d.endpoint_id = ${endpointId} and ${before === null ? sql`true` : sql`d.number < ${before}`}
      and ${state === null ? sql`true` : sql`d.state = ${state}`}
    order by d.number desc limit ${limit}
  `.execute(db)
  return rows
}

export type Replay = { readonly after: number; readonly to: number; readonly failedOnly: boolean }

/** Notes what is to be sent again; with what is still to be from before, it is one stretch. */
export async function noteReplay(trx: DatabaseTransaction, endpointId: string, replay: Replay): Promise<void> {
  await sql`
    update webhook_endpoint set replay_after = least(replay_after, ${replay.after}::bigint),
      replay_to = greatest(replay_to, ${replay.to}::bigint),
      replay_failed_only = coalesce(replay_failed_only, true) and ${replay.failedOnly}::boolean
    where id = ${endpointId}
  `.execute(trx)
}

/** Has the next piece of what is to be sent again wait to be sent. Answers whether there was one. */
export async function replayPiece(trx: DatabaseTransaction, limit: number): Promise<boolean> {
  const { rows } = await sql<Replay & { id: string }>`
    select id, replay_after as after, replay_to as "to", replay_failed_only as "failedOnly" from webhook_endpoint
    where replay_after is not null and removed_at is null order by id limit 1 for update skip locked
  `.execute(trx)
  const [replay] = rows
  if (replay === undefined) return false
  const done = await (replay.failedOnly ? replayFailed : replayAll)(trx, replay, limit)
  await (
    done < replay.to
      ? sql`update webhook_endpoint set replay_after = ${done} where id = ${replay.id}`
      : sql`
          update webhook_endpoint set replay_after = null, replay_to = null, replay_failed_only = null
          where id = ${replay.id}
        `
  ).execute(trx)
  return true
}

type ReplayOf = Replay & { readonly id: string }

/** Answers the number up to which it is done. */
async function replayAll(trx: DatabaseTransaction, { id, after, to }: ReplayOf, limit: number): Promise<number> {
  // By entries, not by numbers: after a restore there is a gap of a thousand million numbers.
  const { rows } = await sql<{ entries: number; done: number | null }>`
    with piece as materialized (
      select e.id, e.type, e.number
      from webhook_endpoint p join feed_entry e on e.work_provider_id = p.work_provider_id
      where p.id = ${id} and e.number > ${after} and e.number <= ${to}
      order by e.number limit ${limit}
    ),
    again as (
      insert into webhook_delivery as d (entry_id, endpoint_id, number)
      select e.id, p.id, e.number
      from piece e join webhook_endpoint p on p.id = ${id} and (p.types is null or e.type = any(p.types))
      order by e.number
      on conflict (entry_id, endpoint_id)
        do update set state = 'waiting', attempts = 0, next_try_at = clock_timestamp() where d.state <> 'waiting'
    )
    select count(*) as entries, max(number) as done from piece
  `.execute(trx)
  const { entries, done } = rows[0]!
  return done === null || entries < limit ? to : done
}

async function replayFailed(trx: DatabaseTransaction, { id, after, to }: ReplayOf, limit: number): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    with again as (
      select entry_id, endpoint_id from webhook_delivery
      where endpoint_id = ${id} and state = 'failed' and number > ${after} and number <= ${to}
      order by number limit ${limit}
    )
    update webhook_delivery d set state = 'waiting', attempts = 0, next_try_at = clock_timestamp()
    from again where d.entry_id = again.entry_id and d.endpoint_id = again.endpoint_id
    returning d.number
  `.execute(trx)
  return rows.length < limit ? to : Math.max(...rows.map((row) => row.number))
}

/**
 * What waits to be brought, counted up to a limit, and since when the first of it was due. Not what waits for an address that
 * is disabled or removed.
 */
export async function readWaiting(
  db: Database,
  limit: number,
): Promise<{ waiting: number; oldestDueAt: Instant | null }> {
  const { rows } = await sql<{ waiting: number; oldestDueAt: Instant | null }>`
    with live as (select id from webhook_endpoint where removed_at is null and disabled_at is null)
    select
      (select count(*) from (
        select from webhook_delivery d join live p on p.id = d.endpoint_id where d.state = 'waiting' limit ${limit}
      ) w) as waiting,
      (select ${microsecondsOrNull('min(d.next_try_at)')} from live p cross join lateral (
        select next_try_at from webhook_delivery where endpoint_id = p.id and state = 'waiting'
        order by next_try_at limit 1
      ) d) as "oldestDueAt"
  `.execute(db)
  return rows[0]!
}
