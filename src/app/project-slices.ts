import type { Instant } from '../domain/instant.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { withoutAnnulled } from '../storage/events.ts'
import type { Taken } from '../storage/inbox.ts'
import {
  addEvents,
  eventsFirstTold,
  keepReports,
  lastTurn,
  noteTurn,
  oldestOfSlice,
  waitingSlices,
} from '../storage/slices.ts'
import { deriveAdded, lockForEvents } from './derive.ts'

/** A turn costs some round trips to a shard and a commit on the coordinator, whatever it takes. */
const MIN_REPORTS_A_SLICE = 64

const NOTHING: Taken = { claimed: 0, unfinished: [], reached: new Map(), oldestAt: null }

/**
 * What `projectTurn` does, where the inbox is distributed: a turn of each slice that has reports waiting, one after
 * another, which share the limit.
 */
export async function projectSlices(db: Database, limit: number): Promise<Taken> {
  const slices = await waitingSlices(db)
  const share = Math.max(MIN_REPORTS_A_SLICE, Math.ceil(limit / Math.max(1, slices.length)))
  let all = NOTHING
  for (const slice of slices) all = sum(all, await projectSlice(db, slice, share))
  return all
}

/**
 * One turn of a slice, in steps that each commit alone. No transaction writes both to a shard and to the coordinator:
 * such a one is not kept whole or not at all (docs/decisions/0026).
 *
 * 1. The events of the oldest reports are added on their shard. The reports stay in the inbox.
 * 2. On the coordinator the streams are derived under the locks of all who derive (ARCHITECTURE.md, "Locks"), and the
 *    turn of the slice is noted with its reports, unless somebody else had it meanwhile.
 * 3. The reports are moved from the inbox to where they are kept.
 *
 * A process that dies before 2 leaves reports that are derived later, and one that dies after it reports that the next
 * turn moves before it takes others: each is derived once. An event is seen by all before the locks of its identity are
 * taken, so that of two who project and bind at once, one sees what the other did.
 */
async function projectSlice(db: Database, slice: number, limit: number): Promise<Taken> {
  const last = await lastTurn(db, slice)
  const found = await oldestOfSlice(db, slice, last, limit)
  if (found.isLeft) await keepReports(db, slice, last)
  const taken = found.isLeft ? await oldestOfSlice(db, slice, last, limit) : found
  const claimed = taken.item.length
  if (claimed === 0) return NOTHING
  await addEvents(db, slice, taken)
  const firstTold = await eventsFirstTold(db, slice, taken)
  const isOurs = await inTransaction(db, async (trx) => {
    if (!(await noteTurn(trx, slice, last, taken))) return false
    const known = await lockForEvents(trx, firstTold)
    // By the facts: who annuls one holds the lock of its identity, and its flag is on another server.
    const events = await withoutAnnulled(trx, firstTold)
    if (events.length > 0) await deriveAdded(trx, events, known)
    return true
  })
  // Somebody else has them: who has more is seen by the next turn.
  if (!isOurs) return { ...NOTHING, unfinished: taken.unfinished }
  await keepReports(db, slice, taken)
  return { ...NOTHING, claimed, unfinished: taken.unfinished, oldestAt: taken.oldestAt }
}

function sum(left: Taken, right: Taken): Taken {
  return {
    ...NOTHING,
    claimed: left.claimed + right.claimed,
    unfinished: [...left.unfinished, ...right.unfinished],
    oldestAt: earlierOrOnly(left.oldestAt, right.oldestAt),
  }
}

function earlierOrOnly(left: Instant | null, right: Instant | null): Instant | null {
  return left === null || (right !== null && right < left) ? right : left
}
