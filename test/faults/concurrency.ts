import { sql } from 'kysely'
import { setTimeout as delay } from 'node:timers/promises'
import { formatInstant } from '../../src/domain/instant.ts'
import type { Context } from '../../src/app/context.ts'
import { CITUS_URL, openStore, TEST_DATABASE_URL } from '../support/stores.ts'
import { type Client, openClient } from './client.ts'
import {
  type Check,
  type Child,
  type Environment,
  type Server,
  startProjectorProcess,
  startServer,
  stopServer,
  waitFor,
  zegoCheck,
} from './harness.ts'
import { waitUntilInboxEmpty } from './ledger.ts'
import { createPeople, type People, randomRequest, type Told } from './people.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import { actAsStaff, type StaffRun } from './staff.ts'

/*
 * Four processes accept, four derive and staff work, all on one database and on the same few dozen people, so that they
 * are in each other's way all the time. Afterwards the stored shifts have to be those of the events.
 */

const ACCEPTERS = 4
const PROJECTORS = 4
const CONNECTIONS_EACH = 3
const STAFF = 6
/** More waiting than this proves nothing more; the projectors should be busy, not buried. */
const MAX_BACKLOG = 200

export type ConcurrencyOptions = {
  readonly engine?: 'server' | 'citus'
  readonly seed: number
  readonly seconds: number
  readonly log: (line: string) => void
}

export type ConcurrencyResult = {
  readonly requests: number
  readonly reportsSent: number
  /** Answers other than 202. */
  readonly refused: readonly string[]
  readonly staff: StaffRun
  readonly check: Check
  readonly reportsStored: number
  readonly eventsSent: number
  readonly eventsStored: number
  readonly inbox: number
  readonly linksToDerive: number
  readonly deadlocks: number
  /** Lines that a process logged as errors. */
  readonly errors: readonly string[]
}

type Processes = { readonly accepters: Server[]; readonly projectors: Child[]; readonly all: Child[] }

export async function runConcurrency(options: ConcurrencyOptions): Promise<ConcurrencyResult> {
  const { seed, seconds, log, engine = 'server' } = options
  if (TEST_DATABASE_URL === undefined && engine === 'server') {
    throw new Error('TEST_DATABASE_URL is not set: it needs a database server')
  }
  if (CITUS_URL === undefined && engine === 'citus') throw new Error('CITUS_URL is not set: it needs a cluster')
  const random = seededRandom(seed)
  const store = await openStore(engine)
  try {
    const people = await createPeople(store.context)
    const processes = await startProcesses(store.environment)
    log(`${processes.all.length} processes run`)
    const told: Told[] = []
    const staff: StaffRun = { done: {}, refused: {}, longestMs: {}, differences: [] }
    const refused: string[] = []
    const durationsMs: number[] = []
    const deadline = performance.now() + seconds * 1_000
    const isOver = (): boolean => performance.now() >= deadline
    await Promise.all([
      ...processes.accepters.map((one) =>
        report(store.context, one, random, people, { told, refused, durationsMs }, isOver),
      ),
      ...Array.from({ length: STAFF }, () => actAsStaff(store.context, random, people, told, staff, isOver)),
    ])
    log(
      `${told.length} requests sent, the slowest took ${Math.round(Math.max(...durationsMs))} ms; ${JSON.stringify(staff.done)}`,
    )
    await waitUntilInboxEmpty(store.context)
    await waitFor('every stream being derived', async () => (await counts(store.context)).linksToDerive === 0)
    for (const exit of await Promise.all(processes.all.map(stopServer))) {
      if (exit.code !== 0) throw new Error(`a process ended with ${JSON.stringify(exit)}`)
    }
    const check = await zegoCheck(store.environment)
    return {
      requests: told.length,
      reportsSent: told.reduce((sum, one) => sum + one.events.length, 0),
      refused,
      staff,
      check,
      eventsSent: countEvents(told),
      ...(await counts(store.context)),
      errors: processes.all.flatMap((one) => errorsOf(one.stderr())),
    }
  } finally {
    await store.close()
  }
}

async function startProcesses(environment: Environment): Promise<Processes> {
  const accepters = Array.from({ length: ACCEPTERS }, () => startServer({ ...environment, ZEGO_ROLE: 'accept' }))
  const projectors = Array.from({ length: PROJECTORS }, () => startProjectorProcess(environment))
  const started = { accepters: await Promise.all(accepters), projectors: await Promise.all(projectors) }
  return { ...started, all: [...started.accepters, ...started.projectors] }
}

/** What came of the requests: those that were answered 202, the other answers, and how long each took. */
type Answered = { readonly told: Told[]; readonly refused: string[]; readonly durationsMs: number[] }

/** Sends random requests to one accepter; waits while the projectors are far behind. */
async function report(
  context: Context,
  server: Server,
  random: Random,
  people: People,
  answered: Answered,
  isOver: () => boolean,
): Promise<void> {
  const client = openClient(server.port, CONNECTIONS_EACH)
  let isHeldUp = false
  const work = async (): Promise<void> => {
    while (!isOver()) {
      if (isHeldUp) await delay(10)
      else await tell(client, randomRequest(random, people, answered.told), answered)
    }
  }
  const watch = async (): Promise<void> => {
    while (!isOver()) {
      isHeldUp = (await counts(context)).inbox > MAX_BACKLOG
      await delay(50)
    }
  }
  await Promise.all([...Array.from({ length: CONNECTIONS_EACH }, work), watch()])
  client.close()
}

async function tell(client: Client, request: Told, { told, refused, durationsMs }: Answered): Promise<void> {
  const items = request.events.map(({ identity, at }) => ({
    [identity.kind === 'user_id' ? 'workProviderUserId' : 'customerNumber']: identity.text,
    timestamp: formatInstant(at),
  }))
  const path = `/v1/batch/${request.kind}`
  const begun = performance.now()
  const answer = await client.post(path, JSON.stringify(items), request.workProvider.key)
  durationsMs.push(performance.now() - begun)
  if (answer.status === 202) told.push(request)
  else refused.push(`${answer.status} ${answer.body} ${answer.headers['zego-error-detail']}`)
}

type Counts = Pick<ConcurrencyResult, 'reportsStored' | 'eventsStored' | 'inbox' | 'linksToDerive' | 'deadlocks'>

async function counts(context: Context): Promise<Counts> {
  const { rows } = await sql<Counts>`
    select (select count(*) from report) as "reportsStored", (select count(*) from event) as "eventsStored",
      (select count(*) from inbox) as inbox,
      (select count(*) from link where derive_from is not null) as "linksToDerive",
      (select deadlocks from pg_stat_database where datname = current_database()) as deadlocks
  `.execute(context.db)
  return rows[0]!
}

function countEvents(told: readonly Told[]): number {
  const keys = told.flatMap((one) =>
    one.events.map(
      ({ identity, at }) => `${identity.workProviderId} ${identity.kind} ${identity.text} ${one.kind} ${at}`,
    ),
  )
  return new Set(keys).size
}

function errorsOf(stderr: string): string[] {
  return stderr.split('\n').filter((line) => /"level":"(error|fatal)"|40P01/.test(line) || line.startsWith('zego: '))
}
