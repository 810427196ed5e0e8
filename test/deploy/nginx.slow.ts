import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server as HttpServer } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { LIMITS } from '../../src/domain/limits.ts'
import { httpGet } from '../faults/client.ts'
import { type Server, startServer, stopWell, zegoCheck } from '../faults/harness.ts'
import { type ChildStore, openChildStore } from '../faults/store.ts'
import { missing } from './files.ts'
import { type Proxy, startNginx } from './nginx.ts'

/* The example of a proxy, by a real nginx before the real program. */

const REPORTS = 8
const skip = missing('nginx') || missing('openssl')
const report = (id: string): string => JSON.stringify({ workProviderUserId: id, timestamp: '2026-01-01T10:00:00Z' })

describe('nginx before the program', { skip }, () => {
  let store: ChildStore
  let server: Server
  let broken: Listening
  let proxy: Proxy
  before(async () => {
    store = await openChildStore('embedded')
    server = await startServer({
      ...store.environment,
      PUBLIC_URL: 'https://zego.example.com',
      TRUSTED_PROXIES: '127.0.0.1',
    })
    // A process that takes each request and dies of it.
    broken = await listen((incoming) => incoming.resume().on('end', () => incoming.socket.destroy()))
    proxy = await startNginx([broken.port, server.port])
  })
  after(async () => {
    await proxy?.stop()
    broken?.close()
    await server?.kill()
    await store?.remove()
  })

  test('a form of a page is sent to one process only, whatever became of it', async () => {
    const answers = []
    for (let count = 0; count < 4; count++)
      answers.push(await ask(proxy, { method: 'POST', path: '/login', body: 'a=b' }))
    assert.ok(broken.seen.length > 0, 'the broken process had one')
    assert.equal(answers.filter(({ status }) => status === 502).length, broken.seen.length)
  })

  test('a report is sent to another process when the first fails: each is taken, and is one event', async () => {
    broken.seen.length = 0
    for (let count = 0; count < REPORTS; count++) {
      const answer = await ask(proxy, { ...posted(store.key), body: report(`u${count}`) })
      assert.equal(answer.status, 202, answer.body)
      assert.match(answer.headers['location'] ?? '', /^\/v1\/requests\//)
      assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000; includeSubDomains')
    }
    assert.ok(broken.seen.length > 0, 'the broken process had some')
    assert.equal((await zegoCheck(store.environment)).reports, REPORTS)
  })

  test('it says who asks, and what a client says of that itself is dropped', () => {
    for (const headers of broken.seen) assert.equal(headers['x-forwarded-for'], '127.0.0.1')
  })

  test('a body of 4 MiB reaches the program, and a longer one is refused in the form of the contract', async () => {
    const ofBytes = (bytes: number): string => report('u0').padEnd(bytes)
    assert.equal((await ask(proxy, { ...posted(store.key), body: ofBytes(LIMITS.bodyBytes.standard) })).status, 202)
    const tooLong = await ask(proxy, { ...posted(store.key), body: ofBytes(LIMITS.bodyBytes.standard + 1) })
    assert.deepEqual([tooLong.status, tooLong.body], [413, '{"error":"INVALID_DATA"}'])
  })

  test('what the program refuses goes through as it is; /metrics does not go out', async () => {
    const refused = await ask(proxy, { ...posted('not a key'), body: report('u0') })
    assert.deepEqual([refused.status, refused.body], [401, '{"error":"INVALID_KEY"}'])
    assert.equal((await ask(proxy, { method: 'GET', path: '/metrics' })).status, 404)
  })

  test('without TLS a page leads to https, and the API is not there', async () => {
    const url = `http://127.0.0.1:${proxy.httpPort}`
    const page = await httpGet(`${url}/login`)
    assert.equal(page.status, 301)
    assert.match(page.headers['location'] ?? '', /^https:\/\/127\.0\.0\.1\/login$/)
    const api = await httpGet(`${url}/v1/user/status`)
    assert.deepEqual([api.status, api.body], [404, '{"error":"NOT_FOUND"}'])
  })

  test('its log has no query and no token', async () => {
    await ask(proxy, { method: 'GET', path: '/v1/user/status?customerNumber=SECRET1' })
    await ask(proxy, { method: 'GET', path: '/signup/SECRET2' })
    assert.match(proxy.log(), / GET \/v1\/user\/status 401 .* [0-9a-f-]{36}$/m)
    assert.match(proxy.log(), / GET \/signup \d+ /)
    assert.doesNotMatch(proxy.log(), /SECRET/)
  })

  test('when no process is left a report is refused in the form of the contract, with Retry-After', async () => {
    await stopWell(server)
    const answer = await ask(proxy, { ...posted(store.key), body: report('u0') })
    assert.deepEqual([answer.status, answer.body, answer.headers['retry-after']], [503, '{"error":"UNAVAILABLE"}', '5'])
  })
})

test('nginx hands on each event of the live page when it comes', { skip }, async () => {
  const streaming = await listen((_, outgoing) => {
    outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: figures\n\n')
  })
  const proxy = await startNginx([streaming.port])
  try {
    const first = await new Promise<string>((resolve, reject) => {
      const asked = request(options(proxy, { method: 'GET', path: '/staff/live/events' }), (incoming) => {
        incoming.setEncoding('utf8').once('data', (text: string) => {
          resolve(text)
          asked.destroy()
        })
      })
      asked.on('error', reject).end()
    })
    assert.equal(first, 'event: figures\n\n', 'the answer has not ended')
  } finally {
    streaming.close()
    await proxy.stop()
  }
})

type Asked = { method: string; path: string; headers?: Record<string, string>; body?: string }
type Answered = { status: number; headers: IncomingHttpHeaders; body: string }

function posted(key: string): Asked {
  return { method: 'POST', path: '/v1/shift/login/', headers: { Authorization: key } }
}

function options(proxy: Proxy, { method, path, headers }: Asked): object {
  const own = { Host: 'zego.example.com', 'X-Forwarded-For': '203.0.113.7', ...headers }
  return { host: '127.0.0.1', port: proxy.httpsPort, method, path, headers: own, rejectUnauthorized: false }
}

async function ask(proxy: Proxy, asked: Asked): Promise<Answered> {
  const outgoing = request(options(proxy, asked))
  outgoing.end(asked.body)
  const [incoming] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
  let body = ''
  for await (const text of incoming.setEncoding('utf8')) body += String(text)
  return { status: incoming.statusCode!, headers: incoming.headers, body }
}

type Listening = { readonly port: number; readonly seen: IncomingHttpHeaders[]; close(): void }

async function listen(listener: RequestListener): Promise<Listening> {
  const seen: IncomingHttpHeaders[] = []
  const server: HttpServer = createServer((incoming, outgoing) => {
    seen.push(incoming.headers)
    listener(incoming, outgoing)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
