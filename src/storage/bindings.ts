import { sql } from 'kysely'
import { type Identity, type IdentityKind, sliceOf } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Binding } from '../domain/link.ts'
import { bigintArray } from './binary-arrays.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { identityRows } from './identities.ts'
import { microsecondsOrNull, nearMicroseconds, timestamp } from './sql.ts'

type BindingRow = {
  id: number
  linkId: number
  workProviderId: string
  identityKind: IdentityKind
  identity: string
  heldFrom: Instant | null
  recordedAt: Instant
  releasedFrom: Instant | null
  releaseRecordedAt: Instant | null
}

/** A binding with the work provider whose identity it is about. */
export type BoundIdentity = Binding & { readonly workProviderId: string }

/** The identity that a binding is about. */
export function identityOf({ workProviderId, identity }: BoundIdentity): Identity {
  return { workProviderId, ...identity }
}

const COLUMNS = sql`
  b.id, b.link_id as "linkId", b.work_provider_id as "workProviderId", b.identity_kind as "identityKind", b.identity,
  ${microsecondsOrNull('b.held_from')} as "heldFrom", ${nearMicroseconds('b.recorded_at')} as "recordedAt",
  ${microsecondsOrNull('r.effective_at')} as "releasedFrom", ${microsecondsOrNull('r.recorded_at')} as "releaseRecordedAt"
`

export async function bindingsOfIdentities(db: Database, identities: readonly Identity[]): Promise<BoundIdentity[]> {
  const { rows } = await sql<BindingRow>`/* prepared */
    select ${COLUMNS}
    from (
      select distinct work_provider_id, kind as identity_kind, identity from ${identityRows(identities)}
    ) wanted
    join binding b using (work_provider_id, identity_kind, identity)
    left join release r on r.binding_id = b.id
    order by b.id
  `.execute(db)
  return rows.map(bindingFromRow)
}

export async function bindingsOfLinks(db: Database, linkIds: readonly number[]): Promise<BoundIdentity[]> {
  const { rows } = await sql<BindingRow>`/* prepared */
    select ${COLUMNS}
    from binding b left join release r on r.binding_id = b.id
    where b.link_id = any(${bigintArray(linkIds)}::bigint[]) order by b.id
  `.execute(db)
  return rows.map(bindingFromRow)
}

function bindingFromRow(row: BindingRow): BoundIdentity {
  const { id, linkId, workProviderId, heldFrom, recordedAt, releasedFrom, releaseRecordedAt } = row
  const isReleased = releasedFrom !== null && releaseRecordedAt !== null
  return {
    id,
    linkId,
    workProviderId,
    identity: { kind: row.identityKind, text: row.identity },
    heldFrom,
    recordedAt,
    release: isReleased ? { effectiveAt: releasedFrom, recordedAt: releaseRecordedAt } : null,
  }
}

/** Needs the identity's lock, and that nobody holds the identity. */
export async function insertBinding(
  trx: DatabaseTransaction,
  binding: { linkId: number; identity: Identity; heldFrom: Instant | null },
): Promise<void> {
  const { workProviderId, kind, text } = binding.identity
  await sql`
    insert into binding (work_provider_id, identity_kind, identity, slice, link_id, held_from)
    values (${workProviderId}, ${kind}, ${text}, ${sliceOf(binding.identity)}, ${binding.linkId},
      ${timestamp(binding.heldFrom)})
  `.execute(trx)
}

export async function insertRelease(trx: DatabaseTransaction, bindingId: number, effectiveAt: Instant): Promise<void> {
  await sql`
    insert into release (binding_id, effective_at) values (${bindingId}, ${timestamp(effectiveAt)})
  `.execute(trx)
}
