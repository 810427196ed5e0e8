import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENGINES } from '../support/stores.ts'
import { runKillRounds } from './kill.ts'
import { freshSeed } from './random.ts'

for (const engine of ENGINES) {
  const seed = freshSeed()
  test(`D1 after kill -9 again and again every 202 is there exactly once, on the ${engine} database (seed ${seed})`, async (t) => {
    const result = await runKillRounds({ engine, rounds: 2, seed, log: (line) => t.diagnostic(line) })
    assert.deepEqual(result.problems, [])
    assert.deepEqual(result.unexpected, [], 'every answer is a 202 or a 503')
    assert.deepEqual({ lost: result.lost, invented: result.invented }, { lost: 0, invented: 0 })
    assert.equal(result.check.ok, true, JSON.stringify(result.check.differences))
    assert.ok(result.accepted > 0 && result.reportsChecked > 0 && result.check.shifts > 0, 'the load was real')
  })
}
