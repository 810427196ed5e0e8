import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it } from 'node:test'
import { clientAddress, trustedProxies } from '../../src/web/kit/client-address.ts'

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as never

describe('where a request comes from', () => {
  const proxies = trustedProxies(['10.0.0.0/8', '2001:db8::1'])

  it('is the peer, whatever a client says, unless the peer is a proxy of ours', () => {
    assert.equal(clientAddress(from('192.0.2.1', '198.51.100.1'), proxies), '192.0.2.1')
    assert.equal(clientAddress(from('::ffff:192.0.2.1'), proxies), '192.0.2.1')
  })

  it('is the last address of the chain that is not ours: what stands before it anybody can write', () => {
    assert.equal(clientAddress(from('10.1.2.3', '203.0.113.9, 198.51.100.1, 10.9.9.9'), proxies), '198.51.100.1')
    assert.equal(clientAddress(from('2001:db8::1', '2001:db8:5::7'), proxies), '2001:db8:5::7')
    assert.equal(clientAddress(from('::ffff:10.1.2.3', '198.51.100.1'), proxies), '198.51.100.1')
  })

  it('is read past the port that some proxies write, and what is no address ends the chain', () => {
    assert.equal(clientAddress(from('10.1.2.3', '9.9.9.9, 203.0.113.7:4711'), proxies), '203.0.113.7')
    assert.equal(clientAddress(from('10.1.2.3', '9.9.9.9, [2001:db8:5::7]:4711'), proxies), '2001:db8:5::7')
    assert.equal(clientAddress(from('10.1.2.3', '9.9.9.9, unknown'), proxies), '10.1.2.3')
  })

  it('is the proxy where it says nothing that is an address', () => {
    assert.equal(clientAddress(from('10.1.2.3', 'unknown, _hidden'), proxies), '10.1.2.3')
    assert.equal(clientAddress(from('10.1.2.3'), proxies), '10.1.2.3')
  })
})
