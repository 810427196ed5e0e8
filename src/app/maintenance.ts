import { boundLog, freeze, transactionAge, vacuumBusyTables } from '../storage/maintenance.ts'
import { ensurePartitions } from '../storage/partitions.ts'
import type { Context } from './context.ts'
import { tidy } from './tidy.ts'
import { startWorker, type Worker } from './worker.ts'

const CHECK_EVERY_MS = 60_000
const HOUR_MS = 3_600_000
const VACUUM_EVERY_MS = HOUR_MS / 6
const FREEZE_EVERY_MS = 24 * HOUR_MS
const TIDY_EVERY_MS = HOUR_MS
/** Replayed in some seconds after a crash; the checkpoint holds up everybody for one at most, about. */
const MAX_LOG_BYTES = 256 * 1024 * 1024
const PARTITIONS_EVERY_MS = 12 * HOUR_MS
/** PostgreSQL itself would begin to freeze at 200 million. */
const WORRYING_TRANSACTION_AGE = 500_000_000

/**
 * Makes coming months' partitions and deletes what ran out; for the embedded engine also what autovacuum does on a server.
 * `elapsedMs`: of a clock that nobody sets. After one was put back nothing would be done until it had caught up.
 */
export function startMaintenance(context: Context, elapsedMs = () => performance.now()): Worker {
  const every = (everyMs: number, work: () => Promise<void>): (() => Promise<void>) => timed(elapsedMs, everyMs, work)
  const tidying = every(TIDY_EVERY_MS, () => tidy(context))
  const partitioning = every(PARTITIONS_EVERY_MS, () => preparePartitions(context))
  const vacuuming = every(VACUUM_EVERY_MS, () => vacuumBusyTables(context.db))
  const freezing = every(FREEZE_EVERY_MS, async () => {
    await freeze(context.db)
    const age = await transactionAge(context.db)
    if (age > WORRYING_TRANSACTION_AGE) context.log.error({ age }, 'old transaction ids are not being frozen')
  })
  return startWorker(context.log, 'maintenance', CHECK_EVERY_MS, async () => {
    await partitioning()
    await tidying()
    if (!context.isEmbedded) return false
    await boundLog(context.db, MAX_LOG_BYTES)
    await vacuuming()
    await freezing()
    return false
  })
}

/** Does something when so long has passed since the start, or since it was tried last. */
function timed(elapsedMs: () => number, everyMs: number, work: () => Promise<void>): () => Promise<void> {
  let last = elapsedMs()
  return async () => {
    const now = elapsedMs()
    if (now - last < everyMs) return
    last = now
    await work()
  }
}

/** Makes the partitions of the coming months. One that cannot be made is no reason to stop: the default takes its rows. */
export async function preparePartitions(context: Context): Promise<void> {
  for (const { name, error } of await ensurePartitions(context.db, context.now())) {
    context.log.error({ err: error, partition: name }, 'a partition could not be made')
  }
}
