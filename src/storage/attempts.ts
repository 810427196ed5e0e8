import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import { type Database, inTransaction } from './database.ts'
import { deleteInPieces, timestamp } from './sql.ts'

/** Any number: tells these locks from others. */
const ATTEMPT_LOCK = 2

export type Attempt = {
  /** What is counted, and for whom. */
  readonly scope: string
  readonly key: Buffer
  /** What distinct attempts are told apart by: the same one again counts once. Null: nothing is noted, only judged. */
  readonly what: Buffer | null
}

/**
 * Counts the distinct attempts within the last `seconds`, this one included, and notes it unless `keep` of them are noted
 * already. So a limit of `keep` ends even while somebody goes on trying, and no more than that are ever counted. Attempts
 * of one key are counted one after another: however many come at once, none is missed.
 */
export function countAttempt(
  db: Database,
  { scope, key, what }: Attempt,
  { keep, seconds }: { keep: number; seconds: number },
): Promise<number> {
  return inTransaction(db, async (trx) => {
    await sql`
      select pg_advisory_xact_lock(hashtextextended(${scope} || encode(${key}::bytea, 'hex'), ${ATTEMPT_LOCK}))
    `.execute(trx)
    const { rows } = await sql<{ noted: number; isKnown: boolean }>`
      select count(*) as noted, coalesce(bool_or(what = ${what}::bytea), false) as "isKnown"
      from (
        select what from attempt
        where scope = ${scope} and key = ${key} and at > clock_timestamp() - ${seconds} * interval '1 second'
        limit ${keep}
      ) noted
    `.execute(trx)
    const { noted, isKnown } = rows[0]!
    if (what === null || isKnown) return noted
    if (noted < keep) {
      await sql`
        insert into attempt (scope, key, what, at) values (${scope}, ${key}, ${what}, clock_timestamp())
        on conflict (scope, key, what) do update set at = excluded.at
      `.execute(trx)
    }
    return noted + 1
  })
}

/** Takes back what turned out to be no attempt (a right password, say). */
export async function forgetAttempt(db: Database, { scope, key, what }: Attempt): Promise<void> {
  await sql`delete from attempt where scope = ${scope} and key = ${key} and what = ${what}`.execute(db)
}

export function deleteAttemptsBefore(db: Database, instant: Instant): Promise<void> {
  return deleteInPieces(db, sql`attempt`, sql`at < ${timestamp(instant)}`)
}
