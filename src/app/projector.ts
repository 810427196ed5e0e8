import { setTimeout as delay } from 'node:timers/promises'
import { type Instant, MICROSECONDS_PER_SECOND } from '../domain/instant.ts'
import { isCitus } from '../storage/citus.ts'
import { EVERYTHING, type Sought, type Taken } from '../storage/inbox.ts'
import type { Context } from './context.ts'
import { nextLimit, restMs } from './pace.ts'
import { derivePending, MAX_REPORTS_A_TURN, projectTurn } from './project.ts'
import { Reached } from './reached.ts'
import { openSweeper } from './sweep.ts'
import { withinTime } from './time-limit.ts'
import { startWorker, type Worker } from './worker.ts'

/**
 * The reports that one transaction takes: few while there are few, so that whoever waits for its locks, or for the
 * embedded engine's one backend, waits for some milliseconds; more as they pile up, because many share its cost.
 */
const MIN_REPORTS_A_TURN = 32
/** A work provider that has more than a turn of this size is behind. */
const REPORTS_THAT_KEEP_UP = 256
/** The turns of those who are behind while others report as well, until nobody else has for so long: they share the cores. */
const REPORTS_BESIDE_OTHERS = 128
const OTHERS_REPORT_MS = 10_000
/** So long they let a turn of the others go first: one that hangs on a lock is not waited for. */
const GIVE_WAY_MS = 50
/** How often those who keep up are looked after while others are behind and there was nothing to do. */
const LOOK_BESIDE_MS = 20
/** How often an idle projector looks: reports accepted by another process do not nudge it. */
const POLL_MS = 100
const POLL_EMBEDDED_MS = 1_000
/** How often a busy projector looks for streams that are derived up to a point only: seldom are there any. */
const LOOK_FOR_PENDING_MS = 100

/**
 * Derives shifts from accepted reports, in the background. Any number of processes may do so at once. `callers`: how many
 * are being answered by this process.
 */
export function startProjector(context: Context, callers: () => number): Worker {
  return context.isEmbedded ? startAlone(context, callers) : startBeside(context)
}

/**
 * With one backend for everybody whoever calls goes first: while there are callers who are being answered, turns are
 * short, and each is followed by a rest.
 */
function startAlone(context: Context, callers: () => number): Worker {
  const { took, sweep } = openSweeper(context)
  const goOn = openPending(context)
  const reached = new Reached(elapsedMs)
  let limit = MIN_REPORTS_A_TURN
  return startWorker(context.log, 'projector', POLL_EMBEDDED_MS, async () => {
    const begun = elapsedMs()
    const { claimed, unfinished, oldestAt } = await project(context, reached, limit)
    const tookMs = elapsedMs() - begun
    const isPending = await goOn(claimed === 0)
    took(claimed)
    await sweep()
    const calling = callers()
    const late = oldestAt === null ? 0 : lagSeconds(context.now(), oldestAt)
    const turn = { limit, tookMs, callers: calling, lagSeconds: late }
    limit = unfinished.length === 0 ? MIN_REPORTS_A_TURN : nextLimit(turn)
    if (calling > 0) await delay(restMs(elapsedMs() - begun, calling))
    return claimed > 0 || isPending
  })
}

/**
 * A server has a backend for each who asks, so the work providers that are behind have turns of their own, which are long,
 * beside the short ones of those who keep up; and the inbox is vacuumed beside both.
 */
function startBeside(context: Context): Worker {
  const behind = new Set<string>()
  const { took, sweep } = openSweeper(context)
  const goOn = openPending(context)
  const [reached, reachedBehind] = [new Reached(elapsedMs), new Reached(elapsedMs)]
  let limit = MIN_REPORTS_A_TURN
  /** The last turn of those who keep up, and until when they count as reporting beside those who are behind. */
  let turn: Promise<unknown> = Promise.resolve()
  let othersUntil = elapsedMs()

  const sweeper = startWorker(context.log, 'sweeper', POLL_MS, async () => {
    await sweep()
    return false
  })
  const backlogs = startWorker(context.log, 'projector of backlogs', POLL_MS, async () => {
    const workProviders = [...behind]
    if (workProviders.length === 0) return false
    await withinTime(turn, GIVE_WAY_MS).catch(() => {})
    const most = elapsedMs() < othersUntil ? REPORTS_BESIDE_OTHERS : MAX_REPORTS_A_TURN
    const { claimed, unfinished } = await project(context, reachedBehind, most, { workProviders, others: false })
    took(claimed)
    for (const id of workProviders) if (!unfinished.includes(id)) behind.delete(id)
    return true
  })
  const projector = startWorker(context.log, 'projector', POLL_MS, async () => {
    const isBeside = behind.size > 0
    const projecting = project(context, reached, limit, { workProviders: [...behind], others: true })
    turn = projecting
    const { claimed, unfinished } = await projecting
    took(claimed)
    if (isBeside && claimed > 0) othersUntil = elapsedMs() + OTHERS_REPORT_MS
    const isPending = await goOn(claimed === 0)
    // On Citus a turn takes everybody's: there all grow.
    const areBehind = unfinished.length > 0 && limit >= REPORTS_THAT_KEEP_UP && !(await isCitus(context.db))
    if (areBehind) {
      for (const id of unfinished) behind.add(id)
      backlogs.nudge()
    }
    limit = unfinished.length === 0 || areBehind ? MIN_REPORTS_A_TURN : Math.min(2 * limit, MAX_REPORTS_A_TURN)
    if (claimed === 0 && behind.size > 0) await delay(LOOK_BESIDE_MS)
    return claimed > 0 || isPending
  })
  return {
    nudge: projector.nudge,
    async stop() {
      await Promise.all([projector, backlogs, sweeper].map((worker) => worker.stop()))
    },
  }
}

/** What goes on with a stream that is derived up to a point only. It answers whether there was one, as far as it looked. */
function openPending({ db }: Context): (isIdle: boolean) => Promise<boolean> {
  let lookFrom = elapsedMs()
  return async (isIdle) => {
    if (!isIdle && elapsedMs() < lookFrom) return false
    const isPending = await derivePending(db)
    if (!isPending) lookFrom = elapsedMs() + LOOK_FOR_PENDING_MS
    return isPending
  }
}

async function project(
  context: Context,
  reached: Reached,
  limit: number,
  whose: Omit<Sought, 'from'> = EVERYTHING,
): Promise<Taken> {
  const taken = await reached.turn((from) => projectTurn(context.db, limit, { ...whose, from }))
  if (taken.oldestAt !== null) context.metrics.derived(taken.claimed, lagSeconds(context.now(), taken.oldestAt))
  return taken
}

/** By a clock that nobody sets: how long to wait must not depend on one that is put back. */
function elapsedMs(): number {
  return performance.now()
}

/** By two clocks, the process's and the database's. */
function lagSeconds(now: Instant, receivedAt: Instant): number {
  return Math.max(0, now - receivedAt) / MICROSECONDS_PER_SECOND
}
