import assert from 'node:assert/strict'
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { after, before, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { recordConsent, releaseUserId } from '../../src/app/links.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { addLinked, assertRefused, assertServed, at, idOf, postShift, readFirstItem, report } from './answers.ts'

onEachEngine('GET /v1/requests/<id>: who may read what', (engine) => {
  let api: Api
  let otherKey: string
  before(async () => {
    api = await openApi(engine)
    await createWorkProvider(api.context, 'Other Ltd')
    otherKey = (await createKey(api.context, 'Other Ltd')).key
  })
  after(() => api.close())

  it('answers any live key of the same work provider', async () => {
    const accepted = await postShift(api, 'login', '1686')
    const { key } = await createKey(api.context, 'Courier Ltd')
    const target = `/v1/requests/${idOf(accepted)}`
    const [own, second] = [await api.request('GET', target), await api.request('GET', target, { key })]
    assertServed(second, own.body)
  })

  it("for another's, and unknown ids: 404 NOT_FOUND, the same bytes and headers", async () => {
    const shift = await postShift(api, 'login', '1686')
    const derived = await postShift(api, 'login', 'derived')
    await api.settle()
    const waiting = await postShift(api, 'login', 'waiting')
    const match = await api.request('POST', '/v1/match', { body: '{"customerNumber":"ABC12","success":true}' })
    const refused = await api.request('POST', '/v1/shift/login', { body: '{}' })
    const ids = [
      ...[shift, derived, waiting, match, refused].map(idOf),
      randomUUIDv7(),
      randomUUID(),
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-7fff-bfff-ffffffffffff',
      'x',
      '%zz',
      '%00',
      "'%20or%20true--",
      'a'.repeat(10_000),
      `${idOf(shift)}x`,
    ]
    const seen = new Set<string>()
    for (const id of ids) {
      const answer = await api.request('GET', `/v1/requests/${id}`, { key: otherKey })
      assertRefused(answer, 404, 'NOT_FOUND')
      const headers = [...answer.headers].filter(([name]) => name !== 'request-id' && name !== 'date')
      seen.add(JSON.stringify([answer.statusLine, headers, answer.body]))
    }
    assert.equal(seen.size, 1)
  })

  it('a request that was refused is no request: 404, for its own sender too', async () => {
    const refused = await api.request('POST', '/v1/shift/login', { body: '{}' })
    assertRefused(await api.request('GET', `/v1/requests/${idOf(refused)}`), 404, 'NOT_FOUND')
  })

  it('without an id: 404 NOT_FOUND', async () => {
    assertRefused(await api.request('GET', '/v1/requests'), 404, 'NOT_FOUND')
    assertRefused(await api.request('GET', '/v1/requests/'), 404, 'NOT_FOUND')
  })

  it('401 {"error":"MISSING_AUTH"} and 401 {"error":"INVALID_KEY"}', async () => {
    const target = `/v1/requests/${idOf(await postShift(api, 'login', '1686'))}`
    assertRefused(await api.request('GET', target, { key: null }), 401, 'MISSING_AUTH')
    assertRefused(await api.request('GET', target, { key: 'wrong' }), 401, 'INVALID_KEY')
  })

  it('parked is also said of a person who has not consented, or has withdrawn', async () => {
    await addLinked(api, { customerNumber: 'SHY', workProviderUserId: 'shy', consentedAt: null })
    const login = await postShift(api, 'login', 'shy')
    const byNumber = await api.request('POST', '/v1/shift/login', {
      body: report({ customerNumber: 'SHY' }, '2025-07-06T11:00:00Z'),
    })
    await api.settle()
    const outcomes = async () =>
      Promise.all([login, byNumber].map(async (one) => (await readFirstItem(api, one)).outcome))
    const name = { workProvider: 'Courier Ltd', customerNumber: 'SHY' }
    assert.deepEqual(await outcomes(), ['parked', 'parked'])
    await recordConsent(api.context, name, true)
    assert.deepEqual(await outcomes(), ['opened', 'repeat'])
    await recordConsent(api.context, name, false)
    assert.deepEqual(await outcomes(), ['parked', 'parked'])
  })

  it('nothing but the outcome tells a person who has not consented from one whom nobody knows', async () => {
    await addLinked(api, { customerNumber: 'HIDDEN', workProviderUserId: 'hidden', consentedAt: null })
    const [hidden, unknown] = [await postShift(api, 'login', 'hidden'), await postShift(api, 'login', 'not known')]
    await api.settle()
    assert.deepEqual(await readFirstItem(api, hidden), await readFirstItem(api, unknown))
  })

  it('a link that is not active yet, since a match is missing: parked', async () => {
    await createWorkProvider(api.context, 'Careful Ltd')
    const { key } = await createKey(api.context, 'Careful Ltd')
    await changeSettings(api.context, 'Careful Ltd', { linkRequires: 'match' })
    await addLinked(api, { customerNumber: 'UNMATCHED', workProvider: 'Careful Ltd', consentedAt: null })
    await recordConsent(api.context, { workProvider: 'Careful Ltd', customerNumber: 'UNMATCHED' }, true)
    const accepted = await api.request('POST', '/v1/shift/login', {
      key,
      body: report({ customerNumber: 'UNMATCHED' }),
    })
    await api.settle()
    const outcome = async () => {
      const answer = await api.request('GET', `/v1/requests/${idOf(accepted)}`, { key })
      return (JSON.parse(answer.body) as { items: { outcome: string }[] }).items[0]!.outcome
    }
    assert.equal(await outcome(), 'parked')
    await api.request('POST', '/v1/match', { key, body: '{"customerNumber":"UNMATCHED","success":true}' })
    assert.equal(await outcome(), 'opened')
  })

  it('a user id that was released: what is reported of it from then on is parked', async () => {
    await addLinked(api, { customerNumber: 'RELEASED', workProviderUserId: 'released' })
    await releaseUserId(api.context, {
      workProvider: 'Courier Ltd',
      workProviderUserId: 'released',
      at: at('2025-07-06T12:00:00Z'),
    })
    const accepted = await postShift(api, 'login', 'released', '2025-07-06T12:00:00Z')
    await api.settle()
    assert.equal((await readFirstItem(api, accepted)).outcome, 'parked')
  })

  it('for a match: {"id","receivedAt","match":{"success","outcome"}}, at once', async () => {
    await addLinked(api, { customerNumber: 'MATCH1' })
    const accepted = await api.request('POST', '/v1/match', { body: '{"customerNumber":"MATCH1","success":true}' })
    const answer = await api.request('GET', accepted.headers.get('location')!)
    const { receivedAt } = JSON.parse(answer.body) as { receivedAt: string }
    assert.equal(Number.isNaN(Date.parse(receivedAt)), false)
    assertServed(
      answer,
      `{"id":"${idOf(accepted)}","receivedAt":"${receivedAt}","match":{"success":true,"outcome":"matched"}}`,
    )
  })
})
