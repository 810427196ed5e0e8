import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * The directory of the embedded store:
 *
 *     lock             held by the process that has the store open
 *     postgres/        the cluster
 *     .s.PGSQL.5432    the socket, named as PostgreSQL's clients expect it
 *     socket-path      where the socket is, when this directory's path is too long for one
 */
const SOCKET_NAME = '.s.PGSQL.5432'
/** Begins the name of the directory in the temporary one where a socket goes whose path would be too long. */
const AWAY_PREFIX = 'zego-'
/** A Unix socket's path may have 107 bytes on Linux and 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = 100
const LOCK_POLL_MS = 50

export type DataDirectory = { path: string; clusterPath: string }
export type Lock = { release(): void }

export function prepareDataDirectory(path: string): DataDirectory {
  const absolute = resolve(path)
  mkdirSync(absolute, { recursive: true, mode: 0o700 })
  chmodSync(absolute, 0o700)
  return { path: absolute, clusterPath: join(absolute, 'postgres') }
}

/**
 * Takes the lock, or answers null when another process holds it. It is SQLite's exclusive lock on a file: the kernel
 * drops it when the holder dies, however it dies, so there is never a stale one to remove.
 */
export function tryLock(directory: DataDirectory): Lock | null {
  const database = new DatabaseSync(join(directory.path, 'lock'))
  try {
    database.exec('pragma busy_timeout = 0; begin exclusive')
    return { release: () => database.close() }
  } catch (error) {
    database.close()
    if (error instanceof Error && error.message.includes('locked')) return null
    throw error
  }
}

/** Waits for `step` to answer something but null, up to `patienceMs`. */
export async function waitFor<T>(patienceMs: number, step: () => T | null | Promise<T | null>): Promise<T | null> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const result = await step()
    if (result !== null || performance.now() >= deadline) return result
    await delay(LOCK_POLL_MS)
  }
}

/** Chooses where the socket goes, and removes what a dead process left there. Only the holder of the lock calls this. */
export function claimSocketPath(directory: DataDirectory): string {
  removeSocket(directory)
  if (fitsASocket(join(directory.path, SOCKET_NAME))) return join(directory.path, SOCKET_NAME)
  const short = join(mkdtempSync(join(tmpdir(), AWAY_PREFIX)), SOCKET_NAME)
  writeFileSync(`${socketNote(directory)}.new`, short, { mode: 0o600 })
  renameSync(`${socketNote(directory)}.new`, socketNote(directory))
  return short
}

/** Where the process that holds the lock serves the store. */
export function socketPath(directory: DataDirectory): string {
  const note = socketNote(directory)
  return existsSync(note) ? readFileSync(note, 'utf8') : join(directory.path, SOCKET_NAME)
}

/** Removes the socket of this process, or what a dead one left. Only the holder of the lock calls this. */
export function removeSocket(directory: DataDirectory): void {
  const note = socketNote(directory)
  const away = existsSync(note) ? readFileSync(note, 'utf8') : ''
  // The note may be cut short: only what can be a socket of ours is touched, and nothing recursively.
  if (isAbsolute(away) && basename(away) === SOCKET_NAME && basename(dirname(away)).startsWith(AWAY_PREFIX)) {
    rmSync(away, { force: true })
    if (existsSync(dirname(away))) rmdirSync(dirname(away))
  }
  rmSync(note, { force: true })
  rmSync(join(directory.path, SOCKET_NAME), { force: true })
}

function socketNote(directory: DataDirectory): string {
  return join(directory.path, 'socket-path')
}

function fitsASocket(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES
}
