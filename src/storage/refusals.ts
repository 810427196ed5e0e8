import { type RawBuilder, sql } from 'kysely'
import type { ErrorName } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import type { UtcDay } from '../domain/utc-day.ts'
import { type Database, inTransaction } from './database.ts'
import { microseconds, timestamp, timestampOf } from './sql.ts'

export type StoredRefusal = {
  readonly requestId: string
  /** Null when the request came without a live key. */
  readonly workProviderId: string | null
  readonly at: Instant
  readonly method: string
  readonly path: string
  readonly status: number
  readonly error: ErrorName
  readonly detail: string
}

/** How many refused requests of each work provider are kept. */
export const KEPT_REFUSALS = 1_000

export type RefusalCount = {
  readonly workProviderId: string | null
  readonly error: ErrorName
  readonly refusals: number
}

/** Keeps refusals, forgets the oldest beyond `KEPT_REFUSALS`, and adds to the counts of the day. */
export function storeRefusals(
  db: Database,
  refusals: readonly StoredRefusal[],
  counts: readonly RefusalCount[],
  now: Instant,
): Promise<void> {
  return inTransaction(db, async (trx) => {
    await sql`
      insert into refusal (request_id, work_provider_id, at, method, path, status, error, detail)
      select request_id, work_provider_id, ${timestampOf('at_us')}, method, path, status, error, detail
      from unnest(${refusals.map((one) => one.requestId)}::uuid[], ${refusals.map((one) => one.workProviderId)}::uuid[],
        ${refusals.map((one) => one.at)}::bigint[], ${refusals.map((one) => one.method)}::text[],
        ${refusals.map((one) => one.path)}::text[], ${refusals.map((one) => one.status)}::smallint[],
        ${refusals.map((one) => one.error)}::text[], ${refusals.map((one) => one.detail)}::text[])
        as row (request_id, work_provider_id, at_us, method, path, status, error, detail)
      on conflict do nothing
    `.execute(trx)
    await sql`
      insert into refusal_count (day, work_provider_id, error, refusals)
      select (${timestamp(now)} at time zone 'UTC')::date, work_provider_id, error, refusals
      from unnest(${counts.map((one) => one.workProviderId)}::uuid[], ${counts.map((one) => one.error)}::text[],
        ${counts.map((one) => one.refusals)}::bigint[]) as row (work_provider_id, error, refusals)
      order by work_provider_id, error
      on conflict (day, work_provider_id, error) do update
        set refusals = refusal_count.refusals + excluded.refusals
    `.execute(trx)
    for (const workProviderId of new Set(refusals.map((one) => one.workProviderId))) {
      await sql`
        delete from refusal where request_id in (
          select request_id from refusal where ${isOf(workProviderId)}
          order by ${NEWEST_FIRST} offset ${KEPT_REFUSALS}
        )
      `.execute(trx)
    }
  })
}

/** Of one work provider's, as the index has them: also of nobody's, for which "is null" says nothing of the order. */
const NEWEST_FIRST = sql`refusal.work_provider_id desc, refusal.at desc, refusal.request_id desc`

/** Not "is not distinct from": PostgreSQL has no index for that. */
function isOf(workProviderId: string | null): RawBuilder<unknown> {
  return workProviderId === null ? sql`work_provider_id is null` : sql`work_provider_id = ${workProviderId}::uuid`
}

/** The last refusals of a work provider, or (null) of requests without a live key; the newest first. */
export async function listRefusals(
  db: Database,
  workProviderId: string | null,
  limit: number,
): Promise<StoredRefusal[]> {
  const { rows } = await sql<StoredRefusal>`
    select request_id as "requestId", work_provider_id as "workProviderId", ${microseconds('at')} as at,
      method, path, status, error, detail
    from refusal where ${isOf(workProviderId)}
    order by ${NEWEST_FIRST} limit ${limit}
  `.execute(db)
  return rows
}

export async function findRefusal(db: Database, requestId: string): Promise<StoredRefusal | null> {
  const { rows } = await sql<StoredRefusal>`
    select request_id as "requestId", work_provider_id as "workProviderId", ${microseconds('at')} as at,
      method, path, status, error, detail
    from refusal where request_id = ${requestId}
  `.execute(db)
  return rows[0] ?? null
}

export async function countRefusals(db: Database, workProviderId: string | null): Promise<Record<string, number>> {
  const { rows } = await sql<{ error: string; refusals: number }>`
    select error, sum(refusals)::bigint as refusals from refusal_count
    where ${isOf(workProviderId)} group by error order by error
  `.execute(db)
  return Object.fromEntries(rows.map((row) => [row.error, row.refusals]))
}

export type RefusalDay = { readonly day: UtcDay; readonly error: ErrorName; readonly refusals: number }

/** The counts by day, from one on; the oldest first. */
export async function refusalsByDay(db: Database, workProviderId: string, from: UtcDay): Promise<RefusalDay[]> {
  const { rows } = await sql<RefusalDay>`
    select day::text as day, error, refusals from refusal_count
    where work_provider_id = ${workProviderId} and day >= ${from}::date order by day, error
  `.execute(db)
  return rows
}
