import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { httpPost } from '../faults/client.ts'
import {
  assertOneLine,
  type Child,
  ended,
  type Environment,
  said,
  spawnServer,
  stopWell,
  waitFor,
  withServer,
  zego,
} from '../faults/harness.ts'
import { openChildStore } from '../faults/store.ts'

/* Rule 2 of what the embedded engine needs: one process has the data directory, the others know. */

type Named = { name: string }[]

// Mostly they wait for the patience of a second opener to end: all at once.
describe('one data directory', { concurrency: true }, () => {
  test('D11 of two servers at once one runs, with commands beside it; the other ends with one clear line and exit code 1', async () => {
    const { environment, remove } = await openChildStore('embedded')
    const both = [spawnServer(environment), spawnServer(environment)]
    try {
      const running = await waitFor('one of them listening', () => both.find(isListening) ?? null)
      const other = both.find((one) => one !== running)!
      const url = await said(running, /^Listening on (http:\/\/\S+)/m)
      await reportWithNewKey(url, environment)
      const { code } = await ended(other)
      assertOneLine({ code, stderr: other.stderr() }, 1, /another process has the data directory .* open/)
      assert.equal(isListening(other), false)
      await stopWell(running)
    } finally {
      for (const one of both) await one.kill()
      await remove()
    }
  })

  test('after kill -9 the store is free for a command and for a server; the socket left behind does not matter', async () => {
    const { environment, remove } = await openChildStore('embedded')
    try {
      await withServer(environment, (server) => server.kill())
      assert.ok(existsSync(socketOf(environment)), 'a killed server leaves its socket')
      const all = await zego<Named>(environment, 'work-provider', 'list')
      assert.deepEqual(
        all.map((one) => one.name),
        ['Courier Ltd'],
      )
      await withServer(environment, (server) => server.kill())
      await withServer(environment, stopWell)
    } finally {
      await remove()
    }
  })

  test('a path that is too long for a socket works: server, command beside it, kill -9, restart', longPath)
})

async function longPath(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'zego-long-'))
  const store = await openChildStore('embedded')
  const dataDir = join(root, 'a-long-name-'.repeat(8), 'another-long-name-'.repeat(6))
  mkdirSync(dirname(dataDir), { recursive: true })
  renameSync(store.environment['DATA_DIR']!, dataDir)
  const environment = { DATA_DIR: dataDir }
  assert.ok(Buffer.byteLength(socketOf(environment)) > 107, 'the path is too long')
  const socketDirectory = (): string => dirname(readFileSync(join(dataDir, 'socket-path'), 'utf8'))
  try {
    const left = await withServer(environment, async () => {
      await zego(environment, 'work-provider', 'create', 'Beside Ltd')
      assert.equal(statSync(socketDirectory()).mode & 0o777, 0o700, 'the short directory is private')
      return socketDirectory()
    })
    await withServer(environment, async (server) => {
      assert.equal(existsSync(left), false, 'what the killed one left in the temporary directory is gone')
      const names = (await zego<Named>(environment, 'work-provider', 'list')).map((one) => one.name)
      assert.deepEqual(names, ['Beside Ltd', 'Courier Ltd'])
      const own = socketDirectory()
      await stopWell(server)
      assert.equal(existsSync(own), false, 'a clean stop leaves nothing in the temporary directory')
    })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** A command makes a key beside the running server, which takes it. */
async function reportWithNewKey(url: string, environment: Environment): Promise<void> {
  assert.ok(existsSync(socketOf(environment)), 'they meet at the socket')
  await zego(environment, 'work-provider', 'create', 'Beside Ltd')
  const { key } = await zego<{ key: string }>(environment, 'key', 'create', '--work-provider', 'Beside Ltd')
  const report = JSON.stringify({ driverId: '1', timestamp: '2026-01-01T10:00:00Z' })
  assert.equal((await httpPost(`${url}/v1/shift/login/`, key, report)).status, 202)
}

function isListening(child: Child): boolean {
  return child.stdout().includes('Listening on')
}

function socketOf(environment: Environment): string {
  return join(environment['DATA_DIR']!, '.s.PGSQL.5432')
}
