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

/** The claims to an id that another customer held when they were made, by claimant. */
export async function conflictsOfUserId(
  db: Database,
  workProviderId: string,
  userId: string,
  limit: number,
): Promise<LinkConflict[]> {
  const { rows } = await sql<LinkConflict>`
    select work_provider_id as "workProviderId", user_id as "userId", customer_number as "customerNumber",
      ${microseconds('recorded_at')} as since
    from link_conflict where work_provider_id = ${workProviderId} and user_id = ${userId}
    order by customer_number limit ${limit}
  `.execute(db)
  return rows
}

export async function findConflict(
  db: Database,
  { workProviderId, userId, customerNumber }: Omit<LinkConflict, 'since'>,
): Promise<LinkConflict | null> {
  const { rows } = await sql<LinkConflict>`
    select work_provider_id as "workProviderId", user_id as "userId", customer_number as "customerNumber",
      ${microseconds('recorded_at')} as since
    from link_conflict
    where work_provider_id = ${workProviderId} and user_id = ${userId} and customer_number = ${customerNumber}
  `.execute(db)
  return rows[0] ?? null
}
