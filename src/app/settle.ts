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
 */
export async function settle(context: Context): Promise<void> {
  const since = await databaseNow(context.db)
  while (await isWaitingSince(context.db, since)) {
    if ((await projectReports(context.db)) === 0) await delay(PAUSE_MS)
  }
  for (const linkId of await linksToDerive(context.db)) {
    while (!(await deriveLink(context.db, linkId))) continue
  }
}
