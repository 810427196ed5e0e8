import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, openApi } from '../support/api.ts'
import { assertRefused, spokenHeaders } from './answers.ts'

describe('/livez and /readyz', () => {
  let api: Api
  before(async () => {
    api = await openApi()
  })
  after(() => api.close())

  for (const path of ['/livez', '/readyz']) {
    for (const target of [path, `${path}/`, `${path}?verbose`]) {
      it(`GET ${target}: 200, without a key`, async () => {
        const answer = await api.request('GET', target, { key: null })
        assert.equal(answer.status, 200)
        assert.deepEqual(spokenHeaders(answer), { 'content-type': 'application/json', 'request-id': '<id>' })
        assert.equal(typeof JSON.parse(answer.body), 'object')
      })
    }

    it(`GET ${path}: 200, whatever key is sent`, async () => {
      for (const key of ['zego_wrong', 'k'.repeat(10_000), api.key]) {
        assert.equal((await api.request('GET', path, { key })).status, 200)
      }
    })

    it(`HEAD ${path}: 200 and no body`, async () => {
      const answer = await api.request('HEAD', path, { key: null })
      assert.deepEqual([answer.status, answer.body], [200, ''])
    })

    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      it(`${method} ${path}: 405 with Allow, {"error":"METHOD_NOT_ALLOWED"}`, async () => {
        const answer = await api.request(method, path, { key: null })
        assertRefused(answer, 405, 'METHOD_NOT_ALLOWED', { allow: 'GET, HEAD' })
      })
    }
  }
})
