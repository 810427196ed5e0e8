import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { cancelPolicy, createPolicy } from '../../src/app/policies.ts'
import { createLink, recordConsent, releaseUserId } from '../../src/app/links.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { plus } from '../../src/domain/instant.ts'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { addLinked, assertRefused, assertServed, at, LONG_AGO, DEPRECATED } from './answers.ts'

const DAY = 24 * 60 * 60 * 1_000_000

const disabled = (number: string) => `{"status":"DISABLED","policyId":"${number}","customer_number":"${number}"}`
const enabled = (number: string, classOfUse = 'Courier') =>
  `{"status":"ENABLED","policyId":"${number}","customer_number":"${number}",` +
  `"cover_class_of_use":"${classOfUse}","cover_level":"TPO"}`

onEachEngine('user/status', (engine) => {
  let api: Api
  let otherKey: string
  before(async () => {
    api = await openApi(engine)
    await createWorkProvider(api.context, 'Other Ltd')
    otherKey = (await createKey(api.context, 'Other Ltd')).key
  })
  after(() => api.close())

  const ask = (query: string) => api.request('GET', `/v1/user/status/?${query}`)
  const insure = (customerNumber: string, policy: Partial<Parameters<typeof createPolicy>[1]> = {}) =>
    createPolicy(api.context, {
      customerNumber,
      classOfUse: 'Courier',
      coverLevel: 'TPO',
      from: LONG_AGO,
      ...policy,
    })

  it('ENABLED with a vehicle: the fields and their order as in the contract', async () => {
    await addLinked(api, { customerNumber: 'ABC123', workProviderUserId: '12345' })
    await insure('ABC123', {
      classOfUse: 'Carriage of Goods for Hire & Reward',
      coverLevel: 'Third Party (TPO)',
      vehicleRegistration: 'VY7 JC3',
    })
    const body =
      '{"status":"ENABLED","policyId":"ABC123","customer_number":"ABC123",' +
      '"cover_class_of_use":"Carriage of Goods for Hire & Reward","cover_level":"Third Party (TPO)",' +
      '"vehicle_registration":"VY7 JC3"}'
    for (const query of ['customerNumber=ABC123', 'workProviderUserId=12345', 'customerNumber=abc123']) {
      assertServed(await ask(query), body)
    }
  })

  it('ENABLED without a vehicle: no vehicle_registration', async () => {
    await addLinked(api, { customerNumber: 'NOCAR', isInsured: true })
    assertServed(await ask('customerNumber=NOCAR'), enabled('NOCAR'))
  })

  it('DISABLED: an active link, and no policy', async () => {
    await addLinked(api, { customerNumber: 'NOPOLICY', workProviderUserId: 'no-policy' })
    assertServed(await ask('customerNumber=NOPOLICY'), disabled('NOPOLICY'))
    assertServed(await ask('workProviderUserId=no-policy'), disabled('NOPOLICY'))
  })

  it('DISABLED: policies that are over, cancelled, not yet valid, or good for another work provider', async () => {
    const now = api.context.now()
    await addLinked(api, { customerNumber: 'NOTNOW' })
    await insure('NOTNOW', { to: plus(LONG_AGO, DAY) })
    await insure('NOTNOW', { from: plus(now, DAY) })
    await insure('NOTNOW', { workProvider: 'Other Ltd' })
    const cancelled = await insure('NOTNOW')
    assertServed(await ask('customerNumber=NOTNOW'), enabled('NOTNOW'))
    await cancelPolicy(api.context, cancelled.id)
    assertServed(await ask('customerNumber=NOTNOW'), disabled('NOTNOW'))
  })

  it('ENABLED: a policy that is good for only this work provider', async () => {
    await addLinked(api, { customerNumber: 'ONLYHERE' })
    await insure('ONLYHERE', { workProvider: 'Courier Ltd' })
    assertServed(await ask('customerNumber=ONLYHERE'), enabled('ONLYHERE'))
  })

  it('several policies: the one that started last', async () => {
    await addLinked(api, { customerNumber: 'SEVERAL' })
    await insure('SEVERAL', { classOfUse: 'Middle', from: at('2021-01-01T00:00:00Z') })
    await insure('SEVERAL', { classOfUse: 'Last', from: at('2022-01-01T00:00:00Z') })
    await insure('SEVERAL', { classOfUse: 'First', from: LONG_AGO })
    assertServed(await ask('customerNumber=SEVERAL'), enabled('SEVERAL', 'Last'))
  })

  for (const path of ['/v1/user/status/', '/v1/user/status', '/v1/status/', '/v1/status']) {
    it(`GET ${path}: one and the same, by all four names, the deprecated with Deprecation`, async () => {
      const body = disabled('NOPOLICY')
      const get = (query: string) => api.request('GET', `${path}?${query}`)
      assertServed(await get('customerNumber=NOPOLICY'), body)
      assertServed(await get('workProviderUserId=no-policy'), body)
      assertServed(await get('policyId=NOPOLICY'), body, { deprecation: '@1534118400' })
      assertServed(await get('driverId=no-policy'), body, { deprecation: '@1534118400' })
    })

    it(`GET ${path}: 401 {"error":"MISSING_AUTH"} and {"error":"INVALID_KEY"}`, async () => {
      const target = `${path}?customerNumber=NOPOLICY`
      assertRefused(await api.request('GET', target, { key: null }), 401, 'MISSING_AUTH')
      assertRefused(await api.request('GET', target, { key: 'wrong' }), 401, 'INVALID_KEY')
    })
  }

  const malformed: readonly [string, string][] = [
    ['none', ''],
    ['none but something else', 'email=driver@example.com'],
    ['two', 'customerNumber=ABC123&workProviderUserId=12345'],
    ['an old and a new name of one', 'customerNumber=ABC123&policyId=ABC123'],
    ['empty', 'customerNumber='],
    ['empty user id', 'workProviderUserId='],
    ['named without a value', 'workProviderUserId'],
    ['repeated', 'workProviderUserId=12345&workProviderUserId=12345'],
    ['empty and repeated', 'customerNumber=&customerNumber=ABC123'],
  ]
  for (const [what, query] of malformed) {
    it(`status with identities: ${what}: 400`, async () => {
      assertRefused(await ask(query), 400, 'INVALID_DATA', query.includes('policyId') ? DEPRECATED : {})
    })
  }

  it('unknown extra parameters are ignored', async () => {
    assertServed(await ask('a=1&customerNumber=NOPOLICY&a=2&b'), disabled('NOPOLICY'))
  })

  it('404 INVALID_CUSTOMER: the same bytes and the same headers, whoever cannot be seen and why', async () => {
    await createCustomer(api.context, { customerNumber: 'UNLINKED', email: 'unlinked@example.com' })
    await addLinked(api, { customerNumber: 'ELSEWHERE', workProviderUserId: 'elsewhere', workProvider: 'Other Ltd' })
    await addLinked(api, { customerNumber: 'SILENT', workProviderUserId: 'silent', consentedAt: null, isInsured: true })
    await addLinked(api, { customerNumber: 'GONE', workProviderUserId: 'gone', isInsured: true })
    await recordConsent(api.context, { workProvider: 'Courier Ltd', customerNumber: 'GONE' }, false)
    const tomorrow = plus(api.context.now(), DAY)
    await addLinked(api, { customerNumber: 'TOMORROW', consentedAt: tomorrow, isInsured: true })
    await addLinked(api, { customerNumber: 'RELEASED', workProviderUserId: 'released', isInsured: true })
    await releaseUserId(api.context, { workProvider: 'Courier Ltd', workProviderUserId: 'released' })
    const unseen = [
      'customerNumber=NOBODY',
      'customerNumber=UNLINKED',
      'customerNumber=ELSEWHERE',
      'customerNumber=SILENT',
      'customerNumber=GONE',
      'customerNumber=TOMORROW',
      'customerNumber=ABC-123',
      'customerNumber=ABC%00',
      'customerNumber=%20ABC123',
      'customerNumber=%zz',
      `customerNumber=${'A'.repeat(256)}`,
      `customerNumber=${'A'.repeat(10_000)}`,
      'workProviderUserId=nobody',
      'workProviderUserId=elsewhere',
      'workProviderUserId=silent',
      'workProviderUserId=gone',
      'workProviderUserId=released',
      'workProviderUserId=12345%00',
      'workProviderUserId=%ED%A0%80',
      'workProviderUserId=%FF',
      `workProviderUserId=${'1'.repeat(256)}`,
      'workProviderUserId=%27%3B%20drop%20table%20link%3B%20--',
    ]
    const answers = await Promise.all(unseen.map(ask))
    const comparable = answers.map((answer) => {
      assertRefused(answer, 404, 'INVALID_CUSTOMER')
      const headers = [...answer.headers].filter(([name]) => name !== 'request-id' && name !== 'date')
      return JSON.stringify([answer.statusLine, headers, answer.body])
    })
    assert.deepEqual([...new Set(comparable)], [comparable[0]])
  })

  it("a work provider's key used on another's customer: 404, the same bytes as for one who is not found", async () => {
    const askOther = (query: string) => api.request('GET', `/v1/status?${query}`, { key: otherKey })
    assertRefused(await askOther('customerNumber=ABC123'), 404, 'INVALID_CUSTOMER')
    assertRefused(await askOther('workProviderUserId=12345'), 404, 'INVALID_CUSTOMER')
  })

  it('the same user id at two work providers is two persons', async () => {
    await addLinked(api, { customerNumber: 'HERE', workProviderUserId: 'twice' })
    await addLinked(api, { customerNumber: 'THERE', workProviderUserId: 'twice', workProvider: 'Other Ltd' })
    const target = '/v1/status?workProviderUserId=twice'
    assertServed(await api.request('GET', target), disabled('HERE'))
    assertServed(await api.request('GET', target, { key: otherKey }), disabled('THERE'))
  })

  it('from a withdrawal on 404, from a new consent on served again', async () => {
    await addLinked(api, { customerNumber: 'BACK' })
    const name = { workProvider: 'Courier Ltd', customerNumber: 'BACK' }
    await recordConsent(api.context, name, false)
    assertRefused(await ask('customerNumber=BACK'), 404, 'INVALID_CUSTOMER')
    await recordConsent(api.context, name, true)
    assertServed(await ask('customerNumber=BACK'), disabled('BACK'))
  })

  it('where the setting requires a match: 404 until the first success, and for good from then on', async () => {
    await createWorkProvider(api.context, 'Careful Ltd')
    const { key } = await createKey(api.context, 'Careful Ltd')
    await changeSettings(api.context, 'Careful Ltd', { linkRequires: 'match' })
    await addLinked(api, { customerNumber: 'MATCHED', workProvider: 'Careful Ltd', consentedAt: null })
    await recordConsent(api.context, { workProvider: 'Careful Ltd', customerNumber: 'MATCHED' }, true)
    const askCareful = () => api.request('GET', '/v1/status?customerNumber=MATCHED', { key })
    const match = (success: boolean) =>
      api.request('POST', '/v1/match', { key, body: JSON.stringify({ customerNumber: 'MATCHED', success }) })
    assertRefused(await askCareful(), 404, 'INVALID_CUSTOMER')
    await match(false)
    assertRefused(await askCareful(), 404, 'INVALID_CUSTOMER')
    await match(true)
    assertServed(await askCareful(), disabled('MATCHED'))
    await match(false)
    assertServed(await askCareful(), disabled('MATCHED'))
  })

  it('where the setting requires a signed URL: 404 for a link that was made otherwise', async () => {
    await createWorkProvider(api.context, 'Signing Ltd')
    const { key } = await createKey(api.context, 'Signing Ltd')
    await changeSettings(api.context, 'Signing Ltd', { linkRequires: 'signature' })
    await addLinked(api, { customerNumber: 'UNSIGNED', workProvider: 'Signing Ltd', consentedAt: null })
    await recordConsent(api.context, { workProvider: 'Signing Ltd', customerNumber: 'UNSIGNED' }, true)
    const answer = await api.request('GET', '/v1/status?customerNumber=UNSIGNED', { key })
    assertRefused(answer, 404, 'INVALID_CUSTOMER')
  })

  it('a link may hold several user ids; each is found', async () => {
    await addLinked(api, { customerNumber: 'MANYIDS', workProviderUserId: 'first id' })
    const link = { workProvider: 'Courier Ltd', customerNumber: 'MANYIDS' }
    await createLink(api.context, { ...link, workProviderUserId: 'second+id&=%' })
    assertServed(await ask('workProviderUserId=first+id'), disabled('MANYIDS'))
    assertServed(await ask('workProviderUserId=first%20id'), disabled('MANYIDS'))
    assertServed(await ask('workProviderUserId=second%2Bid%26%3D%25'), disabled('MANYIDS'))
  })
})
