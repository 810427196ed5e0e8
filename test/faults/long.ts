import { parseArgs } from 'node:util'
import type { Engine } from '../support/stores.ts'
import { freshSeed } from './random.ts'
import { type Row, skipOn } from './row.ts'
import { ROWS } from './rows.ts'
import type { RowResult } from './verdict.ts'

/* npm run test:faults -- [--row D2 ...] [--rounds 20] [--seed n] [--engine embedded|server|citus] [--verbose] */

const { values } = parseArgs({
  options: {
    row: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string' },
    engine: { type: 'string', multiple: true },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = values.seed === undefined ? freshSeed() : Number(values.seed)
const rounds = Number(values.rounds)
const rows = ROWS.filter((row) => values.row?.includes(row.id) ?? true)
if (rows.length === 0) throw new Error(`no row is called that: there are ${ROWS.map((row) => row.id).join(', ')}`)

type Line = Record<'row' | 'engine' | 'outcome', string> &
  Partial<Record<'rounds' | 'requests' | '202s' | 'unanswered' | 'reports' | 'lost' | 'invented', number>>

console.log(`seed ${seed}, ${rounds} rounds`)
const table: Line[] = []
for (const row of rows) {
  for (const engine of row.engines) {
    if (values.engine?.includes(engine) ?? true) table.push(await run(row, engine))
  }
}
console.table(table)
if (table.some((line) => line.outcome === 'NOT OK')) process.exitCode = 1

async function run(row: Row, engine: Engine): Promise<Line> {
  const name = `${row.id} ${row.guarantee} (${engine})`
  const skip = skipOn(row, engine)
  if (skip !== false) {
    console.log(`SKIPPED ${name}: ${skip}`)
    return { row: row.id, engine, outcome: 'SKIPPED' }
  }
  console.log(name)
  const log = values.verbose ? (line: string): void => console.log(`  ${line}`) : (): void => {}
  try {
    return lineOf(row, engine, await row.run({ engine, rounds, seed, log }))
  } catch (error) {
    console.log(error)
    return { row: row.id, engine, outcome: 'NOT OK' }
  }
}

function lineOf(row: Row, engine: Engine, result: RowResult): Line {
  for (const problem of result.problems) console.log(`  ${problem}`)
  const { requests, accepted, unanswered, reportsChecked: reports, lost, invented } = result
  const isGood = lost + invented + result.problems.length === 0 && accepted > 0 && result.shifts > 0
  const outcome = isGood ? 'ok' : 'NOT OK'
  return { row: row.id, engine, rounds, requests, '202s': accepted, unanswered, reports, lost, invented, outcome }
}
