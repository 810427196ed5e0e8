import { sql } from 'kysely'
import { emailKey } from '../domain/customer.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { timestamp } from './sql.ts'

/* The tables are better-auth's; here is only what it has no call for. */

/** Addresses are kept there without case. */
export async function hasDriverAccount(db: Database, email: string): Promise<boolean> {
  const { rows } = await sql<{ exists: boolean }>`
    select exists (select from driver_account where email = ${emailKey(email)}) as exists
  `.execute(db)
  return rows[0]!.exists
}

/**
 * Ends what was mailed and not used yet: resets of the password and changes of the address. Whoever had the account
 * before its holder set a new password keeps no way back in.
 */
export async function deletePendingChanges(db: Database, accountId: string, email: string): Promise<void> {
  await sql`
    delete from mail_link
    where purpose = 'change e-mail' and data ->> 'accountId' = ${accountId}
      or purpose = 'reset password' and lower(data ->> 'email') = ${emailKey(email)}
  `.execute(db)
}

/** Ends the sessions of an account; answers how many that were. */
export async function deleteSessions(db: Database, accountId: string): Promise<number> {
  const { numAffectedRows } = await sql`delete from driver_session where account_id = ${accountId}`.execute(db)
  return Number(numAffectedRows ?? 0n)
}

/** Sessions and the like that ran out, of drivers and of the desk. */
export async function deleteExpiredLogins(db: Database, now: Instant): Promise<void> {
  for (const table of ['driver_session', 'driver_verification', 'desk_session', 'desk_verification']) {
    await sql`delete from ${sql.table(table)} where expires_at < ${timestamp(now)}`.execute(db)
  }
}
