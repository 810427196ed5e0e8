import { existsSync, fdatasyncSync, fsyncSync, openSync, closeSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
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

function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else withDescriptor(path, fdatasyncSync)
  }
  syncDirectory(directory)
}

function syncDirectory(path: string): void {
  withDescriptor(path, fsyncSync)
}

function withDescriptor(path: string, act: (descriptor: number) => void): void {
  const descriptor = openSync(path, 'r')
  try {
    act(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
