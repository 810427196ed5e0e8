import type { Command } from 'commander'
import { readAudit } from '../app/audit-log.ts'
import { formatInstant } from '../domain/instant.ts'
import type { AuditLine } from '../storage/audit.ts'
import { type Cli, command, optionalInstant, show, table } from './cli.ts'

type Options = { customer?: string; workProvider?: string; by?: string; since?: string; limit: string; json?: boolean }

const DEFAULT_LINES = '100'

export function auditCommand(program: Command, cli: Cli): void {
  command(program, 'audit', 'who did what to which customer, key, policy or link, and when')
    .option('--customer <number>')
    .option('--work-provider <name>')
    .option('--by <name>', 'done by this user of the machine, or driver (a customer number)')
    .option('--since <instant>')
    .option('--limit <lines>', 'the newest so many', DEFAULT_LINES)
    .action(async (options: Options) => {
      const request = {
        customerNumber: options.customer,
        workProvider: options.workProvider,
        by: options.by,
        since: optionalInstant(cli, options.since),
        limit: Number(options.limit),
      }
      const lines = await cli.withContext((context) => readAudit(context, request))
      const rows = lines.map((line) => [
        formatInstant(line.at),
        line.by.kind === 'operator' ? line.by.name : `${line.by.kind} ${line.by.name}`,
        line.action,
        line.customerNumber ?? '-',
        line.workProvider ?? '-',
        line.subject ?? '-',
        described(line.details),
      ])
      const headings = ['at', 'who', 'what', 'customer', 'work provider', 'id', 'details']
      const json = lines.map((line) => ({ ...line, at: formatInstant(line.at) }))
      show(cli, options.json, json, () => table(headings, rows, 'Nothing was done.'))
    })
}

function described(details: AuditLine['details']): string {
  return Object.entries(details)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
