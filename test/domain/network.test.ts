import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf } from '../../src/domain/network.ts'

describe('the network of an address', () => {
  it('is an IPv4 address itself, also where it is written as IPv6', () => {
    assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
    assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
    assert.equal(networkOf('::FFFF:192.0.2.7'), '192.0.2.7')
    assert.equal(networkOf('::ffff:c000:207'), '192.0.2.7')
    assert.equal(networkOf('0:0:0:0:0:FFFF:c000:0207'), '192.0.2.7')
  })

  it('is the /64 of an IPv6 address, however it is written', () => {
    const same = ['2001:db8:0:1::1', '2001:DB8::1:0:0:0:2', '2001:0db8:0000:0001:ffff:ffff:ffff:ffff', '2001:db8:0:1::']
    assert.deepEqual(new Set(same.map(networkOf)), new Set(['2001:db8:0:1::/64']))
    assert.notEqual(networkOf('2001:db8:0:2::1'), networkOf('2001:db8:0:1::1'))
    assert.equal(networkOf('::1'), '0:0:0:0::/64')
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  })
})
