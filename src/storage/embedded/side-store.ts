import { existsSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { removeAtExit } from '../remove-at-exit.ts'
import { syncDirectory, syncTree } from '../sync-files.ts'
import { type DataDirectory, prepareDataDirectory, tryLock } from './data-directory.ts'
import { DataDirectoryInUse } from './embedded.ts'

/**
 * A second store inside a data directory, which a command makes, uses and removes: `backup` or `restore`, beside the
 * cluster. No server ever looks into it, so it may be left half made by a process that died; the next command of the
 * kind removes that first.
 *
 *     backup/lock      held by the command
 *     backup/store/    a data directory of its own
 */
export type SideStore = { readonly directory: DataDirectory; release(): void }

/** Makes an empty one; refuses while another command has it. */
export function openSideStore(dataDir: string, name: 'backup' | 'restore'): SideStore {
  const outer = prepareDataDirectory(join(prepareDataDirectory(dataDir).path, name))
  const lock = tryLock(outer)
  if (lock === null) throw new DataDirectoryInUse(`another "zego ${name}" of ${dataDir} is running`)
  const path = join(outer.path, 'store')
  rmSync(path, { recursive: true, force: true })
  const keep = removeAtExit(outer.path)
  return {
    directory: prepareDataDirectory(path),
    release() {
      // The lock last: until then nobody has another store here, which this would remove.
      rmSync(outer.path, { recursive: true, force: true })
      lock.release()
      keep()
    },
  }
}

/** Whether a data directory has a store; nothing is made of one that is not there. */
export function hasCluster(dataDir: string): boolean {
  return existsSync(join(dataDir, 'postgres'))
}

/** Moves the closed cluster of a side store to where a server looks for it, when all of it is on disk. */
export function adoptCluster(side: SideStore, clusterPath: string): void {
  syncTree(side.directory.clusterPath)
  renameSync(side.directory.clusterPath, clusterPath)
  syncDirectory(dirname(clusterPath))
}
