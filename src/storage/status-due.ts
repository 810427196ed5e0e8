import { type RawBuilder, sql } from 'kysely'
import type { ToldStatus } from '../domain/feed.ts'
import type { Database, DatabaseTransaction } from './database.ts'

/**
 * Notes that statuses may change at some moments: part of the statement that keeps the fact. `moments`: a select of
 * customer numbers and moments; a moment that is null is none.
 */
export function noteStatusDue(moments: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into status_due (customer_number, due_at)
    select customer_number, due_at from (${moments}) moments (customer_number, due_at) where due_at is not null
    on conflict do nothing
  `
}

/** Has the statuses of all who are linked to a work provider looked at again. */
export async function noteAllDue(trx: DatabaseTransaction, workProviderId: string): Promise<void> {
  await noteStatusDue(
    sql`select customer_number, clock_timestamp() from link where work_provider_id = ${workProviderId}`,
  ).execute(trx)
}

/** Takes customers whose status may have changed by now: others who look meanwhile take others. */
export async function takeStatusDue(trx: DatabaseTransaction, limit: number): Promise<string[]> {
  const { rows } = await sql<{ customerNumber: string }>`
    with taken as (
      delete from status_due where ctid = any(array(
        select ctid from status_due where due_at <= clock_timestamp() order by due_at limit ${limit}
        for update skip locked
      ))
      returning customer_number
    )
    select distinct customer_number as "customerNumber" from taken order by 1
  `.execute(trx)
  return rows.map((row) => row.customerNumber)
}

/** What was last told of some links; those of which nothing was are missing. */
export async function statusesTold(db: Database, linkIds: readonly number[]): Promise<Map<number, ToldStatus>> {
  const { rows } = await sql<{ linkId: number; status: ToldStatus }>`
    select link_id as "linkId", status from status_told where link_id = any(${linkIds}::bigint[])
  `.execute(db)
  return new Map(rows.map(({ linkId, status }) => [linkId, status]))
}

/** Null: nothing is told of the link any more. */
export async function storeStatusTold(
  trx: DatabaseTransaction,
  linkId: number,
  status: ToldStatus | null,
): Promise<void> {
  await (
    status === null
      ? sql`delete from status_told where link_id = ${linkId}`
      : sql`insert into status_told (link_id, status) values (${linkId}, ${status})
          on conflict (link_id) do update set status = excluded.status`
  ).execute(trx)
}
