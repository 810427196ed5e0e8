import type { Change } from '../domain/rederive.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { lockIdentities } from '../storage/identities.ts'
import { claimReports } from '../storage/inbox.ts'
import { findLinks, linksToDerive } from '../storage/links.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { changesOf, deriveStreams } from './derive.ts'
import { startWorker, type Worker } from './worker.ts'

/** The reports that one transaction takes: enough to share a commit, few enough that nobody waits for its locks. */
const REPORTS_A_TURN = 1_000
/** How often an idle projector looks: reports accepted by another process do not nudge it. */
const POLL_MS = 100
const POLL_EMBEDDED_MS = 1_000

/** Derives shifts from accepted reports, in the background. Any number of processes may do so at once. */
export function startProjector(context: Context): Worker {
  const pollMs = context.isEmbedded ? POLL_EMBEDDED_MS : POLL_MS
  return startWorker(context.log, 'projector', pollMs, async () => {
    const claimed = await projectReports(context.db, REPORTS_A_TURN)
    const isPending = await derivePending(context.db)
    return claimed > 0 || isPending
  })
}

/**
 * Takes reports out of the inbox, keeps them, and derives the streams that they belong to, in one transaction: it
 * happens whole or not at all. Answers how many reports were taken.
 *
 * Locks are taken in one order by all who derive: events, work providers, identities, streams; each in the order of its
 * key (ARCHITECTURE.md, "Locks").
 * The events are in before the identities are locked and the bindings are read after: whoever binds meanwhile either
 * sees these events, or is seen here.
 */
export function projectReports(db: Database, limit = REPORTS_A_TURN): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { claimed, events } = await claimReports(trx, limit)
    if (events.length === 0) return claimed
    const identities = events.map((event) => event.identity)
    await shareWorkProviders(
      trx,
      identities.map((identity) => identity.workProviderId),
    )
    await lockIdentities(trx, identities)
    const changes = changesOf(events, await bindingsOfIdentities(trx, identities))
    if (changes.size > 0) await deriveStreams(trx, changes)
    return claimed
  })
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
