import { setTimeout as delay } from 'node:timers/promises'
import { fromTemporal } from '../../src/domain/instant.ts'
import type { Engine } from '../support/stores.ts'
import { openClient } from './client.ts'
import { type Check, type Child, type Server, spawnServer, waitFor, withServer, zegoCheck } from './harness.ts'
import { compareLedgers, readEvents, readReports, type Verdict, waitUntilInboxEmpty } from './ledger.ts'
import { newRecorder, type Recorder, send, startLoad } from './load.ts'
import { type Random, seededRandom } from './random.ts'
import { type ChildStore, openChildStore } from './store.ts'

/*
 * D1: the server is killed again and again while reports come in, at moments that the seed chooses: while requests are
 * under way, while it derives, or while it starts. It is started again on the same store each time, by nothing but
 * starting it. What no answer came for is sent again, as a client would.
 */

const CONNECTIONS = 24
const MAX_ANSWERS_BEFORE_KILL = 300
const MAX_WAIT_BEFORE_KILL_MS = 80
const MAX_START_BEFORE_KILL_MS = 900

export type KillOptions = {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly log: (line: string) => void
}

export type KillResult = Verdict & {
  readonly rounds: number
  /** Of the kills, how many came before the server was ready. */
  readonly killsWhileStarting: number
  readonly requestsSent: number
  readonly accepted: number
  /** Requests that no answer came for when they were first sent. */
  readonly unanswered: number
  readonly unexpected: readonly string[]
  readonly check: Check
}

export async function runKillRounds({ engine, rounds, seed, log }: KillOptions): Promise<KillResult> {
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
      log(`${engine} round ${round}/${rounds}: ${recorder.sent} requests sent, ${countAccepted(recorder)} 202s`)
    }
    const unanswered = recorder.contents.filter((one) => one.sends > one.acknowledged.length).length
    const { verdict, check } = await verifyAfterRepeats(store, recorder)
    const { sent: requestsSent, unexpected } = recorder
    const accepted = countAccepted(recorder)
    return { ...verdict, rounds, killsWhileStarting, requestsSent, accepted, unanswered, unexpected, check }
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

function alive(server: Child): true {
  if (!server.isRunning()) throw new Error(`the server ended by itself:\n${server.stdout()}${server.stderr()}`)
  return true
}

/** Repeats what was not answered, each once, lets everything be derived, and compares. */
async function verifyAfterRepeats(store: ChildStore, recorder: Recorder): Promise<{ verdict: Verdict; check: Check }> {
  return withServer(store.environment, async (server) => {
    await repeatUnanswered(server, store.key, recorder)
    const { context, close } = store.connect()
    try {
      await waitUntilInboxEmpty(context)
      const check = await zegoCheck(store.environment)
      const verdict = compareLedgers(recorder, await readReports(context.db), await readEvents(context.db))
      return { verdict, check }
    } finally {
      await close()
    }
  })
}

async function repeatUnanswered(server: Server, key: string, recorder: Recorder): Promise<void> {
  const client = openClient(server.port, 1)
  for (const content of recorder.unanswered()) {
    const status = await send(client, key, recorder, content)
    if (status !== 202) throw new Error(`a repeated request was answered ${status}`)
  }
  client.close()
}

function countAccepted(recorder: Recorder): number {
  return recorder.contents.reduce((sum, content) => sum + content.acknowledged.length, 0)
}
