import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Impossible } from '../../domain/errors.ts'
import {
  claimSocketPath,
  type DataDirectory,
  type Lock,
  prepareDataDirectory,
  removeSocket,
  socketPath,
  tryLock,
  waitFor,
} from './data-directory.ts'
import type { EngineThreadData, EngineThreadMessage } from './worker.ts'

/** The major version of PostgreSQL that the embedded engine is: it reads the clusters of this one alone. */
export const ENGINE_MAJOR = '18'

/** How long a second opener of a data directory waits for the first to end, or to answer. */
export const SECOND_OPENER_PATIENCE_MS = 10_000

/** How long the engine may take to close; after that it is left to recover at the next start. */
const CLOSE_PATIENCE_MS = 5_000

/** What the engine's thread keeps of young objects: messages that are gone at once. By itself it would take three times as much. */
const YOUNG_MEBIBYTES = 16

export type Embedded = {
  /** The directory that holds the socket: what PostgreSQL's clients take as `host`. */
  host: string
  /** False when another process runs the engine and this one only uses it. */
  isOwner: boolean
  close(): Promise<void>
}

export type EmbeddedOptions = {
  dataDir: string
  /** A command may use the engine of a running server; a server has to own it. */
  mayShare: boolean
  onFirstStart(): void
  /** The engine is gone: nothing can be answered any more. */
  onBroken(reason: string): void
}

export class DataDirectoryInUse extends Error {
  override name = 'DataDirectoryInUse'
}

/** Opens the embedded PostgreSQL of a data directory, or joins the process that has it open. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  process.umask(0o077)
  const directory = prepareDataDirectory(options.dataDir)
  const opened = await waitFor(SECOND_OPENER_PATIENCE_MS, async () => {
    const lock = tryLock(directory)
    if (lock !== null) return { lock }
    return options.mayShare && (await answers(socketPath(directory))) ? { lock: null } : null
  })
  if (opened === null) {
    throw new DataDirectoryInUse(`another process has the data directory ${directory.path} open`)
  }
  if (opened.lock === null) return { host: dirname(socketPath(directory)), isOwner: false, close: async () => {} }
  return startEngine(directory, opened.lock, options)
}

async function startEngine(directory: DataDirectory, lock: Lock, options: EmbeddedOptions): Promise<Embedded> {
  try {
    assertOwnMajor(directory)
  } catch (error) {
    lock.release()
    throw error
  }
  if (!existsSync(directory.clusterPath)) options.onFirstStart()
  const path = claimSocketPath(directory)
  const workerData: EngineThreadData = { clusterPath: directory.clusterPath, socketPath: path }
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES },
  })
  const [first] = (await once(worker, 'message')) as [EngineThreadMessage]
  if (first.kind !== 'ready') {
    lock.release()
    throw new Error(`the embedded database did not start: ${first.kind === 'broken' ? first.reason : first.kind}`)
  }
  let closing = false
  worker.on('message', (message: EngineThreadMessage) => {
    if (message.kind === 'broken') options.onBroken(message.reason)
  })
  worker.on('error', (error) => options.onBroken(String(error)))
  worker.on('exit', () => {
    if (!closing) options.onBroken('its thread ended')
  })
  return {
    host: dirname(path),
    isOwner: true,
    async close() {
      closing = true
      const ended = once(worker, 'exit')
      worker.postMessage('close')
      await Promise.race([ended, delay(CLOSE_PATIENCE_MS, undefined, { ref: false }).then(() => worker.terminate())])
      removeSocket(directory)
      lock.release()
    },
  }
}

/** The engine itself says of a cluster of another major version only that it failed. */
function assertOwnMajor({ path, clusterPath }: DataDirectory): void {
  const file = join(clusterPath, 'PG_VERSION')
  const major = existsSync(file) ? readFileSync(file, 'utf8').trim() : ENGINE_MAJOR
  if (major === ENGINE_MAJOR) return
  throw new Impossible(
    `the store in ${path} (DATA_DIR) is one of PostgreSQL ${major}, and this zego has PostgreSQL ${ENGINE_MAJOR} inside: ` +
      'back it up with the zego that made it ("zego backup FILE"), and restore that with this one into another DATA_DIR ' +
      '("zego restore FILE")',
  )
}

function answers(path: string): Promise<true | null> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(null))
  })
}
