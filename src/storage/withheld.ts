import { sql } from 'kysely'
import type { ToldShift } from '../domain/feed.ts'
import type { Instant } from '../domain/instant.ts'
import type { EndReason, Shift, ShiftName } from '../domain/shift-engine.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull, timestampOf } from './sql.ts'
import { noteStatusDue } from './status-due.ts'

/* Shifts that changed when their work provider could not be told of them; needs the lock of `shareCapsTold`, taken before. */

/** `told`: as it was told last; null: not at all. */
export type Withheld = ShiftName & { readonly told: ToldShift | null }

type ToldRow = ShiftName & { isTold: boolean; toldEndedAt: Instant | null; toldEndReason: EndReason | null }

const TOLD = sql`
  w.link_id as "linkId", ${microseconds('w.started_at')} as "startedAt", w.is_told as "isTold",
  ${microsecondsOrNull('w.told_ended_at')} as "toldEndedAt", w.told_end_reason as "toldEndReason"
`

/** Those of some shifts that are withheld. */
export async function withheldAmong(db: Database, shifts: readonly ShiftName[]): Promise<Withheld[]> {
  if (shifts.length === 0) return []
  const { rows } = await sql<ToldRow>`
    select ${TOLD} from ${shiftNames(shifts)} join shift_withheld w using (link_id, started_at)
  `.execute(db)
  return rows.map(withheldFromRow)
}

/** What is withheld of a link, by start, each with the shift as it is stored; null where there is none any more. */
export async function withheldOfLink(
  db: Database,
  linkId: number,
  limit: number,
): Promise<(Withheld & { readonly stored: Shift | null })[]> {
  const { rows } = await sql<ToldRow & { endedAt: Instant | null; capAt: Instant | null }>`
    select ${TOLD}, ${microsecondsOrNull('s.ended_at')} as "endedAt", ${microsecondsOrNull('s.cap_at')} as "capAt"
    from shift_withheld w left join shift s using (link_id, started_at)
    where w.link_id = ${linkId} order by w.started_at limit ${limit}
  `.execute(db)
  return rows.map(({ endedAt, capAt, ...row }) => ({
    ...withheldFromRow(row),
    stored: capAt === null ? null : { startedAt: row.startedAt, endedAt, capAt },
  }))
}

function withheldFromRow({ linkId, startedAt, isTold, toldEndedAt, toldEndReason }: ToldRow): Withheld {
  return { linkId, startedAt, told: isTold ? { startedAt, endedAt: toldEndedAt, endReason: toldEndReason } : null }
}

/** Of a shift that is withheld already what was told of it last stays. */
export async function withhold(trx: DatabaseTransaction, shifts: readonly Withheld[]): Promise<void> {
  if (shifts.length === 0) return
  await sql`
    insert into shift_withheld (link_id, started_at, is_told, told_ended_at, told_end_reason)
    select link_id, ${timestampOf('started_us')}, is_told, ${timestampOf('ended_us')}, end_reason
    from unnest(${shifts.map((one) => one.linkId)}::bigint[], ${shifts.map((one) => one.startedAt)}::bigint[],
      ${shifts.map((one) => one.told !== null)}::boolean[], ${shifts.map((one) => one.told?.endedAt ?? null)}::bigint[],
      ${shifts.map((one) => one.told?.endReason ?? null)}::text[])
      as row (link_id, started_us, is_told, ended_us, end_reason)
    on conflict do nothing
  `.execute(trx)
}

export async function forgetWithheld(trx: DatabaseTransaction, shifts: readonly ShiftName[]): Promise<void> {
  if (shifts.length === 0) return
  await sql`
    delete from shift_withheld w using ${shiftNames(shifts)}
    where w.link_id = named.link_id and w.started_at = named.started_at
  `.execute(trx)
}

function shiftNames(shifts: readonly ShiftName[]) {
  return sql`(
    select link_id, ${timestampOf('started_us')} as started_at
    from unnest(${shifts.map((one) => one.linkId)}::bigint[], ${shifts.map((one) => one.startedAt)}::bigint[])
      as row (link_id, started_us)
  ) named`
}

/** Has what is told of some links looked at when moments come that are still ahead; of the past it is looked at anyway. */
export async function noteAhead(
  trx: DatabaseTransaction,
  moments: readonly { readonly linkId: number; readonly at: Instant }[],
): Promise<void> {
  if (moments.length === 0) return
  await noteStatusDue(sql`
    select customer_number, ${timestampOf('at_us')}
    from unnest(${moments.map((one) => one.linkId)}::bigint[], ${moments.map((one) => one.at)}::bigint[])
      as row (link_id, at_us) join link on link.id = row.link_id
  `).execute(trx)
}
