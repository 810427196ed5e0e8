import type { Command } from 'commander'
import { COUNTED_DAYS } from '../app/count-quality.ts'
import { type DataQuality, readDataQuality } from '../app/data-quality.ts'
import { requireWorkProvider } from '../app/work-providers.ts'
import { COUNTS, type Counts, sharesOf } from '../domain/data-quality.ts'
import { Impossible } from '../domain/errors.ts'
import { findingInWords } from '../domain/findings.ts'
import { formatInstant } from '../domain/instant.ts'
import { LAG_WORDS, usualLag } from '../domain/lag.ts'
import { type Cli, command, instantOrNull, show, table } from './cli.ts'

type Options = { workProvider: string; days: string; json?: boolean }

const HEADINGS = ['day', 'reports', 'duplicate', 'late', 'orphan', 'repeat', 'capped', 'parked', 'usually arrive']

export function qualityCommand(program: Command, cli: Cli): void {
  command(program, 'quality', 'how good the reports of a work provider are, by day (of UTC) of their arrival')
    .requiredOption('--work-provider <name>')
    .option('--days <count>', `so many days up to today, at most ${COUNTED_DAYS}`, '14')
    .action(async (options: Options) => {
      const days = daysOption(options.days)
      const quality = await cli.withContext(async (context) => {
        const workProvider = await requireWorkProvider(context.db, options.workProvider)
        return readDataQuality(context, workProvider.id, days)
      })
      show(cli, options.json, qualityToJson(quality), () => inWords(quality))
    })
}

function daysOption(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > COUNTED_DAYS) {
    throw new Impossible(`"${text}" is not a number of days from 1 to ${COUNTED_DAYS}`)
  }
  return days
}

function inWords({ days, total, countedAt, lastReportAt, findings }: DataQuality): string {
  const rows = [...days.map((day) => rowOf(day.day, day)), rowOf('all', total)]
  return [
    table(HEADINGS, countedAt === null ? [] : rows, 'Nothing is counted yet: the server does so while it runs.'),
    [
      ...(countedAt === null ? [] : [`Counted up to ${formatInstant(countedAt)}.`]),
      lastReportAt === null ? 'No report ever came.' : `The last report came at ${formatInstant(lastReportAt)}.`,
      ...findings.map((finding) => findingInWords(finding, formatInstant)),
    ].join('\n'),
  ].join('\n\n')
}

function rowOf(day: string, counts: Counts): string[] {
  const { duplicate, late, orphan, repeat, capped, parked } = sharesOf(counts)
  const lag = usualLag(counts)
  const shares = [duplicate, late, orphan, repeat, capped, parked].map(percent)
  return [day, String(counts.reports), ...shares, lag === null ? '' : LAG_WORDS[lag]]
}

function percent(share: number | null): string {
  return share === null ? '' : `${(share * 100).toFixed(1)} %`
}

function qualityToJson({ days, total, countedAt, lastReportAt, findings }: DataQuality): unknown {
  const countsOf = (counts: Counts) => Object.fromEntries(COUNTS.map((name) => [name, counts[name]]))
  return {
    days: days.map((day) => ({ day: day.day, countedAt: instantOrNull(day.countedAt), ...countsOf(day) })),
    total: countsOf(total),
    countedAt: instantOrNull(countedAt),
    lastReportAt: instantOrNull(lastReportAt),
    findings: findings.map((finding) => ({ kind: finding.kind, text: findingInWords(finding, formatInstant) })),
  }
}
