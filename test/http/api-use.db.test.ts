import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import { createKey, listKeys, revokeKey } from '../../src/app/api-keys.ts'
import { type ApiUse, readApiUse, startApiUseLog } from '../../src/app/api-use.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { utcDayOf } from '../../src/domain/utc-day.ts'
import { waitFor } from '../faults/harness.ts'
import { type Api, openApi } from '../support/api.ts'
import { contextOn, onEachEngine } from '../support/stores.ts'

const AT = '2025-07-06T10:00:00Z'
const DAY = 24 * 3_600_000_000

onEachEngine('what is noted of the use of the API', (engine) => {
  let api: Api
  let workProviderId: string
  let workProvider: string
  let keyId: string
  let key: string
  let made = 0
  before(async () => {
    api = await openApi(engine)
  })
  after(() => api.close())
  beforeEach(async () => {
    workProvider = `Work provider ${++made}`
    workProviderId = (await createWorkProvider(api.context, workProvider)).id
    ;({ id: keyId, key } = await createKey(api.context, workProvider))
  })

  const post = (path: string, body: unknown) => api.request('POST', path, { key, body: JSON.stringify(body) })

  /** Reads until so many uses of deprecated fields are stored: they are gathered, and written from time to time. */
  async function counted(total: number): Promise<Record<string, number>> {
    const use = await waitFor('the use being stored', async () => {
      const read = await readApiUse(api.context, workProviderId, 2)
      const sum = read.deprecated.reduce((all, one) => all + one.requests, 0)
      assert.ok(sum <= total, JSON.stringify(read.deprecated))
      return sum === total ? read : null
    })
    return Object.fromEntries(
      [...Map.groupBy(use.deprecated, (one) => one.field)].map(([field, days]) => [
        field,
        days.reduce((all, one) => all + one.requests, 0),
      ]),
    )
  }

  const lastUsed = (): Promise<ApiUse['keys'][number]['lastUsedAt']> =>
    waitFor('the use of the key being stored', async () => {
      const { keys } = await readApiUse(api.context, workProviderId, 1)
      return keys.find((one) => one.id === keyId)!.lastUsedAt
    })

  it('the requests that used a deprecated field, by field: single, in a batch, asking, and refused ones too', async () => {
    await post('/v1/shift/login', { policyId: 'ABC1', timestamp: AT })
    await post('/v1/shift/login', { customerNumber: 'ABC1', policyId: null, timestamp: AT })
    await post('/v1/batch/logout', [
      { workProviderUserId: '1', timestamp: AT },
      { driverId: '1', timestamp: AT },
      { driverId: '2', timestamp: AT },
      { policyId: 'ABC1', timestamp: AT },
    ])
    await post('/v1/match', { policyId: 'ABC1', success: true })
    await api.request('GET', '/v1/status?driverId=1', { key })
    await post('/v1/shift/login', { driverId: '1', timestamp: 'yesterday' })
    assert.deepEqual(await counted(6), { policyId: 3, driverId: 3 })
  })

  it('when a key was last used, also for a request that is refused', async () => {
    const before = api.context.now()
    assert.equal((await listKeys(api.context)).find((one) => one.id === keyId)!.lastUsedAt, null)
    assert.equal((await post('/v1/shift/login', {})).status, 400)
    const first = await lastUsed()
    assert.ok(first! >= before && first! <= api.context.now())
    await post('/v1/shift/login', { workProviderUserId: '1', timestamp: AT })
    await waitFor('the later use being stored', async () => (await lastUsed())! > first!)
  })

  it('nothing of a key that is not live any more', async () => {
    await revokeKey(api.context, keyId)
    assert.equal((await post('/v1/shift/login', { driverId: '1', timestamp: AT })).status, 401)
    const log = startApiUseLog(api.context)
    await log.stop()
    const { keys, deprecated } = await readApiUse(api.context, workProviderId, 30)
    assert.deepEqual([keys.map((one) => [one.id, one.lastUsedAt]), deprecated], [[[keyId, null]], []])
  })

  it('what several processes gather adds up, and the latest use of a key stands', async () => {
    const logs = [startApiUseLog(api.context), startApiUseLog(api.context)]
    const now = api.context.now()
    logs[0]!.noteKey(keyId, now)
    logs[1]!.noteKey(keyId, (now - 5) as Instant)
    for (const log of logs) {
      log.noteDeprecated(workProviderId, 'policyId')
      log.noteDeprecated(workProviderId, 'policyId')
    }
    for (const log of logs) await log.stop()
    assert.deepEqual(await counted(4), { policyId: 4 })
    assert.equal(await lastUsed(), now)
  })

  it('by day, as many days back as are asked for', async () => {
    const now = api.context.now()
    for (const daysAgo of [40, 3, 0]) {
      const log = startApiUseLog({ ...api.context, now: () => (now - daysAgo * DAY) as Instant })
      for (let count = 0; count <= daysAgo; count++) log.noteDeprecated(workProviderId, 'driverId')
      await log.stop()
    }
    const read = async (days: number) => (await readApiUse(api.context, workProviderId, days)).deprecated
    const of = (daysAgo: number) => ({
      day: utcDayOf((now - daysAgo * DAY) as Instant),
      field: 'driverId',
      requests: daysAgo + 1,
    })
    assert.deepEqual(await read(30), [of(3), of(0)])
    assert.deepEqual(await read(41), [of(40), of(3), of(0)])
  })

  it('what could not be stored is stored when the database is back', async () => {
    const { context, close } = contextOn(api.store.target)
    let isAway = true
    const log = startApiUseLog({
      ...context,
      get db() {
        if (isAway) throw new Error('the database is away')
        return context.db
      },
    })
    log.noteDeprecated(workProviderId, 'policyId')
    log.noteKey(keyId, 1_000_000 as Instant)
    await log.stop()
    isAway = false
    log.noteDeprecated(workProviderId, 'policyId')
    log.noteKey(keyId, 2_000_000 as Instant)
    await log.stop()
    await close()
    assert.deepEqual(await counted(2), { policyId: 2 })
    assert.equal(await lastUsed(), 2_000_000)
  })
})
