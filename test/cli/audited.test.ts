import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import type { Cli } from '../../src/cli/cli.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { AUDIT_ACTIONS } from '../../src/domain/audit.ts'
import { ONLY_READ } from './only-read.ts'

/* What each command leaves in the audit log; the tests of the commands show that it does. A new one has to say it here. */
const LEAVES: Readonly<Record<string, readonly (typeof AUDIT_ACTIONS)[number][]>> = {
  'work-provider create': ['work provider created'],
  'work-provider set': ['settings changed'],
  'work-provider invite': ['person invited'],
  'staff invite': ['person invited'],
  'staff role': ['person changed'],
  'staff disable': ['person changed'],
  'staff enable': ['person changed'],
  'staff reset-second-factor': ['second factor taken away'],
  'key create': ['key created', 'sandbox made', 'customer created', 'policy created', 'link created'],
  'key import': ['key imported'],
  'key revoke': ['key revoked'],
  'key rotate': ['key created', 'key rotated'],
  'customer create': ['customer created'],
  'customer logout': ['sessions ended'],
  'customer erase': ['consent withdrawn', 'customer erased'],
  'policy create': ['policy created'],
  'policy cancel': ['policy cancelled'],
  'link create': ['link created', 'user id bound', 'consent given'],
  'link consent': ['consent given'],
  'link withdraw': ['consent withdrawn'],
  'link release': ['user id released'],
  'link-secret create': ['link secret created'],
  'link-secret revoke': ['link secret revoked'],
  'webhook add': ['settings changed', 'webhook endpoint added'],
  'webhook rotate': ['webhook secret rotated'],
  'webhook enable': ['webhook endpoint enabled'],
  'webhook remove': ['webhook endpoint removed'],
  'webhook replay': ['webhook replayed'],
  'terms add': ['terms added'],
  'event annul': ['event annulled'],
  'event restore': ['event restored'],
  backup: ['backup made'],
  restore: ['backup restored'],
  retention: ['reports detached', 'reports dropped'],
  'import customers': ['customer created', 'policy created', 'link created', 'user id bound', 'consent given'],
  'import events': ['events imported'],
  simulate: ['work provider created', 'key created', 'simulation made'],
}

test('every command says what it leaves in the audit log, or that it changes nothing', async () => {
  const commands = namesOf(await buildProgram({ version: '0' } as Cli), []).sort()
  assert.deepEqual([...Object.keys(LEAVES), ...ONLY_READ].sort(), commands)
})

function namesOf(command: Command, path: readonly string[]): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((child) => namesOf(child, [...path, child.name()]))
}
