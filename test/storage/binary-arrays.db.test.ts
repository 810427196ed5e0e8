import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Instant } from '../../src/domain/instant.ts'
import {
  bigintArray,
  booleanArray,
  integerArray,
  smallintArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/storage/binary-arrays.ts'
import { microsecondsOrNull } from '../../src/storage/sql.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { runs } from '../support/properties.ts'

const EARLIEST = Date.UTC(-4000, 0, 1) * 1000
const LATEST = Number.MAX_SAFE_INTEGER

const RUNS = 30

function check<T>(values: fc.Arbitrary<T>, holds: (value: T) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(values, holds), runs(RUNS) as fc.Parameters<[T]>)
}

onEachEngine('an array sent as bytes', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  const kinds = [
    { type: 'smallint', bytes: smallintArray, values: fc.integer({ min: -32_768, max: 32_767 }) },
    { type: 'integer', bytes: integerArray, values: fc.integer() },
    { type: 'bigint', bytes: bigintArray, values: fc.maxSafeInteger() },
    { type: 'boolean', bytes: booleanArray, values: fc.boolean() },
    { type: 'uuid', bytes: uuidArray, values: fc.uuid() },
    {
      type: 'text',
      bytes: textArray,
      values: fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed()),
    },
  ] as const
  for (const { type, bytes, values } of kinds) {
    test(`is what was sent, of ${type}, neighbours that are the same among them`, async () => {
      const repeated = fc.array(fc.tuple(values as fc.Arbitrary<unknown>, fc.integer({ min: 1, max: 3 })))
      await check(repeated, async (pairs) => {
        const sent = pairs.flatMap(([value, times]) => Array.from({ length: times }, () => value))
        const { rows } = await sql<{ value: unknown }>`
          select value from unnest(${bytes(sent as never)}::${sql.raw(type)}[]) with ordinality as t (value, place)
          order by place
        `.execute(store.context.db)
        assert.deepEqual(
          rows.map((row) => row.value),
          sent,
        )
      })
    })
  }

  test('is what was sent, of instants to the microsecond and nulls', async () => {
    const instants = fc.array(fc.option(fc.integer({ min: EARLIEST, max: LATEST }) as unknown as fc.Arbitrary<Instant>))
    await check(instants, async (sent) => {
      const { rows } = await sql<{ value: Instant | null }>`
        select ${microsecondsOrNull('value')} as value
        from unnest(${timestampArray(sent)}::timestamptz[]) with ordinality as t (value, place) order by place
      `.execute(store.context.db)
      assert.deepEqual(
        rows.map((row) => row.value),
        sent,
      )
    })
  })
})
