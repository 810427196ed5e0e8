import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { countRefusals, listRefusals, type StoredRefusal } from '../../src/storage/refusals.ts'
import { type Api, openApi } from '../support/api.ts'
import { idOf } from './answers.ts'

const KEPT = 1_000

describe('refused requests are counted, and the last 1,000 per work provider are kept, without bodies', () => {
  let api: Api
  let key: string
  let workProviderId: string
  let made = 0
  before(async () => {
    api = await openApi('embedded', { requestsPerSecond: 1_000_000, eventsPerSecond: 1_000_000 })
  })
  after(() => api.close())
  beforeEach(async () => {
    const name = `Work provider ${++made}`
    workProviderId = (await createWorkProvider(api.context, name)).id
    key = (await createKey(api.context, name)).key
  })

  /** Reads the counts until so many are stored: they are gathered, and written from time to time. */
  async function counted(of: string | null, total: number): Promise<Record<string, number>> {
    for (;;) {
      const counts = await countRefusals(api.context.db, of)
      const sum = Object.values(counts).reduce((a, b) => a + b, 0)
      assert.ok(sum <= total, JSON.stringify(counts))
      if (sum === total) return counts
    }
  }
  const kept = (of: string | null): Promise<StoredRefusal[]> => listRefusals(api.context.db, of, 10 * KEPT)

  it('each is kept with when, what was asked, and why it was refused', { timeout: 60_000 }, async () => {
    const answers = [
      await api.request('POST', '/v1/shift/login/', { key, body: '{}' }),
      await api.request('POST', '/v1/batch/login', { key, body: `[${Array(10_001).fill('{}').join(',')}]` }),
      await api.request('GET', '/v1/status?customerNumber=NOBODY', { key }),
      await api.request('GET', '/v1/requests/x', { key }),
    ]
    const counts = await counted(workProviderId, answers.length)
    assert.equal(counts['INVALID_CUSTOMER'], 1)
    assert.equal(counts['NOT_FOUND'], 1)
    const refusals = (await kept(workProviderId)).toReversed()
    assert.deepEqual(
      refusals.map(({ requestId, method, path, status, detail }) => [requestId, method, path, status, detail]),
      [
        ['POST', '/v1/shift/login', 400],
        ['POST', '/v1/batch/login', 413],
        ['GET', '/v1/status', 404],
        ['GET', '/v1/requests/x', 404],
      ].map((row, i) => [idOf(answers[i]!), ...row, answers[i]!.headers.get('zego-error-detail')]),
    )
  })

  it('neither body, query nor key is kept', { timeout: 60_000 }, async () => {
    const secrets = ['secret-in-the-body', 'secret@in.the.query', key]
    await api.request('POST', '/v1/shift/login', { key, body: `{"workProviderUserId":"${secrets[0]}"}` })
    await api.request('POST', '/v1/shift/login', { key, body: `${secrets[0]} is not JSON` })
    await api.request('GET', `/v1/validate/customer-number/NOBODY?email=${secrets[1]}`, { key })
    await api.request('GET', `/v1/status?workProviderUserId=${secrets[0]}`, { key })
    await counted(workProviderId, 4)
    const stored = JSON.stringify(await kept(workProviderId))
    for (const secret of secrets) assert.equal(stored.includes(secret), false, secret)
  })

  it('what is accepted is not among them', { timeout: 60_000 }, async () => {
    const body = '{"workProviderUserId":"1686","timestamp":"2025-07-06T10:00:00Z"}'
    await api.request('POST', '/v1/shift/login', { key, body })
    await api.request('POST', '/v1/batch/login', { key, body: '[]' })
    await api.request('POST', '/v1/shift/login', { key, body: '{}' })
    assert.deepEqual(await counted(workProviderId, 1), { INVALID_DATA: 1 })
  })

  it("each work provider's are its own", { timeout: 60_000 }, async () => {
    await createWorkProvider(api.context, 'Other Ltd')
    const other = await createKey(api.context, 'Other Ltd')
    await api.request('POST', '/v1/shift/login', { key, body: '{}' })
    await api.request('POST', '/v1/match', { key: other.key, body: '{}' })
    await counted(workProviderId, 1)
    assert.deepEqual(
      (await kept(workProviderId)).map((refusal) => refusal.path),
      ['/v1/shift/login'],
    )
  })

  it('the last 1,000 only are kept, and all are counted', { timeout: 120_000 }, async () => {
    const total = KEPT + 150
    const sent: string[] = []
    for (let i = 0; i < total; i += 10) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => api.request('POST', '/v1/shift/login', { key, body: '{}' })),
      )
      sent.push(...answers.map(idOf))
    }
    assert.deepEqual(await counted(workProviderId, total), { INVALID_DATA: total })
    const ids = new Set((await kept(workProviderId)).map((refusal) => refusal.requestId))
    assert.equal(ids.size, KEPT)
    assert.deepEqual(
      sent.slice(-KEPT + 10).filter((id) => !ids.has(id)),
      [],
    )
    assert.deepEqual(
      sent.slice(0, total - KEPT - 10).filter((id) => ids.has(id)),
      [],
    )
  })

  it("a request without a live key is nobody's", { timeout: 60_000 }, async () => {
    const before = await countRefusals(api.context.db, null)
    assert.deepEqual(before, {})
    await api.request('POST', '/v1/shift/login', { key: null, body: '{}' })
    await api.request('POST', '/v1/shift/login', { key: 'zego_wrong', body: '{}' })
    await api.request('POST', '/v1/shift/login', { key: 'zego_wrong', body: '{}' })
    assert.deepEqual(await counted(null, 3), { INVALID_KEY: 2, MISSING_AUTH: 1 })
    assert.deepEqual(
      (await kept(null)).map((refusal) => [refusal.workProviderId, refusal.status, refusal.error]).sort(),
      [
        [null, 401, 'INVALID_KEY'],
        [null, 401, 'INVALID_KEY'],
        [null, 401, 'MISSING_AUTH'],
      ],
    )
  })

  it('a path that is long or odd is refused and noted all the same', { timeout: 60_000 }, async () => {
    const before = Object.values(await countRefusals(api.context.db, null)).reduce((a, b) => a + b, 0)
    await api.request('GET', `/v1/requests/${'a'.repeat(10_000)}`, { key })
    await api.request('GET', '/v1/requests/%00%zz', { key })
    assert.deepEqual(await counted(workProviderId, 2), { NOT_FOUND: 2 })
    await api.request('GET', `/${'%00'.repeat(1_000)}`, { key })
    await counted(null, before + 1)
  })
})
