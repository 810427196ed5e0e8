import { fromTemporal } from '../../src/domain/instant.ts'
import type { Cluster } from '../../scripts/cluster.ts'
import { type Answer, httpGet, openClient } from './client.ts'
import { refusesButLives, someAccepted } from './database-kill.ts'
import { cannotMount, mountSmallDisk, type SmallDisk } from './disk.ts'
import { alive, type Server, statusOf, waitFor, withServer } from './harness.ts'
import { type Load, newRecorder, startLoad } from './load.ts'
import { noCluster, withCluster } from './own-cluster.ts'
import { seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import type { ChildStore } from './store.ts'
import { judgeOf, type RowResult } from './verdict.ts'

/*
 * D6: the disk of the database server fills up while reports come in. Where only its tables find no room it goes on
 * answering questions; where its log finds none it stops, and can start again only when there is room.
 */

const DISK_MEGABYTES = 400
/** What is left free at first: the load fills it. */
const LEFT_BYTES = 512 * 1024
/** Small pieces of the log of writes, few of them kept: what is full is noticed soon. */
const CLUSTER = { initArgs: ['--wal-segsize=1'], settings: { min_wal_size: '2MB', max_wal_size: '64MB' } }
const CONNECTIONS = 16
const ANSWERS_BETWEEN = 50
/** Each connection is refused some times before the space comes back. */
const REFUSED = 3 * CONNECTIONS

export const diskFull: Row = {
  id: 'D6',
  guarantee: 'the disk of the database full: reports are refused, questions answered; it heals when space comes back',
  engines: ['server'],
  skip: () => noCluster() || cannotMount(),
  run: fillDisk,
}

async function fillDisk({ rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const [disk, wal] = [mountSmallDisk(DISK_MEGABYTES), mountSmallDisk(DISK_MEGABYTES)]
  try {
    return await withCluster({ ...CLUSTER, directory: disk.path, walDirectory: wal.path }, (store, cluster) =>
      withServer(store.environment, async (server) => {
        const client = openClient(server.port, CONNECTIONS)
        const { key } = store
        const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS, isThereAlways: true })
        const problems: string[] = []
        for (let round = 1; round <= rounds; round++) {
          await someAccepted(server, load, ANSWERS_BETWEEN)
          // In turn: room for its log and none for its tables, and none for its log.
          if (round % 2 === 1) problems.push(...(await fillTables(store, server, load, disk)))
          else await fillLog(server, load, wal, cluster)
          log(`round ${round}/${rounds}: ${load.accepted()} 202s, ${load.refused()} 503s`)
        }
        await someAccepted(server, load, ANSWERS_BETWEEN)
        await load.stop()
        client.close()
        const result = await judgeOf(store, server, recorder, rounds)
        return { ...result, problems: [...problems, ...result.problems] }
      }),
    )
  } finally {
    for (const one of [disk, wal]) one.remove()
  }
}

/** Answers what was wrong: questions have the same answers as before. */
async function fillTables(store: ChildStore, server: Server, load: Load, disk: SmallDisk): Promise<string[]> {
  const before = await askAll(store, server)
  disk.fill(LEFT_BYTES)
  const refused = load.refused()
  await waitFor('reports being refused', () => alive(server) && load.refused() >= refused + REFUSED)
  const meanwhile = await askAll(store, server)
  disk.clear()
  const pairs = before.map((answer, index) => [answer, meanwhile[index]!] as const)
  return pairs
    .filter(([was, is]) => was.status !== is.status || was.body !== is.body)
    .map(([was, is]) => `it answered ${is.status} ${is.body} for ${was.status} ${was.body}`)
}

async function fillLog(server: Server, load: Load, wal: SmallDisk, cluster: Cluster): Promise<void> {
  wal.fill(0)
  await refusesButLives(server, load, REFUSED)
  wal.clear()
  // Whoever watches over a database server would start it again.
  await cluster.start()
  await waitFor('the server healing', async () => alive(server) && (await statusOf(`${server.url}/readyz`)) === 200)
}

function askAll({ key }: ChildStore, server: Server): Promise<Answer[]> {
  const paths = [
    '/v1/user/status/?workProviderUserId=u0',
    '/v1/user/status/?workProviderUserId=nobody',
    '/readyz',
    '/livez',
  ]
  return Promise.all(paths.map((path) => httpGet(`${server.url}${path}`, { Authorization: key })))
}
