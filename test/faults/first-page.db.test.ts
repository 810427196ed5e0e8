import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { httpGet } from './client.ts'
import { stopWell, withServer } from './harness.ts'

/* The pages are loaded after the API answers: whoever asks for one before has it all the same. */

const dataDir = mkdtempSync(join(tmpdir(), 'zego-first-page-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))

test('a server that has just begun to answer has its pages, and those asked for together', async () => {
  await withServer({ DATA_DIR: dataDir }, async (server) => {
    const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
    const paths = ['/login', '/staff', '/docs', '/nothing', '/v1/user/status', '/livez']
    const answers = await Promise.all(paths.map((path) => httpGet(server.url + path, browser)))
    const told = answers.map(({ status, headers }) => [status, headers['content-type']?.split(';')[0]])
    assert.deepEqual(told, [
      [200, 'text/html'],
      [303, undefined],
      [200, 'text/html'],
      [404, 'text/html'],
      [401, 'application/json'],
      [200, 'application/json'],
    ])
    await stopWell(server)
  })
})

test('a server that is stopped before it has loaded its pages stops as it should', async () => {
  await withServer({ DATA_DIR: dataDir }, stopWell)
})
