import { type Counts, NOTHING, type QualityDay, sumOf } from '../domain/data-quality.ts'
import { fallenSilent, type Finding, HABIT_DAYS, isAnHourAhead, LEAD_DAYS, leadShare } from '../domain/findings.ts'
import type { Instant } from '../domain/instant.ts'
import { addDays, daysUpTo, utcDayOf } from '../domain/utc-day.ts'
import { type Database, databaseNow } from '../storage/database.ts'
import { readQualityDays } from '../storage/quality-days.ts'
import { lastReportAt } from '../storage/reports.ts'
import type { Context } from './context.ts'

export type DataQuality = {
  /** Each day (of UTC) by when its reports came, the oldest first; the last is today. */
  readonly days: readonly QualityDay[]
  readonly total: Counts
  /** As far as reports were counted at all; null when they never were. */
  readonly countedAt: Instant | null
  readonly lastReportAt: Instant | null
  readonly findings: readonly Finding[]
}

/** How good a work provider's reports of so many days up to today were, and what is to be said of them by name. */
export async function readDataQuality(context: Context, workProviderId: string, days: number): Promise<DataQuality> {
  const { db } = context
  const now = await databaseNow(db)
  const asked = daysUpTo(utcDayOf(now), Math.max(days, LEAD_DAYS))
  const counted = await readQualityDays(db, workProviderId, asked[0]!, asked.at(-1)!)
  const byDay = new Map(counted.map((day) => [day.day, day]))
  const all = asked.map((day): QualityDay => byDay.get(day) ?? { ...NOTHING, day, countedAt: null })
  const shown = all.slice(-days)
  const recent = all.slice(-LEAD_DAYS)
  const last = await lastReportAt(db, workProviderId)
  const silence = last === null ? null : await readSilence(db, workProviderId, last, now)
  return {
    days: shown,
    total: sumOf(shown),
    countedAt: shown.findLast((day) => day.countedAt !== null)?.countedAt ?? null,
    lastReportAt: last,
    findings: [
      ...(isAnHourAhead(recent) ? [{ kind: 'an hour ahead' as const, share: leadShare(recent) }] : []),
      ...(silence === null ? [] : [{ kind: 'fallen silent' as const, ...silence }]),
    ],
  }
}

/** Judged by the days up to its last report, however long ago that was. */
async function readSilence(db: Database, workProviderId: string, last: Instant, now: Instant) {
  const day = utcDayOf(last)
  return fallenSilent(await readQualityDays(db, workProviderId, addDays(day, -HABIT_DAYS), day), last, now)
}
