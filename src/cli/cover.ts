import type { Command } from 'commander'
import { coverOfReading, explain, readCustomer } from '../app/customer-record.ts'
import type { CoverPiece } from '../domain/cover.ts'
import { Impossible } from '../domain/errors.ts'
import type { Explanation } from '../domain/explain.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { BEGINNING, clip, FOREVER } from '../domain/interval.ts'
import { type Cli, command, instantOrNull, optionalInstant, show, table } from './cli.ts'

type Options = { customer: string; from?: string; to?: string; at?: string; asKnownAt?: string; json?: boolean }

export function coverCommands(program: Command, cli: Cli): void {
  command(program, 'cover', 'when a customer was insured, or why (not) at an instant')
    .requiredOption('--customer <number>')
    .option('--from <instant>')
    .option('--to <instant>')
    .option('--at <instant>', 'say whether and why the customer was covered then')
    .option('--as-known-at <instant>', 'as it was known then')
    .action(async (options: Options) => {
      if (options.at !== undefined && (options.from !== undefined || options.to !== undefined)) {
        throw new Impossible('--at asks about one instant: leave --from and --to out')
      }
      const asked = { customerNumber: options.customer, asKnownAt: optionalInstant(cli, options.asKnownAt) }
      const reading = await cli.withContext((context) => readCustomer(context, asked))
      if (options.at === undefined) {
        const bounds = {
          from: optionalInstant(cli, options.from) ?? BEGINNING,
          to: optionalInstant(cli, options.to) ?? FOREVER,
        }
        if (bounds.from >= bounds.to) throw new Impossible('--from is not before --to')
        showPieces(cli, options.json, within(coverOfReading(reading), bounds))
      } else {
        // "now" is the database's now: the one that the answer speaks of.
        const at = options.at === 'now' ? reading.now : optionalInstant(cli, options.at)
        showExplanation(cli, options.json, explain(reading, at))
      }
    })
}

function within(pieces: readonly CoverPiece[], bounds: { from: Instant; to: Instant }): CoverPiece[] {
  return pieces.flatMap((piece) => clip([piece], bounds).map((part) => ({ ...piece, ...part })))
}

function showPieces(cli: Cli, isJson: boolean | undefined, pieces: readonly CoverPiece[]): void {
  const json = pieces.map(({ from, to, workProviders }) => ({
    from: formatInstant(from),
    to: formatInstant(to),
    workProviders,
  }))
  const rows = json.map((piece) => [piece.from, piece.to, piece.workProviders.join(', ')])
  show(cli, isJson, json, table(['from', 'to', 'work providers'], rows, 'No cover.'))
}

function showExplanation(cli: Cli, isJson: boolean | undefined, { covered, why, facts }: Explanation): void {
  const json = facts.map((fact) => ({
    ...fact,
    effectiveAt: formatInstant(fact.effectiveAt),
    recordedAt: instantOrNull(fact.recordedAt),
  }))
  const rows = json.map((fact) => [fact.fact, fact.effectiveAt, fact.recordedAt ?? '(derived)', fact.says])
  show(cli, isJson, { covered, why, facts: json }, () =>
    [why, '', table(['fact', 'in effect', 'known', 'says'], rows, 'There are no facts.')].join('\n'),
  )
}
