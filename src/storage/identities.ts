import { sql } from 'kysely'
import { type Identity, sliceOf } from '../domain/identity.ts'
import type { DatabaseTransaction } from './database.ts'

/**
 * Locks identities until the end of the transaction, making the rows that are missing, always in the same order.
 *
 * Whoever adds events and whoever changes who holds an identity both hold
 * it, so that one of them sees what the other did.
 */
export async function lockIdentities(trx: DatabaseTransaction, identities: readonly Identity[]): Promise<void> {
  const { workProviderId, kind, text } = identityColumns(identities)
  const wanted = sql`
    select distinct work_provider_id, kind, identity, slice
    from unnest(${workProviderId}::uuid[], ${kind}::identity_kind[], ${text}::text[],
      ${identities.map(sliceOf)}::smallint[]) as wanted (work_provider_id, kind, identity, slice)
  `
  await sql`
    insert into identity (work_provider_id, kind, identity, slice)
    select work_provider_id, kind, identity, slice from (${wanted}) wanted order by work_provider_id, kind, identity
    on conflict do nothing
  `.execute(trx)
  await sql`
    select from identity i join (${wanted}) wanted using (work_provider_id, kind, identity)
    order by i.work_provider_id, i.kind, i.identity for update of i
  `.execute(trx)
}

export function identityColumns(identities: readonly Identity[]): {
  workProviderId: string[]
  kind: string[]
  text: string[]
} {
  return {
    workProviderId: identities.map((identity) => identity.workProviderId),
    kind: identities.map((identity) => identity.kind),
    text: identities.map((identity) => identity.text),
  }
}
