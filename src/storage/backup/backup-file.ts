import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { Impossible } from '../../domain/errors.ts'
import { removeAtExit } from '../remove-at-exit.ts'
import { syncDirectory } from '../sync-files.ts'
import { decodeTail, encodeTail, END_BYTES, type Manifest, newDigest, tailBytes } from './manifest.ts'

/*
 * A backup is one file: the payload, then a tail that tells what the payload is and holds a digest over all of it. The
 * file gets its name when everything is on disk, so what bears the name is whole; and what was cut off has no tail.
 */

const OWNER_ONLY = 0o600
/** A file system without hard links says one of these. */
const NO_LINKS: readonly unknown[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']
const READ_BYTES = 1024 * 1024
const UNFINISHED = '.partial'
/** Longer than the copy of a store takes, before the first of it is written. */
const REMAINS_AFTER_MS = 24 * 3_600_000

export type BackupWriter = {
  write(chunk: Buffer): Promise<void>
  /** Ends the file and gives it its name. Answers its size in bytes. */
  finish(describe: (payloadBytes: number) => Manifest): Promise<number>
  /** Removes what is not finished. */
  abandon(): Promise<void>
}

/** Where a backup is written until it is whole: each at a place of its own, since two may be made at once. */
function unfinishedPath(file: string): string {
  return `${resolve(file)}.${randomBytes(4).toString('hex')}${UNFINISHED}`
}

/** Removes what is left of backups into this file that were killed: nobody has written to it for long. */
async function removeRemains(file: string): Promise<void> {
  const [directory, name] = [dirname(resolve(file)), basename(file)]
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith(UNFINISHED)) continue
    const path = join(directory, entry)
    const found = await lstat(path).catch(() => null)
    if (found !== null && Date.now() - found.mtimeMs > REMAINS_AFTER_MS) await rm(path, { force: true })
  }
}

/** Begins a backup. A file that is there is replaced only where `mayReplace`, and only by a whole one. */
export async function createBackup(file: string, mayReplace: boolean): Promise<BackupWriter> {
  const unfinished = unfinishedPath(file)
  if (!mayReplace && (await exists(file))) throw alreadyThere(file)
  const handle = await attempt(file, async () => {
    await removeRemains(file)
    return open(unfinished, 'wx', OWNER_ONLY)
  })
  const keep = removeAtExit(unfinished)
  const digest = newDigest()
  let bytes = 0
  const append = async (chunk: Buffer): Promise<void> => {
    await attempt(file, () => handle.writeFile(chunk))
    bytes += chunk.length
  }
  return {
    async write(chunk) {
      digest.update(chunk)
      await append(chunk)
    },
    async finish(describe) {
      await append(encodeTail(describe(bytes), digest))
      await attempt(file, async () => {
        await handle.sync()
        await handle.close()
        await giveName(unfinished, file, mayReplace)
        syncDirectory(dirname(unfinished))
      })
      keep()
      return bytes
    },
    async abandon() {
      await handle.close()
      await rm(unfinished, { force: true })
      keep()
    },
  }
}

/** A link, unlike a rename, never replaces what came to be there meanwhile. */
async function giveName(unfinished: string, file: string, mayReplace: boolean): Promise<void> {
  if (!mayReplace) {
    try {
      await link(unfinished, file)
      return await rm(unfinished)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === 'EEXIST' || (await exists(file))) throw alreadyThere(file)
      if (!NO_LINKS.includes(code)) throw error
    }
  }
  await rename(unfinished, file)
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Impossible) throw error
    throw new Impossible(`${file} cannot be written: ${(error as Error).message}`)
  }
}

function alreadyThere(file: string): Impossible {
  return new Impossible(`${file} is there already: name another file, or replace it by --force`)
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

export type Backup = {
  readonly manifest: Manifest
  /** Of the whole file. */
  readonly bytes: number
  payload(): Readable
}

/** Opens a backup, having read all of it: nothing of it is used unless every byte is as it was written. */
export async function openBackup(file: string): Promise<Backup> {
  const handle = await open(file).catch((error: Error & { code?: string }) => {
    throw new Impossible(error.code === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read: ${error.message}`)
  })
  try {
    const { size } = await handle.stat()
    const manifest = await readManifest(handle, size).catch((error: Error) => {
      throw error instanceof Impossible ? error : new Impossible(`${file} cannot be read: ${error.message}`)
    })
    if (manifest === null)
      throw new Impossible(`${file} is not a whole backup: it was cut short, changed, or never one`)
    if (manifest.format !== 1) throw new Impossible(`${file} was made by a newer zego (${manifest.program}): use that`)
    const end = manifest.payloadBytes - 1
    return { manifest, bytes: size, payload: () => createReadStream(file, { end, highWaterMark: READ_BYTES }) }
  } finally {
    await handle.close()
  }
}

async function readManifest(handle: FileHandle, size: number): Promise<Manifest | null> {
  if (size < END_BYTES) return null
  const length = tailBytes(await readAt(handle, size - END_BYTES, END_BYTES))
  if (length === null || length > size) return null
  const payloadBytes = size - length
  const digest = newDigest()
  for (let position = 0; position < payloadBytes; position += READ_BYTES) {
    digest.update(await readAt(handle, position, Math.min(READ_BYTES, payloadBytes - position)))
  }
  return decodeTail(await readAt(handle, payloadBytes, length), digest)
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) throw new Error('it became shorter while it was read')
    filled += bytesRead
  }
  return buffer
}
