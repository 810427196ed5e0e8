import { parseArgs } from 'node:util'
import { ENGINES, type Engine, TEST_DATABASE_URL } from '../support/stores.ts'
import { runKillRounds } from './kill.ts'
import { freshSeed } from './random.ts'

/* node test/faults/kill-long.ts [--rounds 20] [--seed n] [--engine embedded|server] [--verbose] */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    engine: { type: 'string', multiple: true },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const engines = (values.engine as Engine[] | undefined) ?? ENGINES
const log = values.verbose ? (line: string): void => console.error(line) : (): void => {}

console.log(`seed ${seed}`)
if (TEST_DATABASE_URL === undefined) console.log('server: skipped, TEST_DATABASE_URL is not set')
for (const engine of engines) {
  const result = await runKillRounds({ engine, rounds: Number(values.rounds), seed, log })
  console.log(
    `${engine}: ${result.rounds} rounds (and ${result.killsWhileStarting} kills while starting), ` +
      `${result.requestsSent} requests sent, ${result.accepted} 202s seen, ${result.unanswered} unanswered, ` +
      `${result.reportsChecked} reports checked, ${result.lost} lost, ${result.invented} invented; ` +
      `check: ${result.check.ok ? 'ok' : 'DIFFERENCES'}, ${result.check.streams} streams, ${result.check.shifts} shifts`,
  )
  for (const problem of [...result.problems, ...result.unexpected.slice(0, 5)]) console.log(`  ${problem}`)
  const isGood = result.lost + result.invented + result.unexpected.length === 0 && result.check.ok
  if (!isGood) process.exitCode = 1
}
