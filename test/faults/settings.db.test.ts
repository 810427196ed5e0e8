import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_HOUR } from '../../src/domain/instant.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { shareWorkProviders } from '../../src/storage/work-providers.ts'
import { openStore, TEST_DATABASE_URL } from '../support/stores.ts'

/*
 * Projectors hold the work provider together, a change of settings holds it alone. A row lock lets a newcomer share
 * past one who waits to have it alone: with enough busy projectors that wait never ends.
 */

const PROJECTORS = 8
/** A turn of a busy projector, roughly. */
const TURN_SECONDS = 0.03
/** Turns that may begin while the change waits: far more than were under way when it came. */
const MAX_TURNS = 400

const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'

test('a change of settings gets its turn although projectors are always busy', { skip }, async () => {
  const store = await openStore('server')
  const { id } = await createWorkProvider(store.context, 'Courier Ltd')
  const state = { turns: 0, isChanged: false }
  const project = async (): Promise<void> => {
    while (!state.isChanged && state.turns < MAX_TURNS) {
      state.turns += 1
      await inTransaction(store.context.db, async (trx) => {
        await shareWorkProviders(trx, [id])
        await sql`select pg_sleep(${TURN_SECONDS} * (0.5 + random()))`.execute(trx)
      })
    }
  }
  try {
    const projectors = Array.from({ length: PROJECTORS }, project)
    await changeSettings(store.context, 'Courier Ltd', { cap: MICROSECONDS_PER_HOUR })
    state.isChanged = true
    await Promise.all(projectors)
    assert.ok(state.turns < MAX_TURNS, `it waited until the projectors stopped, after ${state.turns} turns`)
  } finally {
    await store.close()
  }
})
