import { setTimeout as delay } from 'node:timers/promises'
import { type LiveFigures, type LiveSnapshot, type Pace, rateOf, restAfter, type ShiftCount } from '../domain/live.ts'
import { databaseNow } from '../storage/database.ts'
import { lastReceived, readInbox, readRefusals, receivedLately } from '../storage/live.ts'
import type { Context } from './context.ts'
import { countShifts } from './count-shifts.ts'
import { DATABASE_TIME_LIMIT_MS, unavailable } from './time-limit.ts'

export type LivePace = Pace & {
  /** How long sampling goes on after somebody looked last. */
  readonly lingerMs: number
  /** How often a stream without news says that it is there. */
  readonly heartbeatMs: number
  /** How often it is asked whether a watcher is still logged in. */
  readonly admittedMs: number
  /** The rest after a sample that failed: the database is away, say. */
  readonly failedRestMs: number
}

export const LIVE_PACE: LivePace = {
  restMs: 2_000,
  share: 0.02,
  lingerMs: 30_000,
  heartbeatMs: 15_000,
  admittedMs: 15_000,
  failedRestMs: 5_000,
}

/**
 * Of people on shift: more are counted over several samples. The embedded engine takes some 12 ms for a piece: with
 * 10,000 on shift there is a sample every five seconds, and a count in half a minute.
 */
const PIECES_A_SAMPLE = 4
const RECEIVED_TOLD = 20

/** Where the live pages have their figures from: one sample every few seconds, for all who watch in this process. */
export type Live = {
  readonly pace: LivePace
  /** The newest snapshot; waits for the first. */
  snapshot(): Promise<LiveSnapshot>
  /** Null: as many watch as may. Whoever watches says when it ends. */
  watch(): Watcher | null
  /** Lets the sample under way finish. */
  stop(): Promise<void>
}

export type Watcher = {
  /** The newest snapshot, once there is another than `seen`; null when there is none in the time, or none any more. */
  next(seen: LiveSnapshot | null, ms: number): Promise<LiveSnapshot | null>
  end(): void
}

/** Nothing is read until somebody looks; `stopping` ends it for good. */
export function openLive(context: Context, stopping: AbortSignal, pace: LivePace = LIVE_PACE): Live {
  const watchers = new Set<Watcher>()
  const waiting = new Set<() => void>()
  let newest: LiveSnapshot | null = null
  let lookedAt = 0
  let running: Promise<void> | null = null
  const wakeAll = (): void => waiting.forEach((wake) => wake())
  stopping.addEventListener('abort', wakeAll, { once: true })

  const isWanted = (): boolean =>
    !stopping.aborted && (watchers.size > 0 || performance.now() - lookedAt < pace.lingerMs)

  async function run(): Promise<void> {
    const sample = sampler(context)
    while (isWanted()) {
      const begun = performance.now()
      let restMs = pace.failedRestMs
      try {
        newest = await sample()
        restMs = restAfter(performance.now() - begun, pace)
        wakeAll()
      } catch (error) {
        context.log.error({ err: error, againInMs: restMs }, 'the live figures could not be read')
      }
      await delay(restMs, undefined, { signal: stopping }).catch(() => {})
    }
    newest = null
    running = null
  }

  function look(): void {
    lookedAt = performance.now()
    if (!stopping.aborted) running ??= run()
  }

  /** Until there is news, the end of all, or of the time. */
  function news(ms: number, told: (wake: () => void) => void = () => {}): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      waiting.add(wake)
      told(wake)
    })
  }

  return {
    pace,
    async snapshot() {
      look()
      if (newest === null && !stopping.aborted) await news(DATABASE_TIME_LIMIT_MS)
      if (newest === null) throw unavailable('the live figures are not there in time')
      return newest
    },
    watch() {
      if (watchers.size >= context.limits.liveStreams) return null
      let wakeOwn = (): void => {}
      const watcher: Watcher = {
        async next(seen, ms) {
          look()
          const isOver = (): boolean => stopping.aborted || !watchers.has(watcher)
          if ((newest === null || newest === seen) && !isOver()) await news(ms, (wake) => (wakeOwn = wake))
          return newest === seen || isOver() ? null : newest
        },
        end() {
          watchers.delete(watcher)
          wakeOwn()
        },
      }
      watchers.add(watcher)
      return watcher
    },
    async stop() {
      await running
    },
  }
}

/** Reads the figures at each call, and counts who is on shift, over several calls where they are many. */
function sampler(context: Context): () => Promise<LiveSnapshot> {
  let counting: ReturnType<typeof countShifts> | null = null
  let shifts: ShiftCount | null = null
  return async () => {
    const figures = await readFigures(context)
    counting ??= countShifts(context, figures.at)
    for (let piece = 0; counting !== null && piece < PIECES_A_SAMPLE; piece++) {
      const step: IteratorResult<undefined, ShiftCount> = await counting.next().catch((error: unknown) => {
        // A count that failed is over: the next sample begins another.
        counting = null
        throw error
      })
      if (step.done !== true) continue
      shifts = step.value
      counting = null
    }
    return { ...figures, shifts }
  }
}

async function readFigures({ db }: Context): Promise<LiveFigures> {
  const at = await databaseNow(db)
  return {
    at,
    inbox: await readInbox(db, { ofReal: true }),
    rate: rateOf(await receivedLately(db, at), at),
    received: await lastReceived(db, at, RECEIVED_TOLD),
    refusals: await readRefusals(db, at),
  }
}
