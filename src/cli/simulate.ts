import type { Command } from 'commander'
import { countReports, type MadeSimulation, makeSimulation, SIMULATION_LIMITS } from '../app/simulate.ts'
import { type VerifiedSimulation, verifySimulation } from '../app/verify-simulation.ts'
import { formatInstant } from '../domain/instant.ts'
import type { SimulatedWorld, SimulationSize } from '../domain/simulated-world.ts'
import { type Cli, command, printable, show, table, Unsuccessful } from './cli.ts'
import { progressBar } from './progress.ts'

type Options = { drivers?: string; days?: string; seed?: string; verify?: boolean; json?: boolean }

const STANDARD: SimulationSize = { drivers: 500, days: 14, seed: 1 }

const HELP = `
Four work providers with a key each, and couriers with policies, links and consents, as they would be after so many days:
with lost logouts, reports told twice, late ones, and devices that were offline; the clocks of one work provider are an
hour ahead, and one fell silent two days ago. The same numbers make the same world, up to the moment at which it is made.

Only into a store without anybody real in it: an empty one, or the demo. Mails to its people go to example.com, where
nobody reads them. What was to come of it is known without asking the server, and --verify compares the two, then or
later; whatever was reported or annulled since is a difference.`

export function simulateCommand(program: Command, cli: Cli): void {
  command(program, 'simulate', 'fill an empty store with made-up couriers and their reports, or compare it with them')
    .option('--drivers <number>', optionText('couriers', 'drivers'))
    .option('--days <number>', optionText('days until now', 'days'))
    .option('--seed <number>', optionText('of the chance that makes it up', 'seed'))
    .option('--verify', 'compare the shifts that the server has with those that were to come of it')
    .addHelpText('after', HELP)
    .action((options: Options) => (options.verify ? verify(cli, options) : make(cli, options)))
}

function optionText(what: string, name: keyof SimulationSize): string {
  const { min, max } = SIMULATION_LIMITS[name]
  return `${what}, ${min} to ${max} (standard: ${STANDARD[name]})`
}

async function make(cli: Cli, options: Options): Promise<void> {
  const progress = cli.startProgress()
  let made: MadeSimulation
  try {
    const size = { ...STANDARD, ...given(options) }
    made = await cli.withContext((context) =>
      makeSimulation(context, size, (step, share) => progress.say(`${progressBar(share)}  ${step}`)),
    )
  } finally {
    progress.end()
  }
  const { world, keys } = made
  const counts = countsOf(world)
  show(cli, options.json, { ...toJson(world, counts), keys }, () =>
    [
      table(
        ['made', 'how many'],
        Object.entries(counts).map(([what, count]) => [what, String(count)]),
        '',
      ),
      `From ${formatInstant(world.period.from)} to ${formatInstant(world.period.until)}. Keys, shown this once:`,
      keys.map(({ workProvider, key }) => `    ${key}  ${printable(workProvider)}`).join('\n'),
      'To compare what the server made of it with what was to come of it: npx zego simulate --verify',
    ].join('\n\n'),
  )
}

function countsOf(world: SimulatedWorld): Record<string, number> {
  const links = world.couriers.flatMap((courier) => courier.links)
  const reports = countReports(world)
  const { lostLogouts, duplicates, late, parked } = world.counts
  return {
    'work providers': world.workProviders.length,
    customers: world.couriers.length,
    policies: world.couriers.reduce((sum, { policies }) => sum + policies.length, 0),
    links: links.length,
    matches: world.matches.length,
    requests: world.requests.length,
    reports,
    events: reports - duplicates,
    'lost logouts': lostLogouts,
    'told twice': duplicates,
    'told late': late,
    'parked persons': parked,
    shifts: links.reduce((sum, { expected }) => sum + expected.shifts.length, 0),
  }
}

function toJson({ period }: SimulatedWorld, counts: Record<string, number>) {
  const inCamelCase = (text: string): string => text.replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase())
  return {
    from: formatInstant(period.from),
    until: formatInstant(period.until),
    ...Object.fromEntries(Object.entries(counts).map(([what, count]) => [inCamelCase(what), count])),
  }
}

async function verify(cli: Cli, options: Options): Promise<void> {
  const progress = cli.startProgress()
  let verified: VerifiedSimulation
  try {
    verified = await cli.withContext((context) =>
      verifySimulation(context, given(options), (share) => progress.say(`${progressBar(share)}  links`)),
    )
  } finally {
    progress.end()
  }
  const { size, until, links, shifts, anomalies, different, differences } = verified
  const isGood = different === 0
  const counts = `${links} links, ${shifts} shifts, ${anomalies} anomalies`
  const json = { ok: isGood, ...size, until: formatInstant(until), links, shifts, anomalies, different, differences }
  show(cli, options.json, json, () =>
    isGood
      ? `No difference in ${counts}.`
      : [
          `Differences in ${counts}: ${different}.`,
          ...differences.map(
            ({ what, stored, derived }) =>
              `  ${printable(what)}: stored ${stored ?? 'nothing'}, should be ${derived ?? 'nothing'}`,
          ),
          ...(different > differences.length ? ['  ...'] : []),
        ].join('\n'),
  )
  if (!isGood) throw new Unsuccessful()
}

/** The numbers that were given; whatever is no number is refused with the others that cannot be. */
function given(options: Options): Partial<SimulationSize> {
  const names = ['drivers', 'days', 'seed'] as const
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = options[name]
      return text === undefined ? [] : [[name, /^\d+$/.test(text) ? Number(text) : Number.NaN]]
    }),
  )
}
