import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

/* `npm start` on a machine whose own Node is older: that one only starts the one that came with `npm ci`. */

const LAUNCHER = fileURLToPath(new URL('../../bin/zego.js', import.meta.url))
const oldNode = findOldNode()
const skip = oldNode === null ? 'no Node older than 26 is on the PATH' : false

describe('started by an older Node', { skip }, () => {
  let dataDir: string
  before(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'zego-launcher-'))
  })
  after(() => rmSync(dataDir, { recursive: true, force: true }))

  async function start(): Promise<ChildProcess> {
    const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], DATA_DIR: dataDir, PORT: '0' }
    const child = spawn(oldNode!, [LAUNCHER, 'serve'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    let said = ''
    for await (const chunk of child.stdout!) {
      said += String(chunk)
      if (said.includes('Listening')) return child
    }
    throw new Error(`it did not start: ${said}`)
  }

  test('SIGTERM to it stops the server well', async () => {
    const child = await start()
    child.kill('SIGTERM')
    const [code] = (await once(child, 'exit')) as [number | null]
    assert.equal(code, 0)
  })

  test('Ctrl-C, which both get, stops the server well', async () => {
    const child = await start()
    process.kill(-child.pid!, 'SIGINT')
    const [code] = (await once(child, 'exit')) as [number | null]
    assert.equal(code, 0)
  })

  test('when it is killed the server ends too, and the store is free', async () => {
    const child = await start()
    child.kill('SIGKILL')
    const next = await start()
    next.kill('SIGTERM')
    const [code] = (await once(next, 'exit')) as [number | null]
    assert.equal(code, 0)
  })
})

function findOldNode(): string | null {
  const paths = (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, 'node'))
  const isOld = (path: string): boolean => {
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout
    return /^v(\d+)/.test(version) && Number.parseInt(version.slice(1), 10) < 26
  }
  return paths.filter(existsSync).find(isOld) ?? null
}
