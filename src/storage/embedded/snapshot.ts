import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import { Impossible } from '../../domain/errors.ts'
import type { Database } from '../database.ts'

/*
 * A copy of the embedded cluster as of one moment, taken while the engine runs on and nobody waits: its files are copied
 * one after the other, each maybe half changed, and a second engine that opens the copy mends it as it would after a
 * power cut. This is sound, because
 *
 * - `pg_control` is copied first: it says from which checkpoint on the log is to be replayed;
 * - no other checkpoint comes in between, or all is copied again: so the log from there on is all there, and has a
 *   full image of each page that was changed since (`full_page_writes`), however torn its copy is;
 * - the log is copied last: whatever of a change reached a file that was copied, the log had it before;
 * - the engine forces out its log before it reports a commit: what was accepted when the copy began is in it.
 *
 * That the log was replayed to where it had been written when the files were copied is asked of the copy (`assertReplayed`),
 * and page checksums, which the engine has on, tell of a page that was not as it should be.
 */

const LOG_DIRECTORY = 'pg_wal'
const CONTROL_FILE = join('global', 'pg_control')
/** What is copied at another time, or belongs to the process that runs. */
const LEFT_OUT: readonly string[] = [LOG_DIRECTORY, CONTROL_FILE, 'postmaster.pid', 'postmaster.opts']
const OWNER_ONLY = 0o700
const COPY_BYTES = 1024 * 1024
const MAX_ATTEMPTS = 5

/** A place in the engine's log, as PostgreSQL writes it. */
export type LogPlace = string

/** Copies the cluster that `db` is served from. Answers the place up to which the copy has the log at least. */
export async function copyCluster(
  db: Database,
  clusterPath: string,
  target: string,
  onBytes: (bytes: number) => void,
): Promise<LogPlace> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    await rm(target, { recursive: true, force: true })
    const { checkpoint, firstLogFile } = await lastCheckpoint(db)
    await copyFile(clusterPath, target, CONTROL_FILE, onBytes)
    await copyTree(clusterPath, target, '', onBytes)
    const { place, lastLogFile } = await flushedLog(db)
    await mkdir(join(target, LOG_DIRECTORY), { mode: OWNER_ONLY })
    for (const name of (await readdir(join(clusterPath, LOG_DIRECTORY))).sort()) {
      // Older ones are kept by the engine to be used again, under the names of later ones.
      if (name < firstLogFile || name > lastLogFile) continue
      await copyFile(clusterPath, target, join(LOG_DIRECTORY, name), onBytes)
    }
    if ((await lastCheckpoint(db)).checkpoint === checkpoint) return place
  }
  throw new Impossible('the store could not be copied: the engine made a checkpoint each time; try again')
}

/** Asks the engine that opened a copy whether it has replayed the log as far as it should. */
export async function assertReplayed(db: Database, place: LogPlace): Promise<void> {
  const { rows } = await sql<{ isReplayed: boolean }>`
    select redo_lsn >= ${place}::pg_lsn as "isReplayed" from pg_control_checkpoint()
  `.execute(db)
  if (!rows[0]!.isReplayed) throw new Error(`the copy of the store does not reach ${place} of its log`)
}

/** The last checkpoint, and the first file of the log that is replayed from it on. */
async function lastCheckpoint(db: Database): Promise<{ checkpoint: LogPlace; firstLogFile: string }> {
  const { rows } = await sql<{ checkpoint: LogPlace; firstLogFile: string }>`
    select checkpoint_lsn as checkpoint, redo_wal_file as "firstLogFile" from pg_control_checkpoint()
  `.execute(db)
  return rows[0]!
}

/** How far the log is on disk, and the file which that place is in. */
async function flushedLog(db: Database): Promise<{ place: LogPlace; lastLogFile: string }> {
  const { rows } = await sql<{ place: LogPlace; lastLogFile: string }>`
    select place, pg_walfile_name(place) as "lastLogFile" from pg_current_wal_flush_lsn() place
  `.execute(db)
  return rows[0]!
}

/** Copies what is in a directory. */
async function copyTree(from: string, to: string, path: string, onBytes: (bytes: number) => void): Promise<void> {
  await mkdir(join(to, path), { recursive: true, mode: OWNER_ONLY })
  const entries = await readdir(join(from, path), { withFileTypes: true })
  for (const entry of entries) {
    const inner = join(path, entry.name)
    if (LEFT_OUT.includes(inner)) continue
    if (entry.isDirectory()) await copyTree(from, to, inner, onBytes)
    else await copyFile(from, to, inner, onBytes)
  }
}

/** Copies what a file has when it is read; one that is gone meanwhile is not needed, or the next checkpoint took it. */
async function copyFile(from: string, to: string, path: string, onBytes: (bytes: number) => void): Promise<void> {
  const source = await openIfThere(join(from, path))
  if (source === null) return
  await mkdir(dirname(join(to, path)), { recursive: true, mode: OWNER_ONLY })
  const copy = await open(join(to, path), 'wx', 0o600)
  try {
    const buffer = Buffer.alloc(COPY_BYTES)
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, COPY_BYTES)
      if (bytesRead === 0) return
      await copy.writeFile(buffer.subarray(0, bytesRead))
      onBytes(bytesRead)
    }
  } finally {
    await copy.close()
    await source.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null
    throw error
  }
}
