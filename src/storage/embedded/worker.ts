import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { syncDirectory, syncTree } from '../sync-files.ts'
import { startEngine } from './engine.ts'
import { openSessionGate } from './session-gate.ts'

/** The thread that runs the embedded PostgreSQL and serves it on a Unix socket. */
export type EngineThreadData = { clusterPath: string; socketPath: string }
export type EngineThreadMessage = { kind: 'ready' } | { kind: 'closed' } | { kind: 'broken'; reason: string }

const { clusterPath, socketPath } = workerData as EngineThreadData
const port = parentPort!
const tell = (message: EngineThreadMessage): void => port.postMessage(message)
const broken = (error: unknown): void => tell({ kind: 'broken', reason: String(error) })

try {
  if (!existsSync(clusterPath)) await makeCluster(clusterPath)
  const engine = await startEngine(clusterPath)
  const gate = await openSessionGate(engine, socketPath, broken)
  port.once('message', async () => {
    await gate.close()
    await engine.close()
    tell({ kind: 'closed' })
    port.close()
  })
  tell({ kind: 'ready' })
} catch (error) {
  broken(error)
}

/** A new cluster gets its name only when all of it is on disk: a crash in between leaves nothing to mend. */
async function makeCluster(path: string): Promise<void> {
  const unfinished = `${path}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const engine = await startEngine(unfinished)
  await engine.close()
  syncTree(unfinished)
  renameSync(unfinished, path)
  syncDirectory(dirname(path))
}
