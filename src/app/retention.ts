import type { AuditAction } from '../domain/audit.ts'
import { Impossible } from '../domain/errors.ts'
import { fromTemporal, type Instant, plus, temporal } from '../domain/instant.ts'
import { insertAudit } from '../storage/audit.ts'
import { type Database, databaseNow } from '../storage/database.ts'
import { isWaitingSince } from '../storage/inbox.ts'
import {
  attachedMonths,
  detachedMonths,
  detachMonth,
  dropMonth,
  type MonthChange,
  type ReportMonth,
  type ReportsInDefault,
  reportsInDefault,
} from '../storage/report-months.ts'
import type { Context } from './context.ts'

/** A month is billed when it is over and argued about in the next: the reports of both stay at hand, whole. */
export const MIN_MONTHS_KEPT = 2
/** A century: more is a slip of the finger. */
export const MAX_MONTHS_KEPT = 1_200

export type KeptMonth = ReportMonth & {
  /** Old enough, but reports that were received in it still wait to be derived. */
  readonly isWaiting: boolean
}

export type Retention = {
  /** By this call, or would be. */
  readonly detached: readonly ReportMonth[]
  /** By this call, or would be. */
  readonly dropped: readonly ReportMonth[]
  /** By an earlier call, and still in the database. */
  readonly detachedBefore: readonly ReportMonth[]
  readonly kept: readonly KeptMonth[]
  /** Reports in no month: they stay, whatever their age. */
  readonly inDefault: ReportsInDefault | null
}

/** The months of reports, and what was detached and is still there. Changes nothing. */
export async function readRetention(context: Context): Promise<Retention> {
  const kept = (await attachedMonths(context.db)).map((month) => ({ ...month, isWaiting: false }))
  return answer(context, { kept, detachedBefore: await detachedMonths(context.db) })
}

/**
 * Detaches the months of reports that lie wholly before the first (in UTC) of the month `months` months ago. They stay
 * in the database as tables that nothing reads. Events and shifts, and so every answer about cover, do not change;
 * requests of those months become unknown.
 */
export async function detachMonths(context: Context, months: number, isDryRun: boolean): Promise<Retention> {
  if (!Number.isInteger(months) || months < MIN_MONTHS_KEPT || months > MAX_MONTHS_KEPT) {
    throw new Impossible(`the months to keep are a whole number from ${MIN_MONTHS_KEPT} to ${MAX_MONTHS_KEPT}`)
  }
  // The clock that reports are received by.
  const before = firstOfMonth(await databaseNow(context.db), months)
  const detachedBefore = await detachedMonths(context.db)
  const old: ReportMonth[] = []
  const kept: KeptMonth[] = []
  for (const month of await attachedMonths(context.db)) {
    const isOld = month.to <= before
    // Once the inbox has none of a month so old, none can come to it any more.
    const isWaiting = isOld && (await isWaitingSince(context.db, plus(month.to, -1)))
    if (isOld && !isWaiting) old.push(month)
    else kept.push({ ...month, isWaiting })
  }
  const detached = isDryRun
    ? old
    : await changeEach(old, 'detached', (month) => noted(context, 'reports detached', month, detachMonth))
  return answer(context, { detached, detachedBefore, kept })
}

/** Deletes months that were detached before, by the names of their tables: for good. */
export async function dropMonths(context: Context, tables: readonly string[], isDryRun: boolean): Promise<Retention> {
  const found = await detachedMonths(context.db)
  const unknown = tables.find((name) => !found.some((month) => month.table === name))
  if (unknown !== undefined) throw new Impossible(`"${unknown}" is not a detached month: "zego retention" lists them`)
  const named = found.filter((month) => tables.includes(month.table))
  const dropped = isDryRun
    ? named
    : await changeEach(named, 'dropped', (month) => noted(context, 'reports dropped', month, dropMonth))
  const { kept } = await readRetention(context)
  return answer(context, { dropped, detachedBefore: found.filter((month) => !named.includes(month)), kept })
}

async function answer(context: Context, known: Partial<Retention>): Promise<Retention> {
  const inDefault = await reportsInDefault(context.db)
  return { detached: [], dropped: [], detachedBefore: [], kept: [], ...known, inDefault }
}

async function noted(
  context: Context,
  action: AuditAction,
  month: ReportMonth,
  change: (db: Database, month: ReportMonth) => Promise<MonthChange>,
): Promise<MonthChange> {
  const result = await change(context.db, month)
  if (result === 'done') await insertAudit(context.db, context.actor, { action, subject: month.table })
  return result
}

/** Changes one month after the other; answers those that nobody else changed before. What was done stays done. */
async function changeEach(
  months: readonly ReportMonth[],
  word: 'detached' | 'dropped',
  change: (month: ReportMonth) => Promise<MonthChange>,
): Promise<ReportMonth[]> {
  const done: ReportMonth[] = []
  for (const month of months) {
    const result = await change(month)
    if (result === 'done') done.push(month)
    if (result !== 'busy') continue
    const before = done.length === 0 ? '' : `; before it ${done.map(({ table }) => table).join(', ')} could be ${word}`
    throw new Impossible(`${month.table} is in use (by a backup?) and was not ${word}: try again later${before}`)
  }
  return done
}

function firstOfMonth(now: Instant, monthsAgo: number): Instant {
  const month = temporal(now).toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth()
  const first = month.subtract({ months: monthsAgo }).toPlainDate({ day: 1 })
  return fromTemporal(first.toZonedDateTime('UTC').toInstant())
}
