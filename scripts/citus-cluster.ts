import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import pg from 'pg'
import { type Cluster, makeCluster } from './cluster.ts'
import { findBinaries } from './postgres.ts'

/*
 * node scripts/citus-cluster.ts COMMAND...: runs a command with, in CITUS_URL, the coordinator of a throw-away Citus
 * cluster on this machine: three servers. PostgreSQL must have the extension installed.
 */

const WORKERS = 2
const SETTINGS = {
  shared_preload_libraries: 'citus',
  max_prepared_transactions: '200',
  max_connections: '200',
  // One for each database on each node looks after it in the background.
  max_worker_processes: '64',
  // Few: every store of a test makes as many of each table, and of each of its months.
  'citus.shard_count': '8',
  'citus.node_conninfo': 'sslmode=disable',
}

/** What was asked of it cannot be done here: why is said in one line. */
function giveUp(why: string): never {
  console.error(why)
  process.exit(1)
}

function hasCitus(binaries: string): boolean {
  const { stdout } = spawnSync(join(binaries, 'pg_config'), ['--sharedir'], { encoding: 'utf8' })
  return existsSync(join(stdout.trim(), 'extension', 'citus.control'))
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement)
  await client.end()
}

async function connect(nodes: readonly Cluster[]): Promise<string> {
  for (const { url } of nodes) await run(url, 'create extension citus')
  const [coordinator, ...workers] = nodes
  await run(coordinator!.url, `select citus_set_coordinator_host('127.0.0.1', ${coordinator!.port})`)
  for (const { port } of workers) await run(coordinator!.url, `select citus_add_node('127.0.0.1', ${port})`)
  return coordinator!.url
}

const [command, ...args] = process.argv.slice(2)
if (command === undefined) giveUp('usage: node scripts/citus-cluster.ts COMMAND...')
const binaries = findBinaries() ?? giveUp('The programs of PostgreSQL are not installed.')
if (!hasCitus(binaries)) giveUp(`The PostgreSQL of ${binaries} does not have the extension citus installed.`)
const nodes: Cluster[] = []
let code: number | null = 1
try {
  for (let node = 0; node <= WORKERS; node++) nodes.push(await makeCluster({ binaries, settings: SETTINGS }))
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, CITUS_URL: await connect(nodes) } })
  // Told to stop, it stays until the command has stopped, to put away what it made.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  ;[code] = (await once(child, 'exit')) as [number | null]
} finally {
  for (const node of nodes) await node.remove()
}
process.exit(code ?? 1)
