import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { addLinked, assertAccepted, assertRefused, assertServed, DEPRECATED, report, spokenHeaders } from './answers.ts'

const BODY = report({ workProviderUserId: '1686' })

describe('what travels beside the bytes', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await addLinked(api, { customerNumber: 'ABC12', workProviderUserId: '1686' })
  })
  after(() => api.close())

  const answers: readonly [string, number, (headers: string[]) => Promise<RawAnswer>][] = [
    ['a 202', 202, (headers) => api.request('POST', '/v1/shift/login', { headers, body: BODY })],
    ['an empty batch', 202, (headers) => api.request('POST', '/v1/batch/login', { headers, body: '[]' })],
    ['a 200', 200, (headers) => api.request('GET', '/v1/status?customerNumber=ABC12', { headers })],
    ['a 204', 204, (headers) => api.request('GET', '/v1/validate/customer-number/ABC12', { headers })],
    ['a 400', 400, (headers) => api.request('POST', '/v1/shift/login', { headers, body: '{}' })],
    ['a 401', 401, (headers) => api.request('POST', '/v1/shift/login', { headers, key: null, body: BODY })],
    ['a 404 of status', 404, (headers) => api.request('GET', '/v1/status?customerNumber=NOBODY', { headers })],
    ['a 404 of a path', 404, (headers) => api.request('GET', '/v1/nothing', { headers })],
    ['a 405', 405, (headers) => api.request('PUT', '/v1/shift/login', { headers })],
    ['a 413', 413, (headers) => api.request('POST', '/v1/shift/login', { headers, body: 'x'.repeat(4_194_305) })],
    ['/livez', 200, (headers) => api.request('GET', '/livez', { headers })],
    ['/readyz', 200, (headers) => api.request('GET', '/readyz', { headers })],
    ['a target that is no URL', 404, (headers) => api.request('GET', 'http://[::1/', { headers })],
    ['an unknown method', 400, (headers) => api.request('FOO', '/v1/shift/login', { headers })],
  ]
  for (const [what, , ask] of answers) {
    it(`is what it says it is, and is kept by no cache: ${what}`, async () => {
      const { headers } = await ask([])
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.get('cache-control'), 'no-store')
    })
  }

  for (const [what, status, ask] of answers) {
    it(`Request-Id on every answer, a UUIDv7 of the server's; one sent in is not taken over: ${what}`, async () => {
      const sent = randomUUIDv7()
      const answer = await ask([`Request-Id: ${sent}`, `X-Request-Id: ${sent}`, `Idempotency-Key: ${sent}`])
      assert.equal(answer.status, status)
      spokenHeaders(answer) // looks at the form
      assert.notEqual(answer.headers.get('request-id'), sent)
      assert.notEqual(answer.headers.get('request-id'), (await ask([])).headers.get('request-id'))
      assert.ok(![...answer.headers.values(), answer.body].some((text) => text.includes(sent)))
    })
  }

  const hardlyHttp: readonly [string, string][] = [
    ['no HTTP', 'hello\r\n\r\n'],
    ['an unknown version', 'GET /livez HTTP/3.0\r\nHost: a\r\n\r\n'],
    ['no Host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['an unknown expectation', 'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\n\r\n'],
    ['a Host that is none', 'GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['a NUL in a header', 'GET /livez HTTP/1.1\r\nHost: a\r\nAccept: a\0b\r\n\r\n'],
    ['two Content-Lengths', 'POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}'],
    ['a header of 20,000 characters', `GET /livez HTTP/1.1\r\nHost: a\r\nAccept: ${'a'.repeat(20_000)}\r\n\r\n`],
  ]
  for (const [what, bytes] of hardlyHttp) {
    it(`Request-Id on every answer, in the contract's form even to what is hardly HTTP: ${what}`, async () => {
      const answer = await api.send(bytes)
      assert.ok(answer.status >= 400 && answer.status < 500, answer.statusLine)
      assertRefused(answer, answer.status, 'INVALID_DATA')
    })
  }

  const refused = (accept: string[]) =>
    api.request('POST', '/v1/shift/login', { body: '{"timestamp":1}', headers: accept })

  for (const accept of [
    'application/problem+json',
    'APPLICATION/Problem+JSON',
    'application/json, application/problem+json',
    'application/problem+json;q=0.5, */*;q=0.1',
    'text/html,application/problem+json; q=1.0',
  ]) {
    it(`a full RFC 9457 body for a client whose Accept names application/problem+json: ${accept}`, async () => {
      const answer = await refused([`Accept: ${accept}`])
      const { 'zego-error-detail': detail, ...headers } = spokenHeaders(answer)
      assert.equal(answer.status, 400)
      assert.deepEqual(headers, { 'content-type': 'application/problem+json', 'request-id': '<id>' })
      const problem = JSON.parse(answer.body) as Record<string, unknown>
      assert.equal(problem['status'], 400)
      assert.equal(problem['detail'], detail)
      assert.equal(problem['error'], 'INVALID_DATA')
      for (const member of ['type', 'title', 'instance']) assert.equal(typeof problem[member], 'string', member)
    })
  }

  for (const accept of [
    '*/*',
    'application/*',
    'application/json',
    'application/problem+xml',
    'application/problem',
    'x-application/problem+json',
    'application/problem+json;q=0',
    'application/problem+json; q=0.000',
    'application/problem+json;q=0, */*',
    '',
  ]) {
    it(`the contract's bytes for Accept: ${accept || '(empty)'}`, async () => {
      assertRefused(await refused([`Accept: ${accept}`]), 400, 'INVALID_DATA')
    })
  }

  it("the contract's bytes without Accept", async () => {
    assertRefused(await refused([]), 400, 'INVALID_DATA')
  })

  it('an answer that is no error is the same for a client that names application/problem+json', async () => {
    const headers = ['Accept: application/problem+json']
    assertAccepted(await api.request('POST', '/v1/shift/login', { headers, body: BODY }))
    const status = '{"status":"DISABLED","policyId":"ABC12","customer_number":"ABC12"}'
    assertServed(await api.request('GET', '/v1/status?customerNumber=ABC12', { headers }), status)
  })

  for (const [what, target, status] of [
    ['401', '/v1/status?customerNumber=ABC12', 401],
    ['404', '/v1/nothing', 404],
  ] as const) {
    it(`the problem body on a ${what} too`, async () => {
      const answer = await api.request('GET', target, { key: null, headers: ['Accept: application/problem+json'] })
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.equal((JSON.parse(answer.body) as { status: number }).status, status)
    })
  }

  const detailed: readonly [string, string, string | undefined][] = [
    ['POST', '/v1/shift/login', '{"workProviderUserId":"клиент\\n€","customerNumber":"é"}'],
    ['POST', '/v1/shift/login', '{"workProviderUserId":"клиент","timestamp":"вчера\\r\\nSet-Cookie: a=b"}'],
    ['POST', '/v1/match', '{"customerNumber":"é","success":"да"}'],
    ['GET', '/v1/status?customerNumber=&%C3%A9=%0d%0aSet-Cookie:a', undefined],
    ['GET', '/v1/validate/customer-number/%E2%82%AC%0d%0aa:b', undefined],
    ['GET', '/v1/requests/%C3%A9', undefined],
    ['GET', '/%C3%A9%0d%0aSet-Cookie:%20a=b', undefined],
  ]
  for (const [method, target, body] of detailed) {
    it(`Zego-Error-Detail is ASCII and one line, whatever was sent: ${method} ${target} ${body ?? ''}`, async () => {
      const answer = await api.request(method, target, body === undefined ? {} : { body })
      assert.ok(answer.status >= 400 && answer.status < 500, answer.statusLine)
      assert.match(answer.headers.get('zego-error-detail')!, /^[ -~]+$/)
      assert.equal(answer.headers.has('set-cookie'), false)
    })
  }

  const deprecatedAndRefused: readonly [string, string, string | undefined][] = [
    ['POST', '/v1/shift/login', '{"policyId":"ABC12","timestamp":"yesterday"}'],
    ['POST', '/v1/shift/login', '{"driverId":1686,"timestamp":"2025-07-06T10:00:00Z"}'],
    ['POST', '/v1/batch/logout', `[{"driverId":"1686","timestamp":"2025-07-06T10:00:00Z"},${BODY.slice(0, -2)}0"}]`],
    ['POST', '/v1/match', '{"policyId":"ABC12","success":"true"}'],
    ['GET', '/v1/status?policyId=', undefined],
    ['GET', '/v1/status?driverId=1686&driverId=1686', undefined],
  ]
  for (const [method, target, body] of deprecatedAndRefused) {
    it(`Deprecation on a request that used a deprecated field, refused or not: ${method} ${target} ${body ?? ''}`, async () => {
      const answer = await api.request(method, target, body === undefined ? {} : { body })
      assertRefused(answer, 400, 'INVALID_DATA', DEPRECATED)
    })
  }

  it('Deprecation on a 404 of status by a deprecated name', async () => {
    assertRefused(await api.request('GET', '/v1/status?driverId=nobody'), 404, 'INVALID_CUSTOMER', DEPRECATED)
    assertRefused(await api.request('GET', '/v1/status?policyId=A-1'), 404, 'INVALID_CUSTOMER', DEPRECATED)
  })

  it('a null counts as absent: no Deprecation for a deprecated field that is null', async () => {
    const body = '{"policyId":null,"driverId":null,"workProviderUserId":"1","timestamp":"2025-07-06T10:00:00Z"}'
    assertAccepted(await api.request('POST', '/v1/shift/login', { body }))
  })
})
