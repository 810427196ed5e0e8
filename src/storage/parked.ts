import { sql } from 'kysely'
import { type Identity, sliceOf } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import type { Database } from './database.ts'
import { slicedIdentityRows } from './identities.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** What was reported of an identity since nobody holds it; nulls where that is nothing. */
export type ParkedReports = {
  readonly events: number
  readonly firstAt: Instant | null
  readonly lastAt: Instant | null
  /** When the earliest of the events that were counted was received. */
  readonly since: Instant | null
}

/** For each identity; events are counted up to `atMost`, or all of them (null). Nothing for those that somebody holds. */
export async function parkedReports(
  db: Database,
  identities: readonly Identity[],
  atMost: number | null,
): Promise<ParkedReports[]> {
  if (identities.length === 0) return []
  const { rows } = await sql<ParkedReports>`
    select e.events, ${microsecondsOrNull('e.first_at')} as "firstAt", ${microsecondsOrNull('l.last_at')} as "lastAt",
      ${microsecondsOrNull('e.since')} as since
    from ${slicedIdentityRows(identities)}
    cross join lateral (
      select coalesce(bool_or(r.binding_id is null), false) as is_held,
        coalesce(max(greatest(r.effective_at, b.held_from)), '-infinity') as free_from
      from binding b left join release r on r.binding_id = b.id
      where b.work_provider_id = sliced.work_provider_id and b.identity_kind = sliced.kind
        and b.identity = sliced.identity
    ) b
    cross join lateral (
      select count(*) as events, min(at) as first_at, min(received_at) as since
      from (
        select at, received_at from event e
        where not b.is_held and e.slice = sliced.slice and e.work_provider_id = sliced.work_provider_id
          and e.identity_kind = sliced.kind and e.identity = sliced.identity and e.at >= b.free_from
        order by at limit ${atMost}::int
      ) first
    ) e
    cross join lateral (
      select max(at) as last_at
      from (
        select at from event e
        where not b.is_held and e.slice = sliced.slice and e.work_provider_id = sliced.work_provider_id
          and e.identity_kind = sliced.kind and e.identity = sliced.identity and e.at >= b.free_from
        order by at desc limit 1
      ) last
    ) l
    order by sliced.place
  `.execute(db)
  return rows
}

export type LastEvent = {
  readonly kind: EventKind
  readonly at: Instant
  readonly receivedAt: Instant
  readonly requestId: string
  readonly isAnnulled: boolean
}

/** The latest events of an identity, whoever holds it, latest first. */
export async function lastEvents(db: Database, identity: Identity, limit: number): Promise<LastEvent[]> {
  const { rows } = await sql<LastEvent>`
    select kind, ${microseconds('at')} as at, ${microseconds('received_at')} as "receivedAt",
      request_id as "requestId", annulled as "isAnnulled"
    from event
    where slice = ${sliceOf(identity)} and work_provider_id = ${identity.workProviderId}
      and identity_kind = ${identity.kind} and identity = ${identity.text}
    order by event.at desc, event.kind desc limit ${limit}
  `.execute(db)
  return rows
}

/** How many of the latest events of an identity, of so many at most, were received after an instant. */
export async function countReceivedAfter(
  db: Database,
  identity: Identity,
  { after, atMost }: { after: Instant; atMost: number },
): Promise<number> {
  const { rows } = await sql<{ events: number }>`
    select count(*) as events from (
      select received_at from event
      where slice = ${sliceOf(identity)} and work_provider_id = ${identity.workProviderId}
        and identity_kind = ${identity.kind} and identity = ${identity.text}
      order by at desc limit ${atMost}
    ) last
    where received_at > ${timestamp(after)}
  `.execute(db)
  return rows[0]!.events
}
