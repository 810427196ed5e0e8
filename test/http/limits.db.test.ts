import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_SECOND } from '../../src/domain/instant.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { assertAccepted, assertRefused, holdClock, idOf, postShift, readFirstItem, report } from './answers.ts'

const TOO_LARGE = 4 * 1024 * 1024 + 1
const BODY = report({ workProviderUserId: '1686' })

/** 429 in the contract's form. Answers how long it says to wait. */
function assertLimited(answer: RawAnswer): number {
  const retryAfter = answer.headers.get('retry-after')
  assert.match(retryAfter ?? 'no Retry-After', /^[1-9]\d*$/)
  assertRefused(answer, 429, 'RATE_LIMITED', { 'retry-after': retryAfter! })
  return Number(retryAfter)
}

describe("over the key's rate of requests", () => {
  let api: Api
  let clock: ReturnType<typeof holdClock>
  before(async () => {
    api = await openApi('embedded', { requestsPerSecond: 2, eventsPerSecond: 1_000 })
    clock = holdClock(api)
  })
  after(() => api.close())

  const newKey = async () => (await createKey(api.context, 'Courier Ltd')).key
  const post = (key: string) => api.request('POST', '/v1/shift/login', { key, body: BODY })

  it('429 {"error":"RATE_LIMITED"} with Retry-After, after which it is served again', async () => {
    const key = await newKey()
    assertAccepted(await post(key))
    assertAccepted(await post(key))
    const seconds = assertLimited(await post(key))
    clock.goOn(seconds * MICROSECONDS_PER_SECOND)
    assertAccepted(await post(key))
  })

  it('the rate is used up again in each second', async () => {
    const key = await newKey()
    for (let second = 0; second < 3; second++) {
      clock.goOn(MICROSECONDS_PER_SECOND)
      assertAccepted(await post(key))
      assertAccepted(await post(key))
      assertLimited(await post(key))
    }
  })

  it('it is the rate of one key: another of the same work provider, and of another, are served', async () => {
    const key = await newKey()
    await createWorkProvider(api.context, 'Other Ltd')
    const other = (await createKey(api.context, 'Other Ltd')).key
    for (let i = 0; i < 2; i++) await post(key)
    assertLimited(await post(key))
    assertAccepted(await post(await newKey()))
    assertAccepted(await post(other))
  })

  for (const [method, target] of [
    ['POST', '/v1/shift/logout'],
    ['POST', '/v1/batch/login'],
    ['POST', '/v1/batch/logout'],
    ['POST', '/v1/match'],
    ['GET', '/v1/user/status?customerNumber=A'],
    ['GET', '/v1/validate/customer-number/A'],
    ['GET', '/v1/requests/x'],
  ] as const) {
    it(`${method} ${target} is limited too`, async () => {
      const key = await newKey()
      for (let i = 0; i < 2; i++) await post(key)
      assertLimited(await api.request(method, target, { key, ...(method === 'POST' ? { body: BODY } : {}) }))
    })
  }

  it('requests without a live key are 401 however many', async () => {
    for (let i = 0; i < 5; i++) assertRefused(await post('zego_wrong'), 401, 'INVALID_KEY')
  })

  it('what was refused is not stored', async () => {
    const key = await newKey()
    const send = () =>
      api.request('POST', '/v1/shift/login', { key, body: report({ workProviderUserId: 'refused before' }) })
    for (let i = 0; i < 2; i++) await post(key)
    assertLimited(await send())
    clock.goOn(MICROSECONDS_PER_SECOND)
    const accepted = await send()
    await api.settle()
    const answer = await api.request('GET', `/v1/requests/${idOf(accepted)}`, { key })
    assert.equal((JSON.parse(answer.body) as { items: { duplicateOf: unknown }[] }).items[0]!.duplicateOf, null)
  })

  it('order of checks: 404 and 405, then 401, then 429, then 413', async () => {
    const exhausted = await newKey()
    for (let i = 0; i < 2; i++) await post(exhausted)
    const body = 'x'.repeat(TOO_LARGE)
    const send = (method: string, target: string, key: string | null) => api.request(method, target, { key, body })
    for (const key of [null, 'zego_wrong', exhausted]) {
      assertRefused(await send('POST', '/v1/nothing', key), 404, 'NOT_FOUND')
      assertRefused(await send('PUT', '/v1/shift/login', key), 405, 'METHOD_NOT_ALLOWED', { allow: 'POST' })
    }
    assertRefused(await send('POST', '/v1/shift/login', null), 401, 'MISSING_AUTH')
    assertRefused(await send('POST', '/v1/shift/login', 'zego_wrong'), 401, 'INVALID_KEY')
    assertLimited(await send('POST', '/v1/shift/login', exhausted))
    assertRefused(await send('POST', '/v1/shift/login', await newKey()), 413, 'INVALID_DATA')
  })

  it('429 before the body is looked at: it is answered though the body never comes', async () => {
    const key = await newKey()
    for (let i = 0; i < 2; i++) await post(key)
    const head = `POST /v1/shift/login HTTP/1.1\r\nHost: a\r\nAuthorization: ${key}\r\nContent-Length: 100\r\n\r\n`
    assertLimited(await api.send(head))
  })
})

describe("over the key's rate of events", () => {
  let api: Api
  let clock: ReturnType<typeof holdClock>
  before(async () => {
    api = await openApi('embedded', { requestsPerSecond: 1_000, eventsPerSecond: 10 })
    clock = holdClock(api)
    await createCustomer(api.context, { customerNumber: 'ABC12', email: 'driver@example.com' })
  })
  after(() => api.close())

  const batch = (count: number) =>
    JSON.stringify(
      Array.from({ length: count }, (_, i) => ({ workProviderUserId: `${i}`, timestamp: '2025-07-06T10:00:00Z' })),
    )

  it('429 once the events of a second are told, in batches or alone; served when the time is over', async () => {
    assertAccepted(await api.request('POST', '/v1/batch/login', { body: batch(9) }))
    assertAccepted(await postShift(api, 'login', 'the tenth'))
    const seconds = assertLimited(await postShift(api, 'login', 'the eleventh'))
    clock.goOn(seconds * MICROSECONDS_PER_SECOND)
    const accepted = await postShift(api, 'login', 'the eleventh')
    assertAccepted(accepted)
    assert.equal((await readFirstItem(api, accepted)).index, 0)
  })

  it('requests that tell no events use none of it', async () => {
    clock.goOn(MICROSECONDS_PER_SECOND)
    for (let i = 0; i < 15; i++) {
      assert.equal((await api.request('GET', '/v1/validate/customer-number/ABC12')).status, 204)
    }
    assertAccepted(await api.request('POST', '/v1/batch/login', { body: batch(10) }))
  })
})
