import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import { httpPost } from '../faults/client.ts'
import {
  MAIN,
  said,
  type Server,
  startChild,
  startServer,
  stopWell,
  waitFor,
  withServer,
  zego,
  zegoCheck,
} from '../faults/harness.ts'
import { seededRandom } from '../../src/domain/random.ts'
import { freshSeed } from '../faults/random.ts'

/* Rule 6 of what the embedded engine needs: the first start takes seconds, says so, and may be cut short. */

const MAX_WAIT_BEFORE_KILL_MS = 2_500
const PREPARING = /Preparing a new database in/

const seed = freshSeed()
const dataDir = mkdtempSync(join(tmpdir(), 'zego-first-'))
const environment = { DATA_DIR: dataDir, ZEGO_DEMO: '1' }
// As somebody may have made it beforehand: everybody may look in.
chmodSync(dataDir, 0o755)
after(() => rmSync(dataDir, { recursive: true, force: true }))

test(`a first start that is killed while the cluster is made leaves nothing to mend (seed ${seed})`, async () => {
  const random = seededRandom(seed)
  const child = startChild([MAIN, 'work-provider', 'list'], environment)
  await waitFor('the cluster being made', () => existsSync(join(dataDir, 'postgres.new')) || !child.isRunning())
  await delay(random.below(MAX_WAIT_BEFORE_KILL_MS))
  await child.kill()
  assert.match(child.stderr(), PREPARING, 'a command says on standard error that it prepares a database')
  assert.equal(child.stdout(), '', 'it was cut short before it could answer')

  const wasComplete = existsSync(join(dataDir, 'postgres'))
  await withServer(environment, async (server) => {
    assert.equal(PREPARING.test(server.stdout()), !wasComplete, 'the server says on the terminal that it prepares one')
    const all = await zego<{ name: string }[]>(environment, 'work-provider', 'list')
    assert.deepEqual(
      all.map(({ name }) => name),
      ['Courier Ltd'],
    )
    assert.equal((await zegoCheck(environment)).ok, true)
    await useDemo(server.url, await said(server, /^ {4}(zego_\S+)$/m))
    await stopWell(server)
  })
  assert.equal(existsSync(join(dataDir, 'postgres.new')), false)
})

describe('a later start', () => {
  let server: Server
  before(async () => {
    server = await startServer(environment)
  })
  after(() => server.kill())

  test('prepares nothing', () => assert.doesNotMatch(server.stdout(), PREPARING))

  test('leaves the data directory private although it was not made so, and nothing in it for the group or the world', () => {
    assert.equal(statSync(dataDir).mode & 0o777, 0o700)
    const open = everythingIn(dataDir).filter((path) => (statSync(path).mode & 0o077) !== 0)
    assert.equal(open.length, 0, `${open.length} files can be read by others, such as ${open.slice(0, 3).join(', ')}`)
  })
})

/** The lines that the terminal prints have to work. */
async function useDemo(url: string, key: string): Promise<void> {
  const report = JSON.stringify({ workProviderUserId: '1686', timestamp: '2026-01-01T10:00:00Z' })
  assert.equal((await httpPost(`${url}/v1/shift/login/`, key, report)).status, 202)
}

function everythingIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name))
}
