import type { Command } from 'commander'
import { check } from '../app/check.ts'
import { type Case, reconciliation } from '../app/reconciliation.ts'
import { requireWorkProvider } from '../app/work-providers.ts'
import { formatInstant } from '../domain/instant.ts'
import { assertDurable } from '../storage/database.ts'
import { bringUpToDate } from '../storage/migrate.ts'
import { countRefusals, KEPT_REFUSALS, listRefusals } from '../storage/refusals.ts'
import { type Cli, command, show, table, Unsuccessful } from './cli.ts'

export function operationCommands(program: Command, cli: Cli): void {
  command(program, 'migrate', 'bring the database to the schema of this program').action(
    async (options: { json?: boolean }) => {
      const made = await cli.withContext(async (context) => {
        await assertDurable(context.db)
        return bringUpToDate(context.db)
      }, 'any schema')
      const { applied, distributed } = made
      const lines = [
        applied.length === 0 ? 'The database is up to date.' : `Applied ${applied.join(', ')}.`,
        ...(distributed.length === 0 ? [] : [`Distributed ${distributed.join(', ')} by slice over the workers.`]),
      ]
      show(cli, options.json, made, lines.join('\n'))
    },
  )

  command(program, 'check', 'recompute every shift from its events and compare').action(
    async (options: { json?: boolean }) => {
      const result = await cli.withContext((context) => check(context))
      const isGood = result.differences.length === 0
      const skipped = result.skipped === 0 ? '' : ` (${result.skipped} streams were being derived and are left out)`
      const counts = `${result.streams} streams${skipped}, ${result.shifts} shifts, ${result.reports} reports`
      const lines = result.differences.map(
        (one) => `  ${one.what}: stored ${one.stored ?? 'nothing'}, should be ${one.derived ?? 'nothing'}`,
      )
      show(
        cli,
        options.json,
        { ok: isGood, ...result },
        isGood ? `No difference in ${counts}.` : [`Differences in ${counts}:`, ...lines].join('\n'),
      )
      if (!isGood) throw new Unsuccessful()
    },
  )

  command(program, 'reconciliation', 'list what staff have to look at').action(async (options: { json?: boolean }) => {
    const cases = await cli.withContext(async (context) => (await Array.fromAsync(reconciliation(context))).flat())
    const json = cases.map(caseToJson)
    const rows = json.map((one) => [
      one.kind,
      one.workProvider,
      [one.customerNumber, one.workProviderUserId].filter(Boolean).join(' claims '),
      one.since,
      one.events === undefined || one.firstAt === null ? '' : `${one.events} from ${one.firstAt} to ${one.lastAt}`,
      one.done ? 'done' : '',
    ])
    show(
      cli,
      options.json,
      json,
      table(['case', 'work provider', 'person', 'since', 'events', ''], rows, 'Nothing to reconcile.'),
    )
  })

  command(program, 'refusals', `the last refused requests of a work provider (at most ${KEPT_REFUSALS}), and counts`)
    .option('--work-provider <name>', 'without it: requests that came without a live key')
    .action(async (options: { workProvider?: string; json?: boolean }) => {
      const { counts, last } = await cli.withContext(async (context) => {
        const id =
          options.workProvider === undefined ? null : (await requireWorkProvider(context.db, options.workProvider)).id
        return { counts: await countRefusals(context.db, id), last: await listRefusals(context.db, id, KEPT_REFUSALS) }
      })
      const json = last.map(({ workProviderId: _, ...refusal }) => ({ ...refusal, at: formatInstant(refusal.at) }))
      const rows = json.map((one) => [one.at, String(one.status), one.error, one.method, one.path, one.detail])
      const total = Object.entries(counts)
        .map(([error, count]) => `${error} ${count}`)
        .join(', ')
      show(cli, options.json, { counts, last: json }, () =>
        [table(['at', 'status', 'error', 'method', 'path', 'why'], rows, 'Nothing was refused.'), total]
          .filter(Boolean)
          .join('\n\n'),
      )
    })
}

function caseToJson(one: Case) {
  const { workProvider, kind, done } = one
  const since = formatInstant(one.since)
  if (one.kind !== 'parked') {
    const workProviderUserId = one.kind === 'conflicting claim' ? one.identity : null
    return { kind, workProvider, customerNumber: one.customerNumber, workProviderUserId, since, done }
  }
  return {
    kind,
    workProvider,
    customerNumber: one.identityKind === 'customer_number' ? one.identity : null,
    workProviderUserId: one.identityKind === 'user_id' ? one.identity : null,
    since,
    done,
    events: one.events,
    firstAt: one.firstAt === null ? null : formatInstant(one.firstAt),
    lastAt: one.lastAt === null ? null : formatInstant(one.lastAt),
  }
}
