import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Instant } from '../../src/domain/instant.ts'
import { isIntentOf, isIntentOpen, type LinkIntent } from '../../src/domain/link-intent.ts'

const intent: LinkIntent = {
  id: 'i',
  workProviderId: 'w',
  workProvider: 'Courier Ltd',
  userId: '1686',
  email: null,
  cameBy: 'link',
  browser: 'b1',
  accountId: null,
  outcome: null,
  expiresAt: 100 as Instant,
}

describe('a link intent', () => {
  it('belongs to the browser that opened it, whoever is logged in there', () => {
    assert.ok(isIntentOf(intent, { browser: 'b1', accountId: null }))
    assert.ok(isIntentOf(intent, { browser: 'b1', accountId: 'a1' }))
    assert.ok(!isIntentOf(intent, { browser: 'b2', accountId: 'a1' }))
    assert.ok(!isIntentOf(intent, { browser: null, accountId: null }))
  })

  it('belongs to the account that took it up, in any browser, and to nobody else', () => {
    const taken = { ...intent, accountId: 'a1' }
    assert.ok(isIntentOf(taken, { browser: 'b2', accountId: 'a1' }))
    assert.ok(isIntentOf(taken, { browser: null, accountId: 'a1' }))
    assert.ok(!isIntentOf(taken, { browser: 'b1', accountId: 'a2' }))
    assert.ok(!isIntentOf(taken, { browser: 'b1', accountId: null }))
  })

  it('of no browser and no account is nobody’s', () => {
    assert.ok(!isIntentOf({ ...intent, browser: null }, { browser: null, accountId: null }))
  })

  it('is open until it is decided or runs out', () => {
    assert.ok(isIntentOpen(intent, 99 as Instant))
    assert.ok(!isIntentOpen(intent, 100 as Instant))
    assert.ok(!isIntentOpen({ ...intent, outcome: 'declined' }, 99 as Instant))
  })
})
