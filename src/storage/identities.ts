import { type RawBuilder, sql } from 'kysely'
import { type Identity, type IdentityKind, identityKey, sliceOf } from '../domain/identity.ts'
import { booleanArray, smallintArray, textArray, uuidArray } from './binary-arrays.ts'
import { atOnce, type DatabaseTransaction } from './database.ts'

/**
 * Locks identities until the end of the transaction, making the rows that are missing, always in the same order.
 *
 * Whoever adds events and whoever changes who holds an identity both hold
 * it, so that one of them sees what the other did.
 */
export async function lockIdentities(trx: DatabaseTransaction, identities: readonly Identity[]): Promise<void> {
  await atOnce(trx, (at) => [insertMissing(at, identities), lockExisting(at, identities)])
}

/** Makes rows. Nearly always all of them are there: to look first costs less than to insert in vain. Rows do not go. */
export async function insertMissing(trx: DatabaseTransaction, identities: readonly Identity[]): Promise<void> {
  await sql`/* prepared */
    insert into identity (work_provider_id, kind, identity, slice)
    select work_provider_id, kind, identity, slice from ${slicedIdentityRows(distinctOf(identities))}
    where not exists (
      select from identity i
      where i.work_provider_id = sliced.work_provider_id and i.kind = sliced.kind and i.identity = sliced.identity
    )
    order by work_provider_id, kind, identity
    on conflict do nothing
  `.execute(trx)
}

/** Locks those that have rows. */
export async function lockExisting(trx: DatabaseTransaction, identities: readonly Identity[]): Promise<void> {
  await sql`/* prepared */
    select from identity i join ${identityRows(distinctOf(identities))} using (work_provider_id, kind, identity)
    order by i.work_provider_id, i.kind, i.identity for update of i
  `.execute(trx)
}

function distinctOf(identities: readonly Identity[]): Identity[] {
  return [...new Map(identities.map((identity) => [identityKey(identity), identity])).values()]
}

/** Identities as the rows of a statement: `asked (work_provider_id, kind, identity, place)`, places from 1. */
export function identityRows(identities: readonly Identity[]): RawBuilder<unknown> {
  return sql`(
    select work_provider_id, case when is_number then ${CUSTOMER_NUMBER} else ${USER_ID} end as kind, identity, place
    from unnest(${uuidArray(identities.map((one) => one.workProviderId))}::uuid[],
      ${booleanArray(identities.map((one) => one.kind === 'customer_number'))}::boolean[],
      ${textArray(identities.map((one) => one.text))}::text[])
      with ordinality as one (work_provider_id, is_number, identity, place)
  ) asked`
}

/** As `identityRows`, each with its slice. */
export function slicedIdentityRows(identities: readonly Identity[]): RawBuilder<unknown> {
  return sql`(
    select slice, work_provider_id, kind, identity, place
    from ${identityRows(identities)} join unnest(${smallintArray(identities.map(sliceOf))}::smallint[])
      with ordinality as its (slice, place) using (place)
  ) sliced`
}

export const CUSTOMER_NUMBER = sql`${sql.lit('customer_number' satisfies IdentityKind)}::identity_kind`
export const USER_ID = sql`${sql.lit('user_id' satisfies IdentityKind)}::identity_kind`
