import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, timestampOf } from './sql.ts'
import { noteStatusDue } from './status-due.ts'

/* Shifts that changed when their work provider could not be told of them; needs the lock of `shareCapsTold`, taken before. */

/** From when on the shifts of some links are still to be told; those of which nothing is are missing. */
export async function untoldSince(db: Database, linkIds: readonly number[]): Promise<Map<number, Instant>> {
  const { rows } = await sql<{ linkId: number; since: Instant }>`
    select link_id as "linkId", ${microseconds('since')} as since from shift_untold
    where link_id = any(${linkIds}::bigint[])
  `.execute(db)
  return new Map(rows.map(({ linkId, since }) => [linkId, since]))
}

export async function noteUntold(
  trx: DatabaseTransaction,
  untold: readonly { readonly linkId: number; readonly since: Instant }[],
): Promise<void> {
  if (untold.length === 0) return
  await sql`
    insert into shift_untold as u (link_id, since)
    select link_id, min(${timestampOf('since_us')})
    from unnest(${untold.map((one) => one.linkId)}::bigint[], ${untold.map((one) => one.since)}::bigint[])
      as row (link_id, since_us)
    group by link_id order by link_id
    on conflict (link_id) do update set since = least(u.since, excluded.since)
  `.execute(trx)
}

export async function forgetUntold(trx: DatabaseTransaction, linkId: number): Promise<void> {
  await sql`delete from shift_untold where link_id = ${linkId}`.execute(trx)
}

/** Has what is told of some links looked at when moments come that are still ahead; of the past it is looked at anyway. */
export async function noteAhead(
  trx: DatabaseTransaction,
  moments: readonly { readonly linkId: number; readonly at: Instant }[],
): Promise<void> {
  if (moments.length === 0) return
  await noteStatusDue(sql`
    select customer_number, ${timestampOf('at_us')}
    from unnest(${moments.map((one) => one.linkId)}::bigint[], ${moments.map((one) => one.at)}::bigint[])
      as row (link_id, at_us) join link on link.id = row.link_id
  `).execute(trx)
}
