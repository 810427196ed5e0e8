import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Api, openApi } from '../support/api.ts'
import { assertAccepted, assertAnswer, assertRefused, DEPRECATED, idOf, PENDING, readBack } from './answers.ts'

const TIMESTAMP = '2025-07-06T10:00:00Z'
const good = (id: string) => ({ workProviderUserId: id, timestamp: TIMESTAMP })

describe('batch/login and batch/logout', () => {
  let api: Api
  before(async () => {
    api = await openApi()
  })
  after(() => api.close())

  const post = (path: string, items: unknown) => api.request('POST', path, { body: JSON.stringify(items) })

  for (const kind of ['login', 'logout']) {
    for (const path of [`/v1/batch/${kind}/`, `/v1/batch/${kind}`]) {
      it(`POST ${path}: 202 {"status":"PENDING"}, with Location`, async () => {
        assertAccepted(await post(path, [{ customerNumber: '1686', timestamp: TIMESTAMP }, good('8545')]))
      })
    }

    it(`POST /v1/batch/${kind}: every item is kept, under its index and its kind`, async () => {
      const items = [good('a'), { customerNumber: 'B', timestamp: '2025-07-06T11:00:00Z' }, good('c')]
      const state = await readBack(api, await post(`/v1/batch/${kind}`, items))
      assert.deepEqual(
        state.items.map((item) => [item.index, item.kind, Temporal.Instant.from(item.at).toString()]),
        [
          [0, kind, '2025-07-06T10:00:00Z'],
          [1, kind, '2025-07-06T11:00:00Z'],
          [2, kind, '2025-07-06T10:00:00Z'],
        ],
      )
    })

    it(`POST /v1/batch/${kind}: 401 {"error":"MISSING_AUTH"}`, async () => {
      assertRefused(await api.request('POST', `/v1/batch/${kind}/`, { key: null, body: '[]' }), 401, 'MISSING_AUTH')
    })

    it(`POST /v1/batch/${kind}: 401 {"error":"INVALID_KEY"}`, async () => {
      assertRefused(await api.request('POST', `/v1/batch/${kind}/`, { key: 'no', body: '[]' }), 401, 'INVALID_KEY')
    })

    it(`POST /v1/batch/${kind}: 400 {"error":"INVALID_DATA"} for an object`, async () => {
      assertRefused(await post(`/v1/batch/${kind}/`, good('1686')), 400, 'INVALID_DATA')
    })

    it(`POST /v1/batch/${kind}: an empty batch is 202, without Location`, async () => {
      assertAnswer(await post(`/v1/batch/${kind}`, []), 202, PENDING, { 'content-type': 'application/json' })
    })
  }

  it('one deprecated field in a batch: Deprecation says since when', async () => {
    assertAccepted(await post('/v1/batch/login', [good('1'), { driverId: '2', timestamp: TIMESTAMP }]), DEPRECATED)
  })

  it('the error detail names the bad item and what is wrong with it', async () => {
    const items = [good('1'), good('2'), good('3'), { workProviderUserId: '4', timestamp: '2025-07-06T10:00:00' }]
    const answer = await post('/v1/batch/login', items)
    assertAnswer(answer, 400, '{"error":"INVALID_DATA"}', {
      'content-type': 'application/json',
      'zego-error-detail': 'item 3: timestamp has no time zone',
    })
  })

  const badItems: readonly [string, unknown][] = [
    ['not an object', 'item'],
    ['null', null],
    ['a number', 1],
    ['an array', [good('1')]],
    ['without an identity', { timestamp: TIMESTAMP }],
    ['with two identities', { ...good('1'), customerNumber: 'A' }],
    ['without a timestamp', { workProviderUserId: '1' }],
    ['with a bad timestamp', { workProviderUserId: '1', timestamp: 'now' }],
    ['with a bad customer number', { customerNumber: 'A-1', timestamp: TIMESTAMP }],
    ['with a NUL', good('a\0b')],
  ]
  for (const [index, [what, item]] of badItems.entries()) {
    it(`a batch with one bad item (${what}): 400 for the whole, nothing stored`, async () => {
      const first = good(`first of bad ${index}`)
      const last = good(`last of bad ${index}`)
      const refused = await post('/v1/batch/login', [first, item, last])
      assertRefused(refused, 400, 'INVALID_DATA')
      assert.match(refused.headers.get('zego-error-detail')!, /^item 1: /)
      assertRefused(await api.request('GET', `/v1/requests/${idOf(refused)}`), 404, 'NOT_FOUND')
      const sentAgain = await post('/v1/batch/login', [first, last])
      await api.settle()
      const { items } = await readBack(api, sentAgain)
      assert.deepEqual(
        items.map((one) => one.duplicateOf),
        [null, null],
      )
    })
  }

  it('the same report again, in a batch or alone: 202, one event', async () => {
    const batch = await post('/v1/batch/login', [good('again'), good('other'), good('again')])
    const alone = await api.request('POST', '/v1/shift/login', { body: JSON.stringify(good('again')) })
    const logout = await post('/v1/batch/logout', [good('again')])
    await api.settle()
    const duplicates = async (answer: typeof batch) => (await readBack(api, answer)).items.map((one) => one.duplicateOf)
    assert.deepEqual(await duplicates(batch), [null, null, idOf(batch)])
    assert.deepEqual(await duplicates(alone), [idOf(batch)])
    assert.deepEqual(await duplicates(logout), [null])
  })

  it('a batch of persons nobody knows: 202', async () => {
    assertAccepted(
      await post('/v1/batch/logout', [good('nobody 1'), { customerNumber: 'NOBODY', timestamp: TIMESTAMP }]),
    )
  })
})
