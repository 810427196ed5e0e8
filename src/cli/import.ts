import type { Command } from 'commander'
import { importCustomer, type MadeOfRow } from '../app/import-customers.ts'
import { startEventImport } from '../app/import-events.ts'
import { emailKey } from '../domain/customer.ts'
import { Impossible } from '../domain/errors.ts'
import { CUSTOMER_COLUMNS, EVENT_COLUMNS, parseCustomerRow, parseEventRow, type Parsed } from '../domain/import-rows.ts'
import { type Cli, command, printable, show, table, Unsuccessful } from './cli.ts'
import { type FileRow, readRows, writeResults } from './import-file.ts'
import { progressBar } from './progress.ts'

/** Shown of the rows that were refused; all of them are in the JSON, and in the file of `--results`. */
const SHOWN_REFUSALS = 20

type Options = { dryRun?: boolean; results?: string; workProvider?: string; json?: boolean }

/** What became of a row, by its line in the file. */
export type RowResult = {
  readonly line: number
  readonly outcome: 'made' | 'there already' | 'stored' | 'good' | 'refused'
  /** What was made of it, or why it was refused. */
  readonly detail: string
}

export function importCommands(program: Command, cli: Cli): void {
  const group = program.command('import').description('take over what is known elsewhere')

  importCommand(
    group,
    'customers',
    `customers with policies and links, from CSV. Columns: ${CUSTOMER_COLUMNS.join(', ')}`,
  )
    .addHelpText('after', CUSTOMERS_HELP)
    .action((file: string, options: Options) => importCustomers(cli, file, options))

  importCommand(group, 'events', `past logins and logouts, from CSV or NDJSON. Columns: ${EVENT_COLUMNS.join(', ')}`)
    .option('--work-provider <name>', 'whose they are, where the file does not say')
    .addHelpText('after', EVENTS_HELP)
    .action((file: string, options: Options) => importEvents(cli, file, options))
}

const CUSTOMERS_HELP = `
customerNumber and email are needed, and policyFrom, classOfUse and coverLevel of a policy, workProvider of a link. Somebody
with two policies or links has two rows. What is there already is left as it is: after an end in the middle, or with more
rows, import the file again.`

const EVENTS_HELP = `
workProvider, kind (login or logout), timestamp, and customerNumber or workProviderUserId: as they would be reported. They
become known now, and are derived as if they had been reported. A repeated event is the same event: after an end in the
middle import the file again.`

function importCommand(group: Command, name: string, description: string): Command {
  return command(group, name, description)
    .argument('<file>')
    .option('--dry-run', 'only say what would become of each row')
    .option('--results <file>', 'write what became of each row, as CSV')
}

async function importCustomers(cli: Cli, file: string, options: Options): Promise<void> {
  const results = await withRows(cli, file, CUSTOMER_COLUMNS, (rows) =>
    cli.withContext(async (context) => {
      const all: RowResult[] = []
      const emails = new Map<string, string>()
      for await (const row of rows) {
        all.push(
          await resultOf(row, parseCustomerRow(row.cells), async (customer) => {
            // A trial leaves nothing behind by which two rows of one file could be seen to contradict each other.
            const [email, number] = [emailKey(customer.email), customer.customerNumber.toUpperCase()]
            if ((emails.get(email) ?? number) !== number) throw new Impossible('another row has this e-mail')
            const made = await importCustomer(context, customer, options.dryRun === true)
            const isSecond = emails.has(email)
            emails.set(email, number)
            return customerResult(isSecond ? made.filter((one) => one !== 'customer') : made)
          }),
        )
      }
      return all
    }),
  )
  finish(cli, options, results)
}

function customerResult(made: readonly MadeOfRow[]): Pick<RowResult, 'outcome' | 'detail'> {
  return made.length === 0 ? { outcome: 'there already', detail: '' } : { outcome: 'made', detail: made.join(' and ') }
}

async function importEvents(cli: Cli, file: string, options: Options): Promise<void> {
  const results = await withRows(cli, file, EVENT_COLUMNS, (rows) =>
    cli.withContext(async (context) => {
      const all: RowResult[] = []
      const events = startEventImport(context)
      for await (const row of rows) {
        const parsed = parseEventRow(row.cells, context.now(), options.workProvider)
        const result = await resultOf(row, parsed, async (event) => {
          await events.check(event)
          return { outcome: options.dryRun ? 'good' : 'stored', detail: '' }
        })
        // Not a matter of this row alone: events are stored in pieces, and when one is not, the import ends.
        if (result.outcome === 'stored' && 'row' in parsed) await events.add(parsed.row)
        all.push(result)
      }
      if (!options.dryRun) await events.end()
      return all
    }),
  )
  finish(cli, options, results)
}

/** Goes through a file with a bar that says how far. */
async function withRows(
  cli: Cli,
  file: string,
  columns: readonly string[],
  work: (rows: AsyncIterable<FileRow>) => Promise<RowResult[]>,
): Promise<RowResult[]> {
  const progress = cli.startProgress()
  try {
    return await work(readRows(file, columns, (share) => progress.say(`${progressBar(share)}  ${file}`)))
  } finally {
    progress.end()
  }
}

async function resultOf<T>(
  { line }: FileRow,
  parsed: Parsed<T>,
  use: (row: T) => Promise<Pick<RowResult, 'outcome' | 'detail'>>,
): Promise<RowResult> {
  if ('problem' in parsed) return { line, outcome: 'refused', detail: parsed.problem }
  try {
    return { line, ...(await use(parsed.row)) }
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return { line, outcome: 'refused', detail: error.message }
  }
}

/** Says what became of the rows. Refused ones make the command fail, though the others were taken. */
function finish(cli: Cli, { dryRun = false, results: file, json }: Options, results: readonly RowResult[]): void {
  if (file !== undefined) writeResults(file, results)
  const counts = Object.fromEntries(
    [...Map.groupBy(results, ({ outcome }) => outcome)].map(([outcome, rows]) => [outcome, rows.length]),
  )
  const refused = results.filter(({ outcome }) => outcome === 'refused')
  show(cli, json, { ok: refused.length === 0, dryRun, rows: results.length, counts, refused }, () =>
    [
      table(
        [dryRun ? 'would be' : 'rows', 'how many'],
        Object.entries(counts).map(([outcome, count]) => [outcome, String(count)]),
        'The file has no rows.',
      ),
      ...(refused.length > 0 ? [''] : []),
      ...refused.slice(0, SHOWN_REFUSALS).map(({ line, detail }) => `line ${line}: ${printable(detail)}`),
      ...(refused.length > SHOWN_REFUSALS ? [`... and ${refused.length - SHOWN_REFUSALS} more (--results FILE)`] : []),
    ].join('\n'),
  )
  if (refused.length > 0) throw new Unsuccessful()
}
