import { addDays, utcDayOf } from '../domain/utc-day.ts'
import { databaseNow } from '../storage/database.ts'
import {
  KEPT_REFUSALS,
  listRefusals,
  type RefusalCount,
  type RefusalDay,
  refusalsByDay,
  type StoredRefusal,
  storeRefusals,
} from '../storage/refusals.ts'
import type { Context } from './context.ts'
import { startWorker } from './worker.ts'

const FLUSH_MS = 500
/** As long as the path of a request that was refused for its length is worth reading. */
const MAX_PATH_CHARACTERS = 200

export type RefusalLog = {
  note(refusal: StoredRefusal): void
  stop(): Promise<void>
}

/**
 * Counts refused requests and keeps the last of each work provider, for those who ask why. Refusing stays cheap: they
 * are gathered in memory and stored a few times a second, so that a flood costs no more than a trickle.
 */
export function startRefusalLog(context: Context): RefusalLog {
  let kept = new Map<string | null, StoredRefusal[]>()
  let counts = new Map<string, RefusalCount>()

  function keep(refusal: StoredRefusal): void {
    const last = kept.get(refusal.workProviderId) ?? []
    last.push(refusal)
    if (last.length > KEPT_REFUSALS) last.shift()
    kept.set(refusal.workProviderId, last)
  }

  function count({ workProviderId, error, refusals }: RefusalCount): void {
    const key = `${workProviderId}/${error}`
    const before = counts.get(key)?.refusals ?? 0
    counts.set(key, { workProviderId, error, refusals: before + refusals })
  }

  async function flush(): Promise<boolean> {
    if (counts.size === 0) return false
    const gathered = { kept: [...kept.values()].flat(), counts: [...counts.values()] }
    kept = new Map()
    counts = new Map()
    try {
      await storeRefusals(context.db, gathered.kept, gathered.counts, context.now())
    } catch (error) {
      // Most are refused because the database is away: they are stored when it is back.
      const since = [...kept.values()].flat()
      kept = new Map()
      for (const refusal of [...gathered.kept, ...since]) keep(refusal)
      for (const one of gathered.counts) count(one)
      throw error
    }
    return false
  }

  const worker = startWorker(context.log, 'refusal log', FLUSH_MS, flush)
  return {
    note(refusal) {
      context.metrics.refused(refusal.error)
      keep({ ...refusal, path: storablePath(refusal.path) })
      count({ workProviderId: refusal.workProviderId, error: refusal.error, refusals: 1 })
    },
    async stop() {
      await worker.stop()
      await flush().catch((error: unknown) => context.log.error({ err: error }, 'refusals were not stored'))
    },
  }
}

/** The path alone: a query can name a person. */
function storablePath(path: string): string {
  return path.slice(0, MAX_PATH_CHARACTERS).replaceAll('\0', '').toWellFormed()
}

export type RefusedRequests = {
  /** By day (of UTC) and error, the oldest first; days without any are left out. */
  readonly byDay: readonly RefusalDay[]
  /** The newest first. */
  readonly last: readonly StoredRefusal[]
}

/** A work provider's refused requests: how many in each of so many days up to today, and the last ones with their reasons. */
export async function readRefusals(
  { db }: Context,
  workProviderId: string,
  { days, limit }: { days: number; limit: number },
): Promise<RefusedRequests> {
  const today = utcDayOf(await databaseNow(db))
  return {
    byDay: await refusalsByDay(db, workProviderId, addDays(today, 1 - days)),
    last: await listRefusals(db, workProviderId, Math.min(limit, KEPT_REFUSALS)),
  }
}
