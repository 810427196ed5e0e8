import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { answers, type ClusterOptions, makeCluster } from './cluster.ts'

/** A PostgreSQL server that tests may make databases on. */
export type TestServer = { readonly url: string; readonly from: string; stop(): Promise<void> }

const LOCAL_URL = 'postgres://root@127.0.0.1:5432/test'
const DEBIAN_ROOT = '/usr/lib/postgresql'

/**
 * The server of the environment, or a throw-away one in the temporary directory, or the one that runs on this machine;
 * null where none can be had.
 */
export async function findTestServer(): Promise<TestServer | null> {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') {
    if (!(await answers(given))) throw new Error('TEST_DATABASE_URL is set, but nothing answers there')
    return { url: given, from: 'the one of TEST_DATABASE_URL', stop: async () => {} }
  }
  const binaries = findBinaries()
  if (binaries !== null) return startCluster(binaries)
  return (await answers(LOCAL_URL)) ? { url: LOCAL_URL, from: 'the one at 127.0.0.1:5432', stop: async () => {} } : null
}

/** Where Debian keeps `initdb` and `postgres`, the newest version; or where the PATH finds them. */
export function findBinaries(): string | null {
  if (existsSync(DEBIAN_ROOT)) {
    const versions = readdirSync(DEBIAN_ROOT).sort((a, b) => Number(b) - Number(a))
    const found = versions
      .map((version) => join(DEBIAN_ROOT, version, 'bin'))
      .find((path) => existsSync(join(path, 'initdb')))
    if (found !== undefined) return found
  }
  const onPath = (process.env['PATH'] ?? '')
    .split(':')
    .find((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')))
  return onPath ?? null
}

/**
 * A cluster in a temporary directory, with its defaults for durability, run by a user who is not root. `prefix` goes
 * before the command line of the server; `settings` are PostgreSQL's own.
 */
export async function startCluster(
  binaries: string,
  options: Pick<ClusterOptions, 'prefix' | 'settings'> = {},
): Promise<TestServer> {
  const cluster = await makeCluster({ binaries, ...options })
  return { url: cluster.url, from: `a throw-away cluster by ${binaries}`, stop: cluster.remove }
}
