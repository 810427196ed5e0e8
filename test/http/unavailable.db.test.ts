import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { startAcceptor } from '../../src/app/accept.ts'
import { openStatusDesk } from '../../src/app/answer-status.ts'
import { createKey, type KeyRing, openKeyRing } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { STANDARD_LIMITS } from '../../src/domain/limits.ts'
import { openValidationDesk } from '../../src/app/validate.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { rateLimiter } from '../../src/http/rate-limit.ts'
import { buildApi } from '../../src/http/api.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { ping } from '../../src/storage/database.ts'
import { exchange, type RawAnswer } from '../support/api.ts'
import { contextOn, openStore, type Store } from '../support/stores.ts'
import { assertAccepted, assertRefused, report } from './answers.ts'

type Asked = { method: string; target: string; key: string; body?: string }
type Served = { ask(asked: Asked): Promise<RawAnswer>; close(): Promise<void> }

/** An API on a database of one's choice, with keys from another, and a queue for so many events. */
async function serve(onDatabase: Context, keyRing: KeyRing, queuedEvents: number): Promise<Served> {
  const context: Context = { ...onDatabase, limits: { ...STANDARD_LIMITS, queuedEvents } }
  const services = {
    context,
    keyRing,
    acceptor: startAcceptor(context, () => {}),
    statusDesk: openStatusDesk(context, () => {}),
    validationDesk: openValidationDesk(context),
    refusals: { note() {}, stop: () => Promise.resolve() },
    apiUse: { noteKey() {}, noteDeprecated() {}, stop: () => Promise.resolve() },
    rates: rateLimiter(STANDARD_LIMITS),
    underWay: { count: 0 },
    isPrepared: () => true,
    assertReady: () => ping(context.db),
  }
  const server = createHttpServer(buildApi(services), services)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    ask: ({ method, target, key, body = '' }) =>
      exchange(
        port,
        `${method} ${target} HTTP/1.1\r\nHost: a\r\nAuthorization: ${key}\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const BODY = report({ workProviderUserId: '1686' })
const RESOURCES: readonly Omit<Asked, 'key'>[] = [
  { method: 'POST', target: '/v1/shift/login', body: BODY },
  { method: 'POST', target: '/v1/shift/logout', body: BODY },
  { method: 'POST', target: '/v1/batch/login', body: `[${BODY}]` },
  { method: 'POST', target: '/v1/batch/logout', body: `[${BODY}]` },
  { method: 'POST', target: '/v1/match', body: '{"customerNumber":"ABC12","success":true}' },
  { method: 'GET', target: '/v1/status?customerNumber=ABC12' },
  { method: 'GET', target: '/v1/validate/customer-number/ABC12' },
  { method: 'GET', target: '/v1/requests/01a20913-51fe-79ad-a8c3-26978e81c94f' },
]

function assertUnavailable(answer: RawAnswer): void {
  const retryAfter = answer.headers.get('retry-after')
  assert.match(retryAfter ?? 'no Retry-After', /^[1-9]\d*$/)
  assertRefused(answer, 503, 'UNAVAILABLE', { 'retry-after': retryAfter! })
}

describe('503 {"error":"UNAVAILABLE"} with Retry-After', () => {
  let store: Store
  let unreachable: ReturnType<typeof contextOn>
  let key: string
  /** Its database is not there at all; and the same, while the key is still known. */
  let down: Served
  let brokenOff: Served
  /** Its database works; its queue holds two events. */
  let narrow: Served
  before(async () => {
    store = await openStore('embedded')
    await createWorkProvider(store.context, 'Courier Ltd')
    key = (await createKey(store.context, 'Courier Ltd')).key
    unreachable = contextOn({ url: 'postgres://nobody@127.0.0.1:1/nothing' })
    down = await serve(unreachable.context, openKeyRing(unreachable.context), 100)
    brokenOff = await serve(unreachable.context, openKeyRing(store.context), 100)
    narrow = await serve(store.context, openKeyRing(store.context), 2)
  })
  after(async () => {
    for (const served of [down, brokenOff, narrow]) await served.close()
    await unreachable.close()
    await store.close()
  })

  for (const resource of RESOURCES) {
    it(`storage unreachable: ${resource.method} ${resource.target}`, async () => {
      assertUnavailable(await down.ask({ ...resource, key }))
    })

    it(`storage lost while the key is known: ${resource.method} ${resource.target}, never a 202`, async () => {
      assertUnavailable(await brokenOff.ask({ ...resource, key }))
    })
  }

  it('what needs no storage is answered as ever: 404, 405, and 401 without a key', async () => {
    assertRefused(await down.ask({ method: 'GET', target: '/v1/nothing', key }), 404, 'NOT_FOUND')
    const put = await down.ask({ method: 'PUT', target: '/v1/shift/login', key })
    assertRefused(put, 405, 'METHOD_NOT_ALLOWED', { allow: 'POST' })
    assertRefused(await down.ask({ method: 'POST', target: '/v1/shift/login', key: '' }), 401, 'MISSING_AUTH')
  })

  it('storage unreachable: /livez 200, /readyz 503', async () => {
    assert.equal((await down.ask({ method: 'GET', target: '/livez', key: '' })).status, 200)
    assertUnavailable(await down.ask({ method: 'GET', target: '/readyz', key: '' }))
  })

  it('the accept queue is full: 503, and nothing of the request is stored', async () => {
    const items = (count: number) => `[${Array(count).fill(BODY).join(',')}]`
    const post = (body: string) => narrow.ask({ method: 'POST', target: '/v1/batch/login', key, body })
    assertUnavailable(await post(items(3)))
    const accepted = await post(items(2))
    assertAccepted(accepted)
    const state = await narrow.ask({ method: 'GET', target: accepted.headers.get('location')!, key })
    const { items: read } = JSON.parse(state.body) as { items: { duplicateOf: string | null }[] }
    assert.equal(read[0]!.duplicateOf, null)
  })
})
