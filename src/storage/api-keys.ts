import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** A key as it is looked up: live unless it was revoked or its time is over. */
export type ApiKey = {
  readonly id: string
  readonly workProviderId: string
  /** Whether it is of the sandbox: its work provider is a test twin. */
  readonly isTest: boolean
  readonly expiresAt: Instant | null
  readonly revokedAt: Instant | null
}

export type ListedApiKey = ApiKey & {
  /** The name of the work provider: of a test key, of the one whose twin it is for. */
  readonly workProvider: string
  /** That work provider's id, of which the audit log speaks. */
  readonly ownerId: string
  readonly recordedAt: Instant
  /** Some seconds late; null of one that never was. */
  readonly lastUsedAt: Instant | null
}

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
    select k.id, k.work_provider_id as "workProviderId", w.test_of is not null as "isTest",
      encode(k.hash, 'hex') as hash,
      ${microsecondsOrNull('k.expires_at')} as "expiresAt", ${microsecondsOrNull('k.revoked_at')} as "revokedAt"
    from api_key k join work_provider w on w.id = k.work_provider_id
    where k.hash = any(select decode(h, 'hex') from unnest(${hashes}::text[]) h)
  `.execute(db)
  return new Map(rows.map(({ hash, ...key }) => [hash, key]))
}

/** Of a key `k`, its work provider `w`, the owner `o` of that and the key's use `u`. */
const LISTED_COLUMNS = sql`
  k.id, k.work_provider_id as "workProviderId", w.test_of is not null as "isTest", o.name as "workProvider",
  o.id as "ownerId",
  ${microsecondsOrNull('k.expires_at')} as "expiresAt", ${microsecondsOrNull('k.revoked_at')} as "revokedAt",
  ${microseconds('k.recorded_at')} as "recordedAt", ${microsecondsOrNull('u.last_used_at')} as "lastUsedAt"
`

const WITH_OWNER = sql`
  join work_provider w on w.id = k.work_provider_id join work_provider o on o.id = coalesce(w.test_of, w.id)
  left join key_use u on u.key_id = k.id
`

export async function listApiKeys(db: Database): Promise<ListedApiKey[]> {
  const { rows } = await sql<ListedApiKey>`
    select ${LISTED_COLUMNS}
    from api_key k ${WITH_OWNER}
    order by o.name_key, w.test_of nulls first, k.recorded_at
  `.execute(db)
  return rows
}

/** The keys of a work provider, the newest first. */
export async function newestApiKeys(db: Database, workProviderId: string, limit: number): Promise<ListedApiKey[]> {
  const { rows } = await sql<ListedApiKey>`
    select ${LISTED_COLUMNS}
    from (
      select * from api_key where work_provider_id = ${workProviderId} order by recorded_at desc limit ${limit}
    ) k ${WITH_OWNER}
    order by k.recorded_at desc
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
