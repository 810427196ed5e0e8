import type { Command } from 'commander'
import { cancelPolicy, createPolicy } from '../app/policies.ts'
import { formatInstant } from '../domain/instant.ts'
import { type Cli, command, instantOrNull, optionalInstant, show } from './cli.ts'

type CreateOptions = {
  customer: string
  classOfUse: string
  coverLevel: string
  vehicle?: string
  workProvider?: string
  from?: string
  to?: string
  json?: boolean
}

export function policyCommands(program: Command, cli: Cli): void {
  const group = program.command('policy').description('what customers are insured for')

  command(group, 'create', 'make a policy')
    .requiredOption('--customer <number>')
    .requiredOption('--class-of-use <text>')
    .requiredOption('--cover-level <text>')
    .option('--vehicle <registration>', 'when it names a vehicle')
    .option('--work-provider <name>', 'when it is good for one only')
    .option('--from <instant>', 'valid from; now by default')
    .option('--to <instant>', 'valid until; open by default')
    .action(async (options: CreateOptions) => {
      const policy = await cli.withContext((context) =>
        createPolicy(context, {
          customerNumber: options.customer,
          classOfUse: options.classOfUse,
          coverLevel: options.coverLevel,
          vehicleRegistration: options.vehicle,
          workProvider: options.workProvider,
          from: optionalInstant(cli, options.from),
          to: optionalInstant(cli, options.to),
        }),
      )
      const answer = {
        id: policy.id,
        customerNumber: policy.customerNumber,
        classOfUse: policy.classOfUse,
        coverLevel: policy.coverLevel,
        vehicle: policy.vehicleRegistration,
        workProvider: options.workProvider ?? null,
        from: formatInstant(policy.validFrom),
        to: instantOrNull(policy.validTo),
      }
      show(
        cli,
        options.json,
        answer,
        `Made policy ${policy.id} for ${policy.customerNumber}, valid from ${answer.from}.`,
      )
    })

  command(group, 'cancel', 'end a policy')
    .argument('<id>')
    .option('--at <instant>', 'from when; now by default')
    .action(async (id: string, options: { at?: string; json?: boolean }) => {
      const at = await cli.withContext((context) => cancelPolicy(context, id, optionalInstant(cli, options.at)))
      show(cli, options.json, { id, cancelledFrom: formatInstant(at) }, `Policy ${id} ends at ${formatInstant(at)}.`)
    })
}
