import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { freePort } from '../../scripts/cluster.ts'
import { openEmbedded } from '../../src/storage/embedded/embedded.ts'
import { migrate, migrations } from '../../src/storage/migrate.ts'
import { contextOn, createDatabase, type Engine, ENGINES, openStore, TEST_DATABASE_URL } from '../support/stores.ts'
import { type Answer, httpGet, httpPost } from './client.ts'
import {
  assertOneLine,
  ended,
  type Environment,
  plainLines,
  runZego,
  spawnServer,
  statusOf,
  stopServer,
  stopWell,
  waitFor,
  withServer,
  zego,
  zegoCheck,
} from './harness.ts'
import { openProxy } from './proxy.ts'
import { openChildStore } from './store.ts'

/* D11: what the program says and does when it cannot start as it should. */

const NEEDS_SERVER = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'
const REPORT = JSON.stringify({ workProviderUserId: '1686', timestamp: '2026-01-01T10:00:00Z' })

test('D11 every problem of the configuration is told at once, and the exit code is 2', async () => {
  const environment = {
    PORT: 'eighty',
    TIME_ZONE: 'Europe/Atlantis',
    ZEGO_ROLE: 'everything',
    DATABASE_URL: 'mysql://root:hunter2@127.0.0.1/test',
    RATE_REQUESTS_PER_SECOND: '0',
    PUBLIC_URL: 'somewhere',
  }
  const result = await runServerToItsEnd(environment)
  assert.equal(result.code, 2, result.stderr)
  const lines = plainLines(result.stderr)
  for (const name of Object.keys(environment)) {
    assert.equal(lines.filter((line) => line.includes(`${name} `)).length, 1, `one line on ${name}:\n${result.stderr}`)
  }
  assert.equal(lines.length, Object.keys(environment).length)
  assert.doesNotMatch(result.stderr + result.stdout, /hunter2/, 'a password is never shown')
})

test('D11 a command with a bad configuration says so and exits with 2', async () => {
  const result = await runZego({ TIME_ZONE: 'Europe/Atlantis' }, 'check', '--json')
  assertOneLine(result, 2, /TIME_ZONE/)
  assert.equal(result.stdout, '')
})

test('D11 a port in use is one clear line and exit code 1', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const store = await openChildStore(ENGINES.at(-1)!)
  try {
    const { port } = other.address() as { port: number }
    const result = await runServerToItsEnd({ ...store.environment, PORT: String(port) })
    assertOneLine(result, 1, /address is in use/)
  } finally {
    other.close()
    await store.remove()
  }
})

for (const engine of ENGINES) {
  describe(`D11 a database of a newer program (${engine})`, () => {
    test('neither the server nor a command touches it: one clear line, exit code 1', async () => {
      const store = await openChildStore(engine, ({ db }) =>
        sql`insert into migration (name) values ('9999-from-the-future')`.execute(db),
      )
      try {
        assertOneLine(await runServerToItsEnd(store.environment), 1, /newer zego.*9999-from-the-future/)
        assertOneLine(await runZego(store.environment, 'check'), 1, /newer zego.*9999-from-the-future/)
      } finally {
        await store.remove()
      }
    })
  })
}

for (const engine of ENGINES) {
  test(`D11 a database of an older program (${engine}): the server brings it up to date and serves it`, async () => {
    const store = await openOlderStore(engine)
    try {
      if (engine === 'server') {
        const line = /the database lacks migrations: run "zego migrate" first/
        assertOneLine(await runZego(store.environment, 'check'), 1, line)
      }
      await withServer(store.environment, async (server) => {
        assert.equal(
          (await httpPost(`${server.url}/v1/shift/login/`, await newKey(store.environment), REPORT)).status,
          202,
        )
        await stopWell(server)
      })
      assert.deepEqual(
        await zego(store.environment, 'migrate'),
        { applied: [], distributed: [] },
        'nothing is left to do',
      )
      assert.equal((await zegoCheck(store.environment)).reports, 1)
    } finally {
      await store.remove()
    }
  })
}

test('D11 a store of another major version of PostgreSQL: the server and every command say what to do, and leave it as it is', async () => {
  const { environment, remove } = await openChildStore('embedded')
  const versionFile = join(environment['DATA_DIR']!, 'postgres', 'PG_VERSION')
  const line =
    /is one of PostgreSQL 17, and this zego has PostgreSQL 18 inside: back it up .*zego backup FILE.*zego restore FILE/
  try {
    writeFileSync(versionFile, '17\n')
    assertOneLine(await runServerToItsEnd(environment), 1, line)
    assertOneLine(await runZego(environment, 'check'), 1, line)
    assertOneLine(await runZego(environment, 'backup', join(environment['DATA_DIR']!, 'zego.backup')), 1, line)
    writeFileSync(versionFile, '18\n')
    assert.equal((await zegoCheck(environment)).ok, true)
  } finally {
    await remove()
  }
})

describe('D11 a database server', { skip: NEEDS_SERVER }, () => {
  test('that is down: alive, not ready, 503 with Retry-After; ready as soon as it comes', async () => {
    const store = await openChildStore('server')
    const target = new URL(store.environment['DATABASE_URL']!)
    const through = new URL(target)
    through.hostname = '127.0.0.1'
    through.port = String(await freePort())
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = spawnServer({ ...store.environment, DATABASE_URL: through.href, PORT: String(port) })
    let proxy = null
    try {
      await waitFor('the server listening', async () => (await statusOf(`${url}/livez`)) === 200)
      assert.equal(await statusOf(`${url}/readyz`), 503)
      assertUnavailable(await httpPost(`${url}/v1/shift/login/`, store.key, REPORT))
      assertUnavailable(await httpGet(`${url}/v1/user/status/?customerNumber=C1`, { Authorization: store.key }))
      proxy = await openProxy(Number(through.port), { host: target.hostname, port: Number(target.port) })
      await waitFor('the server being ready', async () => (await statusOf(`${url}/readyz`)) === 200)
      const answer = await httpPost(`${url}/v1/shift/login/`, store.key, REPORT)
      assert.equal(answer.status, 202)
      // And once more, while it runs.
      await proxy.close()
      assert.equal(await statusOf(`${url}/livez`), 200)
      await waitFor('the server not being ready', async () => (await statusOf(`${url}/readyz`)) === 503)
      assertUnavailable(await httpPost(`${url}/v1/shift/login/`, store.key, REPORT))
      proxy = await openProxy(Number(through.port), { host: target.hostname, port: Number(target.port) })
      await waitFor('the server healing', async () => (await statusOf(`${url}/readyz`)) === 200)
      assert.equal((await httpPost(`${url}/v1/shift/login/`, store.key, REPORT)).status, 202)
      assert.deepEqual(await stopServer(server), { code: 0, signal: null }, server.stderr())
    } finally {
      await server.kill()
      await proxy?.close()
      await store.remove()
    }
  })

  test('that is down: SIGTERM ends the wait with one clear line', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = spawnServer({
      DATABASE_URL: `postgres://root@127.0.0.1:${await freePort()}/test`,
      PORT: String(port),
    })
    await waitFor('the server listening', async () => (await statusOf(`${url}/livez`)) === 200)
    const exit = await stopServer(server)
    assertOneLine(
      { code: exit.code, stderr: server.stderr() },
      1,
      /stopped before the database answered|cannot be reached/,
    )
  })

  test('that acknowledges before it is on disk is refused: one clear line, exit code 1', async () => {
    const store = await openStore('server')
    try {
      const name = sql.id(new URL(store.environment['DATABASE_URL']!).pathname.slice(1))
      await sql`alter database ${name} set synchronous_commit = off`.execute(store.context.db)
      assertOneLine(await runServerToItsEnd(store.environment), 1, /synchronous_commit off/)
    } finally {
      await store.close()
    }
  })
})

/** An empty store with the first migration only. */
async function openOlderStore(engine: Engine): Promise<{ environment: Environment; remove(): Promise<void> }> {
  const first = migrations().slice(0, 1)
  if (engine === 'server') {
    const database = await createDatabase()
    const { context, close } = contextOn({ url: database.url })
    await migrate(context.db, first)
    await close()
    return { environment: { DATABASE_URL: database.url }, remove: database.drop }
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'zego-older-'))
  const engineOptions = { dataDir, mayShare: false, onFirstStart: () => {}, onBroken: () => {} }
  const embedded = await openEmbedded(engineOptions)
  const { context, close } = contextOn({ embeddedHost: embedded.host })
  await migrate(context.db, first)
  await close()
  await embedded.close()
  return { environment: { DATA_DIR: dataDir }, remove: async () => rmSync(dataDir, { recursive: true }) }
}

async function newKey(environment: Environment): Promise<string> {
  await zego(environment, 'work-provider', 'create', 'Courier Ltd')
  return (await zego<{ key: string }>(environment, 'key', 'create', '--work-provider', 'Courier Ltd')).key
}

/** Starts a server that has to end by itself. */
async function runServerToItsEnd(
  environment: Record<string, string>,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const server = spawnServer(environment)
  const { code } = await ended(server)
  return { code, stderr: server.stderr(), stdout: server.stdout() }
}

function assertUnavailable(answer: Answer): void {
  assert.equal(answer.status, 503)
  assert.equal(answer.body, '{"error":"UNAVAILABLE"}')
  assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/)
}
