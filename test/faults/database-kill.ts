import { setTimeout as delay } from 'node:timers/promises'
import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { alive, type Server, statusOf, waitFor, withServer } from './harness.ts'
import { type Load, newRecorder, startLoad } from './load.ts'
import { noCluster, withCluster } from './own-cluster.ts'
import { seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { judgeOf, type RowResult } from './verdict.ts'

/*
 * D2: every process of the database server is killed while reports come in, and the server is started again. The program
 * goes on all the time: it refuses meanwhile, and takes reports again by itself.
 */

const CONNECTIONS = 16
const MAX_ANSWERS_BEFORE_KILL = 200
const MAX_WAIT_BEFORE_KILL_MS = 50

export const databaseKilled: Row = {
  id: 'D2',
  guarantee: 'kill -9 of the database server: 503 meanwhile, never a 202 that is not committed, and it heals by itself',
  engines: ['server'],
  skip: noCluster,
  run: killDatabase,
}

function killDatabase({ rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  return withCluster({}, (store, cluster) =>
    withServer(store.environment, async (server) => {
      const client = openClient(server.port, CONNECTIONS)
      const { key } = store
      const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS, isThereAlways: true })
      for (let round = 1; round <= rounds; round++) {
        await someAccepted(server, load, random.between(1, MAX_ANSWERS_BEFORE_KILL))
        await delay(random.below(MAX_WAIT_BEFORE_KILL_MS))
        await cluster.kill()
        await refusesButLives(server, load)
        await cluster.start()
        await waitFor(
          'the server healing',
          async () => alive(server) && (await statusOf(`${server.url}/readyz`)) === 200,
        )
        log(`round ${round}/${rounds}: ${load.accepted()} 202s, ${load.refused()} 503s`)
      }
      await someAccepted(server, load, 1)
      await load.stop()
      client.close()
      return judgeOf(store, server, recorder, rounds)
    }),
  )
}

/** Waits for more 202s. */
export async function someAccepted(server: Server, load: Load, count: number): Promise<void> {
  const before = load.accepted()
  await waitFor(`${count} more 202s`, () => alive(server) && load.accepted() >= before + count)
}

/** Waits until a server that has no database any more says so to everybody who asks. */
export async function refusesButLives(server: Server, load: Load, count = 1): Promise<void> {
  const before = load.refused()
  await waitFor('a 503', () => alive(server) && load.refused() >= before + count)
  await waitFor('/readyz saying 503', async () => alive(server) && (await statusOf(`${server.url}/readyz`)) === 503)
  const livez = await statusOf(`${server.url}/livez`)
  if (livez !== 200) throw new Error(`/livez answered ${livez}`)
}
