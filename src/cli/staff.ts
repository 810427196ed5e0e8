import { type Command, Option } from 'commander'
import {
  changeRole,
  disablePerson,
  inviteStaff,
  inviteToWorkProvider,
  takeSecondFactorAway,
} from '../app/desk-people.ts'
import { STAFF_ROLES } from '../domain/desk.ts'
import { formatInstant } from '../domain/instant.ts'
import { type DeskPerson, listDeskPeople } from '../storage/desk-accounts.ts'
import { type Cli, command, instantOrNull, show, table } from './cli.ts'

type Json = { json?: boolean }

/** Who may use the pages of staff. The first is invited here; there is no default account. */
export function staffCommands(program: Command, cli: Cli): void {
  const group = program.command('staff').description('people of the desk: staff, and people of work providers')

  command(group, 'invite', 'invite staff: mails a link, and prints it')
    .argument('<e-mail>')
    .addOption(new Option('--role <role>', 'what they may do').choices([...STAFF_ROLES]).default('viewer'))
    .action(async (email: string, { role, json }: Json & { role: string }) => {
      const { url } = await cli.withContext((context) => inviteStaff(context, { email, role }))
      show(cli, json, { email, role, url }, invitationWords(email, url))
    })

  command(group, 'list', 'list the people of the desk').action(async ({ json }: Json) => {
    const people = await cli.withContext((context) => listDeskPeople(context.db))
    const rows = people.map(toJson)
    const cells = rows.map((one) => [
      one.email,
      one.name,
      one.workProvider === null ? one.role : `of ${one.workProvider}`,
      one.hasSecondFactor ? 'set' : 'not yet',
      one.disabledAt === null ? 'may log in' : `shut out ${one.disabledAt}`,
    ])
    const none = 'Nobody yet. Invite somebody: zego staff invite you@example.com --role admin'
    show(cli, json, rows, table(['e-mail', 'name', 'role', 'second factor', 'now'], cells, none))
  })

  command(group, 'role', 'give staff another role')
    .argument('<e-mail>')
    .argument('<role>', STAFF_ROLES.join(', '))
    .action(async (email: string, role: string, { json }: Json) => {
      const person = await cli.withContext((context) => changeRole(context, email, role))
      show(cli, json, toJson(person), `${person.email} is ${person.role} now.`)
    })

  command(group, 'disable', 'shut somebody out, at once')
    .argument('<e-mail>')
    .action(async (email: string, { json }: Json) => {
      const person = await cli.withContext((context) => disablePerson(context, email, true))
      show(cli, json, toJson(person), `${person.email} is logged out, and cannot log in.`)
    })

  command(group, 'enable', 'let somebody in again')
    .argument('<e-mail>')
    .action(async (email: string, { json }: Json) => {
      const person = await cli.withContext((context) => disablePerson(context, email, false))
      show(cli, json, toJson(person), `${person.email} can log in again.`)
    })

  command(group, 'reset-second-factor', 'for somebody who lost the authenticator app and the backup codes')
    .argument('<e-mail>')
    .action(async (email: string, { json }: Json) => {
      const person = await cli.withContext((context) => takeSecondFactorAway(context, email))
      show(cli, json, toJson(person), `${person.email} sets up a new authenticator app at the next login.`)
    })
}

/** `zego work-provider invite`, beside the other commands about work providers. */
export function inviteCommand(group: Command, cli: Cli): void {
  command(group, 'invite', 'invite a person of a work provider to its own pages: mails a link, and prints it')
    .argument('<name>')
    .argument('<e-mail>')
    .action(async (workProvider: string, email: string, { json }: Json) => {
      const { url } = await cli.withContext((context) => inviteToWorkProvider(context, { email, workProvider }))
      show(cli, json, { email, workProvider, url }, invitationWords(email, url))
    })
}

function invitationWords(email: string, url: string): string {
  return `${email} is invited. The mail holds this link, good once and for seven days:\n\n    ${url}\n`
}

function toJson({ id, email, name, role, workProvider, hasSecondFactor, joinedAt, disabledAt }: DeskPerson) {
  const [joined, disabled] = [formatInstant(joinedAt), instantOrNull(disabledAt)]
  return { id, email, name, role, workProvider, hasSecondFactor, joinedAt: joined, disabledAt: disabled }
}
