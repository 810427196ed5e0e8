import { randomUUIDv7 } from 'node:crypto'
import { sql } from 'kysely'
import { type IdentityName, sliceOf } from '../../src/domain/identity.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import type { Database } from '../../src/storage/database.ts'
import { timestampOf } from '../../src/storage/sql.ts'

/** A report as if it had been accepted in a request of then. */
export type Received = {
  readonly workProviderId: string
  readonly requestId: string
  readonly item: number
  readonly identity: IdentityName
  readonly kind: EventKind
  readonly at: Instant
  readonly receivedAt: Instant
}

/** An id of a request that came at an instant. */
export function requestIdOf(instant: Instant): string {
  const hex = Math.floor(instant / 1_000)
    .toString(16)
    .padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}${randomUUIDv7().slice(13)}`
}

/** Puts reports in the inbox. */
export async function receive(db: Database, reports: readonly Received[]): Promise<void> {
  await sql`
    insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
    select slice, work_provider_id, request_id, item, identity_kind::identity_kind, identity, kind::event_kind,
      ${timestampOf('at_us')}, ${timestampOf('received_us')}
    from unnest(
      ${reports.map(({ workProviderId, identity }) => sliceOf({ workProviderId, ...identity }))}::smallint[],
      ${reports.map((one) => one.workProviderId)}::uuid[], ${reports.map((one) => one.requestId)}::uuid[],
      ${reports.map((one) => one.item)}::int[], ${reports.map((one) => one.identity.kind)}::text[],
      ${reports.map((one) => one.identity.text)}::text[], ${reports.map((one) => one.kind)}::text[],
      ${reports.map((one) => one.at)}::bigint[], ${reports.map((one) => one.receivedAt)}::bigint[]
    ) as row (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at_us, received_us)
  `.execute(db)
}
