import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import {
  addLinked,
  assertAccepted,
  assertRefused,
  DEPRECATED,
  idOf,
  postShift,
  readBack,
  readFirstItem,
  report,
} from './answers.ts'

onEachEngine('shift/login and shift/logout', (engine) => {
  let api: Api
  before(async () => {
    api = await openApi(engine)
  })
  after(() => api.close())

  for (const kind of ['login', 'logout'] as const) {
    for (const path of [`/v1/shift/${kind}/`, `/v1/shift/${kind}`]) {
      for (const name of ['workProviderUserId', 'customerNumber']) {
        it(`POST ${path} by ${name}: 202 {"status":"PENDING"}, with Location`, async () => {
          assertAccepted(await api.request('POST', path, { body: report({ [name]: '1686' }) }))
        })
      }
      for (const name of ['driverId', 'policyId']) {
        it(`POST ${path} by ${name}: 202, and Deprecation says since when`, async () => {
          assertAccepted(await api.request('POST', path, { body: report({ [name]: '1686' }) }), DEPRECATED)
        })
      }
    }

    it(`POST /v1/shift/${kind}: 401 {"error":"MISSING_AUTH"}`, async () => {
      const answer = await api.request('POST', `/v1/shift/${kind}/`, { key: null, body: report({ driverId: '1' }) })
      assertRefused(answer, 401, 'MISSING_AUTH')
    })

    it(`POST /v1/shift/${kind}: 401 {"error":"INVALID_KEY"}`, async () => {
      const answer = await api.request('POST', `/v1/shift/${kind}/`, { key: 'wrong', body: report({ driverId: '1' }) })
      assertRefused(answer, 401, 'INVALID_KEY')
    })

    it(`POST /v1/shift/${kind}: 400 {"error":"INVALID_DATA"}`, async () => {
      const answer = await api.request('POST', `/v1/shift/${kind}/`, { body: '{"workProviderUserId":"1686"}' })
      assertRefused(answer, 400, 'INVALID_DATA')
    })

    it(`${kind}: the kind is kept, and the report is on disk when its 202 is sent`, async () => {
      const state = await readBack(api, await postShift(api, kind, `kept-${kind}`, '2025-07-06T10:00:00.000001Z'))
      assert.deepEqual(
        state.items.map((item) => [item.index, item.kind, Temporal.Instant.from(item.at).toString(), item.outcome]),
        [[0, kind, '2025-07-06T10:00:00.000001Z', 'pending']],
      )
    })
  }

  it('a person nobody knows: 202, the contract has no 404 there', async () => {
    assertAccepted(await postShift(api, 'login', 'a person nobody knows'))
    assertAccepted(await api.request('POST', '/v1/shift/login', { body: report({ customerNumber: 'NOBODY1' }) }))
  })

  it('the same report again: 202, one event, and duplicateOf names the request that told it first', async () => {
    const first = await postShift(api, 'login', 'told twice', '2025-07-06T10:00:00Z')
    const again = await postShift(api, 'login', 'told twice', '2025-07-06T12:00:00+02:00')
    assertAccepted(first)
    assertAccepted(again)
    assert.notEqual(idOf(again), idOf(first))
    await api.settle()
    assert.equal((await readFirstItem(api, first)).duplicateOf, null)
    assert.equal((await readFirstItem(api, again)).duplicateOf, idOf(first))
  })

  it('a login and a logout at one instant are two events', async () => {
    const login = await postShift(api, 'login', 'both', '2025-07-06T10:00:00Z')
    const logout = await postShift(api, 'logout', 'both', '2025-07-06T10:00:00Z')
    await api.settle()
    assert.equal((await readFirstItem(api, login)).duplicateOf, null)
    assert.equal((await readFirstItem(api, logout)).duplicateOf, null)
  })

  for (const [newName, oldName] of [
    ['customerNumber', 'policyId'],
    ['workProviderUserId', 'driverId'],
  ] as const) {
    it(`${oldName} is the same identity as ${newName}`, async () => {
      const first = await api.request('POST', '/v1/shift/login', { body: report({ [newName]: 'SAME1' }) })
      const again = await api.request('POST', '/v1/shift/login', { body: report({ [oldName]: 'SAME1' }) })
      await api.settle()
      assert.equal((await readFirstItem(api, again)).duplicateOf, idOf(first))
    })
  }

  it('a customer number is compared upper-cased, a work provider user id byte for byte', async () => {
    const send = (identity: Record<string, string>) =>
      api.request('POST', '/v1/shift/login', { body: report(identity, '2025-07-07T10:00:00Z') })
    const upper = await send({ customerNumber: 'CASE1' })
    const lower = await send({ customerNumber: 'case1' })
    await send({ workProviderUserId: 'Case' })
    const otherId = await send({ workProviderUserId: 'case' })
    const spacedId = await send({ workProviderUserId: ' Case' })
    await api.settle()
    assert.equal((await readFirstItem(api, lower)).duplicateOf, idOf(upper))
    assert.equal((await readFirstItem(api, otherId)).duplicateOf, null)
    assert.equal((await readFirstItem(api, spacedId)).duplicateOf, null)
  })

  it('login by customer number, logout by work provider user id: one stream', async () => {
    await addLinked(api, { customerNumber: 'ONE1', workProviderUserId: 'one-1' })
    const login = await api.request('POST', '/v1/shift/login', {
      body: report({ customerNumber: 'ONE1' }, '2025-07-06T10:00:00Z'),
    })
    const logout = await api.request('POST', '/v1/shift/logout', {
      body: report({ workProviderUserId: 'one-1' }, '2025-07-06T11:00:00Z'),
    })
    await api.settle()
    assert.equal((await readFirstItem(api, login)).outcome, 'opened')
    assert.equal((await readFirstItem(api, logout)).outcome, 'closed')
  })
})
