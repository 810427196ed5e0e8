import { parseArgs } from 'node:util'
import { CITUS_URL } from '../support/stores.ts'
import { assertConcurrency } from './concurrency-verdict.ts'
import { runConcurrency } from './concurrency.ts'
import { freshSeed } from './random.ts'

/* npm run test:concurrency -- [--seconds 60] [--seed n] [--engine server|citus]: on a cluster where CITUS_URL names one */

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, engine: { type: 'string' } },
})
const engine = (values.engine ?? (CITUS_URL === undefined ? 'server' : 'citus')) as 'server' | 'citus'
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)

console.log(`${engine}, seed ${seed}`)
const log = (line: string): void => console.error(line)
const result = await runConcurrency({ engine, seed, seconds: Number(values.seconds), log })
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
