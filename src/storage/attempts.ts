import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import { type Database, inTransaction } from './database.ts'
import { timestamp } from './sql.ts'

/** Any number: tells these locks from others. */
const ATTEMPT_LOCK = 2

export type Attempt = {
  /** What is counted, and for whom. */
  readonly scope: string
  readonly key: Buffer
  /** What distinct attempts are told apart by: the same one again counts once. Null: nothing is noted, only counted. */
  readonly what: Buffer | null
}

/**
 * Notes an attempt and answers how many distinct ones there were within the last `seconds`, this one included. Attempts
 * of one key are counted one after another, so that however many come at once none is missed.
 */
export function countAttempt(db: Database, { scope, key, what }: Attempt, seconds: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    await sql`
      select pg_advisory_xact_lock(hashtextextended(${scope} || encode(${key}::bytea, 'hex'), ${ATTEMPT_LOCK}))
    `.execute(trx)
    await sql`
      insert into attempt (scope, key, what, at)
      select ${scope}, ${key}, what, clock_timestamp() from (values (${what}::bytea)) as given (what)
      where what is not null
      on conflict (scope, key, what) do update set at = excluded.at
    `.execute(trx)
    const { rows } = await sql<{ count: number }>`
      select count(*) from attempt
      where scope = ${scope} and key = ${key} and at > clock_timestamp() - ${seconds} * interval '1 second'
    `.execute(trx)
    return rows[0]!.count
  })
}

/** Takes back what turned out to be no attempt (a right password, say). */
export async function forgetAttempt(db: Database, { scope, key, what }: Attempt): Promise<void> {
  await sql`delete from attempt where scope = ${scope} and key = ${key} and what = ${what}`.execute(db)
}

export async function deleteAttemptsBefore(db: Database, instant: Instant): Promise<void> {
  await sql`delete from attempt where at < ${timestamp(instant)}`.execute(db)
}
