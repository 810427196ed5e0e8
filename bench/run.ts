import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { createKey } from '../src/app/api-keys.ts'
import { createLink } from '../src/app/links.ts'
import { createWorkProvider } from '../src/app/work-providers.ts'
import { databaseVersion } from './statements.ts'
import { type Bench, COURIERS, type Row } from './bench.ts'
import { customerNumberOf } from './load/job.ts'
import { canPin, describeMachine } from './machine.ts'
import { forgetWaiting } from './before.ts'
import { batches, singleReports, starting, statuses } from './measures/ceilings.ts'
import { deskPages } from './measures/desk.ts'
import { PROBES, severalProcesses, sustainedAndMemory, visibility } from './measures/deriving.ts'
import { growth, longStreams } from './measures/growth.ts'
import { startGenerator } from './processes.ts'
import { type Engine, openBenchStore } from './store.ts'

/*
 * npm run bench -- [--quick] [--engine embedded|server] [--only NAME ...]: measures the program beside its baselines,
 * prints one table, and writes it to bench/results.md, with what was left out, when it measured both engines in earnest.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    engine: { type: 'string', multiple: true, default: ['embedded', 'server'] },
    only: { type: 'string', multiple: true },
    customers: { type: 'string' },
  },
})
const isQuick = values.quick
const customers = Number(values.customers ?? (isQuick ? 100_000 : 1_000_000))
/** Couriers of the other work provider, whose shifts are waited for: usually, and behind a backlog. */
const PROBED = 2 * PROBES

type Measure = (bench: Bench) => Promise<Row[]>

/** In this order: what grows the store comes last. */
const MEASURES: Readonly<Record<string, Measure>> = {
  start: starting,
  reports: singleReports,
  batches,
  statuses,
  sustained: sustainedAndMemory,
  visibility: async (bench) => visibility(bench, await otherWorkProvider(bench)),
  processes: async (bench) => (bench.store.engine === 'server' ? severalProcesses(bench) : []),
  streams: longStreams,
  desk: deskPages,
  growth,
}

async function otherWorkProvider({ store }: Bench): Promise<{ key: string; workProviderId: string }> {
  const { context, close } = await store.connect()
  const { id: workProviderId } = await createWorkProvider(context, 'Other Ltd')
  const { key } = await createKey(context, 'Other Ltd')
  for (let index = 0; index < PROBED; index++) {
    await createLink(context, { workProvider: 'Other Ltd', customerNumber: customerNumberOf(COURIERS + index) })
  }
  await close()
  return { key, workProviderId }
}

async function measureEngine(engine: Engine): Promise<{ version: string; rows: Row[] } | null> {
  say(`${engine}: making a store with ${customers.toLocaleString('en-GB')} customers ...`)
  const store = await openBenchStore(engine, customers)
  if (store === null) return null
  const generator = startGenerator()
  try {
    const rows: Row[] = []
    const bench: Bench = { generator, store, customers, isQuick }
    for (const [name, measure] of Object.entries(MEASURES)) {
      if (values.only !== undefined && !values.only.includes(name)) continue
      say(`${engine}: ${name} ...`)
      const measured = await measure(bench)
      await forgetWaiting(bench)
      for (const row of measured) say(`  ${line(row)}`)
      rows.push(...measured)
    }
    const { context, close } = await store.connect()
    const version = await databaseVersion(context)
    await close()
    return { version, rows }
  } finally {
    generator.stop()
    await store.remove()
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function line({ what, engine, measured, baseline, ratio, target, isMet }: Row): string {
  const verdict = isMet === null ? '' : isMet ? 'met' : 'MISSED'
  return [what, engine, measured, baseline, ratio === null ? '' : ratio.toFixed(2), target, verdict].join(' | ')
}

const HEAD = ['what', 'engine', 'measured', 'baseline, same run', 'ratio', 'target', '']

function table(rows: readonly Row[]): string {
  return [HEAD.join(' | '), HEAD.map(() => '---').join(' | '), ...rows.map(line)].map((one) => `| ${one} |`).join('\n')
}

const versionOf = (name: string): string =>
  (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version

const rows: Row[] = []
const versions = [`Node ${process.versions.node}`, `express ${versionOf('express')}`, `pg ${versionOf('pg')}`]
const leftOut: string[] = []
for (const engine of values.engine as Engine[]) {
  const measured = await measureEngine(engine)
  if (measured === null) leftOut.push(engine)
  else {
    rows.push(...measured.rows)
    versions.push(`${engine}: PostgreSQL ${measured.version}`)
  }
}
const pinning = canPin
  ? 'The generator had one core, everything else the other.'
  : 'Processes could not be pinned to cores here: the generator took from what it measured.'
const unmeasured = Object.keys(MEASURES).filter((name) => values.only !== undefined && !values.only.includes(name))
const text = [
  '# What was measured',
  '',
  `By \`npm run bench\`${isQuick ? ' (`--quick`)' : ''} on ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}.`,
  `${versions.join(', ')}. ${pinning}`,
  'What each line means, and why a target is missed, is in `docs/performance.md`.',
  ...(unmeasured.length === 0 ? [] : [`Left out of this run: ${unmeasured.join(', ')}.`]),
  '',
  table(rows),
  '',
].join('\n')
say(`\n${text}`)
for (const engine of leftOut) say(`LEFT OUT: the ${engine}: its programs are not installed.`)
if (!isQuick && leftOut.length === 0 && values.engine.length === 2) {
  writeFileSync(new URL('./results.md', import.meta.url), text)
} else say('bench/results.md is left as it was: not everything was measured.')
