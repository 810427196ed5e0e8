import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cli } from '../../src/cli/cli.ts'
import { buildProgram } from '../../src/cli/program.ts'

const cli = { version: '0' } as Cli
const namesOf = async (name?: string): Promise<string[]> =>
  (await buildProgram(cli, name)).commands.map((command) => command.name())

describe('what is loaded of the commands', () => {
  test('each is found by its name, beside those of its file at most', async () => {
    const all = await namesOf()
    assert.ok(all.length > 25)
    assert.deepEqual(all, [...new Set(all)])
    for (const name of all) {
      const loaded = await namesOf(name)
      assert.ok(loaded.includes(name) && loaded.length <= 4, `${name}: ${loaded.join(' ')}`)
    }
  })

  test('all are there for the help, and for a name that is none', async () => {
    const all = await namesOf()
    for (const other of ['help', '--help', '--version', 'serv', '']) assert.deepEqual(await namesOf(other), all)
  })
})
