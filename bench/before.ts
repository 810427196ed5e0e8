import { createReadStream, globSync } from 'node:fs'
import { join } from 'node:path'
import { checkpoint } from '../src/storage/maintenance.ts'
import type { Bench } from './bench.ts'
import { clusterDirectory, emptyInbox, filesInUse } from './statements.ts'

/* What is done before something is measured, so that it is not the one before that is measured. */

const READ_BYTES = 1024 * 1024

/** What was accepted before is neither to be derived nor to be written to its files while something else is measured. */
export async function forgetWaiting({ store }: Bench): Promise<void> {
  const { context, close } = await store.connect()
  await emptyInbox(context)
  await checkpoint(context.db)
  await close()
}

/**
 * Reads the files of what is looked into at random, so that the operating system has them, as it has of a store in use:
 * growing by SQL leaves it with what was written last, and there are machines that take back whatever nobody read for a
 * minute.
 */
export async function warm({ store }: Bench): Promise<void> {
  const { context, close } = await store.connect()
  const directory =
    store.engine === 'server' ? await clusterDirectory(context) : join(store.environment['DATA_DIR']!, 'postgres')
  for (const path of await filesInUse(context)) {
    for (const file of globSync(`${path}{,.*}`, { cwd: directory })) {
      for await (const _ of createReadStream(join(directory, file), { highWaterMark: READ_BYTES })) continue
    }
  }
  await close()
}
