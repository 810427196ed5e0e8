import { type RawBuilder, sql } from 'kysely'
import { type Identity, type IdentityKind, sliceOf } from '../domain/identity.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { earlier } from '../domain/interval.ts'
import type { Annulment, EventKind, ReceivedEvent, ShiftEvent } from '../domain/shift-event.ts'
import { booleanArray, integerArray, smallintArray, textArray, timestampArray, uuidArray } from './binary-arrays.ts'
import { isCitus } from './citus.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { CUSTOMER_NUMBER, identityRows, slicedIdentityRows, USER_ID } from './identities.ts'
import { microseconds, nearMicroseconds, timestamp } from './sql.ts'

/** A stretch of an identity's events to read: from `from` on, before `to`, at most `limit` of them. */
export type EventRange = {
  readonly identity: Identity
  readonly from: Instant
  readonly to: Instant
  readonly limit: number
}

export type RangeEvent = { readonly range: number; readonly kind: EventKind; readonly at: Instant }

/**
 * Reads several ranges at once, each in the order of `at`, annulled events left out. One index probe a range: the
 * bounds also tell PostgreSQL which partitions to look into.
 */
export async function readEventRanges(db: Database, ranges: readonly EventRange[]): Promise<RangeEvent[]> {
  if (ranges.length === 0) return []
  if (!(await isCitus(db))) return readRanges(db, ranges, sql`r.slice`, sql`e.annulled`)
  // There a lateral read is one of a single shard: a statement for each slice. What is annulled is on another server.
  const annulled = await annulledInRanges(db, ranges)
  const placed = ranges.map((range, place) => ({ range, place }))
  const bySlice = Map.groupBy(placed, ({ range }) => sliceOf(range.identity))
  const all: RangeEvent[] = []
  for (const [slice, ofSlice] of bySlice) {
    const its = ofSlice.map(({ range }) => range)
    const places = new Map(ofSlice.map(({ place }, ofIts) => [place, ofIts + 1]))
    const among = annulled.flatMap((one) => (places.has(one.range) ? [{ ...one, range: places.get(one.range)! }] : []))
    const events = await readRanges(db, its, sql`${slice}::smallint`, isAmong(among))
    all.push(...events.map((event) => ({ ...event, range: ofSlice[event.range]!.place })))
  }
  return all
}

/** The events of some ranges that are annulled by the last word on them: there are few, if any. */
async function annulledInRanges(db: Database, ranges: readonly EventRange[]): Promise<RangeEvent[]> {
  const { rows } = await sql<RangeEvent>`
    select last.place::int - 1 as range, last.kind, ${microseconds('last.at')} as at
    from (
      select distinct on (asked.place, a.at, a.kind) asked.place, a.at, a.kind, a.annulled
      from ${identityRows(ranges.map(({ identity }) => identity))}
      join annulment a on a.work_provider_id = asked.work_provider_id and a.identity_kind = asked.kind
        and a.identity = asked.identity
      order by asked.place, a.at, a.kind, a.seq desc
    ) last
    where last.annulled
  `.execute(db)
  return rows
}

/** That an event `e` of the range `r` is one of these. */
function isAmong(events: readonly RangeEvent[]): RawBuilder<unknown> {
  if (events.length === 0) return sql`false`
  return sql`(r.place, e.kind, e.at) in (
    select place, kind::event_kind, at
    from unnest(${integerArray(events.map((one) => one.range))}::int[], ${textArray(events.map((one) => one.kind))}::text[],
      ${timestampArray(events.map((one) => one.at))}::timestamptz[]) as annulled (place, kind, at)
  )`
}

/** `slice`: of the range `r`, as the statement says it; `isAnnulled`: how it tells that of an event `e` of `r`. */
async function readRanges(
  db: Database,
  ranges: readonly EventRange[],
  slice: RawBuilder<unknown>,
  isAnnulled: RawBuilder<unknown>,
): Promise<RangeEvent[]> {
  const identities = ranges.map((range) => range.identity)
  const earliest = ranges.reduce((first, range) => earlier(first, range.from), ranges[0]!.from)
  const { rows } = await sql<RangeEvent>`/* prepared */
    select r.place::int - 1 as range, e.kind, ${nearMicroseconds('e.at')} as at
    from unnest(${smallintArray(identities.map(sliceOf))}::smallint[],
      ${uuidArray(identities.map((one) => one.workProviderId))}::uuid[],
      ${booleanArray(identities.map((one) => one.kind === 'customer_number'))}::boolean[],
      ${textArray(identities.map((one) => one.text))}::text[],
      ${timestampArray(ranges.map((range) => range.from))}::timestamptz[],
      ${timestampArray(ranges.map((range) => range.to))}::timestamptz[],
      ${integerArray(ranges.map((range) => range.limit))}::int[])
      with ordinality as r (slice, work_provider_id, is_number, identity, from_at, to_at, at_most, place)
    cross join lateral (
      select e.kind, e.at from event e
      where e.slice = ${slice} and e.work_provider_id = r.work_provider_id
        and e.identity_kind = case when r.is_number then ${CUSTOMER_NUMBER} else ${USER_ID} end
        and e.identity = r.identity and e.at >= r.from_at and e.at < r.to_at and not ${isAnnulled}
        -- Known before the statement runs: months before all of the ranges are not even looked into.
        and e.at >= ${formatInstant(earliest)}::timestamptz
      order by e.at limit r.at_most
    ) e
    order by r.place, e.at
  `.execute(db)
  return rows
}

type EventRow = {
  workProviderId: string
  identityKind: IdentityKind
  identity: string
  kind: EventKind
  at: Instant
  receivedAt: Instant
  requestId: string
}

const COLUMNS = sql`
  e.work_provider_id as "workProviderId", e.identity_kind as "identityKind", e.identity, e.kind,
  ${microseconds('e.at')} as at, ${microseconds('e.received_at')} as "receivedAt", e.request_id as "requestId"
`

/**
 * All events of some identities by `at`, annulled ones too, with what was said of them. With the inbox, reports that
 * still wait there count like the others: what is answered from this does not depend on how far the projector is.
 */
export async function eventsOfIdentities(
  db: Database,
  identities: readonly Identity[],
  { withInbox }: { withInbox: boolean },
): Promise<ReceivedEvent[]> {
  const { rows } = await sql<EventRow>`
    with wanted as (
      select distinct slice, work_provider_id, kind as identity_kind, identity from ${slicedIdentityRows(identities)}
    ),
    told as (
      select slice, work_provider_id, identity_kind, identity, kind, at, received_at, request_id, item
      from wanted join event using (slice, work_provider_id, identity_kind, identity)
      union all
      select slice, work_provider_id, identity_kind, identity, kind, at, received_at, request_id, item
      from wanted join inbox using (slice, work_provider_id, identity_kind, identity)
      where ${withInbox}
    ),
    earliest as (
      select distinct on (work_provider_id, identity_kind, identity, kind, at) * from told
      order by work_provider_id, identity_kind, identity, kind, at, received_at, request_id, item
    )
    select ${COLUMNS} from earliest e order by e.at, e.kind, e.identity_kind, e.identity
  `.execute(db)
  const annulments = await annulmentsOf(db, identities)
  return rows.map((row) => {
    const event = eventFromRow(row)
    return { ...event, annulments: annulments.get(eventKey(event)) ?? [] }
  })
}

/** The events of a slice in a stretch of time: few, when the stretch is a millisecond. */
export async function eventsOfSlice(db: Database, slice: number, from: Instant, to: Instant): Promise<ShiftEvent[]> {
  const { rows } = await sql<EventRow>`
    select ${COLUMNS} from event e
    where e.slice = ${slice} and e.at >= ${timestamp(from)} and e.at < ${timestamp(to)}
  `.execute(db)
  return rows.map(eventFromRow)
}

/** Of each identity of some events the earliest of them, and when it was received; a statement for each slice. */
export async function firstTold(
  db: Database,
  events: readonly ShiftEvent[],
): Promise<{ identity: Identity; receivedAt: Instant }[]> {
  const bySlice = Map.groupBy(events, ({ identity }) => sliceOf(identity))
  const all: { identity: Identity; receivedAt: Instant }[] = []
  for (const [slice, ofSlice] of bySlice) {
    const { rows } = await sql<{ place: number; receivedAt: Instant }>`
      select distinct on (asked.work_provider_id, asked.kind, asked.identity) asked.place::int - 1 as place,
        ${microseconds('e.received_at')} as "receivedAt"
      from ${identityRows(ofSlice.map(({ identity }) => identity))}
      join unnest(${timestampArray(ofSlice.map(({ at }) => at))}::timestamptz[]) with ordinality as its (at, place)
        using (place)
      cross join lateral (
        select received_at from event
        where slice = ${slice}::smallint and work_provider_id = asked.work_provider_id and identity_kind = asked.kind
          and identity = asked.identity and at = its.at
        limit 1
      ) e
      order by asked.work_provider_id, asked.kind, asked.identity, its.at
    `.execute(db)
    all.push(...rows.map(({ place, receivedAt }) => ({ identity: ofSlice[place]!.identity, receivedAt })))
  }
  return all
}

/** The instants of an identity's first and last event, annulled or not; null when it has none. */
export async function eventSpan(db: Database, identity: Identity): Promise<{ first: Instant; last: Instant } | null> {
  const { rows } = await sql<{ first: Instant | null; last: Instant | null }>`
    select ${microseconds('min(at)')} as first, ${microseconds('max(at)')} as last from event
    where slice = ${sliceOf(identity)} and work_provider_id = ${identity.workProviderId}
      and identity_kind = ${identity.kind} and identity = ${identity.text}
  `.execute(db)
  const { first, last } = rows[0]!
  return first === null || last === null ? null : { first, last }
}

function eventFromRow(row: EventRow): Omit<ReceivedEvent, 'annulments'> {
  return {
    identity: { workProviderId: row.workProviderId, kind: row.identityKind, text: row.identity },
    kind: row.kind,
    at: row.at,
    receivedAt: row.receivedAt,
    requestId: row.requestId,
  }
}

/**
 * Records an annulment (false: there is no such event yet, and nothing is recorded) and, first, the flag on the event that
 * repeats it for the projector's reads. To be called before any lock: projectors hold events before they take the locks
 * of identities. On Citus there is no flag, since it would be on another server than the fact, and not kept whole with it:
 * whoever reads there asks the facts.
 */
export async function insertAnnulment(
  trx: DatabaseTransaction,
  event: ShiftEvent,
  annulment: Omit<Annulment, 'recordedAt'>,
): Promise<boolean> {
  const { workProviderId, kind, text } = event.identity
  const isIt = sql`
    slice = ${sliceOf(event.identity)} and work_provider_id = ${workProviderId} and identity_kind = ${kind}
      and identity = ${text} and at = ${timestamp(event.at)} and kind = ${event.kind}
  `
  const { rows } = await sql`
    ${
      (await isCitus(trx))
        ? sql`select 1 from event where ${isIt}`
        : sql`
    update event set annulled = ${annulment.annulled} where ${isIt} returning 1`
    }
  `.execute(trx)
  if (rows.length === 0) return false
  await sql`
    insert into annulment (work_provider_id, identity_kind, identity, at, kind, annulled, reason, by_whom)
    values (${workProviderId}, ${kind}, ${text}, ${timestamp(event.at)}, ${event.kind}, ${annulment.annulled},
      ${annulment.reason}, ${annulment.by})
  `.execute(trx)
  return true
}

async function annulmentsOf(db: Database, identities: readonly Identity[]): Promise<Map<string, Annulment[]>> {
  const { rows } = await sql<Omit<EventRow, 'receivedAt' | 'requestId'> & Annulment>`
    select e.work_provider_id as "workProviderId", e.identity_kind as "identityKind", e.identity, e.kind,
      ${microseconds('e.at')} as at, e.annulled, e.reason, e.by_whom as by,
      ${microseconds('e.recorded_at')} as "recordedAt"
    from (
      select distinct work_provider_id, kind as identity_kind, identity from ${identityRows(identities)}
    ) wanted
    join annulment e using (work_provider_id, identity_kind, identity)
    order by e.seq
  `.execute(db)
  const byEvent = new Map<string, Annulment[]>()
  for (const row of rows) {
    const key = `${row.identityKind}/${row.kind}/${row.at}/${row.identity}`
    const { annulled, reason, by, recordedAt } = row
    byEvent.set(key, [...(byEvent.get(key) ?? []), { annulled, reason, by, recordedAt }])
  }
  return byEvent
}

/** Leaves out the events that are annulled by the last word on them; needs the locks of their identities. */
export async function withoutAnnulled(trx: DatabaseTransaction, events: readonly ShiftEvent[]): Promise<ShiftEvent[]> {
  const annulled = await annulledAmong(trx, events)
  return events.filter((_, place) => !annulled.has(place))
}

/** Which of some events, by their places, are annulled by the last word on them. */
export async function annulledAmong(db: Database, events: readonly ShiftEvent[]): Promise<Set<number>> {
  const { rows } = await sql<{ place: number }>`
    select asked.place::int - 1 as place
    from ${identityRows(events.map(({ identity }) => identity))}
    join unnest(${timestampArray(events.map(({ at }) => at))}::timestamptz[],
      ${textArray(events.map(({ kind }) => kind))}::text[])
      with ordinality as its (at, event_kind, place) using (place)
    cross join lateral (
      select annulled from annulment a
      where a.work_provider_id = asked.work_provider_id and a.identity_kind = asked.kind
        and a.identity = asked.identity and a.at = its.at and a.kind = its.event_kind::event_kind
      order by a.seq desc limit 1
    ) last
    where last.annulled
  `.execute(db)
  return new Set(rows.map(({ place }) => place))
}

function eventKey(event: ShiftEvent): string {
  return `${event.identity.kind}/${event.kind}/${event.at}/${event.identity.text}`
}
