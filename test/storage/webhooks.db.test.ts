import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { addEndpoint, dropEndpoint, replay } from '../../src/app/webhooks.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { insertNews, leaveGapInFeeds } from '../../src/storage/feed.ts'
import { readWaiting, replayPiece } from '../../src/storage/webhook-deliveries.ts'
import { turnFeed } from '../support/feed.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

onEachEngine('webhooks that wait', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  it('are counted where addresses are used, with the oldest however many there are', async () => {
    const { context } = store
    const { id: workProviderId } = await createWorkProvider(context, 'Courier Ltd')
    const add = (path: string) =>
      addEndpoint(context, { workProvider: 'Courier Ltd', url: `https://hooks.example/${path}` })
    const [used, removed] = [await add('used'), await add('removed')]
    const entry = { workProviderId, type: 'link.created', customerNumber: null, data: {} } as const
    await inTransaction(context.db, (trx) => insertNews(trx, [entry, entry, entry]))
    await turnFeed(context)
    const waiting = (): ReturnType<typeof readWaiting> => readWaiting(context.db, 4)
    assert.equal((await waiting()).waiting, 4, 'counted up to the limit')
    const age = async (endpointId: string, hours: number, number: number): Promise<void> => {
      await sql`
        update webhook_delivery set next_try_at = now() - ${hours} * interval '1 hour', state = 'waiting'
        where endpoint_id = ${endpointId} and number = ${number}
      `.execute(context.db)
    }
    await age(used.id, 1, 3)
    const due = async (): Promise<number> => {
      const { rows } = await sql<{ now: number }>`select extract(epoch from now())::float8 as now`.execute(context.db)
      return Math.round((rows[0]!.now - (await waiting()).oldestDueAt! / 1e6) / 3_600)
    }
    assert.equal(await due(), 1)
    await dropEndpoint(context, removed.id)
    // As when it got its number while the address was removed.
    await age(removed.id, 5, 1)
    assert.equal((await waiting()).waiting, 3)
    assert.equal(await due(), 1)
    for (const number of [1, 2, 3]) await age(used.id, -7, number)
    assert.equal(await due(), -7)
    await dropEndpoint(context, used.id)
    assert.deepEqual(await waiting(), { waiting: 0, oldestDueAt: null })
  })

  it('are made to wait again by pieces of entries: a gap in the numbers is none', async () => {
    const { context } = store
    const { id: workProviderId } = await createWorkProvider(context, 'Gap Ltd')
    const { id } = await addEndpoint(context, { workProvider: 'Gap Ltd', url: 'https://hooks.example/gap' })
    const entry = { workProviderId, type: 'link.created', customerNumber: null, data: {} } as const
    const tell = async (): Promise<void> => {
      await inTransaction(context.db, (trx) => insertNews(trx, [entry, entry]))
      await turnFeed(context)
    }
    await tell()
    await leaveGapInFeeds(context.db)
    await tell()
    await sql`update webhook_delivery set state = 'delivered' where endpoint_id = ${id}`.execute(context.db)
    await replay(context, id, { after: 1 })
    let pieces = 0
    while (pieces < 10 && (await inTransaction(context.db, (trx) => replayPiece(trx, 2)))) pieces += 1
    assert.equal(pieces, 2)
    const { rows } = await sql<{ number: number }>`
      select number from webhook_delivery where endpoint_id = ${id} and state = 'waiting' order by number
    `.execute(context.db)
    assert.deepEqual(
      rows.map((row) => row.number),
      [2, 1_000_000_003, 1_000_000_004],
    )
  })
})
