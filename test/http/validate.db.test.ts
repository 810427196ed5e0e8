import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type Api, openApi } from '../support/api.ts'
import { assertAnswer, assertRefused } from './answers.ts'

const PATH = '/v1/validate/customer-number'

describe('validate/customer-number', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await createCustomer(api.context, { customerNumber: 'ABC12', email: 'Driver@Example.com' })
    await createCustomer(api.context, { customerNumber: 'PLUS1', email: 'dri+ver@example.com' })
  })
  after(() => api.close())

  const get = (rest: string) => api.request('GET', PATH + rest)

  const valid: readonly [string, string][] = [
    ['a customer number that exists', '/ABC12'],
    ['with a trailing slash', '/ABC12/'],
    ['in lower case', '/abc12'],
    ['percent-encoded', '/%41BC12'],
    ['with the e-mail of the customer', '/ABC12?email=Driver@Example.com'],
    ['with the e-mail encoded', '/ABC12?email=Driver%40Example.com'],
    ['with the e-mail in another case', '/ABC12?email=dRIVER%40eXAMPLE.COM'],
    ['with white space around the e-mail', '/ABC12?email=%20driver%40example.com%09'],
    ['with a trailing slash and the e-mail', '/ABC12/?email=driver@example.com'],
    ['with an e-mail that has a plus', '/PLUS1?email=dri%2Bver%40example.com'],
    ['with unknown parameters', '/ABC12?mail=other@example.com&x'],
  ]
  for (const [what, rest] of valid) {
    it(`validate ${what}: 204 and no body`, async () => {
      const answer = await get(rest)
      assertAnswer(answer, 204, '', {})
      assert.equal(answer.headers.get('transfer-encoding'), undefined)
    })
  }

  const invalid: readonly [string, string][] = [
    ['unknown', '/NOBODY'],
    ['malformed', '/ABC-12'],
    ['malformed by a space', '/ABC12%20'],
    ['malformed by a slash', '/ABC%2F12'],
    ['malformed by a NUL', '/ABC12%00'],
    ['malformed by a letter outside A-Z', '/ABC12%C3%A9'],
    ['too long', `/${'A'.repeat(256)}`],
    ['much too long', `/${'A'.repeat(10_000)}`],
    ['undecodable', '/%zz'],
    ['undecodable as UTF-8', '/%FF'],
    ['undecodable at its end', '/ABC12%'],
    ['missing', ''],
    ['missing after a slash', '/'],
    ['missing with an e-mail', '?email=driver@example.com'],
    ['unknown with an e-mail', '/NOBODY?email=driver@example.com'],
    ['unknown with an empty e-mail', '/NOBODY?email='],
  ]
  for (const [what, rest] of invalid) {
    it(`validate, number ${what}: 404 {"error":"INVALID_CUSTOMER"}`, async () => {
      assertRefused(await get(rest), 404, 'INVALID_CUSTOMER')
    })
  }

  const otherEmail: readonly [string, string][] = [
    ["not the customer's", '?email=other@example.com'],
    ["another customer's", '?email=dri%2Bver@example.com'],
    ['empty', '?email='],
    ['without a value', '?email'],
    ['white space', '?email=%20'],
    ['repeated', '?email=driver@example.com&email=driver@example.com'],
    ['undecodable', '?email=%zz'],
    ['undecodable as UTF-8', '?email=%FF'],
    ['with a NUL', '?email=driver@example.com%00'],
    ['of 10,000 characters', `?email=${'a'.repeat(10_000)}@example.com`],
    ['SQL', "?email='%20or%20true%20--"],
  ]
  for (const [what, query] of otherEmail) {
    it(`validate, e-mail ${what}: 404 {"error":"INVALID_CUSTOMER_EMAIL"}`, async () => {
      assertRefused(await get(`/ABC12${query}`), 404, 'INVALID_CUSTOMER_EMAIL')
    })
  }

  it('401 {"error":"MISSING_AUTH"} and 401 {"error":"INVALID_KEY"}, for any number', async () => {
    for (const number of ['ABC12', 'NOBODY', '%zz']) {
      assertRefused(await api.request('GET', `${PATH}/${number}`, { key: null }), 401, 'MISSING_AUTH')
      assertRefused(await api.request('GET', `${PATH}/${number}`, { key: 'wrong' }), 401, 'INVALID_KEY')
    }
  })

  it('the contract gives it to every key: linked or not, of any work provider', async () => {
    await createWorkProvider(api.context, 'Other Ltd')
    const { key } = await createKey(api.context, 'Other Ltd')
    assertAnswer(await api.request('GET', `${PATH}/ABC12`, { key }), 204, '', {})
  })
})
