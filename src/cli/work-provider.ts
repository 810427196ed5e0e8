import { type Command, Option } from 'commander'
import { changeSettings, createWorkProvider } from '../app/work-providers.ts'
import { Impossible } from '../domain/errors.ts'
import { LINK_REQUIREMENTS, type LinkRequirement } from '../domain/work-provider.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import { inviteCommand } from './staff.ts'
import { type Cli, command, durationOption, show, table } from './cli.ts'

type SetOptions = { cap?: string; linkRequires?: LinkRequirement; json?: boolean }

export function workProviderCommands(program: Command, cli: Cli): void {
  const group = program.command('work-provider').description('platforms that report shifts')

  command(group, 'create', 'make a work provider')
    .argument('<name>')
    .action(async (name: string, options: { json?: boolean }) => {
      const created = await cli.withContext((context) => createWorkProvider(context, name))
      show(cli, options.json, created, `Made work provider "${created.name}" (${created.id}).`)
    })

  command(group, 'list', 'list the work providers').action(async (options: { json?: boolean }) => {
    const all = await cli.withContext((context) => listWorkProviders(context.db))
    const rows = all.map((one) => [one.name, one.id])
    show(cli, options.json, all, table(['work provider', 'id'], rows, 'There are no work providers.'))
  })

  inviteCommand(group, cli)

  command(group, 'set', 'change settings of a work provider, from now on')
    .argument('<name>')
    .option('--cap <duration>', 'how long a shift without logout lasts, as in PT14H')
    .addOption(
      new Option('--link-requires <what>', 'what a link needs besides consent').choices([...LINK_REQUIREMENTS]),
    )
    .action(async (name: string, options: SetOptions) => {
      const { cap, linkRequires } = options
      if (cap === undefined && linkRequires === undefined)
        throw new Impossible('nothing to set: give --cap or --link-requires')
      const settings = {
        ...(cap === undefined ? {} : { cap: durationOption(cap) }),
        ...(linkRequires === undefined ? {} : { linkRequires }),
      }
      const changed = await cli.withContext((context) => changeSettings(context, name, settings))
      const answer = {
        ...changed,
        ...(cap === undefined ? {} : { cap }),
        ...(linkRequires === undefined ? {} : { linkRequires }),
      }
      const said = [
        ...(cap === undefined ? [] : [`a shift without logout ends after ${cap}`]),
        ...(linkRequires === undefined ? [] : [`a link requires ${linkRequires} besides consent`]),
      ]
      show(cli, options.json, answer, `From now on at "${changed.name}": ${said.join('; ')}.`)
    })
}
