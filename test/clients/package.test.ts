import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as source from '../../clients/typescript/src/index.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CLIENTS = join(ROOT, 'clients')

describe('what is published of the TypeScript client', () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'zego-client-'))
    compile('--project', join(CLIENTS, 'typescript'), '--outDir', directory)
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  it('is JavaScript with the same names, which sends as its source does', async () => {
    const built = (await import(pathToFileURL(join(directory, 'index.js')).href)) as typeof source
    assert.deepEqual(Object.keys(built), Object.keys(source))
    const sent: unknown[] = []
    const fetch: typeof globalThis.fetch = async (url, init) => {
      sent.push(url, init?.body)
      return new Response('', { status: 202, headers: { 'Request-Id': 'an id' } })
    }
    const client = new built.WorkProviderClient({ key: 'a key', baseUrl: 'https://api.example.com/zego/', fetch })
    const timestamp = '2025-07-06T10:00:00Z'
    assert.deepEqual(await client.shiftLogin({ customerNumber: 'A', timestamp }), { requestId: 'an id' })
    const url = 'https://api.example.com/zego/v1/shift/login'
    assert.deepEqual(sent, [url, JSON.stringify({ customerNumber: 'A', timestamp })])
  })

  it('has types that a program is checked by: exactly one identity', () => {
    const report = (fields: string): string =>
      `import { WorkProviderClient } from './index.js'
      void new WorkProviderClient({ key: '', baseUrl: '' }).shiftLogin({ ${fields} timestamp: new Date() })\n`
    const check = (fields: string): void => {
      const program = join(directory, 'program.ts')
      writeFileSync(program, report(fields))
      compile('--noEmit', '--strict', '--module', 'nodenext', '--types', '', '--ignoreConfig', program)
    }
    check("customerNumber: 'A',")
    for (const wrong of ['', "customerNumber: 'A', workProviderUserId: '1',"]) assert.throws(() => check(wrong))
  })
})

describe('the clients', () => {
  it('depend on nothing', () => {
    const manifest = JSON.parse(readFileSync(join(CLIENTS, 'typescript/package.json'), 'utf8')) as object
    assert.deepEqual(
      Object.keys(manifest).filter((name) => /dependencies/i.test(name)),
      [],
    )
    assert.match(readFileSync(join(CLIENTS, 'python/pyproject.toml'), 'utf8'), /^dependencies = \[\]$/m)
  })
})

function compile(...args: string[]): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...args], { stdio: 'pipe' })
}
