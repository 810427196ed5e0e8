import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { fromTemporal } from '../../src/domain/instant.ts'
import { freePort } from '../../scripts/cluster.ts'
import { joinStaff } from '../support/desk.ts'
import { openEvents } from '../support/event-stream.ts'
import { ENGINES, type Engine } from '../support/stores.ts'
import type { Visitor } from '../support/visitor.ts'
import { openClient } from './client.ts'
import { alive, ended, type Server, statusOf, waitFor, withServer, zegoCheck } from './harness.ts'
import { compareLedgers, readEvents, readReports, waitUntilInboxEmpty } from './ledger.ts'
import { newRecorder, type Recorder, startLoad } from './load.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import { freshSeed } from './random.ts'
import { type ChildStore, openChildStore } from './store.ts'

/* D8: told to stop while reports come in. What supervisors allow before they kill is ten seconds. */

const STOP_DEADLINE_MS = 10_000
const CONNECTIONS = 24
const MIN_ACCEPTED = 100
const BYTE_EVERY_MS = 20

const seed = freshSeed()

// Mostly they wait for the request that never ends: both at once.
describe(`D8 SIGTERM under load (seed ${seed})`, { concurrency: true }, () => {
  for (const engine of ENGINES) {
    test(`ends with 0 in time although a connection idles, a request is half sent, another never ends and somebody watches the live page, and loses no 202 (${engine})`, () =>
      stopUnderLoad(engine, seed))

    test(`answers what was under way, each answer the last of its connection, /readyz 503; idle connections are closed, new ones refused (${engine})`, () =>
      stopStepByStep(engine))
  }
})

async function stopUnderLoad(engine: Engine, seed: number): Promise<void> {
  const random = seededRandom(seed)
  const store = await openChildStore(engine)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  try {
    await withServer({ ...store.environment, PORT: String(port), PUBLIC_URL: url }, async (server) => {
      const watcher = await joinBeside(store, url)
      await stopUnderLoadOf(server, { key: store.key, watcher }, recorder, random)
    })
    await assertNothingLost(store, recorder)
  } finally {
    await store.remove()
  }
}

async function joinBeside(store: ChildStore, url: string): Promise<Visitor> {
  const { context, close } = store.connect()
  try {
    return (await joinStaff({ url, context: { ...context, publicUrl: url } }, 'viewer')).visitor
  } finally {
    await close()
  }
}

type Clients = { readonly key: string; readonly watcher: Visitor }

async function stopUnderLoadOf(
  server: Server,
  { key, watcher }: Clients,
  recorder: Recorder,
  random: Random,
): Promise<void> {
  const live = await openEvents(server, '/staff/live/events', watcher)
  await live.figures()
  const idle = await idleConnection(server)
  const halfSent = await halfSentRequest(server, key)
  const endless = await endlessRequest(server, key)
  const client = openClient(server.port, CONNECTIONS)
  const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS })
  await waitFor('some load', () => load.accepted() >= MIN_ACCEPTED)
  server.process.kill('SIGTERM')
  const exit = await ended(server, STOP_DEADLINE_MS)
  await load.over
  assert.doesNotMatch(await live.ended(), /event: over/, 'whoever watched may come again')
  client.close()
  for (const socket of [idle, halfSent, endless]) socket.destroy()
  assert.deepEqual(exit, { code: 0, signal: null }, server.stderr())
  assert.deepEqual(recorder.unexpected, [], 'every answer is a 202 or a 503')
  assert.deepEqual(errorsOf(server), [], 'nothing lacked what was stopped before it')
}

/** The clients begin before the server is told to stop, and finish when it takes no new ones any more. */
async function stopStepByStep(engine: Engine): Promise<void> {
  const store = await openChildStore(engine)
  try {
    await withServer(store.environment, async (server) => {
      const body = JSON.stringify({ workProviderUserId: 'u1', timestamp: '2026-11-01T10:00:00Z' })
      const report = await begun(server, `${reportHead(store.key, body.length)}${body.slice(0, -1)}`)
      const readiness = await begun(server, 'GET /readyz HTTP/1.1\r\nHost: localhost\r\n')
      // It is answered: so what the others sent before is read too.
      const idle = await idleConnection(server)
      const isIdleClosed = once(idle, 'close')
      server.process.kill('SIGTERM')
      await isIdleClosed
      await waitFor('new connections being refused', async () => (await statusOf(`${server.url}/livez`)) === null)
      alive(server)
      assert.match(await finish(report, body.slice(-1)), /^HTTP\/1\.1 202 [^]*\r\nConnection: close\r\n/)
      assert.match(await finish(readiness, '\r\n'), /^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n/)
      assert.deepEqual(await ended(server, STOP_DEADLINE_MS), { code: 0, signal: null }, server.stderr())
      assert.deepEqual(errorsOf(server), [])
    })
    const reports = await withServer(store.environment, () => reportsOf(store))
    assert.deepEqual(reports, ['u1'], 'what was answered 202 is there')
  } finally {
    await store.remove()
  }
}

async function reportsOf(store: ChildStore): Promise<string[]> {
  const { context, close } = store.connect()
  try {
    return (await readReports(context.db)).map((report) => report.identity)
  } finally {
    await close()
  }
}

function errorsOf(server: Server): string[] {
  return server
    .stderr()
    .split('\n')
    .filter((line) => /"level":"(?:error|fatal)"/.test(line) || line.startsWith('zego: '))
}

/** A client that has sent the beginning of a request. */
async function begun(server: Server, beginning: string): Promise<Socket> {
  const socket = await rawConnection(server)
  await new Promise((resolve) => socket.write(beginning, resolve))
  return socket
}

/** Sends the end of a request; answers all that came until the server closed the connection. */
async function finish(socket: Socket, end: string): Promise<string> {
  let answer = ''
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
  const closed = socket.closed ? null : once(socket, 'close')
  socket.write(end)
  await closed
  return answer
}

function reportHead(key: string, length: number): string {
  return `POST /v1/shift/login/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${key}\r\nContent-Length: ${length}\r\n\r\n`
}

/** A client whose body goes on for ever, a byte at a time. */
async function endlessRequest(server: Server, key: string): Promise<Socket> {
  const head = `POST /v1/shift/login/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${key}\r\nTransfer-Encoding: chunked\r\n\r\n`
  const socket = await begun(server, head)
  const timer = setInterval(() => socket.write('1\r\n[\r\n'), BYTE_EVERY_MS)
  socket.on('close', () => clearInterval(timer))
  return socket
}

/** A client that keeps its connection after an answer and then says nothing. */
async function idleConnection(server: Server): Promise<Socket> {
  const socket = await rawConnection(server)
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  return socket
}

/** A client that promised more than it ever sends. */
function halfSentRequest(server: Server, key: string): Promise<Socket> {
  return begun(server, `${reportHead(key, 100)}{"workProviderUserId":"half`)
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
