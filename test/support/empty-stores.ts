import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCitusDatabase } from './citus-database.ts'
import { CITUS_URL, contextOn, createDatabase, type Engine, openStoreIn, type Store } from './stores.ts'

/* Stores that have nothing yet, not even a schema: what a backup is restored into. */

/** Known by the environment by which the program finds it; the embedded one has not even a cluster. */
export type EmptyPlace = { readonly environment: Record<string, string>; remove(): Promise<void> }

export async function makeEmptyPlace(engine: Engine): Promise<EmptyPlace> {
  if (engine === 'embedded') {
    const dataDir = mkdtempSync(join(tmpdir(), 'zego-empty-'))
    return {
      environment: { DATA_DIR: dataDir, ZEGO_DEMO: '0' },
      remove: async () => rmSync(dataDir, { recursive: true, force: true }),
    }
  }
  const { url, drop } = await (engine === 'citus' ? createCitusDatabase(CITUS_URL!) : createDatabase())
  return { environment: { DATABASE_URL: url, ZEGO_DEMO: '0' }, remove: drop }
}

/** A cluster without a schema: made once, since it takes seconds, and copied. */
let emptyCluster: Promise<string> | null = null

async function makeEmptyCluster(): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'zego-cluster-'))
  process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }))
  await (await openStoreIn(dataDir)).close()
  return join(dataDir, 'postgres')
}

/** Opens such a place from here, the embedded one with a cluster. */
export async function openEmptyStore(engine: Engine): Promise<Store> {
  const { environment, remove } = await makeEmptyPlace(engine)
  if (engine === 'embedded') {
    cpSync(await (emptyCluster ??= makeEmptyCluster()), join(environment['DATA_DIR']!, 'postgres'), { recursive: true })
  }
  const url = environment['DATABASE_URL']
  const store =
    url === undefined ? await openStoreIn(environment['DATA_DIR']!) : { ...contextOn({ url }), target: { url } }
  return {
    engine,
    context: store.context,
    target: store.target,
    environment,
    async close() {
      await store.close()
      await remove()
    },
  }
}
