import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Engine, onServer, TEST_DATABASE_URL } from './stores.ts'

/** Stores that have nothing yet, not even a schema: what a backup is restored into. */
export type EmptyStores = {
  /** Answers the environment by which the program finds it. */
  make(engine: Engine): Promise<Record<string, string>>
  removeAll(): Promise<void>
}

export function emptyStores(): EmptyStores {
  let removals: (() => Promise<void>)[] = []
  return {
    async make(engine) {
      if (engine === 'embedded') {
        const dataDir = mkdtempSync(join(tmpdir(), 'zego-empty-'))
        removals.push(async () => rmSync(dataDir, { recursive: true, force: true }))
        return { DATA_DIR: dataDir, ZEGO_DEMO: '0' }
      }
      const name = `zego_test_${randomBytes(6).toString('hex')}`
      await onServer(`create database ${name}`)
      removals.push(() => onServer(`drop database ${name} with (force)`))
      const url = new URL(TEST_DATABASE_URL!)
      url.pathname = `/${name}`
      return { DATABASE_URL: url.href, ZEGO_DEMO: '0' }
    },
    async removeAll() {
      for (const remove of removals) await remove()
      removals = []
    },
  }
}
