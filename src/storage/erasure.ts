import { sql } from 'kysely'
import { emailKey } from '../domain/customer.ts'
import type { DatabaseTransaction } from './database.ts'

/** What tells who somebody is, besides the row of the customer: the account, and all that was mailed or is to be. */
export async function deleteTraces(
  trx: DatabaseTransaction,
  person: { customerNumber: string; email: string; accountId: string | null },
): Promise<void> {
  const { customerNumber, accountId } = person
  const email = emailKey(person.email)
  await sql`delete from outbox where lower(to_address) = ${email}`.execute(trx)
  await sql`
    delete from mail_link
    where ${email} in (lower(data ->> 'email'), lower(data ->> 'oldEmail'), lower(data ->> 'newEmail'))
      or data ->> 'customerNumber' = ${customerNumber} or data ->> 'accountId' = ${accountId}
  `.execute(trx)
  await sql`delete from link_intent where lower(email) = ${email} or account_id = ${accountId}`.execute(trx)
  await sql`delete from driver_verification where value = ${accountId}`.execute(trx)
  // Sessions and password go with it.
  await sql`delete from driver_account where id = ${accountId} or email = ${email}`.execute(trx)
}
