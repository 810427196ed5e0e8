import { setFlagsFromString } from 'node:v8'
import { PGlite } from '@electric-sql/pglite'
import { PLANNER_SETTINGS } from '../planner-settings.ts'
import { DurableFileSystem } from './durable-file-system.ts'

/**
 * How many pages the engine keeps itself. What it does not have it copies from the operating system's cache, and all of
 * it is filled with zeros at each start.
 */
const CACHE = 'shared_buffers=64MB'

/** Without the engine's `-F` (no fsync), and with the one sync method that its libc really implements. */
const DURABLE_START_PARAMS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['wal_sync_method=fsync', CACHE, ...PLANNER_SETTINGS].flatMap((setting) => ['-c', setting]),
]

/**
 * How much of a function of the engine is run before V8 compiles it again, better: eight times what V8 takes by itself.
 * It does so beside the start, which takes longer by that; under load all that matters is compiled within a second.
 */
const TIERING_BUDGET = 100_000_000

/** The engine as a session: what comes and goes is its protocol, so its own translation of arrays, a query, is not prepared. */
class Engine extends PGlite {
  override _initArrayTypes(): Promise<void> {
    return Promise.resolve()
  }
}

/** Starts the engine on a cluster, making the cluster if it is not there. */
export async function startEngine(clusterPath: string): Promise<PGlite> {
  setFlagsFromString(`--wasm-tiering-budget=${TIERING_BUDGET}`)
  const engine = new Engine({ fs: new DurableFileSystem(clusterPath), startParams: DURABLE_START_PARAMS })
  await engine.waitReady
  return engine
}
