import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE } from '../domain/instant.ts'
import { boundLog, freeze, transactionAge, vacuumBusyTables } from '../storage/maintenance.ts'
import { ensurePartitions } from '../storage/partitions.ts'
import type { Context } from './context.ts'
import { tidy } from './tidy.ts'
import { startWorker, type Worker } from './worker.ts'

const CHECK_EVERY_MS = 60_000
const VACUUM_EVERY = 10 * MICROSECONDS_PER_MINUTE
const FREEZE_EVERY = 24 * MICROSECONDS_PER_HOUR
const TIDY_EVERY = MICROSECONDS_PER_HOUR
/** Replayed in some seconds after a crash; the checkpoint holds up everybody for one at most, about. */
const MAX_LOG_BYTES = 256 * 1024 * 1024
const PARTITIONS_EVERY = 12 * MICROSECONDS_PER_HOUR
/** PostgreSQL itself would begin to freeze at 200 million. */
const WORRYING_TRANSACTION_AGE = 500_000_000

/** Makes coming months' partitions and deletes what ran out; for the embedded engine also what autovacuum does on a server. */
export function startMaintenance(context: Context): Worker {
  const started = context.now()
  const last = { vacuum: started, freeze: started, partitions: started, tidy: started }
  const isDue = (task: keyof typeof last, every: number, now: Instant): boolean => {
    if (now - last[task] < every) return false
    last[task] = now
    return true
  }
  return startWorker(context.log, 'maintenance', CHECK_EVERY_MS, async () => {
    const now = context.now()
    if (isDue('partitions', PARTITIONS_EVERY, now)) await preparePartitions(context)
    if (isDue('tidy', TIDY_EVERY, now)) await tidy(context)
    if (!context.isEmbedded) return false
    await boundLog(context.db, MAX_LOG_BYTES)
    if (isDue('vacuum', VACUUM_EVERY, now)) await vacuumBusyTables(context.db)
    if (isDue('freeze', FREEZE_EVERY, now)) {
      await freeze(context.db)
      const age = await transactionAge(context.db)
      if (age > WORRYING_TRANSACTION_AGE) context.log.error({ age }, 'old transaction ids are not being frozen')
    }
    return false
  })
}

/** Makes the partitions of the coming months. One that cannot be made is no reason to stop: the default takes its rows. */
export async function preparePartitions(context: Context): Promise<void> {
  for (const { name, error } of await ensurePartitions(context.db, context.now())) {
    context.log.error({ err: error, partition: name }, 'a partition could not be made')
  }
}
