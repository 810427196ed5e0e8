import { closeSync, fdatasyncSync, fsyncSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Forces out every file under a directory, and the names of all of them. */
export function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else withDescriptor(path, fdatasyncSync)
  }
  syncDirectory(directory)
}

/** Forces out the names in a directory: that a file was made, renamed or removed. */
export function syncDirectory(path: string): void {
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
