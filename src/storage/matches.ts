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

type Subject = { readonly workProviderId: string; readonly customerNumber: string }

const WORD = sql`
  request_id as "requestId", work_provider_id as "workProviderId", customer_number as "customerNumber", success,
  ${microseconds('received_at')} as "receivedAt"
`

/**
 * Of the words of work providers on customers, in the order in which they came: the first good one, which is the one that
 * counts, and the `last`. There may be any number of others.
 */
export async function matchesOf(db: Database, subjects: readonly Subject[], last: number): Promise<StoredMatch[]> {
  const { rows } = await sql<StoredMatch>`
    select ${WORD}
    from (select distinct wp, number from unnest(${subjects.map((one) => one.workProviderId)}::uuid[],
      ${subjects.map((one) => one.customerNumber)}::text[]) as row (wp, number)) asked
    cross join lateral (
      (select * from match where work_provider_id = wp and customer_number = number and success
        order by received_at limit 1)
      union
      (select * from match where work_provider_id = wp and customer_number = number
        order by received_at desc, request_id desc limit ${last})
    ) word
    order by received_at, request_id
  `.execute(db)
  return rows
}

/** Whether a work provider ever recognised a customer. */
export async function isRecognised(db: Database, subject: Subject): Promise<boolean> {
  return (await matchesOf(db, [subject], 0)).length > 0
}

/** The last words of each of some work providers on a customer number that came until an instant, newest first. */
export async function lastWordsOn(
  db: Database,
  customerNumber: string,
  { workProviderIds, until, limit }: { workProviderIds: readonly string[]; until: Instant; limit: number },
): Promise<StoredMatch[]> {
  const { rows } = await sql<StoredMatch>`
    select ${WORD}
    from unnest(${workProviderIds}::uuid[]) wp
    cross join lateral (
      select * from match
      where customer_number = ${customerNumber} and work_provider_id = wp and received_at <= ${timestamp(until)}
      order by received_at desc, request_id desc limit ${limit}
    ) word
    order by received_at desc, request_id desc limit ${limit}
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
    select ${WORD} from match where work_provider_id = ${workProviderId} and request_id = any(${requestIds}::uuid[])
  `.execute(db)
  return rows
}

/** The last words of a work provider on a customer number, newest first. */
export async function lastMatches(
  db: Database,
  { workProviderId, customerNumber }: Subject,
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

/**
 * The matches that wait, but for those of the sandbox: of words received since an instant, or which wait since then because
 * their customer appeared.
 */
export async function waitingMatches(db: Database, since: Instant): Promise<WaitingMatch[]> {
  const { rows } = await sql<WaitingMatch>`
    select m.work_provider_id as "workProviderId", w.name as "workProvider",
      m.customer_number as "customerNumber", c.email
    from (
      select work_provider_id, customer_number from match where success and received_at >= ${timestamp(since)}
      union
      select work_provider_id, about from reconciliation_case
      where kind = 'waiting for consent' and not is_done and since >= ${timestamp(since)}
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
  { workProviderId, customerNumber }: Subject,
): Promise<Instant | null> {
  const { rows } = await sql<{ at: Instant }>`
    select ${microseconds('recorded_at')} as at from match_decline
    where customer_number = ${customerNumber} and work_provider_id = ${workProviderId}
  `.execute(db)
  return rows[0]?.at ?? null
}
