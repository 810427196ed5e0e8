import { sql } from 'kysely'
import type { FeedEntry, FeedNews } from '../domain/feed.ts'
import type { Instant } from '../domain/instant.ts'
import type { Shift } from '../domain/shift-engine.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import type { OfLink } from './shifts.ts'
import { deleteInPieces, microseconds, timestamp } from './sql.ts'

export const FEED_MIGRATION = '0007-feed'

/** Any number: tells these locks from others. */
const FEED_CAPS_LOCK = 20_181_206
const FEED_NUMBERS_LOCK = 20_181_207
/** More than a work provider is told between two backups. */
const GAP_AFTER_RESTORE = 1_000_000_000

/** Part of the transaction that gives reason for it: it is told if that commits, and only then. */
export async function insertNews(trx: DatabaseTransaction, news: readonly FeedNews[]): Promise<void> {
  if (news.length === 0) return
  await sql`
    insert into feed_entry (work_provider_id, type, customer_number, data)
    select work_provider_id, type, customer_number, data::json
    from unnest(${news.map((one) => one.workProviderId)}::uuid[], ${news.map((one) => one.type)}::text[],
      ${news.map((one) => one.customerNumber)}::text[], ${news.map((one) => JSON.stringify(one.data))}::text[])
      with ordinality as row (work_provider_id, type, customer_number, data, place)
    order by place
  `.execute(trx)
}

/**
 * Gives numbers to what was committed, in the order in which it was written, and has the endpoints told of it. One process
 * at a time does. Answers how many entries had none.
 */
export async function numberNews(trx: DatabaseTransaction, limit: number): Promise<number> {
  await sql`select pg_advisory_xact_lock(${FEED_NUMBERS_LOCK})`.execute(trx)
  const { rows } = await sql<{ numbered: number }>`
    with due as materialized (
      select id, work_provider_id, row_number() over (partition by work_provider_id order by seq) as place
      from (select id, work_provider_id, seq from feed_entry where number is null order by seq limit ${limit}) first
    ),
    counted as (select work_provider_id, count(*) as entries from due group by work_provider_id),
    moved as (
      insert into feed (work_provider_id, last_number) select work_provider_id, entries from counted
      on conflict (work_provider_id) do update set last_number = feed.last_number + excluded.last_number
      returning work_provider_id, last_number
    ),
    numbered as (
      update feed_entry e set number = m.last_number - c.entries + d.place
      from due d join counted c using (work_provider_id) join moved m using (work_provider_id)
      where e.id = d.id
      returning e.id, e.work_provider_id, e.type, e.number
    ),
    told as (
      insert into webhook_delivery (entry_id, endpoint_id, number)
      select n.id, p.id, n.number
      from numbered n join webhook_endpoint p on p.work_provider_id = n.work_provider_id
      where p.removed_at is null and p.disabled_at is null and (p.types is null or n.type = any(p.types))
    )
    select count(*) as numbered from numbered
  `.execute(trx)
  return rows[0]!.numbered
}

const ENTRY = sql`e.id, e.number, e.type, ${microseconds('e.recorded_at')} as at, e.data`

/** Entries after a number, in order. */
export async function readFeed(
  db: Database,
  workProviderId: string,
  after: number,
  limit: number,
): Promise<FeedEntry[]> {
  const { rows } = await sql<FeedEntry>`
    select ${ENTRY} from feed_entry e
    where e.work_provider_id = ${workProviderId} and e.number > ${after} order by e.number limit ${limit}
  `.execute(db)
  return rows
}

/** Entries by their ids; those that are not kept any more are missing. */
export async function findEntries(db: Database, ids: readonly string[]): Promise<Map<string, FeedEntry>> {
  const { rows } = await sql<FeedEntry>`select ${ENTRY} from feed_entry e where e.id = any(${ids}::uuid[])`.execute(db)
  return new Map(rows.map((entry) => [entry.id, entry]))
}

/**
 * After a backup was restored: what was told since it was made is lost, and its numbers were read. What is told from now
 * on has higher ones, so that who goes on from the last number they read misses none of it. Also where nothing had been
 * told by then.
 */
export async function leaveGapInFeeds(db: Database): Promise<void> {
  await sql`
    insert into feed (work_provider_id, last_number) select id, ${GAP_AFTER_RESTORE}::bigint from work_provider
    on conflict (work_provider_id) do update set last_number = feed.last_number + excluded.last_number
  `.execute(db)
}

/** The number of the last entry, and of the first one that is kept: one more where none is. */
export async function feedSpan(db: Database, workProviderId: string): Promise<{ first: number; last: number }> {
  const { rows } = await sql<{ first: number; last: number }>`
    select last, coalesce((
      select min(number) from feed_entry where work_provider_id = ${workProviderId} and number is not null
    ), last + 1) as first
    from (select coalesce((select last_number from feed where work_provider_id = ${workProviderId}), 0) as last) f
  `.execute(db)
  return rows[0]!
}

/** The work providers that have a feed. */
export async function workProvidersWithFeed(db: Database): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select distinct work_provider_id as id from setting where name = 'feed'
  `.execute(db)
  return new Set(rows.map((row) => row.id))
}

/** Takes a person's addresses out of what is told of them, and has nobody told of it any more. */
export async function forgetContact(
  trx: DatabaseTransaction,
  customerNumber: string,
  workProviderId: string,
): Promise<void> {
  await sql`
    update feed_entry set data = json_build_object('customerNumber', customer_number)
    where customer_number = ${customerNumber} and work_provider_id = ${workProviderId} and type = 'customer.signed_up'
  `.execute(trx)
}

export function deleteEntriesBefore(db: Database, instant: Instant): Promise<void> {
  return deleteInPieces(db, sql`feed_entry`, sql`recorded_at < ${timestamp(instant)} and number is not null`)
}

/**
 * Up to when the feed was told of shifts that ended by their cap. It stays so until the transaction ends: whoever changes
 * shifts meanwhile knows whether it is they who tell of an end by cap. Taken after the locks of streams.
 */
export async function shareCapsTold(trx: DatabaseTransaction): Promise<Instant> {
  await sql`select pg_advisory_xact_lock_shared(${FEED_CAPS_LOCK})`.execute(trx)
  return readCapsTold(trx)
}

/** As `shareCapsTold`, for who moves it: nobody changes shifts meanwhile. */
export async function holdCapsTold(trx: DatabaseTransaction): Promise<Instant> {
  await sql`select pg_advisory_xact_lock(${FEED_CAPS_LOCK})`.execute(trx)
  return readCapsTold(trx)
}

async function readCapsTold(trx: DatabaseTransaction): Promise<Instant> {
  const { rows } = await sql<{ toldTo: Instant }>`
    select ${microseconds('told_to')} as "toldTo" from feed_caps
  `.execute(trx)
  return rows[0]!.toldTo
}

export async function storeCapsTold(trx: DatabaseTransaction, toldTo: Instant): Promise<void> {
  await sql`update feed_caps set told_to = ${timestamp(toldTo)}`.execute(trx)
}

/**
 * The shifts without logout whose cap is after `from` and not after `to`, of these work providers, by their caps; more than
 * `limit` where several have the last cap.
 */
export async function shiftsCapped(
  db: Database,
  { from, to, workProviderIds }: { from: Instant; to: Instant; workProviderIds: readonly string[] },
  limit: number,
): Promise<OfLink<Shift>[]> {
  const { rows } = await sql<OfLink<Shift>>`
    select s.link_id as "linkId", ${microseconds('s.started_at')} as "startedAt", null as "endedAt",
      ${microseconds('s.cap_at')} as "capAt"
    from shift s join link l on l.id = s.link_id
    where s.ended_at is null and s.cap_at > ${timestamp(from)} and s.cap_at <= ${timestamp(to)}
      and l.work_provider_id = any(${workProviderIds}::uuid[])
    order by s.cap_at fetch first ${sql.lit(limit)} rows with ties
  `.execute(db)
  return rows
}
