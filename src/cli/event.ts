import type { Command } from 'commander'
import { annulEvent } from '../app/annul.ts'
import { readCustomer } from '../app/customer-record.ts'
import { requireUserId } from '../app/links.ts'
import { requireWorkProvider } from '../app/work-providers.ts'
import { streamEvents } from '../domain/customer-record.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import { eventId, isAnnulled, type ReceivedEvent } from '../domain/shift-event.ts'
import { eventsOfIdentities } from '../storage/events.ts'
import type { Context } from '../app/context.ts'
import { type Cli, command, show, table } from './cli.ts'

type EventsOptions = { customer?: string; workProvider?: string; workProviderUserId?: string; json?: boolean }
type ListedEvent = { workProvider: string; event: ReceivedEvent }

export function eventCommands(program: Command, cli: Cli): void {
  command(program, 'events', 'list what was reported of a person')
    .option('--customer <number>')
    .option('--work-provider <name>', 'with --work-provider-user-id')
    .option('--work-provider-user-id <id>')
    .action(async (options: EventsOptions) => {
      const events = await cli.withContext((context) => listEvents(context, options))
      const json = events.map(({ workProvider, event }) => eventToJson(workProvider, event))
      const rows = json.map((event) => [
        event.at,
        event.kind,
        event.workProvider,
        event.customerNumber ?? event.workProviderUserId ?? '',
        event.receivedAt,
        event.annulled ? `annulled: ${event.reason}` : '',
        event.id,
      ])
      show(cli, options.json, json, () =>
        table(['at', 'kind', 'work provider', 'identity', 'received', 'state', 'id'], rows, 'Nothing was reported.'),
      )
    })

  const group = program.command('event').description('single events')
  for (const { name, annulled, done } of [
    { name: 'annul', annulled: true, done: 'is annulled' },
    { name: 'restore', annulled: false, done: 'counts again' },
  ]) {
    command(group, name, annulled ? 'take a wrong event out of account' : 'take an annulment back')
      .argument('<id>')
      .requiredOption('--reason <text>')
      .action(async (id: string, options: { reason: string; json?: boolean }) => {
        const request = { eventId: id, annulled, reason: options.reason }
        const event = await cli.withContext((context) => annulEvent(context, request))
        const answer = {
          id,
          kind: event.kind,
          at: formatInstant(event.at),
          annulled,
          reason: options.reason,
          by: cli.operator,
        }
        show(cli, options.json, answer, `The ${event.kind} at ${formatInstant(event.at)} ${done}.`)
      })
  }
}

async function listEvents(context: Context, options: EventsOptions): Promise<ListedEvent[]> {
  const { customer, workProvider, workProviderUserId } = options
  if (customer !== undefined && workProvider === undefined && workProviderUserId === undefined) {
    const { record } = await readCustomer(context, { customerNumber: customer })
    return record.streams
      .flatMap((stream) => streamEvents(stream).map((event) => ({ workProvider: stream.workProvider, event })))
      .sort((a, b) => a.event.at - b.event.at)
  }
  if (customer === undefined && workProvider !== undefined && workProviderUserId !== undefined) {
    const { id, name } = await requireWorkProvider(context.db, workProvider)
    const events = await eventsOfIdentities(context.db, [requireUserId(id, workProviderUserId)], { withInbox: true })
    return events.map((event) => ({ workProvider: name, event }))
  }
  throw new Impossible('give either --customer, or --work-provider with --work-provider-user-id')
}

function eventToJson(workProvider: string, event: ReceivedEvent) {
  const { identity } = event
  return {
    id: eventId(event),
    workProvider,
    kind: event.kind,
    at: formatInstant(event.at),
    customerNumber: identity.kind === 'customer_number' ? identity.text : null,
    workProviderUserId: identity.kind === 'user_id' ? identity.text : null,
    receivedAt: formatInstant(event.receivedAt),
    requestId: event.requestId,
    annulled: isAnnulled(event),
    reason: event.annulments.at(-1)?.reason ?? null,
  }
}
