import { sql } from 'kysely'
import type { IdentityKind } from '../domain/identity.ts'
import type { EventKind } from '../domain/shift-event.ts'
import type { Instant } from '../domain/instant.ts'
import { textArray, timestampArray } from './binary-arrays.ts'
import type { Database } from './database.ts'
import { annulledAmong } from './events.ts'

type Reported = {
  readonly slice: number
  readonly identityKind: IdentityKind
  readonly identity: string
  readonly kind: EventKind
  readonly at: Instant
}

/** The event of a report: nulls where it is not known yet. */
type ItsEvent = { isAnnulled: boolean; firstRequestId: string | null; firstItem: number | null }

/**
 * Reports of a work provider with their events, in the same order: what `itsEvent` adds to a statement, where that would
 * probe on other shards than it reads from. A statement for each slice, and one for what is annulled.
 */
export async function withItsEvents<T extends Reported>(
  db: Database,
  workProviderId: string,
  reports: readonly T[],
): Promise<(T & ItsEvent)[]> {
  const found = new Map<T, Omit<ItsEvent, 'isAnnulled'>>()
  for (const [slice, ofSlice] of Map.groupBy(reports, (report) => report.slice)) {
    const { rows } = await sql<Omit<ItsEvent, 'isAnnulled'> & { place: number }>`
      select told.place::int - 1 as place, e.request_id as "firstRequestId", e.item as "firstItem"
      from unnest(${textArray(ofSlice.map((one) => one.identityKind))}::text[],
        ${textArray(ofSlice.map((one) => one.identity))}::text[], ${textArray(ofSlice.map((one) => one.kind))}::text[],
        ${timestampArray(ofSlice.map((one) => one.at))}::timestamptz[])
        with ordinality as told (identity_kind, identity, kind, at, place)
      cross join lateral (
        select request_id, item from event
        where slice = ${slice}::smallint and work_provider_id = ${workProviderId}
          and identity_kind = told.identity_kind::identity_kind and identity = told.identity
          and at = told.at and kind = told.kind::event_kind
        limit 1
      ) e
    `.execute(db)
    for (const { place, ...event } of rows) found.set(ofSlice[place]!, event)
  }
  const events = reports.map(({ identityKind, identity, kind, at }) => ({
    identity: { workProviderId, kind: identityKind, text: identity },
    kind,
    at,
  }))
  const annulled = await annulledAmong(db, events)
  return reports.map((report, place) => ({
    ...report,
    ...(found.get(report) ?? UNKNOWN),
    isAnnulled: annulled.has(place),
  }))
}

const UNKNOWN = { firstRequestId: null, firstItem: null }
