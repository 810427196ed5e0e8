import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Instant } from '../../src/domain/instant.ts'
import { timestampArray } from '../../src/storage/binary-arrays.ts'
import { microseconds, nearMicroseconds } from '../../src/storage/sql.ts'
import { runs } from '../support/properties.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

const RUNS = 30
const INSTANTS_A_RUN = 500
const YEAR_1902 = Date.UTC(1902, 0, 1) * 1000
const YEAR_2106 = Date.UTC(2106, 0, 1) * 1000

onEachEngine('an instant read from the database', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  test('is the one that was stored, by decimals and by floating point', async () => {
    const instants = fc.array(
      fc.integer({ min: YEAR_1902, max: YEAR_2106 }).map((one) => one as Instant),
      { minLength: 1, maxLength: INSTANTS_A_RUN, size: 'max' },
    )
    const holds = async (stored: Instant[]): Promise<void> => {
      const { rows } = await sql<{ exact: Instant; near: Instant }>`
        select ${microseconds('at')} as exact, ${nearMicroseconds('at')} as near
        from unnest(${timestampArray(stored)}::timestamptz[]) with ordinality as a (at, place) order by place
      `.execute(store.context.db)
      assert.deepEqual(
        rows.map((row) => row.exact),
        stored,
      )
      assert.deepEqual(
        rows.map((row) => row.near),
        stored,
      )
    }
    await fc.assert(fc.asyncProperty(instants, holds), runs(RUNS) as fc.Parameters<[Instant[]]>)
  })
})
