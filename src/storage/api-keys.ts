import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** A key as it is looked up: live unless it was revoked or its time is over. */
export type ApiKey = {
  readonly id: string
  readonly workProviderId: string
  readonly expiresAt: Instant | null
  readonly revokedAt: Instant | null
}

export type ListedApiKey = ApiKey & { readonly workProvider: string; readonly recordedAt: Instant }

export async function insertApiKey(
  db: Database,
  key: { id: string; workProviderId: string; hash: Buffer; expiresAt: Instant | null },
): Promise<void> {
  await sql`
    insert into api_key (id, work_provider_id, hash, expires_at)
    values (${key.id}, ${key.workProviderId}, ${key.hash}, ${timestamp(key.expiresAt)})
  `.execute(db)
}

/** The keys of several hashes (hex); those that were never seen are missing in the answer. */
export async function findApiKeys(db: Database, hashes: readonly string[]): Promise<Map<string, ApiKey>> {
  const { rows } = await sql<ApiKey & { hash: string }>`
    select id, work_provider_id as "workProviderId", encode(hash, 'hex') as hash,
      ${microsecondsOrNull('expires_at')} as "expiresAt", ${microsecondsOrNull('revoked_at')} as "revokedAt"
    from api_key where hash = any(select decode(h, 'hex') from unnest(${hashes}::text[]) h)
  `.execute(db)
  return new Map(rows.map(({ hash, ...key }) => [hash, key]))
}

export async function listApiKeys(db: Database): Promise<ListedApiKey[]> {
  const { rows } = await sql<ListedApiKey>`
    select k.id, k.work_provider_id as "workProviderId", w.name as "workProvider",
      ${microsecondsOrNull('k.expires_at')} as "expiresAt", ${microsecondsOrNull('k.revoked_at')} as "revokedAt",
      ${microseconds('k.recorded_at')} as "recordedAt"
    from api_key k join work_provider w on w.id = k.work_provider_id
    order by w.name_key, k.recorded_at
  `.execute(db)
  return rows
}

export async function findApiKey(db: Database, id: string): Promise<ListedApiKey | null> {
  return (await listApiKeys(db)).find((key) => key.id === id) ?? null
}

export async function revokeApiKey(db: Database, id: string): Promise<void> {
  await sql`
    update api_key set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = ${id}
  `.execute(db)
}

/** Ends a key at an instant, unless it ends earlier anyway. */
export async function expireApiKey(db: Database, id: string, at: Instant): Promise<void> {
  await sql`
    update api_key set expires_at = least(expires_at, ${timestamp(at)}) where id = ${id}
  `.execute(db)
}
