import { Command } from 'commander'
import { auditCommand } from './audit.ts'
import { backupCommands } from './backup.ts'
import type { Cli } from './cli.ts'
import { coverCommands } from './cover.ts'
import { customerCommands } from './customer.ts'
import { eventCommands } from './event.ts'
import { keyCommands } from './key.ts'
import { linkSecretCommands } from './link-secret.ts'
import { linkCommands } from './link.ts'
import { operationCommands } from './operations.ts'
import { policyCommands } from './policy.ts'
import { retentionCommands } from './retention.ts'
import { shiftCommands } from './shifts.ts'
import { termsCommands } from './terms.ts'
import { usageCommands } from './usage.ts'
import { workProviderCommands } from './work-provider.ts'

/** The command `zego`. */
export function buildProgram(cli: Cli): Command {
  const program = new Command('zego')
    .description('Pay-as-you-go insurance for couriers: who was insured when.')
    .version(cli.version)
    .showHelpAfterError('(zego --help lists the commands)')
  operationCommands(program, cli)
  backupCommands(program, cli)
  workProviderCommands(program, cli)
  keyCommands(program, cli)
  customerCommands(program, cli)
  policyCommands(program, cli)
  linkCommands(program, cli)
  linkSecretCommands(program, cli)
  termsCommands(program, cli)
  eventCommands(program, cli)
  shiftCommands(program, cli)
  coverCommands(program, cli)
  usageCommands(program, cli)
  retentionCommands(program, cli)
  auditCommand(program, cli)
  return program
}
