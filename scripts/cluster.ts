import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

/** A PostgreSQL server of one's own: it can be stopped, killed, and started again on the same data and port. */
export type Cluster = {
  readonly url: string
  readonly port: number
  isRunning(): boolean
  /** Starts it, and waits until it answers; it does not where the directory has no room to recover, say. */
  start(): Promise<void>
  /** Ends it well. */
  stop(): Promise<void>
  /** Ends all of its processes as a power cut would (on Linux). */
  kill(): Promise<void>
  remove(): Promise<void>
}

export type ClusterOptions = {
  readonly binaries: string
  /** Where its data goes, which is the caller's to remove; one in the temporary directory if it is left out. */
  readonly directory?: string
  /** Where its log of writes goes, if not beside its data. */
  readonly walDirectory?: string
  /** Further arguments of `initdb`. */
  readonly initArgs?: readonly string[]
  /** PostgreSQL's own. */
  readonly settings?: Readonly<Record<string, string>>
  /** Goes before the command line of the server. */
  readonly prefix?: readonly string[]
}

const START_PATIENCE_MS = 30_000
const POLL_MS = 50

/** Makes a cluster and starts it, with the defaults for durability, run by a user who is not root. */
export async function makeCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'zego-cluster-'))
  const user = unprivileged()
  for (const path of [directory, ...(options.walDirectory === undefined ? [] : [options.walDirectory])]) {
    chmodSync(path, 0o700)
    if (user !== null) chownSync(path, user.uid, user.gid)
  }
  const data = join(directory, 'data')
  initialise(data, options, user)
  const port = await freePort()
  const url = `postgres://root@127.0.0.1:${port}/postgres`
  const own = { listen_addresses: '127.0.0.1', port, unix_socket_directories: directory }
  const [command, ...args] = [
    ...(options.prefix ?? []),
    join(options.binaries, 'postgres'),
    '-D',
    data,
    ...Object.entries({ ...own, ...options.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  let server: ChildProcess | null = null
  const isRunning = (): boolean => server !== null && server.exitCode === null && server.signalCode === null
  const launch = (): void => void (server = spawn(command!, args, { ...user, stdio: 'ignore' }))
  const cluster: Cluster = {
    url,
    port,
    isRunning,
    async start() {
      const deadline = performance.now() + START_PATIENCE_MS
      if (!isRunning()) launch()
      while (!(await answers(url))) {
        if (performance.now() > deadline) throw new Error('the PostgreSQL server did not start')
        await delay(POLL_MS)
        // What a killed one left behind may still be there for a moment.
        if (!isRunning()) launch()
      }
    },
    async stop() {
      if (!isRunning()) return
      const ended = once(server!, 'exit')
      server!.kill('SIGINT')
      await ended
    },
    async kill() {
      if (!isRunning()) return
      const ended = once(server!, 'exit')
      // Stopped first: it makes no new ones while the others are listed.
      server!.kill('SIGSTOP')
      const pids = [server!.pid!, ...childrenOf(server!.pid!)]
      for (const pid of pids) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
      await ended
      while (pids.some(isAlive)) await delay(POLL_MS)
    },
    async remove() {
      await cluster.stop()
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true })
    },
  }
  await cluster.start()
  return cluster
}

function initialise(data: string, options: ClusterOptions, user: User | null): void {
  const { binaries, walDirectory, initArgs = [] } = options
  const wal = walDirectory === undefined ? [] : ['--waldir', join(walDirectory, 'wal')]
  const args = ['-D', data, '-U', 'root', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
  const made = spawnSync(join(binaries, 'initdb'), [...args, ...wal, ...initArgs], { ...user, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
}

type User = { readonly uid: number; readonly gid: number }

/** PostgreSQL refuses to run as root. */
function unprivileged(): User | null {
  if (process.getuid?.() !== 0) return null
  const idOf = (option: string, name: string): number =>
    Number(spawnSync('id', [option, name], { encoding: 'utf8' }).stdout)
  const name = spawnSync('id', ['-u', 'postgres']).status === 0 ? 'postgres' : 'nobody'
  return { uid: idOf('-u', name), gid: idOf('-g', name) }
}

function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return listed === '' ? [] : listed.split(/\s+/).map(Number)
}

/** Not so a dead one that nobody has asked about yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a server answers at a URL. */
export async function answers(url: string): Promise<boolean> {
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
