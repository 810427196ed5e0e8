import type { Command } from 'commander'
import { usage, type UsageRow } from '../app/usage.ts'
import { csvCell } from '../domain/csv.ts'
import { type Cli, command } from './cli.ts'

type Options = { month: string; customer?: string; workProvider?: string; csv?: boolean; json?: boolean }

const CSV_HEADING = 'customer_number,work_provider,day,minutes'
const TEXT_HEADING = 'customer  work provider  day  minutes'

export function usageCommands(program: Command, cli: Cli): void {
  command(program, 'usage', 'minutes of cover by customer, work provider and local day')
    .requiredOption('--month <month>', 'as in 2026-11')
    .option('--customer <number>')
    .option('--work-provider <name>')
    .option('--csv', 'print CSV')
    .action(async (options: Options) => {
      const request = { month: options.month, customerNumber: options.customer, workProvider: options.workProvider }
      await cli.withContext(async (context) => {
        if (options.json) return printJson(cli, usage(context, request))
        const lineOf = options.csv ? csvLine : textLine
        let isBegun = false
        for await (const rows of usage(context, request)) {
          if (rows.length === 0) continue
          if (!isBegun) cli.print(options.csv ? CSV_HEADING : TEXT_HEADING)
          isBegun = true
          for (const row of rows) cli.print(lineOf(row))
        }
        if (!isBegun) cli.print(options.csv ? CSV_HEADING : 'No cover.')
      })
    })
}

/** One document, written as it is worked out: a month of everybody need not fit in memory. */
async function printJson(cli: Cli, pieces: AsyncIterable<UsageRow[]>): Promise<void> {
  let isFirst = true
  let text = '['
  for await (const rows of pieces) {
    for (const { customerNumber, workProvider, day, minutes } of rows) {
      text += `${isFirst ? '' : ','}\n${JSON.stringify({ customerNumber, workProvider, day, minutes })}`
      isFirst = false
    }
    if (text.length > 0) cli.print(text)
    text = ''
  }
  cli.print(`${text}]`)
}

function textLine({ customerNumber, workProvider, day, minutes }: UsageRow): string {
  return `${customerNumber}  ${workProvider}  ${day}  ${decimal(minutes)}`
}

function csvLine({ customerNumber, workProvider, day, minutes }: UsageRow): string {
  return [csvCell(customerNumber), csvCell(workProvider), day, decimal(minutes)].join(',')
}

function decimal(minutes: number): string {
  return minutes.toFixed(6).replace(/\.?0+$/, '')
}
