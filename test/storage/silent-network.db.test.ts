import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { isUnavailable, openDatabase, ping } from '../../src/storage/database.ts'
import { waitFor } from '../faults/harness.ts'
import { openProxy } from '../faults/proxy.ts'
import { openStore, type Store, TEST_DATABASE_URL } from '../support/stores.ts'

/** As many as a pool keeps. */
const CONNECTIONS = 10
/** Half of what a connection of background work may be silent for; several times what one of callers may. */
const HEALED_WITHIN_MS = 30_000

const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'

test(
  'D7 the network to the database falls silent while all connections of callers are in use: they are given up, and new ones made',
  { skip },
  async () => {
    const store = await openStore('server')
    const url = new URL(store.environment['DATABASE_URL']!)
    const proxy = await openProxy(0, { host: url.hostname, port: Number(url.port || 5432) })
    url.host = `127.0.0.1:${proxy.port}`
    const { db, close } = openDatabase({ url: url.href }, () => {}, [], 'callers')
    try {
      const inUse = Array.from({ length: CONNECTIONS }, () => sql`select pg_sleep(3)`.execute(db))
      const over = Promise.allSettled(inUse)
      await waitFor('all connections being in use', async () => (await sleeping(store)) === CONNECTIONS)
      proxy.setWeather({ kind: 'silent' })
      proxy.setWeather({ kind: 'clear' })
      const isHealed = (): Promise<boolean> =>
        ping(db).then(
          () => true,
          () => false,
        )
      await waitFor('a statement being answered again', isHealed, HEALED_WITHIN_MS)
      for (const { status, reason } of (await over) as PromiseRejectedResult[]) {
        assert.equal(status, 'rejected', 'nobody is told that a statement was done whose answer was lost')
        assert.ok(isUnavailable(reason), String(reason))
      }
    } finally {
      await close()
      await proxy.close()
      await store.close()
    }
  },
)

/** How many statements of the test the server is busy with. */
async function sleeping({ context }: Store): Promise<number> {
  const { rows } = await sql<{ sleeping: number }>`
    select count(*)::int as sleeping from pg_stat_activity
    where datname = current_database() and state = 'active' and query like 'select pg_sleep%'
  `.execute(context.db)
  return rows[0]!.sleeping
}
