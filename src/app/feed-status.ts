import { type FeedNews, statusNews, type ToldStatus } from '../domain/feed.ts'
import type { Link } from '../domain/link.ts'
import { statusOf } from '../domain/status.ts'
import { databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { insertNews, workProvidersWithFeed } from '../storage/feed.ts'
import { linksOfCustomers, lockStreams } from '../storage/links.ts'
import { readStatuses } from '../storage/status.ts'
import { statusesTold, storeStatusTold, takeStatusDue } from '../storage/status-due.ts'
import { tellOfConsentsDue } from './consent.ts'
import type { Context } from './context.ts'
import { peopleOf } from './feed-people.ts'
import { tellOfWithheld } from './feed-shifts.ts'
import { startWorker, type Worker } from './worker.ts'

const LOOK_EVERY_MS = 2_000
const CUSTOMERS_A_TURN = 100

/** Tells of statuses that changed, in the background: by a fact, or because a moment came from which one holds. */
export function startTellingOfStatuses(context: Context): Worker {
  return startWorker(context.log, 'statuses', LOOK_EVERY_MS, () => tellOfStatuses(context))
}

/** Answers whether there may be more. */
export function tellOfStatuses({ db }: Context): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const customers = await takeStatusDue(trx, CUSTOMERS_A_TURN)
    if (customers.length === 0) return false
    const withFeed = await workProvidersWithFeed(trx)
    if (withFeed.size > 0) {
      const links = await linksOfCustomers(trx, customers)
      await tellOf(
        trx,
        links.filter((link) => withFeed.has(link.workProviderId)),
      )
    }
    return true
  })
}

async function tellOf(trx: DatabaseTransaction, links: readonly Link[]): Promise<void> {
  if (links.length === 0) return
  const linkIds = links.map((link) => link.id)
  await lockStreams(trx, linkIds)
  await tellOfConsentsDue(trx, links, await databaseNow(trx))
  const before = await statusesTold(trx, linkIds)
  const people = await peopleOf(trx, links)
  const readings = await readStatuses(
    trx,
    links.map(({ workProviderId, customerNumber }) => ({
      workProviderId,
      kind: 'customer_number',
      text: customerNumber,
    })),
  )
  const news: FeedNews[] = []
  const active: number[] = []
  for (const [index, { id }] of links.entries()) {
    const { facts, now } = readings[index]!
    const status = TOLD[statusOf(facts, now).kind]
    const was = before.get(id) ?? null
    if (status !== was) {
      await storeStatusTold(trx, id, status)
      // Of a link that is not active any more its withdrawal tells.
      if (status !== null) news.push(statusNews(people.get(id)!, status, was))
    }
    if (status !== null) active.push(id)
  }
  await insertNews(trx, news)
  for (const id of active) await tellOfWithheld(trx, id, people.get(id)!)
}

const TOLD: Record<ReturnType<typeof statusOf>['kind'], ToldStatus | null> = {
  unknown: null,
  disabled: 'DISABLED',
  enabled: 'ENABLED',
}
