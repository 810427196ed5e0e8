import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, microsecondsOrNull } from './sql.ts'

export type LinkSecret = {
  readonly id: string
  readonly workProvider: string
  readonly workProviderId: string
  readonly recordedAt: Instant
  readonly revokedAt: Instant | null
}

export async function insertLinkSecret(
  db: Database,
  secret: { id: string; workProviderId: string; secret: string },
): Promise<void> {
  await sql`
    insert into link_secret (id, work_provider_id, secret) values (${secret.id}, ${secret.workProviderId}, ${secret.secret})
  `.execute(db)
}

/** The live secrets of a work provider, newest first. */
export async function liveLinkSecrets(db: Database, workProviderId: string): Promise<string[]> {
  const { rows } = await sql<{ secret: string }>`
    select secret from link_secret where work_provider_id = ${workProviderId} and revoked_at is null
    order by recorded_at desc
  `.execute(db)
  return rows.map((row) => row.secret)
}

export function listLinkSecrets(db: Database): Promise<LinkSecret[]> {
  return select(db, sql`true`)
}

export function linkSecretsOf(db: Database, workProviderId: string): Promise<LinkSecret[]> {
  return select(db, sql`s.work_provider_id = ${workProviderId}`)
}

async function select(db: Database, where: RawBuilder<unknown>): Promise<LinkSecret[]> {
  const { rows } = await sql<LinkSecret>`
    select s.id, w.name as "workProvider", s.work_provider_id as "workProviderId",
      ${microseconds('s.recorded_at')} as "recordedAt", ${microsecondsOrNull('s.revoked_at')} as "revokedAt"
    from link_secret s join work_provider w on w.id = s.work_provider_id where ${where} order by w.name_key, s.recorded_at
  `.execute(db)
  return rows
}

/** Answers whose it was; null where there is no such live secret. */
export async function revokeLinkSecret(db: Database, id: string): Promise<string | null> {
  const { rows } = await sql<{ workProviderId: string }>`
    update link_secret set revoked_at = clock_timestamp() where id = ${id} and revoked_at is null
    returning work_provider_id as "workProviderId"
  `.execute(db)
  return rows[0]?.workProviderId ?? null
}
