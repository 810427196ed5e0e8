import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { createKey } from '../../src/app/api-keys.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { fromTemporal } from '../../src/domain/instant.ts'
import { migrations } from '../../src/storage/migrate.ts'
import { freePort } from '../../scripts/cluster.ts'
import { contextOn, createDatabase } from '../support/stores.ts'
import { type Client, openClient } from './client.ts'
import { type Environment, type Server, startServer, stopWell, waitFor } from './harness.ts'
import { newRecorder, randomSize, type Recorder, send } from './load.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import { needsServer, type Row, type RowOptions } from './row.ts'
import { type ChildStore, linkCustomers } from './store.ts'
import { judge, type RowResult } from './verdict.ts'

/*
 * D9: two processes are started at once on an empty database, and then restarted in turn while reports come in. A client
 * that goes to the other process when one does not serve it never fails.
 */

const PROCESSES = 2
const CLIENTS = 12
const ANSWERS_BETWEEN = 100
/** Of one request, at one process and the other in turn. */
const MAX_TRIES = 10
const PAUSE_MS = 20

export const rollingRestart: Row = {
  id: 'D9',
  guarantee:
    'two processes migrate one empty database and restart in turn: no request fails, each migration is done once',
  engines: ['server'],
  skip: needsServer,
  run: restartInTurn,
}

async function restartInTurn({ rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const database = await createDatabase()
  const ports = await Promise.all(Array.from({ length: PROCESSES }, freePort))
  const start = (port: number): Promise<Server> => startServer({ ...environmentOf(database.url), PORT: String(port) })
  let servers: Server[] = []
  try {
    servers = await Promise.all(ports.map(start))
    const store = await prepare(database.url)
    const problems = await problemsOfMigrations(store)
    const load = startRetryingLoad(ports, store.key, recorder, random)
    for (let round = 1; round <= rounds; round++) {
      for (const [index, port] of ports.entries()) {
        await load.accepts(ANSWERS_BETWEEN)
        await stopWell(servers[index]!)
        servers[index] = await start(port)
      }
      log(`round ${round}/${rounds}: ${recorder.sent} requests sent, ${load.tries.again} of them again`)
    }
    await load.accepts(ANSWERS_BETWEEN)
    await load.stop()
    for (const server of servers) await stopWell(server)
    problems.push(...load.failed, ...(await problemsOfMigrations(store)))
    const result = await judge(store, recorder, rounds)
    return { ...result, problems: [...problems, ...result.problems] }
  } finally {
    for (const server of servers) await server.kill()
    await database.drop()
  }
}

function environmentOf(url: string): Environment {
  return { DATABASE_URL: url, ZEGO_DEMO: '0' }
}

/** What the other rows find in a store, in one that the processes have migrated. */
async function prepare(url: string): Promise<ChildStore> {
  const { context, close } = contextOn({ url })
  const { id: workProviderId } = await createWorkProvider(context, 'Courier Ltd')
  const { key } = await createKey(context, 'Courier Ltd')
  await linkCustomers(context)
  await close()
  const connect = (): ReturnType<typeof contextOn> => contextOn({ url })
  return { engine: 'server', environment: environmentOf(url), key, workProviderId, connect, remove: async () => {} }
}

async function problemsOfMigrations(store: ChildStore): Promise<string[]> {
  const { context, close } = store.connect()
  const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(context.db)
  await close()
  const done = rows.map((row) => row.name).join(' ')
  const wanted = migrations()
    .map((migration) => migration.name)
    .join(' ')
  return done === wanted ? [] : [`the migrations done are ${done}`]
}

type RetryingLoad = {
  readonly failed: readonly string[]
  readonly tries: { again: number }
  accepts(count: number): Promise<unknown>
  stop(): Promise<void>
}

/** Clients that send each request until it is accepted, to one process and the other in turn. */
function startRetryingLoad(ports: readonly number[], key: string, recorder: Recorder, random: Random): RetryingLoad {
  const failed: string[] = []
  const tries = { again: 0 }
  let accepted = 0
  let isStopping = false
  const all = ports.map((port) => openClient(port, CLIENTS))

  async function deliver(clients: readonly Client[]): Promise<void> {
    const content = recorder.make(randomSize(random))
    const first = random.below(clients.length)
    for (let number = 0; number < MAX_TRIES; number++) {
      if (number > 0) {
        tries.again += 1
        await delay(PAUSE_MS)
      }
      if ((await send(clients[(first + number) % clients.length]!, key, recorder, content)) === 202) {
        accepted += 1
        return
      }
    }
    failed.push(`a request failed ${MAX_TRIES} times`)
  }

  const work = async (): Promise<void> => {
    while (!isStopping) await deliver(all)
  }
  const over = Promise.all(Array.from({ length: CLIENTS }, work))
  return {
    failed,
    tries,
    accepts(count) {
      const before = accepted
      return waitFor(`${count} more 202s`, () => accepted >= before + count)
    },
    async stop() {
      isStopping = true
      await over
      for (const client of all) client.close()
    },
  }
}
