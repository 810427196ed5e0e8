import type { Command } from 'commander'
import { addTerms, allTerms } from '../app/terms.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import type { Terms } from '../domain/terms.ts'
import { type Cli, command, show, table } from './cli.ts'

type AddOptions = { about: string; workProvider?: string; terms: string; textStdin: boolean; json?: boolean }

export function termsCommands(program: Command, cli: Cli): void {
  const group = program.command('terms').description('documents that drivers agree to')

  command(group, 'add', 'add a version; the text is read from standard input, its title on the first line')
    .requiredOption('--about <what>', 'account (the insurer\u2019s own) or link (sharing with a work provider)')
    .option('--work-provider <name>', 'of sharing with this one; without it: with all that have none of their own')
    .requiredOption('--terms <version>', 'what the version is called, as in 2026-11')
    .requiredOption('--text-stdin', 'read the text from standard input')
    .action(async (options: AddOptions) => {
      const { about, workProvider } = options
      if (about !== 'account' && about !== 'link') throw new Impossible('--about is account or link')
      const text = await cli.readInput()
      const terms = await cli.withContext((context) =>
        addTerms(context, { about, workProvider, version: options.terms, text }),
      )
      const said = `Added "${terms.title}", version ${terms.version}. From now on it is what is agreed to.`
      show(cli, options.json, termsToJson(terms, workProvider ?? null), said)
    })

  command(group, 'list', 'list the versions').action(async (options: { json?: boolean }) => {
    const all = await cli.withContext(allTerms)
    const rows = all.map((one) => [
      one.about,
      one.workProvider ?? (one.about === 'link' ? '(standard)' : '-'),
      one.version,
      formatInstant(one.recordedAt),
      one.title,
    ])
    show(
      cli,
      options.json,
      all.map((one) => termsToJson(one, one.workProvider)),
      table(['about', 'work provider', 'version', 'added', 'title'], rows, 'There are no terms.'),
    )
  })
}

function termsToJson({ id, about, version, title, hash, recordedAt }: Terms, workProvider: string | null) {
  return { id, about, workProvider, version, title, hash, addedAt: formatInstant(recordedAt) }
}
