import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { recordConsent } from '../../src/app/links.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { addLinked, assertAccepted, assertRefused, DEPRECATED } from './answers.ts'

describe('match', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await addLinked(api, { customerNumber: 'ABC12', workProviderUserId: '1686' })
  })
  after(() => api.close())

  const post = (body: unknown, path = '/v1/match/') => api.request('POST', path, { body: JSON.stringify(body) })
  const readMatch = async (accepted: RawAnswer): Promise<Record<string, unknown>> => {
    const answer = await api.request('GET', accepted.headers.get('location')!)
    assert.equal(answer.status, 200)
    return (JSON.parse(answer.body) as { match: Record<string, unknown> }).match
  }

  for (const path of ['/v1/match/', '/v1/match', '/v1/user/match/', '/v1/user/match']) {
    for (const success of [true, false]) {
      it(`POST ${path}, success ${success}: 202 {"status":"PENDING"}, with Location`, async () => {
        assertAccepted(await post({ customerNumber: 'ABC12', success }, path))
      })
    }

    it(`POST ${path}: 401 {"error":"MISSING_AUTH"}`, async () => {
      assertRefused(await api.request('POST', path, { key: null, body: '{}' }), 401, 'MISSING_AUTH')
    })

    it(`POST ${path}: 401 {"error":"INVALID_KEY"}`, async () => {
      assertRefused(await api.request('POST', path, { key: 'wrong', body: '{}' }), 401, 'INVALID_KEY')
    })

    it(`POST ${path}: 400 {"error":"INVALID_DATA"}`, async () => {
      assertRefused(await post({ customerNumber: 'ABC12' }, path), 400, 'INVALID_DATA')
    })
  }

  it('policyId is taken for customerNumber, and Deprecation says since when', async () => {
    assertAccepted(await post({ policyId: 'ABC12', success: true }), DEPRECATED)
  })

  const refused: readonly [string, Record<string, unknown>][] = [
    ['without customerNumber or policyId', { success: true }],
    ['customerNumber null', { customerNumber: null, success: true }],
    ['with workProviderUserId alone', { workProviderUserId: '1686', success: true }],
    ['with driverId alone', { driverId: '1686', success: true }],
    ['with workProviderUserId too', { customerNumber: 'ABC12', workProviderUserId: '1686', success: true }],
    ['with driverId too', { customerNumber: 'ABC12', driverId: '1686', success: true }],
    ['with both customerNumber and policyId', { customerNumber: 'ABC12', policyId: 'ABC12', success: true }],
    ['success "true"', { customerNumber: 'ABC12', success: 'true' }],
    ['success 1', { customerNumber: 'ABC12', success: 1 }],
    ['success null', { customerNumber: 'ABC12', success: null }],
    ['success an object', { customerNumber: 'ABC12', success: {} }],
    ['success missing', { customerNumber: 'ABC12' }],
    ['a customer number outside [A-Za-z0-9]+', { customerNumber: 'ABC-12', success: true }],
    ['an empty customer number', { customerNumber: '', success: true }],
    ['a customer number of 256 characters', { customerNumber: 'A'.repeat(256), success: true }],
    ['a customer number that is no string', { customerNumber: 12, success: true }],
  ]
  for (const [what, body] of refused) {
    it(`match ${what}: 400`, async () => {
      const extra = 'policyId' in body || 'driverId' in body ? DEPRECATED : {}
      assertRefused(await post(body), 400, 'INVALID_DATA', extra)
    })
  }

  it('a null identity counts as absent', async () => {
    assertAccepted(await post({ customerNumber: 'ABC12', workProviderUserId: null, driverId: null, success: true }))
  })

  it('unknown extra fields are ignored', async () => {
    assertAccepted(await post({ customerNumber: 'ABC12', success: true, comment: { a: [1] } }))
  })

  it('success true on a consented link: matched', async () => {
    assert.deepEqual(await readMatch(await post({ customerNumber: 'abc12', success: true })), {
      success: true,
      outcome: 'matched',
    })
  })

  it('success false: kept as what it is', async () => {
    assert.deepEqual(await readMatch(await post({ customerNumber: 'ABC12', success: false })), {
      success: false,
      outcome: 'failed',
    })
  })

  it('a match of an unknown number: 202, and says no more than of one who has not consented', async () => {
    await addLinked(api, { customerNumber: 'ASKED', consentedAt: null })
    await createCustomer(api.context, { customerNumber: 'UNLINKED', email: 'unlinked@example.com' })
    for (const customerNumber of ['NOBODY', 'ASKED', 'UNLINKED']) {
      assert.deepEqual(await readMatch(await post({ customerNumber, success: true })), {
        success: true,
        outcome: 'parked',
      })
    }
  })

  it('on a customer who has not consented: kept, and their consent completes it; a withdrawal hides it', async () => {
    await addLinked(api, { customerNumber: 'LATER', consentedAt: null })
    const accepted = await post({ customerNumber: 'LATER', success: true })
    const name = { workProvider: 'Courier Ltd', customerNumber: 'LATER' }
    const outcomes = [(await readMatch(accepted))['outcome']]
    await recordConsent(api.context, name, true)
    outcomes.push((await readMatch(accepted))['outcome'])
    await recordConsent(api.context, name, false)
    outcomes.push((await readMatch(accepted))['outcome'])
    assert.deepEqual(outcomes, ['parked', 'matched', 'parked'])
  })

  it('a failed match never un-covers anything by itself: status is the same after it', async () => {
    const status = () => api.request('GET', '/v1/user/status/?customerNumber=ABC12')
    const before = await status()
    assertAccepted(await post({ customerNumber: 'ABC12', success: false }))
    const after = await status()
    assert.deepEqual([after.status, after.body], [before.status, before.body])
    assert.equal(after.status, 200)
  })
})
