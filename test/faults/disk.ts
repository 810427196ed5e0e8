import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small disk of a test's own, in memory. */
export type SmallDisk = {
  readonly path: string
  /** Fills it up but for so many bytes. */
  fill(leave: number): void
  /** Gives the space back. */
  clear(): void
  remove(): void
}

const CHUNK_BYTES = 1024 * 1024

/** Why no disk can be had here, or false. */
export function cannotMount(): string | false {
  const disk = mount(1)
  if (typeof disk === 'string') return `no small disk can be mounted here: ${disk}`
  disk.remove()
  return false
}

export function mountSmallDisk(megabytes: number): SmallDisk {
  const disk = mount(megabytes)
  if (typeof disk === 'string') throw new Error(`no small disk can be mounted here: ${disk}`)
  return disk
}

function mount(megabytes: number): SmallDisk | string {
  const path = mkdtempSync(join(tmpdir(), 'zego-disk-'))
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path], { encoding: 'utf8' })
  if (made.status !== 0) {
    rmSync(path, { recursive: true })
    return (made.stderr || String(made.error)).trim()
  }
  const ballast = join(path, 'ballast')
  return {
    path,
    fill(leave) {
      for (;;) {
        const { bavail, bsize } = statfsSync(path)
        const bytes = Math.min(bavail * bsize - leave, CHUNK_BYTES)
        if (bytes < bsize) return
        try {
          writeFileSync(ballast, Buffer.alloc(bytes), { flag: 'a' })
        } catch (error) {
          // Others write too.
          if ((error as { code?: string }).code !== 'ENOSPC') throw error
        }
      }
    },
    clear: () => rmSync(ballast, { force: true }),
    remove() {
      spawnSync('umount', ['--lazy', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}
