import { sql } from 'kysely'
import type { Identity, IdentityKind } from '../domain/identity.ts'
import { type Instant, plus } from '../domain/instant.ts'
import { type Database, inTransaction } from './database.ts'
import { identityRows } from './identities.ts'
import { CLOCKS_APART } from './reports.ts'
import { microsecondsOrNull, timestamp } from './sql.ts'

/** As much of a customer as a list shows. */
export type FoundCustomer = {
  readonly customerNumber: string
  readonly name: string | null
  readonly email: string
  readonly erasedAt: Instant | null
}

/* Nobody of the sandbox is found here. */

export async function customersNumbered(db: Database, numbers: readonly string[]): Promise<FoundCustomer[]> {
  const { rows } = await sql<FoundCustomer>`
    select customer_number as "customerNumber", name, email, ${microsecondsOrNull('erased_at')} as "erasedAt"
    from customer where customer_number = any(${numbers}::text[]) and not is_test
  `.execute(db)
  return rows
}

export async function customerOfEmail(db: Database, key: string): Promise<string | null> {
  const { rows } = await sql<{ number: string }>`
    select customer_number as number from customer where email_key = ${key} and erased_at is null and not is_test
  `.execute(db)
  return rows[0]?.number ?? null
}

/** Those whose address begins so, by address. `beginning` is in the form of keys. */
export async function customersOfEmailBeginning(db: Database, beginning: string, limit: number): Promise<string[]> {
  // Bounds by bytes, as the index is ordered: of a pattern, a plan that is kept would not know the beginning.
  const { rows } = await sql<{ number: string }>`
    select customer_number as number from customer
    where email_key ~>=~ ${beginning} and email_key ~<~ ${`${beginning}\u{10ffff}`} and erased_at is null
      and not is_test
    order by email_key using ~<~ limit ${limit}
  `.execute(db)
  return rows.map((row) => row.number)
}

/** Those who have, for each beginning, a word in their name that begins so; in no order. */
export function customersOfNameBeginnings(
  db: Database,
  beginnings: readonly string[],
  limit: number,
): Promise<string[]> {
  const query = beginnings.map((one) => `'${one.replaceAll(/['\\]/g, '$&$&')}':*`).join(' & ')
  return inTransaction(db, async (trx) => {
    // An index of words can be read by bitmap alone: with that off too, PostgreSQL 15 reads the whole table instead.
    await sql`select set_config('enable_bitmapscan', 'on', true)`.execute(trx)
    const { rows } = await sql<{ number: string }>`
      select customer_number as number from customer
      where to_tsvector('simple'::regconfig, coalesce(name, '')) @@ to_tsquery('simple'::regconfig, ${query})
        and not is_test
      limit ${limit}
    `.execute(trx)
    return rows.map((row) => row.number)
  })
}

/** Whose policies name a vehicle. `registration`: without spaces, in capitals. */
export async function customersOfVehicle(db: Database, registration: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ number: string }>`
    select customer_number as number from policy
    where upper(replace(vehicle_registration, ' ', '')) = ${registration} and vehicle_registration is not null
    limit ${limit}
  `.execute(db)
  return [...new Set(rows.map((row) => row.number))]
}

/** Those of some identities that were ever reported or bound. */
export async function knownIdentities(db: Database, identities: readonly Identity[]): Promise<Identity[]> {
  const { rows } = await sql<{ workProviderId: string; kind: IdentityKind; text: string }>`
    select work_provider_id as "workProviderId", kind, identity as text
    from identity join ${identityRows(identities)} using (work_provider_id, kind, identity)
    order by place
  `.execute(db)
  return rows
}

/** The work providers one of whose requests has an id: one, as ids are unique; none for an id of nothing. */
export async function workProvidersOfRequest(
  db: Database,
  request: { readonly workProviderIds: readonly string[]; readonly requestId: string; readonly sentAt: Instant },
): Promise<string[]> {
  const { workProviderIds, requestId, sentAt } = request
  const { rows } = await sql<{ workProviderId: string }>`
    select work_provider_id as "workProviderId" from report
    where work_provider_id = any(${workProviderIds}::uuid[]) and request_id = ${requestId}
      and received_at > ${timestamp(plus(sentAt, -CLOCKS_APART))}
      and received_at < ${timestamp(plus(sentAt, CLOCKS_APART))}
    union
    select work_provider_id from inbox
    where work_provider_id = any(${workProviderIds}::uuid[]) and request_id = ${requestId}
    union
    select work_provider_id from match
    where work_provider_id = any(${workProviderIds}::uuid[]) and request_id = ${requestId}
  `.execute(db)
  return rows.map((row) => row.workProviderId)
}
