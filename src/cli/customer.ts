import type { Command } from 'commander'
import { readCustomer } from '../app/customer-record.ts'
import { createCustomer, requireCustomer } from '../app/customers.ts'
import { eraseCustomer } from '../app/erase-customer.ts'
import { logOutCustomer } from '../app/log-out-customer.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { activeIntervals, consentAt, holding } from '../domain/link.ts'
import { contains } from '../domain/interval.ts'
import { type Policy, validity } from '../domain/policy.ts'
import type { StreamRecord } from '../domain/customer-record.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import { type Cli, command, instantOrNull, show, table } from './cli.ts'

type CreateOptions = { email: string; customerNumber?: string; name?: string; json?: boolean }

export function customerCommands(program: Command, cli: Cli): void {
  const group = program.command('customer').description('people known to the insurer')

  command(group, 'create', 'make a customer')
    .requiredOption('--email <address>')
    .option('--customer-number <number>', 'A-Z and 0-9; one is made up otherwise')
    .option('--name <name>')
    .action(async (options: CreateOptions) => {
      const customer = await cli.withContext((context) => createCustomer(context, options))
      show(cli, options.json, customer, `Made customer ${customer.customerNumber} (${customer.email}).`)
    })

  command(group, 'show', 'show a customer with policies and links')
    .argument('<customer-number>')
    .action(async (number: string, options: { json?: boolean }) => {
      const answer = await cli.withContext(async (context) => {
        const customer = await requireCustomer(context.db, number)
        const { record, now } = await readCustomer(context, { customerNumber: customer.customerNumber })
        const names = new Map((await listWorkProviders(context.db)).map((one) => [one.id, one.name]))
        return {
          customerNumber: customer.customerNumber,
          email: customer.email,
          name: customer.name,
          createdAt: formatInstant(customer.recordedAt),
          erasedAt: instantOrNull(customer.erasedAt),
          policies: record.policies.map((policy) => policyToJson(policy, names, now)),
          links: record.streams.map((stream) => linkToJson(stream, now)),
        }
      })
      show(cli, options.json, answer, () => describe(answer))
    })

  command(group, 'logout', 'end every session of a driver, at once; they may log in again')
    .argument('<customer-number>')
    .action(async (number: string, { json }: { json?: boolean }) => {
      const ended = await cli.withContext((context) => logOutCustomer(context, number))
      show(cli, json, ended, `Customer ${ended.customerNumber} is logged out: ${ended.sessions} sessions are ended.`)
    })

  eraseCommand(group, cli)
}

type EraseOptions = { reason: string; json?: boolean }

function eraseCommand(group: Command, cli: Cli): void {
  command(group, 'erase', 'make unreadable who a customer is, for good; policies and shifts stay, as the law asks')
    .argument('<customer-number>')
    .requiredOption('--reason <text>', 'for the audit log, which is kept: name nobody in it')
    .action(async (number: string, { reason, json }: EraseOptions) => {
      const erased = await cli.withContext((context) => eraseCustomer(context, number, reason))
      const answer = { ...erased, erasedAt: formatInstant(erased.erasedAt) }
      const ended =
        erased.withdrawnFrom.length === 0 ? '' : ` Nothing is shared with ${erased.withdrawnFrom.join(', ')}.`
      show(cli, json, answer, `Customer ${erased.customerNumber} is erased.${ended} Policies and shifts are kept.`)
    })
}

function policyToJson(policy: Policy, names: ReadonlyMap<string, string>, now: Instant) {
  const { from, to } = validity(policy)
  const hasEnd = policy.validTo !== null || policy.cancellations.length > 0
  return {
    id: policy.id,
    classOfUse: policy.classOfUse,
    coverLevel: policy.coverLevel,
    vehicle: policy.vehicleRegistration,
    workProvider: policy.workProviderId === null ? null : names.get(policy.workProviderId)!,
    from: formatInstant(from),
    to: hasEnd ? formatInstant(to) : null,
    valid: contains({ from, to }, now),
  }
}

function linkToJson(stream: StreamRecord, now: Instant) {
  const consent = consentAt(stream.consents, now)
  const held = stream.bindings.filter(
    (binding) => binding.identity.kind === 'user_id' && contains(holding(binding), now),
  )
  return {
    workProvider: stream.workProvider,
    workProviderUserIds: held.map((binding) => binding.identity.text),
    active: activeIntervals(stream).some((interval) => contains(interval, now)),
    consentedAt: instantOrNull(consent?.given ? consent.effectiveAt : null),
    withdrawnAt: instantOrNull(consent !== null && !consent.given ? consent.effectiveAt : null),
  }
}

type Answer = {
  customerNumber: string
  email: string
  name: string | null
  erasedAt: string | null
  policies: readonly ReturnType<typeof policyToJson>[]
  links: readonly ReturnType<typeof linkToJson>[]
}

function describe({ customerNumber, email, name, erasedAt, policies, links }: Answer): string {
  const policyRows = policies.map((policy) => [
    policy.id,
    policy.classOfUse,
    policy.coverLevel,
    policy.vehicle ?? '-',
    policy.workProvider ?? 'any',
    policy.from,
    policy.to ?? '-',
    policy.valid ? 'valid' : 'not valid',
  ])
  const linkRows = links.map((link) => [
    link.workProvider,
    link.workProviderUserIds.join(', ') || '-',
    link.active ? 'active' : 'not active',
    link.consentedAt ?? (link.withdrawnAt === null ? '-' : `withdrawn ${link.withdrawnAt}`),
  ])
  return [
    erasedAt === null ? `${customerNumber}  ${name ?? '(no name)'}  ${email}` : `${customerNumber}  erased ${erasedAt}`,
    '',
    table(
      ['policy', 'class of use', 'cover level', 'vehicle', 'good for', 'from', 'to', 'now'],
      policyRows,
      'No policies.',
    ),
    '',
    table(['linked to', 'user ids', 'now', 'consent'], linkRows, 'Not linked to any work provider.'),
  ].join('\n')
}
