import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KyselyPlugin, sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { Refusal } from '../../src/domain/errors.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { type Limits, STANDARD_LIMITS } from '../../src/domain/limits.ts'
import { contextOn, onEachEngine, openStore, type Store } from '../support/stores.ts'

const WORK_PROVIDER = '01900000-0000-7000-8000-000000000000'

onEachEngine('accepting', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  function request(items = 1) {
    const reports = Array.from({ length: items }, (_, index) => ({
      identity: { kind: 'user_id' as const, text: `u${index}` },
      at: (Date.UTC(2026, 10, 1) * 1000 + index) as Instant,
    }))
    return { requestId: store.context.newId(), workProviderId: WORK_PROVIDER, kind: 'login' as const, reports }
  }

  async function stored(requestId: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from inbox where request_id = ${requestId}`.execute(store.context.db)
    return rows[0]!.count
  }

  async function isUnavailable(accepting: Promise<void>): Promise<void> {
    await assert.rejects(
      accepting,
      (error) => error instanceof Refusal && error.error === 'UNAVAILABLE' && error.retryAfterSeconds !== null,
    )
  }

  test('is over when every report of the request is stored', async () => {
    const one = request(1_000)
    await startAcceptor(store.context, () => {}).accept(one)
    assert.equal(await stored(one.requestId), 1_000)
  })

  test('concurrent requests share commits', async () => {
    let statements = 0
    const counter: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        statements += 1
        return result
      },
    }
    const counted = contextOn(store.target, [counter])
    const acceptor = startAcceptor(counted.context, () => {})
    const requests = Array.from({ length: 300 }, () => request())
    await Promise.all(requests.map((one) => acceptor.accept(one)))
    await counted.close()
    assert.ok(statements <= 3, `${statements} statements for 300 requests at once`)
    for (const one of requests) assert.equal(await stored(one.requestId), 1)
  })

  test('wakes the projector once stored, not before', async () => {
    const one = request()
    let seen: Promise<number> | null = null
    await startAcceptor(store.context, () => (seen = stored(one.requestId))).accept(one)
    assert.equal(await seen, 1)
  })

  const limited = (limits: Partial<Limits>): Context => ({
    ...store.context,
    limits: { ...STANDARD_LIMITS, ...limits },
  })

  test('refuses what the queue has no room for, and takes more when it has', async () => {
    const acceptor = startAcceptor(limited({ queuedEvents: 10 }), () => {})
    const first = acceptor.accept(request(8))
    const refused = request(8)
    await isUnavailable(acceptor.accept(refused))
    await first
    assert.equal(await stored(refused.requestId), 0)
    await acceptor.accept(request(8))
    const few = startAcceptor(limited({ queuedBytes: 300 }), () => {})
    await isUnavailable(few.accept(request(2)))
  })

  test('says so when the disk is too slow, and never that it is stored', async () => {
    const acceptor = startAcceptor(store.context, () => {}, 50)
    const locked = Promise.withResolvers<void>()
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const held = store.context.db.transaction().execute(async (trx) => {
      await sql`lock table inbox in access exclusive mode`.execute(trx)
      locked.resolve()
      await released
    })
    await locked.promise
    const slow = request()
    await isUnavailable(acceptor.accept(slow))
    release()
    await held
    await acceptor.drain()
    assert.equal(await stored(slow.requestId), 1, 'stored later all the same: to repeat it is harmless')
  })

  test('says so when the database is gone', async () => {
    const gone = contextOn({ url: 'postgres://root@127.0.0.1:1/none' })
    await isUnavailable(startAcceptor(gone.context, () => {}).accept(request()))
    await gone.close()
  })
})
