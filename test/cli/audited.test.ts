import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import type { Cli } from '../../src/cli/cli.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { AUDIT_ACTIONS } from '../../src/domain/audit.ts'

/* What each command leaves in the audit log; the tests of the commands show that it does. A new one has to say it here. */
const LEAVES: Readonly<Record<string, readonly (typeof AUDIT_ACTIONS)[number][]>> = {
  'work-provider create': ['work provider created'],
  'work-provider set': ['settings changed'],
  'key create': ['key created'],
  'key import': ['key imported'],
  'key revoke': ['key revoked'],
  'key rotate': ['key created', 'key rotated'],
  'customer create': ['customer created'],
  'customer erase': ['consent withdrawn', 'customer erased'],
  'policy create': ['policy created'],
  'policy cancel': ['policy cancelled'],
  'link create': ['link created', 'user id bound', 'consent given'],
  'link consent': ['consent given'],
  'link withdraw': ['consent withdrawn'],
  'link release': ['user id released'],
  'link-secret create': ['link secret created'],
  'link-secret revoke': ['link secret revoked'],
  'terms add': ['terms added'],
  'event annul': ['event annulled'],
  'event restore': ['event restored'],
  backup: ['backup made'],
  restore: ['backup restored'],
  retention: ['reports detached', 'reports dropped'],
}
const ONLY_READ = [
  'serve',
  'migrate',
  'check',
  'reconciliation',
  'refusals',
  'work-provider list',
  'key list',
  'customer show',
  'link url',
  'link-secret list',
  'terms list',
  'events',
  'shifts',
  'anomalies',
  'cover',
  'usage',
  'audit',
]

test('every command says what it leaves in the audit log, or that it changes nothing', () => {
  const commands = namesOf(buildProgram({ version: '0' } as Cli), []).sort()
  assert.deepEqual([...Object.keys(LEAVES), ...ONLY_READ].sort(), commands)
})

function namesOf(command: Command, path: readonly string[]): string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((child) => namesOf(child, [...path, child.name()]))
}
