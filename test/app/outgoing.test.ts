import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { Posted } from '../../src/app/outgoing.ts'
import { openOutgoing } from '../../src/outgoing.ts'

const NEVER = new AbortController().signal
const PRIVATE = 'its address is not one that may be reached'

describe('what posts to other people’s servers', () => {
  let server: Server
  let port: number
  let asked: string[] = []
  let answer: RequestListener

  before(async () => {
    server = createServer((incoming, outgoing) => {
      asked.push(`${incoming.method} ${incoming.url}`)
      answer(incoming, outgoing)
    })
    server.listen(0)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const post = (url: string, allowed: string[], answerMs?: number, signal = NEVER): Promise<Posted> => {
    asked = []
    return openOutgoing(allowed, answerMs === undefined ? {} : { answerMs }).post(
      { url, headers: {}, body: '{}' },
      signal,
    )
  }
  const plain: RequestListener = (_, outgoing) => void outgoing.end('fine')

  for (const scheme of ['http', 'https']) {
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '[::]',
      '2130706433',
      '0x7f.1',
      '127.1',
      '10.0.0.1',
      '100.64.0.1',
      '169.254.169.254',
      '172.16.0.1',
      '192.168.1.1',
      '224.0.0.1',
      '255.255.255.255',
      '[fe80::1]',
      '[fc00::1]',
      '[ff02::1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[2001::1]',
      '[2001:db8::1]',
    ]) {
      it(`does not reach ${scheme}://${host}`, async () => {
        answer = plain
        // Another network is allowed: only then are names of the machine's own looked up.
        const allowed = host === 'localhost' ? ['10.0.0.0/8'] : []
        assert.deepEqual(await post(`${scheme}://${host}:${port}/`, allowed), { kind: 'failed', why: PRIVATE })
        assert.deepEqual(asked, [])
      })
    }
  }

  it('reaches the networks that the operator allows, and no others', async () => {
    answer = plain
    const reached = { kind: 'answered', status: 200, body: 'fine' }
    assert.deepEqual(await post(`http://127.0.0.1:${port}/a?b=c`, ['127.0.0.0/8']), reached)
    assert.deepEqual(asked, ['POST /a?b=c'])
    assert.deepEqual(await post(`http://[::1]:${port}/`, ['::1']), reached)
    assert.deepEqual(await post(`http://127.0.0.1:${port}/`, ['10.0.0.0/8', '127.0.0.2']), {
      kind: 'failed',
      why: PRIVATE,
    })
  })

  it('does not reach a public name that leads inside, or one whose name server is silent for long', async () => {
    const names = createSocket('udp4')
    names.on('message', (question, from) => {
      const end = question.indexOf(0, 12) + 5
      if (question.includes('silent')) return
      const isIPv4 = question.readUInt16BE(end - 4) === 1
      const head = Buffer.from([question[0]!, question[1]!, 0x81, 0x80, 0, 1, 0, isIPv4 ? 1 : 0, 0, 0, 0, 0])
      const address = isIPv4 ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1] : []
      names.send(Buffer.concat([head, question.subarray(12, end), Buffer.from(address)]), from.port, from.address)
    })
    names.bind(0, '127.0.0.1')
    await once(names, 'listening')
    const nameServers = [`127.0.0.1:${names.address().port}`]
    const posted = (host: string): Promise<Posted> =>
      openOutgoing([], { nameServers, answerMs: 300 }).post({ url: `https://${host}/`, headers: {}, body: '' }, NEVER)
    assert.deepEqual(await posted('inside.example'), { kind: 'failed', why: PRIVATE })
    assert.deepEqual(await posted('silent.example'), { kind: 'failed', why: 'no answer within 0.3 s' })
    names.close()
  })

  it('speaks without TLS to the networks that the operator allows alone, not to the public internet', async () => {
    assert.deepEqual(await post('http://8.8.8.8/', ['127.0.0.0/8']), { kind: 'failed', why: PRIVATE })
    assert.deepEqual(await post('http://[2606:4700::1]/', ['127.0.0.0/8']), { kind: 'failed', why: PRIVATE })
  })

  it('follows nobody to another address', async () => {
    answer = (_, outgoing) => outgoing.writeHead(307, { Location: '/elsewhere' }).end()
    const posted = await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'])
    assert.deepEqual(posted, { kind: 'answered', status: 307, body: '' })
    assert.equal(asked.length, 1)
  })

  it('gives up on a server that does not answer, or never comes to an end', async () => {
    const late = { kind: 'failed', why: 'no answer within 0.2 s' }
    answer = () => {}
    assert.deepEqual(await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'], 200), late)
    answer = (_, outgoing) => void outgoing.write('x')
    assert.deepEqual(await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'], 200), late)
    answer = (_, outgoing) => void outgoing.end(Buffer.alloc(10_000_000))
    const large = await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'])
    assert.deepEqual(large, { kind: 'failed', why: 'the answer is larger than 65536 bytes' })
    answer = (_, outgoing) => {
      outgoing.socket!.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    }
    const upgraded = await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'])
    assert.deepEqual(upgraded, { kind: 'failed', why: 'it answered 101' })
    answer = (incoming) => incoming.socket.destroy()
    const broken = await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'])
    assert.equal(broken.kind, 'failed')
    assert.equal((await post('http://nowhere.invalid/', [])).kind, 'failed')
  })

  it('gives up sooner where it is told to', async () => {
    answer = () => {}
    const outgoing = openOutgoing(['127.0.0.1'])
    const posted = await outgoing.post({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '' }, NEVER, 100)
    assert.deepEqual(posted, { kind: 'failed', why: 'no answer within 0.1 s' })
  })

  it('keeps nobody waiting for others at the same host', async () => {
    const outgoing = openOutgoing(['127.0.0.1'])
    answer = (incoming, response) => void (incoming.url === '/quick' && response.end('fine'))
    const stopping = new AbortController()
    asked = []
    const send = (path: string): Promise<Posted> =>
      outgoing.post({ url: `http://127.0.0.1:${port}${path}`, headers: {}, body: '' }, stopping.signal)
    const slow = Array.from({ length: 40 }, () => send('/slow'))
    assert.deepEqual(await send('/quick'), { kind: 'answered', status: 200, body: 'fine' })
    stopping.abort()
    assert.ok((await Promise.all(slow)).every(({ kind }) => kind === 'stopped'))
  })

  it('stops at once when it is told to', async () => {
    const stopping = new AbortController()
    answer = () => stopping.abort()
    assert.deepEqual(await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'], 15_000, stopping.signal), {
      kind: 'stopped',
    })
  })

  it('speaks TLS, and only with a server whose certificate is good for its name', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'zego-tls-'))
    const file = (name: string): string => join(directory, name)
    try {
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
      const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file('key')]
      execFileSync('openssl', ['req', '-x509', ...key, '-out', file('cert'), '-days', '2', ...subject], {
        stdio: 'ignore',
      })
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') throw error
      t.skip('openssl is not here to make a certificate')
      return
    }
    const cert = readFileSync(file('cert'))
    const tls = createTlsServer({ key: readFileSync(file('key')), cert }, (_, outgoing) => void outgoing.end('secret'))
    rmSync(directory, { recursive: true })
    tls.listen(0)
    await once(tls, 'listening')
    const { port: tlsPort } = tls.address() as AddressInfo
    const before = getCACertificates('default')
    try {
      const unknown = await post(`https://localhost:${tlsPort}/`, ['127.0.0.1', '::1'])
      assert.match(unknown.kind === 'failed' ? unknown.why : '', /SELF_SIGNED/)
      setDefaultCACertificates([...before, cert.toString()])
      const good = await post(`https://localhost:${tlsPort}/`, ['127.0.0.1', '::1'])
      assert.deepEqual(good, { kind: 'answered', status: 200, body: 'secret' })
      const another = await post(`https://127.0.0.1:${tlsPort}/`, ['127.0.0.1', '::1'])
      assert.match(another.kind === 'failed' ? another.why : '', /ERR_TLS_CERT_ALTNAME_INVALID/)
      const elsewhere = await post(`https://localhost:${tlsPort}/`, ['10.0.0.0/8'])
      assert.deepEqual(elsewhere, { kind: 'failed', why: PRIVATE })
    } finally {
      setDefaultCACertificates(before)
      tls.closeAllConnections()
      tls.close()
    }
  })
})
