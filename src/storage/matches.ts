import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Match } from '../domain/link.ts'
import type { Database } from './database.ts'
import { microseconds } from './sql.ts'

/** Keeps a work provider's word; the number need not be anybody's. */
export async function insertMatch(
  db: Database,
  match: { requestId: string; workProviderId: string; customerNumber: string; success: boolean },
): Promise<void> {
  await sql`
    insert into match (request_id, work_provider_id, customer_number, success)
    values (${match.requestId}, ${match.workProviderId}, ${match.customerNumber}, ${match.success})
  `.execute(db)
}

export type StoredMatch = Match & { readonly workProviderId: string; readonly customerNumber: string }

/** All words on some customer numbers, in the order in which they came. */
export async function matchesOfCustomers(db: Database, customerNumbers: readonly string[]): Promise<StoredMatch[]> {
  const { rows } = await sql<StoredMatch>`
    select request_id as "requestId", work_provider_id as "workProviderId", customer_number as "customerNumber",
      success, ${microseconds('received_at')} as "receivedAt"
    from match where customer_number = any(${customerNumbers}::text[])
    order by received_at, request_id
  `.execute(db)
  return rows
}

export async function findMatch(db: Database, workProviderId: string, requestId: string): Promise<StoredMatch | null> {
  const { rows } = await sql<StoredMatch & { receivedAt: Instant }>`
    select request_id as "requestId", work_provider_id as "workProviderId", customer_number as "customerNumber",
      success, ${microseconds('received_at')} as "receivedAt"
    from match where work_provider_id = ${workProviderId} and request_id = ${requestId}
  `.execute(db)
  return rows[0] ?? null
}
