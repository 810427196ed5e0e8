import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIXED_SEED, runGenerated } from './generated.ts'
import { freshSeed } from './random.ts'

const REQUESTS = 2_000

for (const [what, seed] of [
  ['one seed that is always the same', FIXED_SEED],
  ['a fresh seed', Number(process.env['TEST_SEED'] ?? freshSeed())],
] as const) {
  test(`B8 ${REQUESTS} requests made up from openapi.json, of ${what} (${seed}): each answer is as the document says`, async (t) => {
    const { sent, byStatus, connections, problems } = await runGenerated(seed, REQUESTS)
    t.diagnostic(`seed ${seed}: ${sent} answers on ${connections} connections: ${JSON.stringify(byStatus)}`)
    assert.deepEqual(problems, [])
    assert.ok(sent > REQUESTS)
  })
}
