import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import { type Anomaly, type AnomalyKind, type Derived, RULES_VERSION, type Shift } from '../domain/shift-engine.ts'
import { bigintArray, integerArray, timestampArray } from './binary-arrays.ts'
import { atOnce, type Database, type DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull, nearMicroseconds, timestampOf } from './sql.ts'

/** A stretch of a stream's stored result: from `from` on, at most `limit` shifts and as many anomalies. */
export type DerivedRange = { readonly linkId: number; readonly from: Instant; readonly limit: number }

/** What is stored of a stretch, and the last shift that started before it. */
export type StoredRange = { lastBefore: Shift | null; shifts: Shift[]; anomalies: Anomaly[] }

type ShiftRow = { range: number; isBefore: boolean; startedAt: Instant; endedAt: Instant | null; capAt: Instant }

/** Reads several ranges at once. The answer has the order of the ranges. */
export async function readDerivedRanges(
  trx: DatabaseTransaction,
  ranges: readonly DerivedRange[],
): Promise<StoredRange[]> {
  if (ranges.length === 0) return []
  const wanted = sql`
    (select ordinality::int - 1 as range, link_id, from_at, at_most
    from unnest(${bigintArray(ranges.map((range) => range.linkId))}::bigint[],
      ${timestampArray(ranges.map((range) => range.from))}::timestamptz[],
      ${integerArray(ranges.map((range) => range.limit))}::int[])
      with ordinality as w (link_id, from_at, at_most, ordinality)) w
  `
  const shiftsIn = sql<ShiftRow>`/* prepared */
    select w.range, s.started_at < w.from_at as "isBefore", ${nearMicroseconds('s.started_at')} as "startedAt",
      ${nearMicroseconds('s.ended_at')} as "endedAt", ${nearMicroseconds('s.cap_at')} as "capAt"
    from ${wanted} cross join lateral (
      (select started_at, ended_at, cap_at from shift
        where link_id = w.link_id and started_at < w.from_at order by started_at desc limit 1)
      union all
      (select started_at, ended_at, cap_at from shift
        where link_id = w.link_id and started_at >= w.from_at order by started_at limit w.at_most)
    ) s
    order by w.range, s.started_at
  `
  const anomaliesIn = sql<{ range: number; at: Instant; kind: AnomalyKind }>`/* prepared */
    select w.range, ${nearMicroseconds('a.at')} as at, a.kind
    from ${wanted} cross join lateral (
      select at, kind from anomaly where link_id = w.link_id and at >= w.from_at order by at limit w.at_most
    ) a
    order by w.range, a.at
  `
  const [shifts, anomalies] = await atOnce(trx, (at) => [shiftsIn.execute(at), anomaliesIn.execute(at)])
  const stored = ranges.map((): StoredRange => ({ lastBefore: null, shifts: [], anomalies: [] }))
  for (const { range, isBefore, ...shift } of shifts.rows) {
    if (isBefore) stored[range]!.lastBefore = shift
    else stored[range]!.shifts.push(shift)
  }
  for (const { range, at, kind } of anomalies.rows) stored[range]!.anomalies.push({ at, kind })
  return stored
}

export type OfLink<T> = T & { readonly linkId: number }

export type DerivedChanges = {
  writeShifts: OfLink<Shift>[]
  removeShifts: { linkId: number; startedAt: Instant }[]
  writeAnomalies: OfLink<Anomaly>[]
  removeAnomalies: { linkId: number; at: Instant }[]
}

/** Writes what deriving changed; needs the locks of the streams. */
export async function writeDerived(trx: DatabaseTransaction, changes: DerivedChanges): Promise<void> {
  await atOnce(trx, (at) => [
    removeShifts(at, changes.removeShifts),
    writeShifts(at, changes.writeShifts),
    removeAnomalies(at, changes.removeAnomalies),
    writeAnomalies(at, changes.writeAnomalies),
  ])
}

async function removeShifts(trx: DatabaseTransaction, shifts: DerivedChanges['removeShifts']): Promise<void> {
  if (shifts.length === 0) return
  await sql`
    delete from shift using unnest(${shifts.map((shift) => shift.linkId)}::bigint[],
      ${shifts.map((shift) => shift.startedAt)}::bigint[]) as gone (link_id, started_us)
    where shift.link_id = gone.link_id and shift.started_at = ${timestampOf('gone.started_us')}
  `.execute(trx)
}

async function writeShifts(trx: DatabaseTransaction, shifts: DerivedChanges['writeShifts']): Promise<void> {
  if (shifts.length === 0) return
  await sql`/* prepared */
    insert into shift (link_id, started_at, ended_at, cap_at, rules_version)
    select link_id, started_at, ended_at, cap_at, ${RULES_VERSION}::smallint
    from unnest(${bigintArray(shifts.map((shift) => shift.linkId))}::bigint[],
      ${timestampArray(shifts.map((shift) => shift.startedAt))}::timestamptz[],
      ${timestampArray(shifts.map((shift) => shift.endedAt))}::timestamptz[],
      ${timestampArray(shifts.map((shift) => shift.capAt))}::timestamptz[])
      as row (link_id, started_at, ended_at, cap_at)
    on conflict (link_id, started_at) do update
      set ended_at = excluded.ended_at, cap_at = excluded.cap_at, rules_version = excluded.rules_version
  `.execute(trx)
}

async function removeAnomalies(trx: DatabaseTransaction, anomalies: DerivedChanges['removeAnomalies']): Promise<void> {
  if (anomalies.length === 0) return
  await sql`
    delete from anomaly using unnest(${anomalies.map((anomaly) => anomaly.linkId)}::bigint[],
      ${anomalies.map((anomaly) => anomaly.at)}::bigint[]) as gone (link_id, at_us)
    where anomaly.link_id = gone.link_id and anomaly.at = ${timestampOf('gone.at_us')}
  `.execute(trx)
}

async function writeAnomalies(trx: DatabaseTransaction, anomalies: DerivedChanges['writeAnomalies']): Promise<void> {
  if (anomalies.length === 0) return
  await sql`/* prepared */
    insert into anomaly (link_id, at, kind, rules_version)
    select link_id, ${timestampOf('at_us')}, kind, ${RULES_VERSION}::smallint
    from unnest(${anomalies.map((anomaly) => anomaly.linkId)}::bigint[],
      ${anomalies.map((anomaly) => anomaly.at)}::bigint[], ${anomalies.map((anomaly) => anomaly.kind)}::text[])
      as row (link_id, at_us, kind)
    on conflict (link_id, at) do update set kind = excluded.kind, rules_version = excluded.rules_version
  `.execute(trx)
}

/** The whole stored result of some links. */
export async function derivedOfLinks(db: Database, linkIds: readonly number[]): Promise<Map<number, Derived>> {
  const shifts = await sql<Shift & { linkId: number }>`
    select link_id as "linkId", ${microseconds('started_at')} as "startedAt",
      ${microsecondsOrNull('ended_at')} as "endedAt", ${microseconds('cap_at')} as "capAt"
    from shift where link_id = any(${linkIds}::bigint[]) order by link_id, started_at
  `.execute(db)
  const anomalies = await sql<Anomaly & { linkId: number }>`
    select link_id as "linkId", ${microseconds('at')} as at, kind
    from anomaly where link_id = any(${linkIds}::bigint[]) order by link_id, at
  `.execute(db)
  const derived = new Map(linkIds.map((id) => [id, { shifts: [] as Shift[], anomalies: [] as Anomaly[] }]))
  for (const { linkId, ...shift } of shifts.rows) derived.get(linkId)!.shifts.push(shift)
  for (const { linkId, ...anomaly } of anomalies.rows) derived.get(linkId)!.anomalies.push(anomaly)
  return derived
}

/** For each place, the shift that starts or ends there and the anomaly there. */
export async function derivedAround(
  db: Database,
  places: readonly { linkId: number; at: Instant }[],
): Promise<{ shifts: Shift[]; anomalies: Anomaly[] }[]> {
  const { rows } = await sql<{
    place: number
    startedAt: Instant | null
    endedAt: Instant | null
    capAt: Instant | null
    anomaly: AnomalyKind | null
  }>`
    select p.place, ${microsecondsOrNull('s.started_at')} as "startedAt",
      ${microsecondsOrNull('s.ended_at')} as "endedAt", ${microsecondsOrNull('s.cap_at')} as "capAt", a.kind as anomaly
    from (
      select ordinality::int - 1 as place, link_id, ${timestampOf('at_us')} as at
      from unnest(${places.map((place) => place.linkId)}::bigint[], ${places.map((place) => place.at)}::bigint[])
        with ordinality as p (link_id, at_us, ordinality)
    ) p
    left join lateral (
      (select started_at, ended_at, cap_at from shift where link_id = p.link_id and started_at = p.at)
      union all
      (select * from (
        select started_at, ended_at, cap_at from shift
        where link_id = p.link_id and started_at < p.at order by started_at desc limit 1
      ) before where before.ended_at = p.at)
    ) s on true
    left join anomaly a on a.link_id = p.link_id and a.at = p.at
    order by p.place
  `.execute(db)
  const around = places.map(() => ({ shifts: [] as Shift[], anomalies: [] as Anomaly[] }))
  for (const { place, startedAt, endedAt, capAt, anomaly } of rows) {
    const here = around[place]!
    if (startedAt !== null && capAt !== null) here.shifts.push({ startedAt, endedAt, capAt })
    if (anomaly !== null && here.anomalies.length === 0) here.anomalies.push({ at: places[place]!.at, kind: anomaly })
  }
  return around
}

/** How many shifts are stored of a stream, and whether it is derived up to a point only. */
export async function countShifts(db: Database, linkId: number): Promise<{ shifts: number; isPending: boolean }> {
  const { rows } = await sql<{ shifts: number; isPending: boolean }>`
    select (select count(*) from shift where link_id = ${linkId}) as shifts, derive_from is not null as "isPending"
    from link where id = ${linkId}
  `.execute(db)
  return rows[0]!
}
