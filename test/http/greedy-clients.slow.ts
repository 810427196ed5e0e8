import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { createGzip } from 'node:zlib'
import { waitFor } from '../faults/harness.ts'
import { type Api, openApi } from '../support/api.ts'
import { CHUNK, GreedyClient, heldBytes, sendForEver } from '../support/greedy-client.ts'
import { assertAccepted, assertRefused, report } from './answers.ts'

/* B7: clients that take more than they are given. Each is refused or cut off, and the others are served meanwhile. */

const MIB = 1024 * 1024
const BIG = Buffer.alloc(10_000_000, 0x20)
const BODY = report({ workProviderUserId: '1686' })

describe('B7 a greedy client', () => {
  let api: Api
  before(async () => {
    const times = { headersMs: 1_000, requestMs: 1_500, keepAliveMs: 1_000 }
    api = await openApi('embedded', times, { checkEveryMs: 20, lingerMs: 100 })
  })
  after(() => api.close())

  const head = (...lines: string[]): string =>
    ['POST /v1/shift/login HTTP/1.1', 'Host: a', `Authorization: ${api.key}`, ...lines, '', ''].join('\r\n')
  const assertServed = async (): Promise<void> =>
    assertAccepted(await api.request('POST', '/v1/shift/login', { body: BODY }))
  const cutOff = (client: GreedyClient): Promise<unknown> => waitFor('the client being cut off', () => client.isClosed)

  it('with a chunked body that never ends: 413, then cut off; nothing of it is kept, and others are served', async () => {
    const client = new GreedyClient(api.port, { isRude: true })
    await client.write(head('Transfer-Encoding: chunked'))
    const { mebibytes, grown } = await sendForEver(client, assertServed)
    assert.ok(mebibytes > 4, `${mebibytes} MiB`)
    assertRefused(client.answer()!, 413, 'INVALID_DATA')
    assert.ok(grown < 64 * MIB, `${grown} bytes were held of ${mebibytes} MiB`)
    await assertServed()
  })

  for (const [what, authorization] of [
    ['without a key', ''],
    ['with a wrong key', 'Authorization: zego_wrong\r\n'],
  ] as const) {
    it(`${what} and a body that never ends: 401, then cut off`, async () => {
      const client = new GreedyClient(api.port, { isRude: true })
      await client.write(
        `POST /v1/batch/login HTTP/1.1\r\nHost: a\r\n${authorization}Transfer-Encoding: chunked\r\n\r\n`,
      )
      const { grown } = await sendForEver(client, assertServed)
      assert.ok(grown < 64 * MIB, `${grown} bytes were held`)
      assert.equal(client.answer()?.status, 401)
      await assertServed()
    })
  }

  it('with headers that never end: 408 or 431, then cut off, however slowly they come', async () => {
    const slow = new GreedyClient(api.port)
    await slow.write('POST /v1/shift/login HTTP/1.1\r\nHost: a\r\nX-Slow: ')
    const fast = new GreedyClient(api.port, { isRude: true })
    await fast.write('POST /v1/shift/login HTTP/1.1\r\nHost: a\r\n')
    const dripped = fast.drip(() => `X-${'fast'.repeat(100)}: 1\r\n`)
    await assertServed()
    await Promise.all([cutOff(slow), dripped])
    assertRefused(slow.answer()!, 408, 'INVALID_DATA')
    assertRefused(fast.answer()!, 431, 'INVALID_DATA')
    await assertServed()
  })

  it('with a body that comes in drops: 408, then cut off, and nothing of it is stored', async () => {
    const client = new GreedyClient(api.port, { isRude: true })
    await client.write(head(`Content-Length: ${4 * MIB}`))
    await client.drip(() => ' ')
    assertRefused(client.answer()!, 408, 'INVALID_DATA')
    await assertServed()
  })

  it('with a body that stops: 408, then cut off', async () => {
    const client = new GreedyClient(api.port)
    await client.write(head('Content-Length: 100') + BODY.slice(0, 10))
    await cutOff(client)
    assertRefused(client.answer()!, 408, 'INVALID_DATA')
  })

  it('that says nothing, or nothing more, is cut off', async () => {
    const silent = Array.from({ length: 50 }, () => new GreedyClient(api.port))
    const served = new GreedyClient(api.port)
    await served.write(head(`Content-Length: ${BODY.length}`) + BODY)
    await Promise.all([...silent, served].map(cutOff))
    assertAccepted(served.answer()!)
    await assertServed()
  })

  it('with a compressed body: 400, and it is not unpacked', async () => {
    // Packed piece by piece: what is unpacked shall be nowhere in this process, so that what is held tells of the server.
    const pieces = Readable.from(Array.from({ length: 128 }, () => CHUNK))
    const bomb = await buffer(pieces.pipe(createGzip()))
    const before = heldBytes()
    for (const encoding of ['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'gzip, gzip']) {
      const headers = [`Content-Encoding: ${encoding}`]
      assertRefused(await api.request('POST', '/v1/shift/login', { body: bomb, headers }), 400, 'INVALID_DATA')
    }
    const grown = heldBytes() - before
    assert.ok(grown < 64 * MIB, `${grown} bytes were held`)
    const headers = ['Content-Encoding: identity']
    assertAccepted(await api.request('POST', '/v1/shift/login', { body: BODY, headers }))
  })

  const length = BODY.length
  for (const [what, lines] of [
    ['two Content-Lengths that differ', [`Content-Length: ${length}`, `Content-Length: ${length + 1}`]],
    ['two Content-Lengths that agree', [`Content-Length: ${length}`, `Content-Length: ${length}`]],
    ['a Content-Length of two numbers', [`Content-Length: ${length}, ${length}`]],
    ['a Content-Length and chunks', [`Content-Length: ${length}`, 'Transfer-Encoding: chunked']],
    ['chunks within chunks', ['Transfer-Encoding: chunked, chunked']],
    ['a negative Content-Length', ['Content-Length: -1']],
    ['a Content-Length that is no number', ['Content-Length: 0x10']],
    ['a Content-Length with a sign', [`Content-Length: +${length}`]],
  ] as const) {
    it(`with ${what}: 400, then cut off; what follows is not taken for a request`, async () => {
      const client = new GreedyClient(api.port)
      await client.write(`${head(...lines)}${BODY}${head(`Content-Length: ${length}`)}${BODY}`)
      await cutOff(client)
      assertRefused(client.answer()!, 400, 'INVALID_DATA')
      assert.equal(client.text.match(/HTTP\/1\.1 /g)?.length, 1, client.text)
    })
  }

  it('of all these did the server no harm', assertServed)
})

describe('B7 many connections', () => {
  it('5,000 idle ones keep nobody from being served', { timeout: 120_000 }, async (t) => {
    const api = await openApi('embedded', { headersMs: 30_000 })
    const idle: GreedyClient[] = []
    try {
      while (idle.length < 5_000) {
        const some = Array.from({ length: 100 }, () => new GreedyClient(api.port))
        await Promise.all(some.map((client) => once(client.socket, 'connect')))
        idle.push(...some)
      }
      for (const client of idle.slice(0, 2_500)) await client.write('POST /v1/shift/login HTTP/1.1\r\n')
      for (let i = 0; i < 20; i++) {
        assertAccepted(await api.request('POST', '/v1/shift/login', { body: BODY }))
      }
      t.diagnostic(`${idle.filter((client) => !client.isClosed).length} connections are open`)
      assert.ok(idle.every((client) => !client.isClosed))
    } finally {
      for (const client of idle) client.socket.destroy()
      await api.close()
    }
  })

  it('with 10 MB bodies, all at once: 413 each, nothing is kept of them, and others are served', async () => {
    const api = await openApi()
    try {
      const before = heldBytes()
      const head = `POST /v1/batch/login HTTP/1.1\r\nHost: a\r\nAuthorization: ${api.key}\r\nContent-Length: 10000000\r\n\r\n`
      const clients = Array.from({ length: 20 }, () => new GreedyClient(api.port))
      const sent = Promise.all(clients.map((client) => client.write(head).then(() => client.write(BIG))))
      assertAccepted(await api.request('POST', '/v1/shift/login', { body: BODY }))
      await sent
      for (const client of clients) {
        assertRefused(await waitFor('an answer', () => client.answer()), 413, 'INVALID_DATA')
        client.socket.destroy()
      }
      const held = heldBytes() - before
      assert.ok(held < 64 * MIB, `${held} bytes are held`)
    } finally {
      await api.close()
    }
  })

  it('those beyond the limit are closed at once, and there is room again when others go', async () => {
    const api = await openApi('embedded', { connections: 5 })
    try {
      const idle = Array.from({ length: 5 }, () => new GreedyClient(api.port))
      await Promise.all(idle.map((client) => once(client.socket, 'connect')))
      const beyond = new GreedyClient(api.port)
      await waitFor('the sixth being closed', () => beyond.isClosed)
      assert.equal(beyond.text, '')
      assert.ok(idle.every((client) => !client.isClosed))
      for (const client of idle) client.socket.destroy()
      await waitFor('being served again', async () => {
        const answer = await api.request('POST', '/v1/shift/login', { body: BODY }).catch(() => null)
        return answer?.status === 202
      })
    } finally {
      await api.close()
    }
  })
})
