import { setTimeout as delay } from 'node:timers/promises'
import { databaseNow } from '../storage/database.ts'
import { isWaitingSince } from '../storage/inbox.ts'
import { linksToDerive } from '../storage/links.ts'
import type { Context } from './context.ts'
import { deriveLink, projectReports } from './project.ts'

/** Waiting for another projector to finish what it has claimed. */
const PAUSE_MS = 10

/**
 * Derives, beside whatever projectors run, until everything accepted before now is derived. For what reads the stored
 * shifts of many customers and must not miss any. What is accepted meanwhile is not waited for.
 * `onProgress` hears of each turn how many reports it took.
 */
export async function settle(context: Context, onProgress: (reports: number) => void = () => {}): Promise<void> {
  const since = await databaseNow(context.db)
  while (await isWaitingSince(context.db, since)) {
    const reports = await projectReports(context.db)
    onProgress(reports)
    if (reports === 0) await delay(PAUSE_MS)
  }
  for (const linkId of await linksToDerive(context.db)) {
    while (!(await deriveLink(context.db, linkId))) continue
  }
}
