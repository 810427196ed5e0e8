import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createLink, recordConsent, releaseUserId } from '../../src/app/links.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { at, LONG_AGO, postShift, readFirstItem } from './answers.ts'

onEachEngine('what a request tells of a person', (engine) => {
  let api: Api
  before(async () => {
    api = await openApi(engine)
  })
  after(() => api.close())

  test('is ruled by the consent of whose shift it is, not of whoever holds the id since', async () => {
    const { context } = api
    for (const customerNumber of ['FIRST', 'SECOND']) {
      await createCustomer(context, { email: `${customerNumber}@example.com`, customerNumber })
    }
    const link = { workProvider: 'Courier Ltd', workProviderUserId: '1686', consentedAt: LONG_AGO }
    await createLink(context, { ...link, customerNumber: 'FIRST' })
    const accepted = await postShift(api, 'login', '1686', '2025-07-06T10:00:00Z')
    await api.settle()
    assert.equal((await readFirstItem(api, accepted)).outcome, 'opened')

    await recordConsent(context, { workProvider: 'Courier Ltd', customerNumber: 'FIRST' }, false)
    assert.equal((await readFirstItem(api, accepted)).outcome, 'parked')

    await releaseUserId(context, { ...link, at: at('2025-08-01T00:00:00Z') })
    await createLink(context, { ...link, customerNumber: 'SECOND' })
    const { outcome, shift } = await readFirstItem(api, accepted)
    assert.deepEqual({ outcome, shift }, { outcome: 'parked', shift: null })
  })
})
