import { type Actor, PROGRAM } from '../domain/audit.ts'
import { Refusal } from '../domain/errors.ts'
import type { FeedEntry } from '../domain/feed.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { hasFeed } from '../domain/work-provider.ts'
import { insertAudit } from '../storage/audit.ts'
import { dropConsentsDue } from '../storage/consents-ahead.ts'
import { type Database, databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import {
  storeCapsTold,
  deleteEntriesBefore,
  feedSpan,
  numberNews,
  readFeed,
  workProvidersWithFeed,
} from '../storage/feed.ts'
import { holdWorkProvider, insertSetting, settingsOf } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { startWorker, type Worker } from './worker.ts'

export const ENTRIES_A_PAGE = 1_000
export const FEED_KEPT_DAYS = 30

const NUMBERED_A_TURN = 1_000
/** Who is told what by webhooks is told at most so much later than it became known. */
const NUMBER_EVERY_MS = 500

export type FeedPage = {
  readonly entries: readonly FeedEntry[]
  /** The number of the last entry of the feed, on this page or not. */
  readonly last: number
  readonly isMore: boolean
}

/** As `readFeedPage`, to the work provider itself: who asks for the first time has a feed from then on. */
export async function takeFeedPage(context: Context, workProviderId: string, after: number): Promise<FeedPage> {
  const settings = await settingsOf(context.db, [workProviderId])
  if (!hasFeed(settings.get(workProviderId)!)) {
    await inTransaction(context.db, (trx) => beginFeed(trx, workProviderId, PROGRAM))
  }
  return readFeedPage(context, workProviderId, after)
}

/**
 * What a work provider is told of, after the entry of a number.
 *
 * Refuses a number beyond the last one (a store that was restored), and one of which what follows is not all kept.
 */
export async function readFeedPage(context: Context, workProviderId: string, after: number): Promise<FeedPage> {
  // Read before the entries: nothing that is deleted meanwhile is taken for read.
  const { first, last } = await feedSpan(context.db, workProviderId)
  if (after > last) throw new Refusal('INVALID_DATA', `after is beyond the last entry, which is ${last}`)
  if (after > 0 && after < first - 1) {
    throw new Refusal('GONE', `entries up to ${first - 1} are not kept any more: go on with after=${first - 1}`)
  }
  const read = await readFeed(context.db, workProviderId, after, ENTRIES_A_PAGE + 1)
  return { entries: read.slice(0, ENTRIES_A_PAGE), last, isMore: read.length > ENTRIES_A_PAGE }
}

/**
 * From now on what happens is told in the feed; what happened before never was. Takes the lock of the work provider, alone.
 */
export async function beginFeed(trx: DatabaseTransaction, workProviderId: string, by: Actor): Promise<void> {
  await holdWorkProvider(trx, workProviderId)
  const settings = await settingsOf(trx, [workProviderId])
  if (hasFeed(settings.get(workProviderId)!)) return
  const now = await databaseNow(trx)
  // Of shifts that ended by their cap before there was any feed nobody is told.
  if ((await workProvidersWithFeed(trx)).size === 0) await storeCapsTold(trx, now)
  await dropConsentsDue(trx, workProviderId, now)
  await insertSetting(trx, { workProviderId, name: 'feed', value: 'on', effectiveAt: now })
  await insertAudit(trx, by, { action: 'settings changed', workProviderId, details: { after: { feed: 'on' } } })
}

/** Gives what is told its numbers, in the background. `onNumbered`: webhooks may have something to bring. */
export function startFeed(context: Context, onNumbered: () => void): Worker {
  return startWorker(context.log, 'feed', NUMBER_EVERY_MS, async () => {
    const numbered = await inTransaction(context.db, (trx) => numberNews(trx, NUMBERED_A_TURN))
    if (numbered > 0) onNumbered()
    return numbered === NUMBERED_A_TURN
  })
}

export function forgetOldEntries(db: Database, now: Instant): Promise<void> {
  return deleteEntriesBefore(db, plus(now, -FEED_KEPT_DAYS * 24 * MICROSECONDS_PER_HOUR))
}
