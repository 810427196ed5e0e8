import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openWorld, type World } from './world.ts'

/* The tests are those of clients/python/tests; they are given a server, the front before it, and a key of it. */

const PACKAGE = fileURLToPath(new URL('../../clients/python/', import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0
if (!hasPython) console.log('LEFT OUT: the tests of the Python client. There is no python3.')

/** A line that unittest prints of a test: `test_match (test_server.Calls.test_match) ... ok`. */
const VERDICT = /^(\w+) \([\w.]+\) \.\.\. (.*)$/gm

describe('the Python client', { skip: hasPython ? false : 'there is no python3' }, () => {
  let world: World
  before(async () => {
    world = await openWorld()
  })
  after(() => world.close())

  it('holds what its own tests say, against this server', async (t) => {
    const { code, output } = await runTests({
      ZEGO_TEST_URL: world.site.url,
      ZEGO_TEST_FRONT: world.front.url,
      ZEGO_TEST_KEY: world.site.key,
      ZEGO_TEST_LINK_SECRET: world.linkSecret,
    })
    const verdicts = [...output.matchAll(VERDICT)]
    for (const [, name, verdict] of verdicts) {
      await t.test(name!.replaceAll('_', ' '), () => assert.equal(verdict, 'ok', output))
    }
    const ran = Number(/^Ran (\d+) tests? in /m.exec(output)?.[1])
    assert.deepEqual([code, verdicts.length > 0, verdicts.length], [0, true, ran], output)
  })
})

async function runTests(environment: Record<string, string>): Promise<{ code: number | null; output: string }> {
  const child = spawn('python3', ['-m', 'unittest', 'discover', '--verbose', '--start-directory', 'tests'], {
    cwd: PACKAGE,
    env: { ...process.env, PYTHONPATH: PACKAGE, PYTHONDONTWRITEBYTECODE: '1', no_proxy: '*', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit') as Promise<[number | null]>])
  return { code, output }
}
