import type { Command } from 'commander'
import { createLink, recordConsent, releaseUserId } from '../app/links.ts'
import { formatInstant } from '../domain/instant.ts'
import { type Cli, command, instantOrNull, optionalInstant, show } from './cli.ts'
import { linkUrlCommand } from './link-secret.ts'

type CreateOptions = {
  workProvider: string
  customer: string
  workProviderUserId?: string
  consentedAt?: string
  json?: boolean
}
type ConsentOptions = { workProvider: string; customer: string; at?: string; json?: boolean }
type ReleaseOptions = { workProvider: string; workProviderUserId: string; at?: string; json?: boolean }

export function linkCommands(program: Command, cli: Cli): void {
  const group = program.command('link').description('ties of customers to work providers')

  command(group, 'create', 'tie a customer to a work provider, or bind a further user id')
    .requiredOption('--work-provider <name>')
    .requiredOption('--customer <number>')
    .option('--work-provider-user-id <id>', "the work provider's own id for the customer")
    .option('--consented-at <instant>', 'from when the customer consents; without it no consent is recorded')
    .action(async (options: CreateOptions) => {
      const consentedAt = optionalInstant(cli, options.consentedAt)
      const link = await cli.withContext((context) =>
        createLink(context, {
          workProvider: options.workProvider,
          customerNumber: options.customer,
          workProviderUserId: options.workProviderUserId,
          consentedAt,
        }),
      )
      const answer = {
        id: link.id,
        workProvider: options.workProvider,
        customerNumber: link.customerNumber,
        workProviderUserId: options.workProviderUserId ?? null,
        consentedAt: instantOrNull(consentedAt ?? null),
      }
      const consent =
        consentedAt === undefined ? 'no consent is recorded' : `consent from ${formatInstant(consentedAt)}`
      show(cli, options.json, answer, `Linked ${link.customerNumber} to "${options.workProvider}"; ${consent}.`)
    })

  for (const { name, given, done } of [
    { name: 'consent', given: true, done: 'consents' },
    { name: 'withdraw', given: false, done: 'withdraws consent' },
  ]) {
    command(group, name, `record that the customer ${done}`)
      .requiredOption('--work-provider <name>')
      .requiredOption('--customer <number>')
      .option('--at <instant>', 'from when; now by default')
      .action(async (options: ConsentOptions) => {
        const linkName = { workProvider: options.workProvider, customerNumber: options.customer }
        const at = await cli.withContext((context) =>
          recordConsent(context, linkName, given, optionalInstant(cli, options.at)),
        )
        const answer = { ...linkName, given, at: formatInstant(at) }
        show(
          cli,
          options.json,
          answer,
          `${options.customer} ${done} at "${options.workProvider}" from ${formatInstant(at)}.`,
        )
      })
  }

  linkUrlCommand(group, cli)

  command(group, 'release', 'take a user id from the customer who holds it')
    .requiredOption('--work-provider <name>')
    .requiredOption('--work-provider-user-id <id>')
    .option('--at <instant>', 'events from then on are nobody’s; now by default')
    .action(async (options: ReleaseOptions) => {
      const { workProvider, workProviderUserId } = options
      const at = await cli.withContext((context) =>
        releaseUserId(context, { workProvider, workProviderUserId, at: optionalInstant(cli, options.at) }),
      )
      const answer = { workProvider, workProviderUserId, releasedFrom: formatInstant(at) }
      show(cli, options.json, answer, `${workProviderUserId} at "${workProvider}" is free from ${formatInstant(at)}.`)
    })
}
