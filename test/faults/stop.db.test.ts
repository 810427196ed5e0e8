import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { fromTemporal } from '../../src/domain/instant.ts'
import { ENGINES, type Engine } from '../support/stores.ts'
import { openClient } from './client.ts'
import { ended, type Server, waitFor, withServer, zegoCheck } from './harness.ts'
import { compareLedgers, readEvents, readReports, waitUntilInboxEmpty } from './ledger.ts'
import { newRecorder, type Recorder, startLoad } from './load.ts'
import { freshSeed, type Random, seededRandom } from './random.ts'
import { type ChildStore, openChildStore } from './store.ts'

/* D8: told to stop while reports come in. What supervisors allow before they kill is ten seconds. */

const STOP_DEADLINE_MS = 10_000
const CONNECTIONS = 24
const MIN_ACCEPTED = 100

const seed = freshSeed()

// Mostly they wait for the request that never ends: both at once.
describe(`D8 SIGTERM under load (seed ${seed})`, { concurrency: true }, () => {
  for (const engine of ENGINES) {
    test(`ends with 0 in time although a connection idles and a request never ends, and loses no 202 (${engine})`, () =>
      stopUnderLoad(engine, seed))
  }
})

async function stopUnderLoad(engine: Engine, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const store = await openChildStore(engine)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  try {
    await withServer(store.environment, (server) => stopUnderLoadOf(server, store.key, recorder, random))
    await assertNothingLost(store, recorder)
  } finally {
    await store.remove()
  }
}

async function stopUnderLoadOf(server: Server, key: string, recorder: Recorder, random: Random): Promise<void> {
  const idle = await idleConnection(server)
  const halfSent = await halfSentRequest(server, key)
  const client = openClient(server.port, CONNECTIONS)
  const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS })
  await waitFor('some load', () => load.accepted() >= MIN_ACCEPTED)
  server.process.kill('SIGTERM')
  const exit = await ended(server, STOP_DEADLINE_MS)
  await load.over
  client.close()
  idle.destroy()
  halfSent.destroy()
  assert.deepEqual(exit, { code: 0, signal: null }, server.stderr())
  assert.deepEqual(recorder.unexpected, [], 'every answer is a 202 or a 503')
}

/** A client that keeps its connection after an answer and then says nothing. */
async function idleConnection(server: Server): Promise<Socket> {
  const socket = await rawConnection(server)
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  return socket
}

/** A client that promised more than it ever sends. */
async function halfSentRequest(server: Server, key: string): Promise<Socket> {
  const socket = await rawConnection(server)
  const head = `POST /v1/shift/login/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${key}\r\nContent-Length: 100\r\n\r\n`
  await new Promise((resolve) => socket.write(`${head}{"workProviderUserId":"half`, resolve))
  return socket
}

async function rawConnection(server: Server): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function assertNothingLost(store: ChildStore, recorder: Recorder): Promise<void> {
  await withServer(store.environment, async () => {
    const { context, close } = store.connect()
    try {
      await waitUntilInboxEmpty(context)
      const verdict = compareLedgers(recorder, await readReports(context.db), await readEvents(context.db))
      assert.deepEqual(verdict.problems, [])
      assert.equal((await zegoCheck(store.environment)).ok, true)
    } finally {
      await close()
    }
  })
}
