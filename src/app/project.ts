import { setTimeout as delay } from 'node:timers/promises'
import { type Instant, MICROSECONDS_PER_MILLISECOND, MICROSECONDS_PER_SECOND } from '../domain/instant.ts'
import type { Change } from '../domain/rederive.ts'
import { isCitus } from '../storage/citus.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { lockIdentities } from '../storage/identities.ts'
import { type Claimed, claimReports } from '../storage/inbox.ts'
import { findLinks, linksToDerive } from '../storage/links.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { deriveAdded, deriveStreams } from './derive.ts'
import { projectSlices } from './project-slices.ts'
import { startSweeping } from './sweep.ts'
import { startWorker, type Worker } from './worker.ts'

/**
 * The reports that one transaction takes: few while there are few, so that whoever waits for its locks, or for the
 * embedded engine's one backend, waits for some milliseconds; more as they pile up, because many share its cost.
 */
const MIN_REPORTS_A_TURN = 32
const MAX_REPORTS_A_TURN = 1_000
/** Of the embedded engine while callers wait for it: some milliseconds. */
const REPORTS_A_SHARED_TURN = 64
/** After so many full turns, some seconds, they double all the same: an inbox that grows without end is worse than to wait. */
const FULL_TURNS_TO_DOUBLE = 256
/** The rest between turns: as long as the turn for so many callers, and longer for more of them, up to four times. */
const CALLERS_A_REST = 32
const MAX_RESTS = 4
const MAX_REST_MS = 50
/** How often an idle projector looks: reports accepted by another process do not nudge it. */
const POLL_MS = 100
const POLL_EMBEDDED_MS = 1_000

/**
 * Derives shifts from accepted reports, in the background. Any number of processes may do so at once.
 *
 * The embedded engine serves one at a time, and whoever calls goes first: while there are `callers` who are being
 * answered, turns are short, and each is followed by a rest.
 */
export function startProjector(context: Context, callers: () => number): Worker {
  const pollMs = context.isEmbedded ? POLL_EMBEDDED_MS : POLL_MS
  let limit = MIN_REPORTS_A_TURN
  let fullTurns = 0
  const sweep = startSweeping(context)
  return startWorker(context.log, 'projector', pollMs, async () => {
    const begun = context.now()
    const { claimed, isMore, oldestAt } = await projectTurn(context.db, limit)
    if (oldestAt !== null) context.metrics.derived(claimed, lagSeconds(context.now(), oldestAt))
    const isPending = await derivePending(context.db)
    await sweep(claimed)
    const calling = context.isEmbedded ? callers() : 0
    fullTurns = isMore ? fullTurns + 1 : 0
    limit =
      fullTurns === 0
        ? MIN_REPORTS_A_TURN
        : Math.min(2 * limit, calling > 0 ? mostShared(fullTurns) : MAX_REPORTS_A_TURN)
    if (calling > 0) await delay(restMs((context.now() - begun) / MICROSECONDS_PER_MILLISECOND, calling))
    return claimed > 0 || isPending
  })
}

/** By two clocks, the process's and the database's. */
function lagSeconds(now: Instant, receivedAt: Instant): number {
  return Math.max(0, now - receivedAt) / MICROSECONDS_PER_SECOND
}

function mostShared(fullTurns: number): number {
  return Math.min(REPORTS_A_SHARED_TURN * 2 ** Math.floor(fullTurns / FULL_TURNS_TO_DOUBLE), MAX_REPORTS_A_TURN)
}

function restMs(turnMs: number, callers: number): number {
  return Math.min(turnMs * Math.min(Math.max(1, callers / CALLERS_A_REST), MAX_RESTS), MAX_REST_MS)
}

/**
 * Takes reports out of the inbox, keeps them, and derives the streams that they belong to, in one transaction: it
 * happens whole or not at all. Answers how many reports were taken, and whether more may wait.
 *
 * Locks are taken in one order by all who derive: events, work providers, identities, streams; each in the order of its
 * key (ARCHITECTURE.md, "Locks").
 * The events are in before the identities are locked and the bindings are read after: whoever binds meanwhile either
 * sees these events, or is seen here.
 */
export async function projectTurn(db: Database, limit: number): Promise<Omit<Claimed, 'events'>> {
  if (await isCitus(db)) return projectSlices(db, limit)
  return inTransaction(db, async (trx) => {
    const { events, ...taken } = await claimReports(trx, limit)
    if (events.length === 0) return taken
    const identities = events.map((event) => event.identity)
    await shareWorkProviders(
      trx,
      identities.map((identity) => identity.workProviderId),
    )
    await lockIdentities(trx, identities)
    await deriveAdded(trx, events)
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
