import { Command } from 'commander'
import { auditCommand } from './audit.ts'
import { backupCommands } from './backup.ts'
import type { Cli } from './cli.ts'
import { coverCommands } from './cover.ts'
import { customerCommands } from './customer.ts'
import { eventCommands } from './event.ts'
import { feedCommand } from './feed.ts'
import { importCommands } from './import.ts'
import { keyCommands } from './key.ts'
import { linkSecretCommands } from './link-secret.ts'
import { linkCommands } from './link.ts'
import { operationCommands } from './operations.ts'
import { policyCommands } from './policy.ts'
import { qualityCommand } from './quality.ts'
import { retentionCommands } from './retention.ts'
import { shiftCommands } from './shifts.ts'
import { simulateCommand } from './simulate.ts'
import { staffCommands } from './staff.ts'
import { termsCommands } from './terms.ts'
import { usageCommands } from './usage.ts'
import { webhookCommands } from './webhook.ts'
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
  importCommands(program, cli)
  keyCommands(program, cli)
  staffCommands(program, cli)
  customerCommands(program, cli)
  policyCommands(program, cli)
  linkCommands(program, cli)
  linkSecretCommands(program, cli)
  feedCommand(program, cli)
  webhookCommands(program, cli)
  termsCommands(program, cli)
  eventCommands(program, cli)
  shiftCommands(program, cli)
  coverCommands(program, cli)
  usageCommands(program, cli)
  qualityCommand(program, cli)
  retentionCommands(program, cli)
  auditCommand(program, cli)
  simulateCommand(program, cli)
  return program
}
