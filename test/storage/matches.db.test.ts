import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { insertMatch, isRecognised, lastWordsOn, matchesOf } from '../../src/storage/matches.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

onEachEngine('the words on a customer number', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  it('are read as the first good one and the last few, of the work provider that is asked about', async () => {
    const { context } = store
    const [ace, bolt] = [await createWorkProvider(context, 'Ace'), await createWorkProvider(context, 'Bolt')]
    const say = async (workProviderId: string, success: boolean): Promise<string> => {
      const requestId = context.newId()
      await insertMatch(context.db, { requestId, workProviderId, customerNumber: 'C1', success })
      return requestId
    }
    for (let index = 0; index < 5; index++) await say(ace.id, false)
    const good = await say(ace.id, true)
    await say(ace.id, true)
    const bad = await say(bolt.id, false)
    const last: string[] = []
    for (let index = 0; index < 3; index++) last.push(await say(ace.id, false))
    const [ofAce, ofBolt] = [ace, bolt].map(({ id }) => ({ workProviderId: id, customerNumber: 'C1' }))
    const idsOf = (words: readonly { requestId: string }[]): string[] => words.map(({ requestId }) => requestId)
    assert.deepEqual(idsOf(await matchesOf(context.db, [ofAce!, ofAce!], 0)), [good])
    assert.deepEqual(idsOf(await matchesOf(context.db, [ofAce!], 2)), [good, ...last.slice(1)])
    assert.deepEqual(idsOf(await matchesOf(context.db, [ofBolt!, ofAce!], 1)), [good, bad, last[2]])
    assert.deepEqual([await isRecognised(context.db, ofAce!), await isRecognised(context.db, ofBolt!)], [true, false])
    const until = await databaseNow(context.db)
    const both = { workProviderIds: [ace.id, bolt.id], until, limit: 4 }
    assert.deepEqual(idsOf(await lastWordsOn(context.db, 'C1', both)), [...last.toReversed(), bad])
    assert.deepEqual(idsOf(await lastWordsOn(context.db, 'C1', { ...both, workProviderIds: [bolt.id] })), [bad])
    await sql`update match set received_at = received_at + interval '1 hour'`.execute(context.db)
    assert.deepEqual(await lastWordsOn(context.db, 'C1', both), [])
  })
})
