import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds } from './sql.ts'

export type LinkConflict = {
  readonly workProviderId: string
  readonly userId: string
  /** Who claims the id that another customer holds. */
  readonly customerNumber: string
  readonly since: Instant
}

/** Answers whether this is a new case: the same claim made again is the same case. */
export async function insertConflict(
  trx: DatabaseTransaction,
  conflict: Omit<LinkConflict, 'since'>,
): Promise<boolean> {
  const { rows } = await sql`
    insert into link_conflict (work_provider_id, user_id, customer_number)
    values (${conflict.workProviderId}, ${conflict.userId}, ${conflict.customerNumber})
    on conflict do nothing returning user_id
  `.execute(trx)
  return rows.length > 0
}

/** The claims that are still in conflict: the id is held by another customer than the one who claims it. */
export async function openConflicts(db: Database): Promise<LinkConflict[]> {
  const { rows } = await sql<LinkConflict>`
    select c.work_provider_id as "workProviderId", c.user_id as "userId", c.customer_number as "customerNumber",
      ${microseconds('c.recorded_at')} as since
    from link_conflict c
    where exists (
      select from binding b
      join link l on l.id = b.link_id
      where b.work_provider_id = c.work_provider_id and b.identity_kind = 'user_id' and b.identity = c.user_id
        and l.customer_number <> c.customer_number and not exists (select from release r where r.binding_id = b.id)
    )
    order by c.recorded_at
  `.execute(db)
  return rows
}
