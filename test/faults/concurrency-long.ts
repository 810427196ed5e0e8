import { parseArgs } from 'node:util'
import { assertConcurrency } from './concurrency-verdict.ts'
import { runConcurrency } from './concurrency.ts'
import { freshSeed } from './random.ts'

/* TEST_DATABASE_URL=postgres://... node test/faults/concurrency-long.ts [--seconds 60] [--seed n] */

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)

console.log(`seed ${seed}`)
const result = await runConcurrency({ seed, seconds: Number(values.seconds), log: (line) => console.error(line) })
const { check, staff } = result
console.log(
  `${result.requests} requests, ${result.reportsSent} reports sent, ${result.reportsStored} stored, ` +
    `${result.eventsSent} distinct, ${result.eventsStored} events stored, ${result.refused.length} not answered 202`,
)
console.log(
  `done ${JSON.stringify(staff.done)}, refused by the rules ${JSON.stringify(staff.refused)}, longest ms ${JSON.stringify(staff.longestMs)}`,
)
console.log(
  `check: ${check.ok ? 'ok' : 'NOT OK'}, ${check.streams} streams, ${check.shifts} shifts, ` +
    `${check.differences.length} differences; ${staff.differences.length} differences seen beside running projectors; ` +
    `inbox ${result.inbox}, streams to derive ${result.linksToDerive}, deadlocks ${result.deadlocks}, ` +
    `errors logged ${result.errors.length}`,
)
assertConcurrency(result)
