import type { Command } from 'commander'
import { createKey, createTestKey, importKey, listKeys, revokeKey, rotateKey } from '../app/api-keys.ts'
import { formatInstant } from '../domain/instant.ts'
import { TEST_TABLE } from '../domain/sandbox.ts'
import type { ListedApiKey } from '../storage/api-keys.ts'
import { type Cli, command, durationOption, instantOrNull, show, table } from './cli.ts'

type Options = { workProvider: string; test?: boolean; json?: boolean }

export function keyCommands(program: Command, cli: Cli): void {
  const group = program.command('key').description('API keys of work providers')

  command(group, 'create', 'make a key; it is shown this once')
    .requiredOption('--work-provider <name>')
    .option('--test', 'a key of the sandbox: it sees test customers, and nobody else')
    .action((options: Options) => (options.test === true ? createTest(cli, options) : create(cli, options)))

  command(group, 'import', 'take over a key that a work provider already uses; it is read from standard input')
    .requiredOption('--work-provider <name>')
    .requiredOption('--key-stdin', 'read the key from standard input')
    .action(async (options: Options) => {
      const key = (await cli.readInput()).replace(/\r?\n$/, '')
      const imported = await cli.withContext((context) => importKey(context, options.workProvider, key))
      show(cli, options.json, imported, `Took over key ${imported.id} for "${imported.workProvider}".`)
    })

  command(group, 'list', 'list the keys').action(async (options: { json?: boolean }) => {
    const keys = await cli.withContext(listKeys)
    const now = cli.now()
    const rows = keys.map((key) => [
      key.workProvider,
      key.id,
      key.isTest ? 'test' : 'real',
      formatInstant(key.recordedAt),
      stateOf(key, now),
      instantOrNull(key.lastUsedAt) ?? 'never',
    ])
    show(
      cli,
      options.json,
      keys.map((key) => keyToJson(key, now)),
      table(['work provider', 'id', 'sees', 'made', 'state', 'last used'], rows, 'There are no keys.'),
    )
  })

  command(group, 'revoke', 'end a key at once')
    .argument('<id>')
    .action(async (id: string, options: { json?: boolean }) => {
      const key = await cli.withContext((context) => revokeKey(context, id))
      show(
        cli,
        options.json,
        keyToJson(key, cli.now()),
        `Key ${id} of "${key.workProvider}" is revoked; no server takes it any more.`,
      )
    })

  command(group, 'rotate', 'make a new key and let the old one end')
    .argument('<id>')
    .requiredOption('--overlap <duration>', 'how long the old key goes on, as in PT24H')
    .action(async (id: string, options: { overlap: string; json?: boolean }) => {
      const overlap = durationOption(options.overlap)
      const rotated = await cli.withContext((context) => rotateKey(context, id, overlap))
      const oldKeyExpiresAt = formatInstant(rotated.oldKeyExpiresAt)
      show(
        cli,
        options.json,
        { ...rotated, replaces: id, oldKeyExpiresAt },
        `Key ${rotated.id} for "${rotated.workProvider}", shown this once:\n\n    ${rotated.key}\n\nThe old one ends at ${oldKeyExpiresAt}.`,
      )
    })
}

async function create(cli: Cli, options: Options): Promise<void> {
  const created = await cli.withContext((context) => createKey(context, options.workProvider))
  const { id, workProvider, key } = created
  show(cli, options.json, created, `Key ${id} for "${workProvider}", shown this once:\n\n    ${key}\n`)
}

async function createTest(cli: Cli, options: Options): Promise<void> {
  const created = await cli.withContext((context) => createTestKey(context, options.workProvider))
  const { id, workProvider, key } = created
  const customers = TEST_TABLE.map(({ customerNumber, userId, email, is }) => ({
    customerNumber,
    workProviderUserId: userId,
    email,
    is,
  }))
  const rows = TEST_TABLE.map(({ customerNumber, userId, email, is }) => [customerNumber, userId, email ?? '-', is])
  show(cli, options.json, { ...created, test: true, customers }, () =>
    [
      `Test key ${id} for "${workProvider}", shown this once:`,
      `    ${key}`,
      'It sees these customers, and nobody else:',
      `${table(['customer number', 'user id', 'e-mail', 'is'], rows, '')}\n`,
    ].join('\n\n'),
  )
}

function stateOf(key: ListedApiKey, now: number): string {
  if (key.revokedAt !== null) return `revoked ${formatInstant(key.revokedAt)}`
  if (key.expiresAt === null) return 'live'
  return `${key.expiresAt <= now ? 'ended' : 'live until'} ${formatInstant(key.expiresAt)}`
}

function keyToJson(key: ListedApiKey, now: number): unknown {
  return {
    id: key.id,
    workProvider: key.workProvider,
    test: key.isTest,
    createdAt: formatInstant(key.recordedAt),
    expiresAt: instantOrNull(key.expiresAt),
    revokedAt: instantOrNull(key.revokedAt),
    lastUsedAt: instantOrNull(key.lastUsedAt),
    live: key.revokedAt === null && (key.expiresAt === null || now < key.expiresAt),
  }
}
