import { databaseNow } from '../storage/database.ts'
import { readInbox } from '../storage/live.ts'
import { lastReports } from '../storage/reports.ts'
import { readWaiting } from '../storage/webhook-deliveries.ts'
import type { Context } from './context.ts'
import type { WatchedStore } from './metrics.ts'
import { withinTime } from './time-limit.ts'

const WATCH_LIMIT_MS = 2_000
const WEBHOOKS_COUNTED = 10_000

/**
 * Answers how the store stands, for those who watch over it; null when the database does not say in time. One question at
 * a time, however many ask: a database that hangs is not to lose a connection to each.
 */
export function openWatch(context: Context): () => Promise<WatchedStore | null> {
  let asking: Promise<WatchedStore> | null = null
  return async () => {
    asking ??= readStore(context).finally(() => (asking = null))
    try {
      return await withinTime(asking, WATCH_LIMIT_MS)
    } catch (error) {
      context.log.warn({ err: error }, 'how the store stands could not be read')
      return null
    }
  }
}

async function readStore({ db }: Context): Promise<WatchedStore> {
  // Also what test keys sent: the machine has it to do.
  const { waiting, oldestAt } = await readInbox(db, { ofReal: false })
  const webhooks = await readWaiting(db, WEBHOOKS_COUNTED)
  return { waiting, oldestAt, workProviders: await lastReports(db), webhooks, at: await databaseNow(db) }
}
