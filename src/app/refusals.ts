import type { ErrorName } from '../domain/errors.ts'
import { KEPT_REFUSALS, type StoredRefusal, storeRefusals } from '../storage/refusals.ts'
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
  let counts = new Map<string, { workProviderId: string | null; error: ErrorName; refusals: number }>()

  async function flush(): Promise<boolean> {
    if (counts.size === 0) return false
    const refusals = [...kept.values()].flat()
    const counted = [...counts.values()]
    kept = new Map()
    counts = new Map()
    await storeRefusals(context.db, refusals, counted, context.now())
    return false
  }

  const worker = startWorker(context.log, 'refusal log', FLUSH_MS, flush)
  return {
    note(refusal) {
      const { workProviderId, error } = refusal
      const last = kept.get(workProviderId) ?? []
      last.push({ ...refusal, path: storablePath(refusal.path) })
      if (last.length > KEPT_REFUSALS) last.shift()
      kept.set(workProviderId, last)
      const key = `${workProviderId}/${error}`
      const count = counts.get(key) ?? { workProviderId, error, refusals: 0 }
      counts.set(key, { ...count, refusals: count.refusals + 1 })
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
