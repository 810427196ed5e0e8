import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CITUS_URL, TEST_DATABASE_URL } from '../support/stores.ts'
import { assertConcurrency } from './concurrency-verdict.ts'
import { runConcurrency } from './concurrency.ts'
import { freshSeed } from './random.ts'

const seed = freshSeed()
const LEGS = [
  {
    engine: 'server',
    skip: TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server',
  },
  { engine: 'citus', skip: CITUS_URL === undefined && 'CITUS_URL is not set: it needs a cluster' },
] as const

for (const { engine, skip } of LEGS) {
  test(
    `four processes accept and four derive while staff link, release, annul and set: the shifts are those of the events, without a deadlock (${engine}, seed ${seed})`,
    { skip },
    async (t) => {
      const result = await runConcurrency({ engine, seed, seconds: 6, log: (line) => t.diagnostic(line) })
      assertConcurrency(result)
      assert.ok(result.check.shifts > 0 && result.requests > 0, 'something happened')
    },
  )
}
