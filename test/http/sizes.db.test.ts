import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { type Api, openApi } from '../support/api.ts'
import { assertAccepted, assertRefused, readBack } from './answers.ts'

const LIMIT = 4 * 1024 * 1024
const GOOD = '{"workProviderUserId":"1686","timestamp":"2025-07-06T10:00:00Z"}'
const PATHS: readonly [string, string][] = [
  ['/v1/shift/login', GOOD],
  ['/v1/batch/logout', `[${GOOD}]`],
  ['/v1/match', '{"customerNumber":"ABC12","success":true}'],
]

describe('sizes', () => {
  let api: Api
  before(async () => {
    api = await openApi()
  })
  after(() => api.close())

  const head = (path: string, ...lines: string[]) =>
    [`POST ${path} HTTP/1.1`, 'Host: localhost', `Authorization: ${api.key}`, ...lines, '', ''].join('\r\n')
  /** The body in chunks of 1 MiB, without an end unless it is told. */
  const chunked = (path: string, body: string, isEnded = true) => {
    const chunks = body.match(/[\s\S]{1,1048576}/g)!.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    return head(path, 'Transfer-Encoding: chunked') + chunks.join('') + (isEnded ? '0\r\n\r\n' : '')
  }

  for (const [path, good] of PATHS) {
    it(`${path}: a body of 4 MiB is taken, one byte more is 413 {"error":"INVALID_DATA"}`, async () => {
      assertAccepted(await api.request('POST', path, { body: good.padEnd(LIMIT) }))
      assertRefused(await api.request('POST', path, { body: good.padEnd(LIMIT + 1) }), 413, 'INVALID_DATA')
    })

    it(`${path}: the same in chunks`, async () => {
      assertAccepted(await api.send(chunked(path, good.padEnd(LIMIT))))
      assertRefused(await api.send(chunked(path, good.padEnd(LIMIT + 1))), 413, 'INVALID_DATA')
    })

    it(`${path}: a body over 4 MiB is not read on: 413 though the rest never comes`, async () => {
      for (const length of [LIMIT + 1, 10_000_000_000]) {
        assertRefused(await api.send(head(path, `Content-Length: ${length}`)), 413, 'INVALID_DATA')
      }
      assertRefused(await api.send(chunked(path, good.padEnd(LIMIT + 1), false)), 413, 'INVALID_DATA')
    })

    it(`${path}: 413 before 400: a body over 4 MiB that is no JSON either`, async () => {
      assertRefused(await api.request('POST', path, { body: 'x'.repeat(LIMIT + 1) }), 413, 'INVALID_DATA')
      assertRefused(await api.request('POST', path, { body: Buffer.alloc(LIMIT + 1, 0xff) }), 413, 'INVALID_DATA')
    })
  }

  for (const path of ['/v1/batch/login', '/v1/batch/logout']) {
    const items = (count: number, item = GOOD) => `[${Array(count).fill(item).join(',')}]`

    it(`${path}: 10,000 items are taken, more are 413 {"error":"INVALID_DATA"}`, async () => {
      assertAccepted(await api.request('POST', path, { body: items(10_000) }))
      assertRefused(await api.request('POST', path, { body: items(10_001) }), 413, 'INVALID_DATA')
    })

    it(`${path}: 413 before 400: more than 10,000 items that are no reports`, async () => {
      const { key } = await createKey(api.context, 'Courier Ltd')
      for (const item of ['null', '{}', '1', '[]']) {
        assertRefused(await api.request('POST', path, { key, body: items(10_001, item) }), 413, 'INVALID_DATA')
      }
    })
  }

  it('nothing of a batch with more than 10,000 items is stored', async () => {
    const { key } = await createKey(api.context, 'Courier Ltd')
    const item = '{"workProviderUserId":"too many","timestamp":"2025-07-06T10:00:00Z"}'
    const body = `[${Array(10_001).fill(item).join(',')}]`
    assertRefused(await api.request('POST', '/v1/batch/login', { key, body }), 413, 'INVALID_DATA')
    const accepted = await api.request('POST', '/v1/shift/login', { key, body: item })
    await api.settle()
    assert.equal((await readBack(api, accepted)).items[0]!.duplicateOf, null)
  })
})
