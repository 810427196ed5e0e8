import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Engine, TEST_DATABASE_URL } from '../support/stores.ts'
import { freshSeed } from './random.ts'
import type { RowResult } from './verdict.ts'

/** One kind of fault, again and again while reports come in. In `npm test` for few rounds, at length by `npm run test:faults`. */
export type Row = {
  readonly id: string
  /** What holds, as the name of a test. */
  readonly guarantee: string
  readonly engines: readonly Engine[]
  /** Why it cannot run here, or false. */
  skip(): string | false
  run(options: RowOptions): Promise<RowResult>
}

export type RowOptions = {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly log: (line: string) => void
}

export function needsServer(): string | false {
  return TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'
}

/** Why a row cannot run on an engine, or false. */
export function skipOn(row: Row, engine: Engine): string | false {
  return (engine === 'server' && needsServer()) || row.skip()
}

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
