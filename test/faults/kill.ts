import { setTimeout as delay } from 'node:timers/promises'
import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { alive, spawnServer, waitFor, withServer } from './harness.ts'
import { newRecorder, type Recorder, startLoad } from './load.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { type ChildStore, openChildStore } from './store.ts'
import { judge, type RowResult } from './verdict.ts'

/*
 * D1: the server is killed again and again while reports come in, at moments that the seed chooses: while requests are
 * under way, while it derives, or while it starts. It is started again on the same store each time, by nothing but
 * starting it. What no answer came for is sent again, as a client would.
 */

const CONNECTIONS = 24
const MAX_ANSWERS_BEFORE_KILL = 300
const MAX_WAIT_BEFORE_KILL_MS = 80
const MAX_START_BEFORE_KILL_MS = 900

export const serverKilled: Row = {
  id: 'D1',
  guarantee: 'after kill -9 again and again every 202 is there exactly once',
  engines: ['embedded', 'server'],
  skip: () => false,
  run: killServer,
}

async function killServer({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const store = await openChildStore(engine)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  let killsWhileStarting = 0
  try {
    for (let round = 1; round <= rounds; round++) {
      if (random.chance(0.3)) {
        await killWhileStarting(store, random)
        killsWhileStarting += 1
      }
      await killUnderLoad(store, recorder, random)
      log(`round ${round}/${rounds}: ${recorder.sent} requests sent, ${killsWhileStarting} kills while starting`)
    }
    return await judge(store, recorder, rounds)
  } finally {
    await store.remove()
  }
}

async function killUnderLoad(store: ChildStore, recorder: Recorder, random: Random): Promise<void> {
  await withServer(store.environment, async (server) => {
    const client = openClient(server.port, CONNECTIONS)
    const again = recorder.unanswered()
    const load = startLoad({ client, key: store.key, recorder, random, connections: CONNECTIONS, again })
    const answers = random.between(1, MAX_ANSWERS_BEFORE_KILL)
    await waitFor(`${answers} answers`, () => alive(server) && load.accepted() >= answers)
    // The moment itself is random: it must not always follow an answer.
    await delay(random.below(MAX_WAIT_BEFORE_KILL_MS))
    await server.kill()
    await load.over
    client.close()
  })
}

async function killWhileStarting(store: ChildStore, random: Random): Promise<void> {
  const server = spawnServer(store.environment)
  await delay(random.below(MAX_START_BEFORE_KILL_MS))
  alive(server)
  await server.kill()
}
