import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createPolicy } from '../../src/app/policies.ts'
import { type Api, openApi } from '../support/api.ts'
import { addLinked, assertAccepted, assertAnswer, assertServed, LONG_AGO } from './answers.ts'

/** What the clients of the contract put on the wire, byte for byte. */
const CLIENTS: readonly [string, (key: string, path: string, body: Buffer) => string[]][] = [
  [
    'requests.post(url, headers={Authorization}, data=json.dumps(...)): no Content-Type',
    (key, path, body) => [
      `POST ${path} HTTP/1.1`,
      'Host: api.zego.com',
      'User-Agent: python-requests/2.32.3',
      'Accept-Encoding: gzip, deflate, br, zstd',
      'Accept: */*',
      'Connection: keep-alive',
      `Authorization: ${key}`,
      `Content-Length: ${body.length}`,
    ],
  ],
  [
    'urllib.request: a form Content-Type of its own',
    (key, path, body) => [
      `POST ${path} HTTP/1.1`,
      'Accept-Encoding: identity',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'Host: api.zego.com',
      'User-Agent: Python-urllib/3.12',
      `Authorization: ${key}`,
      'Connection: close',
    ],
  ],
  [
    'http.client: nothing but what HTTP asks for',
    (key, path, body) => [
      `POST ${path} HTTP/1.1`,
      'Host: api.zego.com',
      'Accept-Encoding: identity',
      `Content-Length: ${body.length}`,
      `Authorization: ${key}`,
    ],
  ],
  [
    'curl -d: a form Content-Type',
    (key, path, body) => [
      `POST ${path} HTTP/1.1`,
      'Host: api.zego.com',
      'User-Agent: curl/8.5.0',
      'Accept: */*',
      `Authorization: ${key}`,
      `Content-Length: ${body.length}`,
      'Content-Type: application/x-www-form-urlencoded',
    ],
  ],
  [
    'a client that sends Bearer and application/json',
    (key, path, body) => [
      `POST ${path} HTTP/1.1`,
      'host: api.zego.com',
      `authorization: Bearer ${key}`,
      'content-type: application/json; charset=utf-8',
      'accept: application/json, text/plain, */*',
      'user-agent: axios/1.7.2',
      `content-length: ${body.length}`,
      'accept-encoding: gzip, compress, deflate, br',
      'connection: keep-alive',
    ],
  ],
]

/** Sends each part when the one before was answered, on one connection; the status lines that came. */
function converse(port: number, parts: readonly Buffer[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const statusLines: string[] = []
    let received = ''
    socket.on('data', (data: Buffer) => {
      received += data.toString('latin1')
      const end = received.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const length = Number(/content-length: (\d+)/i.exec(received.slice(0, end))?.[1] ?? 0)
      if (received.length < end + length) return
      statusLines.push(received.slice(0, received.indexOf('\r\n')))
      received = received.slice(end + length)
      const next = parts[statusLines.length]
      if (next !== undefined) return void socket.write(next)
      resolve(statusLines)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection closed after ${statusLines.join(', ')}`)))
    socket.write(parts[0]!)
  })
}

describe("the contract's own clients work unmodified", () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await addLinked(api, { customerNumber: 'ABC12', workProviderUserId: '12345' })
    await createPolicy(api.context, {
      customerNumber: 'ABC12',
      classOfUse: 'Carriage of Goods for Hire & Reward',
      coverLevel: 'Third Party (TPO)',
      vehicleRegistration: 'VY7 JC3',
      from: LONG_AGO,
    })
  })
  after(() => api.close())

  const now = () => Temporal.Now.instant().toString({ fractionalSecondDigits: 6 }).replace('Z', '+00:00')
  const bodies: readonly [string, () => string][] = [
    ['/v1/shift/login/', () => `{"workProviderUserId": "1686", "timestamp": "${now()}"}`],
    ['/v1/shift/logout/', () => `{"customerNumber": "1686", "timestamp": "${now()}"}`],
    [
      '/v1/batch/login/',
      () =>
        `[{"customerNumber": "1686", "timestamp": "${now()}"}, {"customerNumber": "8545", "timestamp": "${now()}"}]`,
    ],
    [
      '/v1/batch/logout/',
      () =>
        `[{"workProviderUserId": "1686", "timestamp": "${now()}"}, ` +
        `{"workProviderUserId": "8545", "timestamp": "${now()}"}]`,
    ],
    ['/v1/match/', () => '{"customerNumber": "ABC12", "success": true}'],
  ]
  for (const [what, headOf] of CLIENTS) {
    for (const [path, bodyOf] of bodies) {
      it(`${path} by ${what}: 202`, async () => {
        const body = Buffer.from(bodyOf())
        const head = Buffer.from(`${headOf(api.key, path, body).join('\r\n')}\r\n\r\n`)
        assertAccepted(await api.send(Buffer.concat([head, body])))
      })
    }
  }

  it('curl -d with a long body: it is told to go on, and gets its 202', async () => {
    const body = Buffer.from(bodies[0]![1]().padEnd(2_000_000))
    const head = [...CLIENTS[3]![1](api.key, '/v1/shift/login/', body), 'Expect: 100-continue', '', ''].join('\r\n')
    const statusLines = await converse(api.port, [Buffer.from(head), body])
    assert.deepEqual(statusLines, ['HTTP/1.1 100 Continue', 'HTTP/1.1 202 Accepted'])
  })

  it('a client that keeps its connection: one request after the other, accepted and refused', async () => {
    const request = (body: Buffer) =>
      Buffer.concat([Buffer.from(`${CLIENTS[0]![1](api.key, '/v1/shift/login/', body).join('\r\n')}\r\n\r\n`), body])
    const good = request(Buffer.from(bodies[0]![1]()))
    const statusLines = await converse(api.port, [good, request(Buffer.from('{}')), good])
    assert.deepEqual(statusLines, ['HTTP/1.1 202 Accepted', 'HTTP/1.1 400 Bad Request', 'HTTP/1.1 202 Accepted'])
  })

  for (const type of [
    'text/plain',
    'text/plain; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'multipart/form-data; boundary=x',
    'application/xml',
    'application/octet-stream',
    'nonsense',
    '',
  ]) {
    it(`bodies are parsed as JSON whatever the Content-Type says: ${type || '(empty)'}`, async () => {
      const body = '{"workProviderUserId":"é 1686","timestamp":"2025-07-06T10:00:00Z"}'
      assertAccepted(await api.request('POST', '/v1/shift/login/', { body, headers: [`Content-Type: ${type}`] }))
    })
  }

  const requestsGet = (target: string) =>
    api.send(
      `GET ${target} HTTP/1.1\r\nHost: api.zego.com\r\nUser-Agent: python-requests/2.32.3\r\n` +
        'Accept-Encoding: gzip, deflate, br, zstd\r\nAccept: */*\r\nConnection: keep-alive\r\n' +
        `Authorization: ${api.key}\r\n\r\n`,
    )

  it("user/status by the contract's script: the fields it prints, in their order", async () => {
    assertServed(
      await requestsGet('/v1/user/status/?workProviderUserId=12345'),
      '{"status":"ENABLED","policyId":"ABC12","customer_number":"ABC12",' +
        '"cover_class_of_use":"Carriage of Goods for Hire & Reward","cover_level":"Third Party (TPO)",' +
        '"vehicle_registration":"VY7 JC3"}',
    )
  })

  it("validate/customer-number by the contract's script: 204", async () => {
    assertAnswer(await requestsGet('/v1/validate/customer-number/ABC12'), 204, '', {})
  })
})
