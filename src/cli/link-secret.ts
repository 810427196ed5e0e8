import type { Command } from 'commander'
import { allLinkSecrets, createLinkSecret, endLinkSecret, linkUrl } from '../app/link-secrets.ts'
import { formatInstant, plus } from '../domain/instant.ts'
import { type Cli, command, durationOption, instantOrNull, show, table } from './cli.ts'

type UrlOptions = {
  workProvider: string
  workProviderUserId: string
  email?: string
  signedFor?: string
  json?: boolean
}

export function linkSecretCommands(program: Command, cli: Cli): void {
  const group = program.command('link-secret').description('secrets that work providers sign links with')

  command(group, 'create', 'make a secret; it is shown this once, and two may be live')
    .requiredOption('--work-provider <name>')
    .action(async (options: { workProvider: string; json?: boolean }) => {
      const made = await cli.withContext((context) => createLinkSecret(context, options.workProvider))
      const said = `Link secret ${made.id} for "${made.workProvider}", shown this once:\n\n    ${made.secret}\n`
      show(cli, options.json, made, said)
    })

  command(group, 'list', 'list the secrets').action(async (options: { json?: boolean }) => {
    const all = await cli.withContext(allLinkSecrets)
    const json = all.map(({ id, workProvider, recordedAt, revokedAt }) => ({
      id,
      workProvider,
      madeAt: formatInstant(recordedAt),
      revokedAt: instantOrNull(revokedAt),
    }))
    const rows = json.map((one) => [one.workProvider, one.id, one.madeAt, one.revokedAt ?? 'live'])
    show(cli, options.json, json, table(['work provider', 'id', 'made', 'revoked'], rows, 'There are no link secrets.'))
  })

  command(group, 'revoke', 'end a secret: links signed with it are refused')
    .argument('<id>')
    .action(async (id: string, options: { json?: boolean }) => {
      await cli.withContext((context) => endLinkSecret(context, id))
      show(cli, options.json, { id, revoked: true }, `Link secret ${id} is revoked.`)
    })
}

/** `zego link url`, beside the other commands about links. */
export function linkUrlCommand(group: Command, cli: Cli): void {
  command(group, 'url', 'the link that a work provider gives to a driver')
    .requiredOption('--work-provider <name>')
    .requiredOption('--work-provider-user-id <id>', "the work provider's own id for the driver")
    .option('--email <address>', "the driver's e-mail address")
    .option('--signed-for <duration>', 'sign it with the newest link secret, good for as long as PT1H')
    .action(async (options: UrlOptions) => {
      const { workProvider, workProviderUserId, email, signedFor } = options
      const signedUntil = signedFor === undefined ? undefined : plus(cli.now(), durationOption(signedFor))
      const url = await cli.withContext((context) =>
        linkUrl(context, { workProvider, workProviderUserId, email, signedUntil }),
      )
      show(cli, options.json, { url }, url)
    })
}
