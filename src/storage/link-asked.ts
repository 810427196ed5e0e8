import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import { bigintArray, timestampArray } from './binary-arrays.ts'
import type { Database } from './database.ts'
import { microseconds } from './sql.ts'

export type Asked = { readonly linkId: number; readonly hour: Instant }

/** Notes the hours in which statuses were told; an earlier hour than is known changes nothing. */
export async function storeAsked(db: Database, asked: readonly Asked[]): Promise<void> {
  await sql`
    insert into link_asked (link_id, hour)
    select distinct on (link_id) link_id, hour
    from unnest(${bigintArray(asked.map((one) => one.linkId))}::bigint[],
      ${timestampArray(asked.map((one) => one.hour))}::timestamptz[]) as a (link_id, hour)
    order by link_id, hour desc
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
