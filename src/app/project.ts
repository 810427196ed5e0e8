import type { Change } from '../domain/rederive.ts'
import { isCitus } from '../storage/citus.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { claimReports, EVERYTHING, type Taken } from '../storage/inbox.ts'
import { findLinks, linksToDerive } from '../storage/links.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import { deriveAdded, deriveStreams, lockForEvents } from './derive.ts'
import { projectSlices } from './project-slices.ts'

/** The reports that one transaction takes at most. */
export const MAX_REPORTS_A_TURN = 1_000

/**
 * Takes reports out of the inbox, keeps them, and derives the streams that they belong to, in one transaction: it
 * happens whole or not at all. Where the inbox is distributed, it takes everybody's.
 *
 * Locks are taken in one order by all who derive: events, work providers, identities, streams; each in the order of its
 * key (ARCHITECTURE.md, "Locks").
 * The events are in before the identities are locked and the bindings are read after: whoever binds meanwhile either
 * sees these events, or is seen here.
 */
export async function projectTurn(db: Database, limit: number, sought = EVERYTHING): Promise<Taken> {
  if (await isCitus(db)) return projectSlices(db, limit)
  return inTransaction(db, async (trx) => {
    const { events, ...taken } = await claimReports(trx, limit, sought)
    if (events.length === 0) return taken
    await deriveAdded(trx, events, await lockForEvents(trx, events))
    return taken
  })
}

/** One turn; answers how many reports were taken. */
export async function projectReports(db: Database, limit = MAX_REPORTS_A_TURN): Promise<number> {
  return (await projectTurn(db, limit)).claimed
}

/** Goes on with a stream that is derived up to a point only. Answers whether there was one. */
export async function derivePending(db: Database): Promise<boolean> {
  const [linkId] = await linksToDerive(db, 1)
  if (linkId === undefined) return false
  await deriveLink(db, linkId)
  return true
}

/** Derives what is pending of a stream, as far as one transaction goes. Answers whether all of it is done. */
export function deriveLink(db: Database, linkId: number): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const [link] = await findLinks(trx, [linkId])
    if (link === undefined) return true
    await shareWorkProviders(trx, [link.workProviderId])
    return deriveStreams(trx, new Map<number, Change[]>([[linkId, []]]))
  })
}
