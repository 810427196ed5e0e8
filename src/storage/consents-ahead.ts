import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { DatabaseTransaction } from './database.ts'
import { microseconds, timestamp } from './sql.ts'

/* The moments of consents that were recorded ahead, and are to be told; needs the lock of the stream. */

export async function noteConsentAhead(trx: DatabaseTransaction, linkId: number, at: Instant): Promise<void> {
  await sql`
    insert into consent_ahead (link_id, effective_at) values (${linkId}, ${timestamp(at)}) on conflict do nothing
  `.execute(trx)
}

/** Takes those of some links that have come by an instant, in order: each is told once. */
export async function takeConsentsDue(
  trx: DatabaseTransaction,
  linkIds: readonly number[],
  by: Instant,
): Promise<{ linkId: number; at: Instant }[]> {
  const { rows } = await sql<{ linkId: number; at: Instant }>`
    with taken as (
      delete from consent_ahead where link_id = any(${linkIds}::bigint[]) and effective_at <= ${timestamp(by)}
      returning link_id, effective_at
    )
    select link_id as "linkId", ${microseconds('effective_at')} as at from taken order by link_id, effective_at
  `.execute(trx)
  return rows
}

/** Those of a work provider that have come by an instant are told to nobody any more. */
export async function dropConsentsDue(trx: DatabaseTransaction, workProviderId: string, by: Instant): Promise<void> {
  await sql`
    delete from consent_ahead a using link l
    where l.id = a.link_id and l.work_provider_id = ${workProviderId} and a.effective_at <= ${timestamp(by)}
  `.execute(trx)
}
