import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** A PostgreSQL server that tests may make databases on. */
export type TestServer = { readonly url: string; readonly from: string; stop(): Promise<void> }

const LOCAL_URL = 'postgres://root@127.0.0.1:5432/test'
const DEBIAN_ROOT = '/usr/lib/postgresql'
const START_PATIENCE_MS = 30_000

/** The server of the environment, or the one that runs on this machine, or a throw-away one; null where none can be had. */
export async function findTestServer(): Promise<TestServer | null> {
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '') {
    if (!(await answers(given))) throw new Error('TEST_DATABASE_URL is set, but nothing answers there')
    return { url: given, from: 'the one of TEST_DATABASE_URL', stop: async () => {} }
  }
  if (await answers(LOCAL_URL)) return { url: LOCAL_URL, from: 'the one at 127.0.0.1:5432', stop: async () => {} }
  const binaries = findBinaries()
  return binaries === null ? null : startCluster(binaries)
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
  { prefix = [], settings = {} }: { prefix?: readonly string[]; settings?: Readonly<Record<string, string>> } = {},
): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'zego-cluster-'))
  const user = unprivileged()
  chmodSync(directory, 0o700)
  if (user !== null) chownSync(directory, user.uid, user.gid)
  const data = join(directory, 'data')
  const identity = user ?? {}
  const made = spawnSync(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'root', '-A', 'trust', '-E', 'UTF8', '--no-locale'],
    { ...identity, encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = 20_000 + (process.pid % 20_000)
  const all = { listen_addresses: '127.0.0.1', port, unix_socket_directories: directory, ...settings }
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const [command, ...args] = [...prefix, join(binaries, 'postgres'), '-D', data, ...options]
  const server = spawn(command!, args, { ...identity, stdio: 'ignore' })
  const url = `postgres://root@127.0.0.1:${port}/postgres`
  const deadline = performance.now() + START_PATIENCE_MS
  while (!(await answers(url))) {
    if (server.exitCode !== null || performance.now() > deadline)
      throw new Error('the throw-away PostgreSQL server did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    url,
    from: `a throw-away cluster by ${binaries}`,
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null
  const idOf = (option: string, name: string): number =>
    Number(spawnSync('id', [option, name], { encoding: 'utf8' }).stdout)
  const name = spawnSync('id', ['-u', 'postgres']).status === 0 ? 'postgres' : 'nobody'
  return { uid: idOf('-u', name), gid: idOf('-g', name) }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
