import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, timestampOf } from './sql.ts'

export type Asked = { readonly workProviderId: string; readonly customerNumber: string; readonly hour: Instant }

/** Notes the hours in which statuses were told; an earlier hour than is known changes nothing. */
export async function storeAsked(db: Database, asked: readonly Asked[]): Promise<void> {
  await sql`
    insert into link_asked (link_id, hour)
    select l.id, ${timestampOf('a.hour_us')}
    from unnest(${asked.map((one) => one.workProviderId)}::uuid[], ${asked.map((one) => one.customerNumber)}::text[],
      ${asked.map((one) => one.hour)}::bigint[]) as a (work_provider_id, customer_number, hour_us)
    join link l on l.work_provider_id = a.work_provider_id and l.customer_number = a.customer_number
    order by l.id
    on conflict (link_id) do update set hour = greatest(link_asked.hour, excluded.hour)
    where link_asked.hour < excluded.hour
  `.execute(db)
}

export async function askedOfLinks(db: Database, linkIds: readonly number[]): Promise<Map<number, Instant>> {
  const { rows } = await sql<{ linkId: number; hour: Instant }>`
    select link_id as "linkId", ${microseconds('hour')} as hour from link_asked where link_id = any(${linkIds}::bigint[])
  `.execute(db)
  return new Map(rows.map((row) => [row.linkId, row.hour]))
}
