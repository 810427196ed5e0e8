import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { openDatabase } from '../../src/storage/database.ts'
import { onEachEngine, openStore, type Store, TEST_DATABASE_URL } from '../support/stores.ts'

onEachEngine('a connection', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  test('never plans to read a whole table because there is little in it now, and compiles nothing', async () => {
    const { rows } = await sql<{ settings: string }>`
      select current_setting('enable_seqscan') || current_setting('enable_bitmapscan') || current_setting('jit')
        as settings
    `.execute(store.context.db)
    assert.equal(rows[0]!.settings, 'offoffoff')
  })
})

test('options in the URL of a server are kept beside our own', { skip: TEST_DATABASE_URL === undefined }, async () => {
  const url = new URL(TEST_DATABASE_URL!)
  url.searchParams.set('options', '-c work_mem=5MB')
  const { db, close } = openDatabase({ url: url.href }, () => {})
  const { rows } = await sql<{ settings: string }>`
    select current_setting('enable_seqscan') || ' ' || current_setting('work_mem') as settings
  `.execute(db)
  await close()
  assert.equal(rows[0]!.settings, 'off 5MB')
})
