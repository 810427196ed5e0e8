import { spawnSync } from 'node:child_process'
import { fromTemporal } from '../../src/domain/instant.ts'
import { TEST_DATABASE_URL } from '../support/stores.ts'
import { type Answer, httpGet, openClient } from './client.ts'
import { refusesButLives, someAccepted } from './database-kill.ts'
import { alive, type Server, statusOf, waitFor, withServer } from './harness.ts'
import { newRecorder, startLoad } from './load.ts'
import { openProxy, placeOf, type Proxy, throughPort, type Weather } from './proxy.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import { needsServer, type Row, type RowOptions } from './row.ts'
import { openChildStore } from './store.ts'
import { judge, type RowResult } from './verdict.ts'

/*
 * D7: the way to the database becomes slow, slower than a caller waits; or it falls silent, while nobody closes a
 * connection: those that there are never answer again, new ones do when it is over (a host that failed over).
 */

const SLOW_MS = 5_000
const CONNECTIONS = 16
const ANSWERS_BETWEEN = 100
/** How often each connection is refused: what is asked meanwhile has to be refused in time too. */
const MAX_REFUSED_EACH = 2
/** Asked at once meanwhile: as many as the pool has connections, and more. */
const QUESTIONS = 20
/** How often each connection may be refused after it is over: while what hangs is noticed, not until all of it ended. */
const MAX_REFUSED_AFTER_EACH = 5
/** The queue's limit, what statements that were given up on hold, and room for the collector to be late. */
const MAX_GROWTH_MEGABYTES = 400
/** What the pools of one process allow, and one more each that is being replaced. */
const MAX_CONNECTIONS_MADE_MEANWHILE = 60

export const databaseSlow: Row = {
  id: 'D7',
  guarantee:
    'a slow or silent database: 503 while it lasts, bounded memory, and accepting goes on as soon as it is over',
  engines: ['server'],
  skip: needsServer,
  run: slowDown,
}

async function slowDown({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine)
  const proxy = await openProxy(0, placeOf(TEST_DATABASE_URL!))
  const through = { ...store.environment, DATABASE_URL: throughPort(store.environment['DATABASE_URL']!, proxy.port) }
  const problems: string[] = []
  try {
    await withServer(through, async (server) => {
      const client = openClient(server.port, CONNECTIONS)
      const { key } = store
      const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS, isThereAlways: true })
      for (let round = 1; round <= rounds; round++) {
        await someAccepted(server, load, ANSWERS_BETWEEN)
        const before = { megabytes: residentMegabytes(server), made: proxy.made() }
        // All connections are there before: those made in silence are given up by themselves.
        problems.push(...(await askAtOnce(server, key, 200)))
        proxy.setWeather(weatherOf(round, random))
        const asked = askAtOnce(server, key, 503)
        await refusesButLives(server, load, CONNECTIONS * random.between(1, MAX_REFUSED_EACH))
        problems.push(...(await asked))
        problems.push(...growthSince(before, server, proxy))
        const silent = proxy.silent()
        proxy.setWeather({ kind: 'clear' })
        const refused = load.refused()
        await someAccepted(server, load, CONNECTIONS)
        const after = load.refused() - refused
        if (after > CONNECTIONS * MAX_REFUSED_AFTER_EACH) problems.push(`${after} were refused when it was over`)
        log(
          `round ${round}/${rounds}: ${load.accepted()} 202s, ${load.refused()} 503s; ` +
            `of ${silent} silent connections ${proxy.silent()} were left at the next 202s`,
        )
        await waitFor(
          '/readyz saying 200',
          async () => alive(server) && (await statusOf(`${server.url}/readyz`)) === 200,
        )
      }
      await load.stop()
      client.close()
    })
    const result = await judge(store, recorder, rounds)
    return { ...result, problems: [...problems, ...result.problems] }
  } finally {
    await proxy.close()
    await store.remove()
  }
}

/** In turn. */
function weatherOf(round: number, random: Random): Weather {
  return round % 2 === 1 ? { kind: 'silent' } : { kind: 'slow', ms: SLOW_MS + random.below(SLOW_MS) }
}

/** Each question takes a connection of the pool; answers what was wrong. */
async function askAtOnce(server: Server, key: string, wanted: 200 | 503): Promise<string[]> {
  const url = `${server.url}/v1/user/status/?workProviderUserId=u0`
  const ask = (): Promise<Answer> => httpGet(url, { Authorization: key })
  const answers = await Promise.all(Array.from({ length: QUESTIONS }, ask))
  return answers.filter(({ status }) => status !== wanted).map(({ status }) => `a question was answered ${status}`)
}

function growthSince(before: { megabytes: number; made: number }, server: Server, proxy: Proxy): string[] {
  const grown = residentMegabytes(server) - before.megabytes
  const made = proxy.made() - before.made
  return [
    ...(grown <= MAX_GROWTH_MEGABYTES ? [] : [`it grew by ${grown} MB`]),
    ...(made <= MAX_CONNECTIONS_MADE_MEANWHILE ? [] : [`it made ${made} connections to the database`]),
  ]
}

function residentMegabytes(server: Server): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })
  return Number(stdout) / 1024
}
