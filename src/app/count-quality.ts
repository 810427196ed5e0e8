import { count, NOTHING, staleBefore, type Tally } from '../domain/data-quality.ts'
import { type Instant, plus } from '../domain/instant.ts'
import { daysUpTo, MICROSECONDS_PER_DAY, startOfUtcDay, type UtcDay, utcDayOf } from '../domain/utc-day.ts'
import { databaseNow } from '../storage/database.ts'
import { dropLease, holdLease } from '../storage/leases.ts'
import { type DueDay, dueQualityDays, storeQualityDay } from '../storage/quality-days.ts'
import { isFirst, type ReportPlace, reportsBetween } from '../storage/reports.ts'
import type { Context } from './context.ts'
import { outcomesOf } from './outcomes.ts'
import { restAfterPiece } from './rest.ts'
import { startWorker, type Worker } from './worker.ts'

/** How many days back are counted: as many as are shown. */
export const COUNTED_DAYS = 30
const LOOK_EVERY_MS = 60_000
/** Some three milliseconds of the embedded engine in its longest statement. */
const REPORTS_A_PIECE = 64
const DAYS_A_LOOK = 100
const LEASE = 'data quality'
const LEASE_SECONDS = 120

/** A day that is being counted, up to a place. */
type Counting = DueDay & { readonly now: Instant; readonly tally: Tally; readonly after: ReportPlace | null }

/**
 * Counts the reports of each day by work provider: today's every so often, a finished day's until nothing of them
 * changes any more. One process does so at a time. A day that was interrupted is begun again: its row is written once
 * all of it is counted.
 */
export function startCountingQuality(context: Context): Worker {
  const lease = openLease(context)
  let due: DueDay[] = []
  let counting: Counting | null = null

  async function turn(stopping: AbortSignal): Promise<boolean> {
    if (counting === null && due.length === 0) due = await dueDays(context, await databaseNow(context.db))
    if (counting === null && due.length === 0) return false
    if (!(await lease.hold())) {
      // What another process counts meanwhile is not due any more.
      due = []
      counting = null
      return false
    }
    const begun = performance.now()
    const current: Counting = counting ?? begin(due.shift()!, await databaseNow(context.db))
    // A day that cannot be counted holds up no other: it is begun again at a later look.
    counting = null
    counting = await countPiece(context, current, REPORTS_A_PIECE)
    await restAfterPiece(begun, stopping)
    return true
  }

  const worker = startWorker(context.log, 'data quality', LOOK_EVERY_MS, turn)
  return {
    nudge: worker.nudge,
    async stop() {
      await worker.stop()
      await lease.drop()
    },
  }
}

/** Counts a day as it stands at `now`, and keeps the count. */
export async function countDay(context: Context, day: DueDay, now: Instant, limit = REPORTS_A_PIECE): Promise<void> {
  let counting: Counting | null = begin(day, now)
  while (counting !== null) counting = await countPiece(context, counting, limit)
}

/** The days that are to be counted, the newest first. */
export function dueDays(context: Context, now: Instant): Promise<DueDay[]> {
  const days = daysUpTo(utcDayOf(now), COUNTED_DAYS).toReversed()
  return dueQualityDays(
    context.db,
    days.map((day) => ({ day, staleBefore: staleBefore(day, now) })),
    DAYS_A_LOOK,
  )
}

function begin({ workProviderId, day }: DueDay, now: Instant): Counting {
  return { workProviderId, day, now, tally: NOTHING, after: null }
}

/** Goes on with a day; null when it is counted and kept. */
async function countPiece(context: Context, counting: Counting, limit: number): Promise<Counting | null> {
  const { db } = context
  const { workProviderId, day, now, after } = counting
  const items = await reportsBetween(db, { workProviderId, ...spanOf(day), after, limit })
  const news = items.filter(isFirst)
  const outcomes = new Map(
    (await outcomesOf(db, workProviderId, news, now)).map((outcome, index) => [news[index]!, outcome]),
  )
  const tally = count(
    counting.tally,
    items.map((item) => ({ ...item, became: outcomes.get(item) ?? null })),
  )
  if (items.length === limit) return { ...counting, tally, after: items.at(-1)! }
  await storeQualityDay(db, { workProviderId, day, countedAt: now }, tally)
  return null
}

function spanOf(day: UtcDay): { from: Instant; to: Instant } {
  const from = startOfUtcDay(day)
  return { from, to: plus(from, MICROSECONDS_PER_DAY) }
}

/** Held from when it is first needed until the worker stops; prolonged when half of its time is over. */
function openLease({ db, newId, log }: Context): { hold(): Promise<boolean>; drop(): Promise<void> } {
  const holder = newId()
  let prolongAt = 0
  return {
    async hold() {
      if (performance.now() < prolongAt) return true
      const asked = performance.now()
      const isHeld = await holdLease(db, LEASE, holder, LEASE_SECONDS)
      prolongAt = isHeld ? asked + LEASE_SECONDS * 500 : 0
      return isHeld
    },
    async drop() {
      if (prolongAt === 0) return
      await dropLease(db, LEASE, holder).catch((error: unknown) =>
        log.warn({ err: error }, 'a lease was not given back'),
      )
    },
  }
}
