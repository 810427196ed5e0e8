import { type Instant, MICROSECONDS_PER_HOUR } from '../domain/instant.ts'
import { storeAsked } from '../storage/link-asked.ts'
import type { Context } from './context.ts'
import { startWorker } from './worker.ts'

const FLUSH_MS = 20_000
/** More than there are customers asked about between two flushes; beyond, the rest is noted at the next question. */
const MAX_GATHERED = 200_000

export type AskedLog = {
  /** A work provider was told a customer's status. */
  note(workProviderId: string, customerNumber: string): void
  stop(): Promise<void>
}

/**
 * Notes in which hour each work provider last asked about each customer, for the customer to see. Gathered in memory:
 * a status costs no write, and a question in an hour that is noted already costs nothing at all.
 */
export function startAskedLog(context: Context): AskedLog {
  let gathered = new Map<string, { workProviderId: string; customerNumber: string; hour: Instant }>()

  async function flush(): Promise<boolean> {
    if (gathered.size === 0) return false
    const asked = gathered
    gathered = new Map()
    try {
      await storeAsked(context.db, [...asked.values()])
    } catch (error) {
      for (const [key, one] of asked) if (!gathered.has(key)) gathered.set(key, one)
      throw error
    }
    return false
  }

  const worker = startWorker(context.log, 'asked log', FLUSH_MS, flush)
  return {
    note(workProviderId, customerNumber) {
      const now = context.now()
      const key = `${workProviderId}/${customerNumber}`
      if (gathered.size >= MAX_GATHERED && !gathered.has(key)) return
      gathered.set(key, { workProviderId, customerNumber, hour: (now - (now % MICROSECONDS_PER_HOUR)) as Instant })
    },
    async stop() {
      await worker.stop()
      await flush().catch((error: unknown) => context.log.error({ err: error }, 'who asked was not stored'))
    },
  }
}
