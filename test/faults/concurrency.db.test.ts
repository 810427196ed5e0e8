import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TEST_DATABASE_URL } from '../support/stores.ts'
import { assertConcurrency } from './concurrency-verdict.ts'
import { runConcurrency } from './concurrency.ts'
import { freshSeed } from './random.ts'

const seed = freshSeed()
const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'

test(
  `four processes accept and four derive while staff link, release, annul and set: the shifts are those of the events, without a deadlock (seed ${seed})`,
  { skip },
  async (t) => {
    const result = await runConcurrency({ seed, seconds: 6, log: (line) => t.diagnostic(line) })
    assertConcurrency(result)
    assert.ok(result.check.shifts > 0 && result.requests > 0, 'something happened')
  },
)
