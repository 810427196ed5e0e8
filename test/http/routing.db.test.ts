import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, openApi } from '../support/api.ts'
import { addLinked, assertAccepted, assertRefused, assertServed, report, spokenHeaders } from './answers.ts'

const BODY = report({ workProviderUserId: '1686' })

const POSTED = [
  '/v1/shift/login',
  '/v1/shift/logout',
  '/v1/batch/login',
  '/v1/batch/logout',
  '/v1/match',
  '/v1/user/match',
]
const GOTTEN = ['/v1/user/status', '/v1/status', '/v1/validate/customer-number/ABC12', '/v1/requests/x']

describe('paths and methods', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await addLinked(api, { customerNumber: 'ABC12', workProviderUserId: '1686' })
  })
  after(() => api.close())

  for (const path of POSTED) {
    for (const target of [path, `${path}/`, `${path}?a=1&a=2&b`, `${path}/?workProviderUserId=other`]) {
      it(`POST ${target} is the resource itself, never a redirect`, async () => {
        const match = JSON.stringify({ customerNumber: 'ABC12', success: true })
        const body = path.endsWith('match') ? match : path.includes('batch') ? `[${BODY}]` : BODY
        assertAccepted(await api.request('POST', target, { body }))
      })
    }
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'QUERY']) {
      it(`${method} ${path}: 405 with Allow, {"error":"METHOD_NOT_ALLOWED"}, with and without a key`, async () => {
        const allow = { allow: 'POST' }
        assertRefused(await api.request(method, path), 405, 'METHOD_NOT_ALLOWED', allow)
        assertRefused(await api.request(method, `${path}/`, { key: null }), 405, 'METHOD_NOT_ALLOWED', allow)
      })
    }
  }

  for (const path of GOTTEN) {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
      it(`${method} ${path}: 405 with Allow, {"error":"METHOD_NOT_ALLOWED"}`, async () => {
        const answer = await api.request(method, `${path}/`, { key: null })
        const allow = answer.headers.get('allow') ?? 'no Allow'
        assert.ok(['GET', 'GET, HEAD'].includes(allow), allow)
        assertRefused(answer, 405, 'METHOD_NOT_ALLOWED', { allow })
      })
    }
  }

  for (const target of ['/v1/status?customerNumber=ABC12', '/v1/validate/customer-number/ABC12', '/v1/requests/x']) {
    it(`HEAD ${target}, which Allow names: the status and headers of GET, no body`, async () => {
      const [get, head] = [await api.request('GET', target), await api.request('HEAD', target)]
      assert.equal(head.status, get.status)
      assert.deepEqual(spokenHeaders(head), spokenHeaders(get))
      assert.equal(head.body, '')
    })
  }

  for (const target of [
    '/',
    '/v1',
    '/v1/',
    '/v2/shift/login',
    '/shift/login',
    '/v1/shift',
    '/v1/shift/',
    '/v1/shift/login/now',
    '/v1/shift/pause',
    '/V1/SHIFT/LOGIN',
    '/v1/shift/login;a=b',
    '/v1/shift%2Flogin',
    '/v1/user',
    '/v1/validate',
    '/v1/validate/customer-number/A/B',
    '/v1/requests/a/b',
    '/favicon.ico',
    '/.env',
    '/wp-login.php',
    '/__proto__',
    '/constructor',
    '/v1/<script>alert(1)</script>',
    "/v1/';drop%20table%20event;--",
    '/v1/%0d%0aSet-Cookie:%20a=b',
    '/%00',
    '/%zz',
    '/v1/%zz',
    '/v1/shift/login%',
    '/v1/shift/%FF',
    '//',
    '//v1/shift/login',
    '/v1//shift/login',
    '/v1/shift//login/',
    '//evil.example/v1/shift/login',
    `/${'a'.repeat(10_000)}`,
    `/v1/shift/login/${'/'.repeat(10_000)}`,
    `/v1/${'%61'.repeat(3_000)}`,
  ]) {
    it(`unknown path ${target.slice(0, 60)}: 404 {"error":"NOT_FOUND"}, whatever the method and the key`, async () => {
      assertRefused(await api.request('POST', target, { body: BODY }), 404, 'NOT_FOUND')
      assertRefused(await api.request('GET', target, { key: null }), 404, 'NOT_FOUND')
    })
  }

  const odd: readonly [string, string, string][] = [
    ['/../ before the path', 'POST', '/../v1/shift/login'],
    ['/../ within the path', 'POST', '/v1/nothing/../shift/login'],
    ['/../ encoded', 'POST', '/v1/nothing/%2e%2e/shift/login'],
    ['/../ beyond the root', 'GET', '/../../../../etc/passwd'],
    ['/../ in a number', 'GET', '/v1/validate/customer-number/../customer-number/ABC12'],
    ['absolute-form', 'POST', 'http://localhost/v1/shift/login'],
    ['absolute-form of another host', 'POST', 'http://evil.example/v1/shift/login/'],
    ['absolute-form of an unknown path', 'POST', 'http://localhost/nothing'],
    ['absolute-form with a number', 'GET', 'http://localhost/v1/validate/customer-number/ABC12'],
    ['absolute-form that is no URL', 'POST', 'http://[::1/v1/shift/login'],
    ['absolute-form of another scheme', 'POST', 'ftp://localhost/v1/shift/login'],
    ['a path without its slash', 'POST', 'v1/shift/login'],
    ['asterisk-form', 'OPTIONS', '*'],
    ['a backslash', 'POST', '/v1/shift/login\\'],
    ['a space', 'POST', '/v1/shift login'],
    ['a raw byte', 'POST', '/v1/shift/\xff'],
    ['authority-form', 'CONNECT', 'localhost:80'],
    ['an unknown method', 'FOO', '/v1/shift/login'],
    ['a method in lower case', 'post', '/v1/shift/login'],
    ['a method of 5,000 characters', 'P'.repeat(5_000), '/v1/shift/login'],
  ]
  for (const [what, method, target] of odd) {
    it(`${what}: ${method.slice(0, 10)} ${target} is 400, 404 or 405 in the contract's form`, async () => {
      const answer = await api.request(method, target, method === 'GET' ? {} : { body: BODY })
      const errors = { 400: ['INVALID_DATA'], 404: ['NOT_FOUND', 'INVALID_CUSTOMER'], 405: ['METHOD_NOT_ALLOWED'] }
      const inForm = errors[answer.status as keyof typeof errors] ?? ['a refusal']
      const error = inForm.find((one) => answer.body.includes(`"${one}"`)) ?? inForm[0]!
      const allow = answer.headers.get('allow')
      assertRefused(answer, answer.status, error, allow === undefined ? {} : { allow })
    })
  }

  it("a query of 10,000 characters and repeated parameters: 404 and 400 in the contract's form", async () => {
    const long = `/v1/status?workProviderUserId=${'a'.repeat(10_000)}`
    assertRefused(await api.request('GET', long), 404, 'INVALID_CUSTOMER')
    const repeated = `/v1/status?${'customerNumber=ABC12&'.repeat(400)}`
    assertRefused(await api.request('GET', repeated), 400, 'INVALID_DATA')
    assertServed(
      await api.request('GET', `/v1/status?customerNumber=ABC12&${'a=b&'.repeat(2_000)}`),
      '{"status":"DISABLED","policyId":"ABC12","customer_number":"ABC12"}',
    )
  })
})
