import { sql } from 'kysely'
import type { DeprecatedField } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { UtcDay } from '../domain/utc-day.ts'
import { timestampArray, uuidArray } from './binary-arrays.ts'
import { type Database, inTransaction } from './database.ts'

export type KeyUse = { readonly keyId: string; readonly lastUsedAt: Instant }

/** Requests of a work provider on a day that used a deprecated field; one that used both counts for each. */
export type DeprecatedUse = {
  readonly workProviderId: string
  readonly day: UtcDay
  readonly field: DeprecatedField
  readonly requests: number
}

/** Notes when keys were last used, and adds to the counts of deprecated fields. In the order of their keys, as all do. */
export function storeApiUse(db: Database, keys: readonly KeyUse[], fields: readonly DeprecatedUse[]): Promise<void> {
  return inTransaction(db, async (trx) => {
    await sql`
      insert into key_use (key_id, last_used_at)
      select key_id, last_used_at
      from unnest(${uuidArray(keys.map((one) => one.keyId))}::uuid[],
        ${timestampArray(keys.map((one) => one.lastUsedAt))}::timestamptz[]) as row (key_id, last_used_at)
      order by key_id
      on conflict (key_id) do update set last_used_at = excluded.last_used_at
        where key_use.last_used_at < excluded.last_used_at
    `.execute(trx)
    await sql`
      insert into deprecated_use (work_provider_id, day, field, requests)
      select work_provider_id, day, field, requests
      from unnest(${fields.map((one) => one.workProviderId)}::uuid[], ${fields.map((one) => one.day)}::date[],
        ${fields.map((one) => one.field)}::text[], ${fields.map((one) => one.requests)}::bigint[])
        as row (work_provider_id, day, field, requests)
      order by work_provider_id, day, field
      on conflict (work_provider_id, day, field) do update set requests = deprecated_use.requests + excluded.requests
    `.execute(trx)
  })
}

/** By day, from one on; the oldest first. */
export async function deprecatedUseSince(
  db: Database,
  workProviderId: string,
  from: UtcDay,
): Promise<Omit<DeprecatedUse, 'workProviderId'>[]> {
  const { rows } = await sql<Omit<DeprecatedUse, 'workProviderId'>>`
    select day::text as day, field, requests from deprecated_use
    where work_provider_id = ${workProviderId} and day >= ${from}::date order by day, field
  `.execute(db)
  return rows
}
