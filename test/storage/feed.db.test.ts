import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { readFeedPage } from '../../src/app/feed.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { Refusal } from '../../src/domain/errors.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { insertNews, leaveGapInFeeds } from '../../src/storage/feed.ts'
import { turnFeed } from '../support/feed.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

onEachEngine('a feed after a backup was restored', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  it('has no number again that was given since, also where nothing had been told by then', async () => {
    const { context } = store
    const told = (await createWorkProvider(context, 'Told Ltd')).id
    const untold = (await createWorkProvider(context, 'Untold Ltd')).id
    const tell = async (workProviderId: string): Promise<void> => {
      const entry = { workProviderId, type: 'link.created', customerNumber: null, data: {} } as const
      await inTransaction(context.db, (trx) => insertNews(trx, [entry]))
      await turnFeed(context)
    }
    const numbersAfter = async (workProviderId: string, number: number): Promise<number[]> =>
      (await readFeedPage(context, workProviderId, number)).entries.map((entry) => entry.number)
    await tell(told)
    await leaveGapInFeeds(context.db)
    for (const one of [told, untold]) await tell(one)
    // Both had read up to 7 before.
    assert.deepEqual(await numbersAfter(told, 7), [1_000_000_002])
    await assert.rejects(numbersAfter(untold, 7), (error) => error instanceof Refusal && error.error === 'GONE')
    assert.deepEqual(await numbersAfter(untold, 0), [1_000_000_001])
  })
})
