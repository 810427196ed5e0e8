import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed } from './random.ts'
import { type Row, skipOn } from './row.ts'

/** Declares the short form of a row, on each of its engines. */
export function testRow(row: Row, rounds: number): void {
  for (const engine of row.engines) {
    const seed = freshSeed()
    const skip = skipOn(row, engine)
    test(`${row.id} ${row.guarantee} (${engine}, seed ${seed})`, { skip }, async (t) => {
      const result = await row.run({ engine, rounds, seed, log: (line) => t.diagnostic(line) })
      const { requests, accepted, lost, invented } = result
      t.diagnostic(`${rounds} rounds, ${requests} requests, ${accepted} 202s, ${lost} lost, ${invented} invented`)
      assert.deepEqual(result.problems, [])
      assert.deepEqual({ lost, invented }, { lost: 0, invented: 0 })
      assert.ok(accepted > 0 && result.reportsChecked > 0 && result.shifts > 0, 'the load was real')
    })
  }
}
