import { accessSync, chmodSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/* The tests make thousands of clusters of a thousand files each: where they can, they make them in memory. */

const IN_MEMORY = '/dev/shm'
/** The PostgreSQL server runs as another user, who has to find its own directory in here. */
const ALL_MAY_PASS = 0o711

/** Makes a directory and has everything temporary of this process and its children go there. */
export function useWorkDirectory(): void {
  const path = mkdtempSync(join(isWritable(IN_MEMORY) ? IN_MEMORY : tmpdir(), 'zego-tests-'))
  chmodSync(path, ALL_MAY_PASS)
  process.env['TMPDIR'] = path
}

/** Removes what is left in it, by tests that failed or were stopped too. */
export function removeWorkDirectory(): void {
  rmSync(tmpdir(), { recursive: true, force: true })
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
