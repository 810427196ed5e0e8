import { sql } from 'kysely'
import { type Customer, emailKey, erasedEmail } from '../domain/customer.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull } from './sql.ts'

export type StoredCustomer = Customer & {
  readonly phone: string | null
  /** The account that the customer logs in with. */
  readonly accountId: string | null
  readonly recordedAt: Instant
  /** Since when nothing but number, policies and record is known of them. */
  readonly erasedAt: Instant | null
  /** Made up for tests (domain/sandbox.ts): only test keys see them. */
  readonly isTest: boolean
}

const COLUMNS = sql`
  customer_number as "customerNumber", email, name, phone, account_id as "accountId",
  ${microseconds('recorded_at')} as "recordedAt", ${microsecondsOrNull('erased_at')} as "erasedAt",
  is_test as "isTest"
`

export async function insertCustomer(db: Database, customer: Customer, isTest = false): Promise<void> {
  await sql`
    insert into customer (customer_number, email, email_key, name, is_test)
    values (${customer.customerNumber}, ${customer.email}, ${emailKey(customer.email)}, ${customer.name}, ${isTest})
  `.execute(db)
}

export async function findCustomer(db: Database, customerNumber: string): Promise<StoredCustomer | null> {
  const { rows } = await sql<StoredCustomer>`
    select ${COLUMNS} from customer where customer_number = ${customerNumber}
  `.execute(db)
  return rows[0] ?? null
}

/**
 * The customer, locked until the transaction ends: to be erased, or not to be erased meanwhile. Taken before any other lock
 * of what is theirs.
 */
export async function lockCustomer(
  trx: DatabaseTransaction,
  customerNumber: string,
  to: 'erase' | 'keep',
): Promise<StoredCustomer | null> {
  const strength = to === 'erase' ? sql`for no key update` : sql`for share`
  const { rows } = await sql<StoredCustomer>`
    select ${COLUMNS} from customer where customer_number = ${customerNumber} ${strength}
  `.execute(trx)
  return rows[0] ?? null
}

export async function findCustomerOfAccount(db: Database, accountId: string): Promise<StoredCustomer | null> {
  const { rows } = await sql<StoredCustomer>`
    select ${COLUMNS} from customer where account_id = ${accountId}
  `.execute(db)
  return rows[0] ?? null
}

/** Gives an account to the customer with its e-mail who has none, and answers their number; null where there is none. */
export async function claimCustomerByEmail(db: Database, accountId: string, email: string): Promise<string | null> {
  const { rows } = await sql<{ customerNumber: string }>`
    update customer set account_id = ${accountId}
    where email_key = ${emailKey(email)} and account_id is null and not is_test
    returning customer_number as "customerNumber"
  `.execute(db)
  return rows[0]?.customerNumber ?? null
}

/** Gives the customer who holds an address the one of their account, where that has another by now. */
export async function refreshHolderOf(db: Database, email: string): Promise<void> {
  await sql`
    update customer set email = a.email, email_key = a.email
    from driver_account a where a.id = customer.account_id and customer.email_key = ${emailKey(email)}
      and a.email <> customer.email_key
  `.execute(db)
}

/** What customers say of themselves; what is left out stays as it is. An erased customer says nothing any more. */
export async function updateCustomer(
  db: Database,
  customerNumber: string,
  { email, name, phone }: { email?: string; name?: string; phone?: string | null },
): Promise<void> {
  await sql`
    update customer set email = coalesce(${email ?? null}::text, email),
      email_key = coalesce(${email === undefined ? null : emailKey(email)}::text, email_key),
      name = coalesce(${name ?? null}::text, name),
      phone = case when ${phone === undefined} then phone else ${phone ?? null}::text end
    where customer_number = ${customerNumber} and erased_at is null
  `.execute(db)
}

/** Makes unreadable who a customer is. The account has to be gone before. */
export async function eraseCustomer(trx: DatabaseTransaction, customerNumber: string): Promise<void> {
  const email = erasedEmail(customerNumber)
  await sql`
    update customer set email = ${email}, email_key = ${email}, name = null, phone = null, erased_at = clock_timestamp()
    where customer_number = ${customerNumber}
  `.execute(trx)
}

export async function isEmailTaken(db: Database, email: string): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select exists (select from customer where email_key = ${emailKey(email)}) as taken
  `.execute(db)
  return rows[0]!.taken
}

/** What tells whether somebody is who a work provider thinks. */
export type KnownCustomer = { readonly emailKey: string; readonly isTest: boolean }

/** Of several numbers, the customers; those that nobody has, or who are erased, are missing in the answer. */
export async function knownCustomers(
  db: Database,
  customerNumbers: readonly string[],
): Promise<Map<string, KnownCustomer>> {
  const { rows } = await sql<KnownCustomer & { customerNumber: string }>`
    select customer_number as "customerNumber", email_key as "emailKey", is_test as "isTest"
    from customer where customer_number = any(${customerNumbers}::text[]) and erased_at is null
  `.execute(db)
  return new Map(rows.map(({ customerNumber, ...known }) => [customerNumber, known]))
}

/** Whether nobody has put anything in yet. */
export async function isStoreEmpty(db: Database): Promise<boolean> {
  const { rows } = await sql<{ empty: boolean }>`
    select not exists (select from customer) and not exists (select from work_provider) as empty
  `.execute(db)
  return rows[0]!.empty
}
