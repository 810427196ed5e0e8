import { PGlite } from '@electric-sql/pglite'
import { PLANNER_SETTINGS } from '../planner-settings.ts'
import { DurableFileSystem } from './durable-file-system.ts'

/** Without the engine's `-F` (no fsync), and with the one sync method that its libc really implements. */
const DURABLE_START_PARAMS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...['wal_sync_method=fsync', ...PLANNER_SETTINGS].flatMap((setting) => ['-c', setting]),
]

/** Starts the engine on a cluster, making the cluster if it is not there. */
export function startEngine(clusterPath: string): Promise<PGlite> {
  return PGlite.create({ fs: new DurableFileSystem(clusterPath), startParams: DURABLE_START_PARAMS })
}
