import { ping } from '../storage/database.ts'
import type { Context } from './context.ts'
import { withinTime } from './time-limit.ts'

const READY_LIMIT_MS = 2_000

/**
 * Asks the database for a sign of life; rejects when none comes in time. One question at a time, however many ask and
 * however long it takes: those who watch over a server must not use up the connections of a database that hangs.
 */
export function openReadiness(context: Context): () => Promise<void> {
  let asking: Promise<void> | null = null
  return () => {
    asking ??= ping(context.db).finally(() => (asking = null))
    return withinTime(asking, READY_LIMIT_MS)
  }
}
