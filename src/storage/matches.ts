import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Match } from '../domain/link.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, timestamp } from './sql.ts'
import { noteStatusDue } from './status-due.ts'

/** Keeps a work provider's word; the number need not be anybody's. */
export async function insertMatch(
  db: Database,
  match: { requestId: string; workProviderId: string; customerNumber: string; success: boolean },
): Promise<void> {
  await sql`
    with kept as (
      insert into match (request_id, work_provider_id, customer_number, success)
      values (${match.requestId}, ${match.workProviderId}, ${match.customerNumber}, ${match.success})
      returning work_provider_id, customer_number, success
    )
    ${noteStatusDue(sql`
      select l.customer_number, clock_timestamp() from kept join link l using (work_provider_id, customer_number)
      where kept.success
    `)}
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

/** Those of some requests of a work provider that are its words. */
export async function findMatches(
  db: Database,
  workProviderId: string,
  requestIds: readonly string[],
): Promise<StoredMatch[]> {
  const { rows } = await sql<StoredMatch>`
    select request_id as "requestId", work_provider_id as "workProviderId", customer_number as "customerNumber",
      success, ${microseconds('received_at')} as "receivedAt"
    from match where work_provider_id = ${workProviderId} and request_id = any(${requestIds}::uuid[])
  `.execute(db)
  return rows
}

/** The last words of a work provider on a customer number, newest first. */
export async function lastMatches(
  db: Database,
  { workProviderId, customerNumber }: { workProviderId: string; customerNumber: string },
  limit: number,
): Promise<Match[]> {
  const { rows } = await sql<Match>`
    select request_id as "requestId", success, ${microseconds('received_at')} as "receivedAt"
    from match where customer_number = ${customerNumber} and work_provider_id = ${workProviderId}
    order by match.received_at desc, request_id desc limit ${limit}
  `.execute(db)
  return rows
}

/** A work provider's good word that waits for the customer's first answer. */
export type WaitingMatch = {
  readonly workProviderId: string
  readonly workProvider: string
  readonly customerNumber: string
  readonly email: string
}

/** The latest word is good, and the customer has neither agreed, ever, nor declined. `m` is any word of the two. */
const IS_WAITING = sql`
  (select success from match latest
    where latest.customer_number = m.customer_number and latest.work_provider_id = m.work_provider_id
    order by received_at desc, request_id desc limit 1)
  and not exists (
    select from link l join consent k on k.link_id = l.id
    where l.work_provider_id = m.work_provider_id and l.customer_number = m.customer_number
  )
  and not exists (
    select from match_decline d
    where d.work_provider_id = m.work_provider_id and d.customer_number = m.customer_number
  )
`

/** The matches that wait, but for those of the sandbox, among the words received since an instant. */
export async function waitingMatches(db: Database, since: Instant): Promise<WaitingMatch[]> {
  const { rows } = await sql<WaitingMatch>`
    select m.work_provider_id as "workProviderId", w.name as "workProvider",
      m.customer_number as "customerNumber", c.email
    from (
      select distinct work_provider_id, customer_number from match where success and received_at >= ${timestamp(since)}
    ) m
    join customer c on c.customer_number = m.customer_number and not c.is_test
    join work_provider w on w.id = m.work_provider_id and w.test_of is null
    where ${IS_WAITING}
  `.execute(db)
  return rows
}

/** The work providers whose word on a customer waits. */
export async function matchesThatWait(db: Database, customerNumber: string): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select w.id, w.name
    from (select distinct work_provider_id, customer_number from match where customer_number = ${customerNumber}) m
    join work_provider w on w.id = m.work_provider_id and w.test_of is null
    where ${IS_WAITING} order by w.name_key
  `.execute(db)
  return rows
}

/** The customer says no to a work provider's word. */
export async function insertMatchDecline(
  trx: DatabaseTransaction,
  workProviderId: string,
  customerNumber: string,
): Promise<void> {
  await sql`
    insert into match_decline (work_provider_id, customer_number) values (${workProviderId}, ${customerNumber})
    on conflict do nothing
  `.execute(trx)
}

/** When a customer said no to a work provider's word; null when they did not. */
export async function findMatchDecline(
  db: Database,
  { workProviderId, customerNumber }: { workProviderId: string; customerNumber: string },
): Promise<Instant | null> {
  const { rows } = await sql<{ at: Instant }>`
    select ${microseconds('recorded_at')} as at from match_decline
    where customer_number = ${customerNumber} and work_provider_id = ${workProviderId}
  `.execute(db)
  return rows[0]?.at ?? null
}
