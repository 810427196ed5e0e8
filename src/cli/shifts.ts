import type { Command } from 'commander'
import { anomaliesOf, readCustomer, type ShiftOf, shiftsOf } from '../app/customer-record.ts'
import { formatInstant } from '../domain/instant.ts'
import { type Cli, command, instantOrNull, optionalInstant, show, table } from './cli.ts'

type Options = { customer: string; asKnownAt?: string; json?: boolean }

export function shiftCommands(program: Command, cli: Cli): void {
  command(program, 'shifts', "list a customer's shifts")
    .requiredOption('--customer <number>')
    .option('--as-known-at <instant>', 'as it was known then')
    .action(async (options: Options) => {
      const shifts = await cli.withContext(async (context) => shiftsOf(await read(context, cli, options)))
      const rows = shifts.map((shift) => [shift.workProvider, formatInstant(shift.startedAt), endWords(shift)])
      show(cli, options.json, shifts.map(shiftToJson), table(['work provider', 'from', 'until'], rows, 'No shifts.'))
    })

  command(program, 'anomalies', 'list what of the reports about a customer could not be paired')
    .requiredOption('--customer <number>')
    .option('--as-known-at <instant>', 'as it was known then')
    .action(async (options: Options) => {
      const anomalies = await cli.withContext(async (context) => anomaliesOf(await read(context, cli, options)))
      const json = anomalies.map(({ workProvider, at, kind }) => ({ workProvider, at: formatInstant(at), kind }))
      const rows = json.map((anomaly) => [anomaly.workProvider, anomaly.at, anomaly.kind])
      show(cli, options.json, json, table(['work provider', 'at', 'anomaly'], rows, 'No anomalies.'))
    })
}

function read(
  context: Parameters<typeof readCustomer>[0],
  cli: Cli,
  options: Options,
): ReturnType<typeof readCustomer> {
  return readCustomer(context, {
    customerNumber: options.customer,
    asKnownAt: optionalInstant(cli, options.asKnownAt),
  })
}

function shiftToJson({ workProvider, startedAt, endedAt, capAt, endReason }: ShiftOf): unknown {
  return {
    workProvider,
    startedAt: formatInstant(startedAt),
    endedAt: instantOrNull(endedAt),
    capAt: formatInstant(capAt),
    endReason,
  }
}

function endWords({ endedAt, capAt, endReason }: ShiftOf): string {
  if (endedAt !== null) return `${formatInstant(endedAt)} (logout)`
  return endReason === 'cap' ? `${formatInstant(capAt)} (cap)` : `open, cap at ${formatInstant(capAt)}`
}
