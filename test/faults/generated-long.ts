import { parseArgs } from 'node:util'
import { FIXED_SEED, runGenerated } from './generated.ts'
import { freshSeed } from './random.ts'

/* node test/faults/generated-long.ts [--requests 20000] [--seed n]: B8 at full length, by a fixed seed and a fresh one */

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } },
})
const seeds = values.seed === undefined ? [FIXED_SEED, freshSeed()] : [Number(values.seed)]

for (const seed of seeds) {
  const { sent, byStatus, connections, problems } = await runGenerated(seed, Number(values.requests))
  console.log(`seed ${seed}: ${sent} answers on ${connections} connections, ${problems.length} problems`)
  console.log(`  ${JSON.stringify(byStatus)}`)
  for (const problem of problems) console.log(`  ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
