import { setTimeout as delay } from 'node:timers/promises'
import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { ended, type Environment, startServer, withServer } from './harness.ts'
import { BIG_BATCH, type Content, newRecorder, type Recorder, send } from './load.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { type ChildStore, openChildStore } from './store.ts'
import { judge, type RowResult } from './verdict.ts'

/*
 * D4: the server is killed while it takes in a batch: just before the statement that stores it, just after its commit,
 * just before its answer, or at any moment. It is started again, and the batch said again.
 */

const POINTS = ['before append', 'after append', 'before reply', null] as const
const MAX_WAIT_MS = 60

export const batchCrashed: Row = {
  id: 'D4',
  guarantee:
    'a crash in the middle of a batch of 1,000: all of it or nothing is stored, and 1,000 events when repeated',
  engines: ['embedded', 'server'],
  skip: () => false,
  run: crashInBatches,
}

async function crashInBatches({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine)
  const problems: string[] = []
  try {
    for (let round = 1; round <= rounds; round++) {
      const content = recorder.make(BIG_BATCH)
      const point = POINTS[(round - 1) % POINTS.length]!
      const status = await crashInBatch(store, recorder, content, point, random)
      if (point !== null && status !== null) problems.push(`killed ${point} it answered ${status}`)
      const repeated = await withServer(store.environment, (server) =>
        sendOnce(server.port, store.key, recorder, content),
      )
      if (repeated !== 202) problems.push(`a repeated batch was answered ${repeated}`)
      log(`round ${round}/${rounds}: killed ${point ?? 'at some moment'}`)
    }
    const result = await judge(store, recorder, rounds)
    return { ...result, problems: [...problems, ...result.problems] }
  } finally {
    await store.remove()
  }
}

/** Sends a batch to a server that does not outlive it. */
async function crashInBatch(
  store: ChildStore,
  recorder: Recorder,
  content: Content,
  point: (typeof POINTS)[number],
  random: Random,
): Promise<number | null> {
  const fault: Environment = point === null ? {} : { FAULT_POINT: point }
  const server = await startServer({ ...store.environment, ...fault }, point !== null)
  const sent = sendOnce(server.port, store.key, recorder, content)
  if (point === null) {
    await delay(random.below(MAX_WAIT_MS))
    await server.kill()
  }
  await ended(server)
  return sent
}

async function sendOnce(port: number, key: string, recorder: Recorder, content: Content): Promise<number | null> {
  const client = openClient(port, 1)
  const status = await send(client, key, recorder, content)
  client.close()
  return status
}
