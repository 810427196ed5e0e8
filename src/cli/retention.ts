import type { Command } from 'commander'
import {
  detachMonths,
  dropMonths,
  MAX_MONTHS_KEPT,
  MIN_MONTHS_KEPT,
  readRetention,
  type Retention,
} from '../app/retention.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import type { ReportMonth } from '../storage/report-months.ts'
import { type Cli, command, show, table } from './cli.ts'

type Options = { months?: string; drop?: string[]; dryRun?: boolean; json?: boolean }

const BYTES_PER_MEGABYTE = 1024 * 1024
const HEADINGS = ['table', 'received from', 'to', 'rows (about)', 'MB', '']

const HELP = `
Every delivered report is kept in the table of its month, beside the event that it told. Events and shifts are kept for
ever and not touched: cover, shifts and "as known at" do not change. What is lost to the program with a month is
GET /v1/requests/<id> for its requests (404), and that "zego check" compares its reports: run that before.

  1. zego retention                                what there is
  2. zego retention --months 24                    detach what is older; nothing is deleted
  3. dump each detached table, as step 2 tells     they are plain tables that nothing reads
  4. zego retention --drop report_2024_01          delete it, for good

Months begin at 00:00 UTC. With --months ${MIN_MONTHS_KEPT}, the least, the current month and the ${MIN_MONTHS_KEPT} before it stay.`

export function retentionCommands(program: Command, cli: Cli): void {
  command(program, 'retention', 'take old months of reports out of the way; without options: list the months')
    .option(
      '--months <number>',
      `detach all before the month so many months ago (${MIN_MONTHS_KEPT}-${MAX_MONTHS_KEPT})`,
    )
    .option('--drop <table...>', 'delete these months, which an earlier --months detached')
    .option('--dry-run', 'only say what would be done')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      const { months, drop, dryRun = false } = options
      if (months !== undefined && drop !== undefined) {
        throw new Impossible('--months and --drop are two steps: dump what the first detached, then drop it')
      }
      if (months !== undefined && !/^\d+$/.test(months)) throw new Impossible(`"${months}" is not a number of months`)
      const { result, isEmbedded } = await cli.withContext(async (context) => ({
        isEmbedded: context.isEmbedded,
        result:
          months !== undefined
            ? await detachMonths(context, Number(months), dryRun)
            : drop !== undefined
              ? await dropMonths(context, drop, dryRun)
              : await readRetention(context),
      }))
      show(cli, options.json, toJson(result, dryRun), () => describe(result, dryRun, isEmbedded))
    })
}

function toJson({ detached, dropped, detachedBefore, kept, inDefault }: Retention, dryRun: boolean) {
  return {
    dryRun,
    detached: detached.map(monthToJson),
    dropped: dropped.map(monthToJson),
    detachedBefore: detachedBefore.map(monthToJson),
    kept: kept.map((month) => ({ ...monthToJson(month), waiting: month.isWaiting })),
    inDefault: inDefault && {
      reports: inDefault.reports,
      from: formatInstant(inDefault.from),
      to: formatInstant(inDefault.to),
    },
  }
}

function monthToJson({ table: name, from, to, estimatedRows, bytes }: ReportMonth) {
  return { table: name, from: formatInstant(from), to: formatInstant(to), estimatedRows, bytes }
}

function describe(result: Retention, dryRun: boolean, isEmbedded: boolean): string {
  const { detached, dropped, detachedBefore, kept, inDefault } = result
  const would = dryRun ? 'would be ' : ''
  const all = [
    ...dropped.map((month) => ({ month, state: `${would}dropped` })),
    ...detachedBefore.map((month) => ({ month, state: 'detached before' })),
    ...detached.map((month) => ({ month, state: `${would}detached` })),
    ...kept.map((month) => ({ month, state: month.isWaiting ? 'kept: reports still wait to be derived' : 'kept' })),
  ].sort((one, other) => one.month.from - other.month.from)
  const parts = [
    table(
      HEADINGS,
      all.map(({ month, state }) => rowOf(month, state)),
      'There are no months.',
    ),
  ]
  const here = [...detachedBefore, ...(dryRun ? [] : detached)]
  if (here.length > 0) parts.push(howToDump(here, isEmbedded))
  if (inDefault !== null) {
    const span = `${formatInstant(inDefault.from)} to ${formatInstant(inDefault.to)}`
    parts.push(`Reports in no month: ${inDefault.reports}, received from ${span}. They stay in report_default.`)
  }
  return parts.join('\n\n')
}

function rowOf({ table: name, from, to, estimatedRows, bytes }: ReportMonth, state: string): string[] {
  const rows = estimatedRows === null ? 'not counted' : String(estimatedRows)
  return [name, formatInstant(from), formatInstant(to), rows, (bytes / BYTES_PER_MEGABYTE).toFixed(1), state]
}

function howToDump(months: readonly ReportMonth[], isEmbedded: boolean): string {
  const dumps = months.map(({ table: name }) =>
    isEmbedded
      ? // It answers as PostgreSQL 18 does, and pg_dump refuses a server newer than itself.
        `  psql -h "$PWD/data" -U postgres postgres -c '\\copy ${name} to ${name}.csv csv header'`
      : `  pg_dump --format=custom --table=${name} --file=${name}.dump "$DATABASE_URL"`,
  )
  return [
    isEmbedded
      ? 'To dump the detached months, beside the running server (which waits for it; "data" is DATA_DIR):'
      : 'To dump the detached months:',
    ...dumps,
    'And then, to delete them for good:',
    `  npx zego retention --drop ${months.map((month) => month.table).join(' ')}`,
  ].join('\n')
}
