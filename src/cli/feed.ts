import type { Command } from 'commander'
import { readFeedPage } from '../app/feed.ts'
import { workProviderOrTwin } from '../app/sandbox.ts'
import { Impossible, Refusal } from '../domain/errors.ts'
import { feedEntryToWire } from '../domain/feed.ts'
import { formatInstant } from '../domain/instant.ts'
import { type Cli, command, show, table, wholeOption } from './cli.ts'

type Options = { workProvider: string; test?: boolean; after: number; json?: boolean }

/** `zego feed`: what a work provider is told, as it reads it itself. */
export function feedCommand(program: Command, cli: Cli): void {
  command(program, 'feed', 'what a work provider is told of, in order; its feed begins when it first asks for it')
    .requiredOption('--work-provider <name>')
    .option('--test', 'of its test twin: what its test keys send')
    .option('--after <number>', 'only what follows the entry of this number', wholeOption, 0)
    .action(async ({ workProvider, test, after, json }: Options) => {
      const { entries, last, isMore } = await cli.withContext(async (context) => {
        const { id } = await workProviderOrTwin(context, workProvider, test === true)
        return readFeedPage(context, id, after).catch(asImpossible)
      })
      const rows = entries.map((one) => [String(one.number), formatInstant(one.at), one.type, JSON.stringify(one.data)])
      const more = isMore ? `\nMore: --after ${entries.at(-1)!.number}` : ''
      const text = `${table(['number', 'known since', 'type', 'data'], rows, 'Nothing yet.')}${more}`
      show(cli, json, { entries: entries.map(feedEntryToWire), last }, text)
    })
}

/** What the API refuses, an operator is told in a sentence. */
function asImpossible(error: unknown): never {
  throw error instanceof Refusal ? new Impossible(error.detail) : error
}
