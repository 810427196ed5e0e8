import { Command } from 'commander'
import type { Cli } from './cli.ts'

type Commands = {
  readonly names: readonly string[]
  /** Answers what adds them to the program. */
  readonly load: () => Promise<(program: Command, cli: Cli) => void>
}

/** What there is, in the order of the help. To load all of it takes longer than most commands do, and half of a server's start. */
const COMMANDS: readonly Commands[] = [
  { names: ['serve'], load: async () => (await import('./serve.ts')).serveCommand },
  {
    names: ['migrate', 'check', 'reconciliation', 'refusals'],
    load: async () => (await import('./operations.ts')).operationCommands,
  },
  { names: ['backup', 'restore'], load: async () => (await import('./backup.ts')).backupCommands },
  { names: ['work-provider'], load: async () => (await import('./work-provider.ts')).workProviderCommands },
  { names: ['import'], load: async () => (await import('./import.ts')).importCommands },
  { names: ['key'], load: async () => (await import('./key.ts')).keyCommands },
  { names: ['staff'], load: async () => (await import('./staff.ts')).staffCommands },
  { names: ['customer'], load: async () => (await import('./customer.ts')).customerCommands },
  { names: ['policy'], load: async () => (await import('./policy.ts')).policyCommands },
  { names: ['link'], load: async () => (await import('./link.ts')).linkCommands },
  { names: ['link-secret'], load: async () => (await import('./link-secret.ts')).linkSecretCommands },
  { names: ['feed'], load: async () => (await import('./feed.ts')).feedCommand },
  { names: ['webhook'], load: async () => (await import('./webhook.ts')).webhookCommands },
  { names: ['terms'], load: async () => (await import('./terms.ts')).termsCommands },
  { names: ['events', 'event'], load: async () => (await import('./event.ts')).eventCommands },
  { names: ['shifts', 'anomalies'], load: async () => (await import('./shifts.ts')).shiftCommands },
  { names: ['cover'], load: async () => (await import('./cover.ts')).coverCommands },
  { names: ['usage'], load: async () => (await import('./usage.ts')).usageCommands },
  { names: ['quality'], load: async () => (await import('./quality.ts')).qualityCommand },
  { names: ['retention'], load: async () => (await import('./retention.ts')).retentionCommands },
  { names: ['audit'], load: async () => (await import('./audit.ts')).auditCommand },
  { names: ['simulate'], load: async () => (await import('./simulate.ts')).simulateCommand },
]

/** The command `zego`: with all that there is, or with what is needed to run the command of a name. */
export async function buildProgram(cli: Cli, name?: string): Promise<Command> {
  const program = new Command('zego')
    .description('Pay-as-you-go insurance for couriers: who was insured when.')
    .version(cli.version)
    .showHelpAfterError('(zego --help lists the commands)')
  const named = COMMANDS.filter(({ names }) => name !== undefined && names.includes(name))
  const needed = named.length > 0 ? named : COMMANDS
  for (const add of await Promise.all(needed.map(({ load }) => load()))) add(program, cli)
  return program
}
