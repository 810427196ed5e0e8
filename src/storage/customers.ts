import { sql } from 'kysely'
import { type Customer, emailKey } from '../domain/customer.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds } from './sql.ts'

export type StoredCustomer = Customer & { readonly recordedAt: Instant }

export async function insertCustomer(db: Database, customer: Customer): Promise<void> {
  await sql`
    insert into customer (customer_number, email, email_key, name)
    values (${customer.customerNumber}, ${customer.email}, ${emailKey(customer.email)}, ${customer.name})
  `.execute(db)
}

export async function findCustomer(db: Database, customerNumber: string): Promise<StoredCustomer | null> {
  const { rows } = await sql<StoredCustomer>`
    select customer_number as "customerNumber", email, name, ${microseconds('recorded_at')} as "recordedAt"
    from customer where customer_number = ${customerNumber}
  `.execute(db)
  return rows[0] ?? null
}

export async function isEmailTaken(db: Database, email: string): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select exists (select from customer where email_key = ${emailKey(email)}) as taken
  `.execute(db)
  return rows[0]!.taken
}

/** The e-mail keys of several customers; those that nobody has are missing in the answer. */
export async function emailKeysOf(db: Database, customerNumbers: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ customerNumber: string; emailKey: string }>`
    select customer_number as "customerNumber", email_key as "emailKey"
    from customer where customer_number = any(${customerNumbers}::text[])
  `.execute(db)
  return new Map(rows.map((row) => [row.customerNumber, row.emailKey]))
}

/** Whether nobody has put anything in yet. */
export async function isStoreEmpty(db: Database): Promise<boolean> {
  const { rows } = await sql<{ empty: boolean }>`
    select not exists (select from customer) and not exists (select from work_provider) as empty
  `.execute(db)
  return rows[0]!.empty
}
