import { type Instant, MICROSECONDS_PER_HOUR } from '../domain/instant.ts'
import { type Asked, storeAsked } from '../storage/link-asked.ts'
import type { Context } from './context.ts'
import { restAfterPiece } from './rest.ts'
import { startWorker } from './worker.ts'

const FLUSH_MS = 20_000
/** Short statements: nobody waits long for the embedded engine's one backend. */
const ROWS_A_PIECE = 1_000
/** When more wait, they are stored without rests between: a crash loses what waits. */
const RESTS_UP_TO = 100_000
/** More than are asked about in an hour; beyond, the rest is noted at a later question. */
const MAX_GATHERED = 500_000

export type AskedLog = {
  /** The status of a link's customer was told to its work provider. */
  note(linkId: number): void
  stop(): Promise<void>
}

/**
 * Notes in which hour each work provider last asked about each customer, for the customer to see. Gathered in memory: a
 * status costs no write, and of all questions of an hour the first is stored.
 */
export function startAskedLog(context: Context): AskedLog {
  /** The links asked about in this hour, stored or not yet. */
  let hour = 0 as Instant
  let known = new Set<number>()
  let waiting: Asked[] = []

  async function flush(stopping: AbortSignal): Promise<boolean> {
    while (waiting.length > 0) {
      const begun = performance.now()
      const piece = waiting.slice(0, ROWS_A_PIECE)
      await storeAsked(context.db, piece)
      waiting = waiting.slice(piece.length)
      if (waiting.length > 0 && waiting.length <= RESTS_UP_TO) await restAfterPiece(begun, stopping)
    }
    return false
  }

  const worker = startWorker(context.log, 'asked log', FLUSH_MS, flush)
  return {
    note(linkId) {
      const now = context.now()
      const current = (now - (now % MICROSECONDS_PER_HOUR)) as Instant
      if (current !== hour) {
        hour = current
        known = new Set()
      }
      if (known.has(linkId) || waiting.length >= MAX_GATHERED) return
      known.add(linkId)
      waiting.push({ linkId, hour })
    },
    async stop() {
      await worker.stop()
      await flush(AbortSignal.abort()).catch((error: unknown) =>
        context.log.error({ err: error }, 'who asked was not stored'),
      )
    },
  }
}
