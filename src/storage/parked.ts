import { type RawBuilder, sql } from 'kysely'
import { type Identity, sliceOf } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { timestampArray } from './binary-arrays.ts'
import { isCitus } from './citus.ts'
import type { Database } from './database.ts'
import { annulledAmong } from './events.ts'
import { identityRows, slicedIdentityRows } from './identities.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** What was reported of an identity since nobody holds it; nulls where that is nothing. */
export type ParkedReports = {
  readonly events: number
  readonly firstAt: Instant | null
  readonly lastAt: Instant | null
  /** When the earliest of the events that were counted was received. */
  readonly since: Instant | null
}

const NOTHING: ParkedReports = { events: 0, firstAt: null, lastAt: null, since: null }

/** For each identity; events are counted up to `atMost`, or all of them (null). Nothing for those that somebody holds. */
export async function parkedReports(
  db: Database,
  identities: readonly Identity[],
  atMost: number | null,
): Promise<ParkedReports[]> {
  const all = identities.map(() => NOTHING)
  const free = await freeIdentities(db, identities)
  if (!(await isCitus(db))) {
    await readParked(db, free, atMost, sql`sliced.slice`, all)
    return all
  }
  // There a lateral read is one of a single shard: a statement for each slice.
  for (const [slice, ofSlice] of Map.groupBy(free, ({ identity }) => sliceOf(identity))) {
    await readParked(db, ofSlice, atMost, sql`${slice}::smallint`, all)
  }
  return all
}

/** An identity that nobody holds, by its place among those that were asked for; `from`: null when nobody ever did. */
type Free = { readonly place: number; readonly identity: Identity; readonly from: Instant | null }

async function freeIdentities(db: Database, identities: readonly Identity[]): Promise<Free[]> {
  if (identities.length === 0) return []
  const { rows } = await sql<{ place: number; from: Instant | null }>`
    select asked.place::int - 1 as place, ${microsecondsOrNull('b.free_from')} as "from"
    from ${identityRows(identities)}
    cross join lateral (
      select coalesce(bool_or(r.binding_id is null), false) as is_held,
        max(greatest(r.effective_at, b.held_from)) as free_from
      from binding b left join release r on r.binding_id = b.id
      where b.work_provider_id = asked.work_provider_id and b.identity_kind = asked.kind and b.identity = asked.identity
    ) b
    where not b.is_held
  `.execute(db)
  return rows.map((row) => ({ ...row, identity: identities[row.place]! }))
}

/** Fills in what was reported of free identities. `slice`: of the identity `sliced`, as the statement says it. */
async function readParked(
  db: Database,
  free: readonly Free[],
  atMost: number | null,
  slice: RawBuilder<unknown>,
  all: ParkedReports[],
): Promise<void> {
  if (free.length === 0) return
  const itsEvents = sql`
    from event e
    where e.slice = ${slice} and e.work_provider_id = sliced.work_provider_id and e.identity_kind = sliced.kind
      and e.identity = sliced.identity and e.at >= coalesce(its.free_from, '-infinity')
  `
  const { rows } = await sql<ParkedReports & { place: number }>`
    select sliced.place::int - 1 as place, e.events, ${microsecondsOrNull('e.first_at')} as "firstAt",
      ${microsecondsOrNull('l.last_at')} as "lastAt", ${microsecondsOrNull('e.since')} as since
    from ${slicedIdentityRows(free.map(({ identity }) => identity))}
    join unnest(${timestampArray(free.map(({ from }) => from))}::timestamptz[]) with ordinality as its (free_from, place)
      using (place)
    cross join lateral (
      select count(*) as events, min(at) as first_at, min(received_at) as since
      from (select at, received_at ${itsEvents} order by at limit ${atMost}::int) first
    ) e
    cross join lateral (
      select max(at) as last_at from (select at ${itsEvents} order by at desc limit 1) last
    ) l
  `.execute(db)
  for (const { place, ...reports } of rows) all[free[place]!.place] = reports
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
  if (!(await isCitus(db))) return rows
  // There the flag is not kept.
  const annulled = await annulledAmong(
    db,
    rows.map(({ kind, at }) => ({ identity, kind, at })),
  )
  return rows.map((row, place) => ({ ...row, isAnnulled: annulled.has(place) }))
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
