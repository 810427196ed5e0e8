import { setTimeout as delay } from 'node:timers/promises'
import { databaseNow } from '../storage/database.ts'
import { inboxBacklog } from '../storage/inbox.ts'
import { linksToDerive } from '../storage/links.ts'
import type { Context } from './context.ts'
import { derivePending, projectReports } from './project.ts'

/** Waiting for another projector to finish what it has claimed. */
const PAUSE_MS = 10

/**
 * Derives, beside whatever projectors run, until everything accepted before now is derived. For what reads the stored
 * shifts of many customers and must not miss any.
 */
export async function settle(context: Context): Promise<void> {
  const since = await databaseNow(context.db)
  for (;;) {
    const claimed = await projectReports(context.db)
    const isPending = await derivePending(context.db)
    if (claimed > 0 || isPending) continue
    const { oldestAt } = await inboxBacklog(context.db)
    const isDone = (oldestAt === null || oldestAt > since) && (await linksToDerive(context.db, 1)).length === 0
    if (isDone) return
    await delay(PAUSE_MS)
  }
}
