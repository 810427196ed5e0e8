import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { someAccepted } from './database-kill.ts'
import { alive, type Child, ended, plainLines, spawnZego, waitFor, withServer } from './harness.ts'
import { newRecorder, startLoad } from './load.ts'
import { seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { type ChildStore, openChildStore } from './store.ts'
import { judgeOf, type RowResult } from './verdict.ts'

/*
 * D13: a `zego` command beside the server is stopped (Ctrl-Z, a debugger) in the middle of a transaction. On the embedded
 * engine, which has one backend for everybody, it is cut off.
 */

const CONNECTIONS = 8
const ANSWERS_MEANWHILE = 200
const CUSTOMER = 'LATE1'

export const commandStopped: Row = {
  id: 'D13',
  guarantee:
    'a command stopped in the middle of a transaction beside the server: it is cut off where others wait for it, and accepting goes on',
  engines: ['embedded', 'server'],
  skip: () => process.platform !== 'linux' && 'whether a process is stopped is read from /proc, which is Linux',
  run: stopCommands,
}

async function stopCommands({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine, (context) =>
    createCustomer(context, { email: 'l@example.com', customerNumber: CUSTOMER }),
  )
  try {
    return await withServer(store.environment, async (server) => {
      const client = openClient(server.port, CONNECTIONS)
      const { key } = store
      const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS, isThereAlways: true })
      const problems: string[] = []
      for (let round = 1; round <= rounds; round++) {
        const command = await stoppedCommand(store, `late${round}`)
        try {
          await someAccepted(server, load, ANSWERS_MEANWHILE)
          command.process.kill('SIGCONT')
          await ended(command)
        } finally {
          await command.kill()
        }
        problems.push(...(await problemsOf(store, command, `late${round}`)))
        log(`round ${round}/${rounds}: ${load.accepted()} 202s; the command said: ${command.stderr().trim()}`)
      }
      await load.stop()
      client.close()
      // Those under way when it was stopped may have waited too long on a busy machine; whoever came later may not.
      const mayBeRefused = rounds * CONNECTIONS
      if (load.refused() > mayBeRefused) problems.push(`${load.refused()} requests were refused`)
      const result = await judgeOf(store, server, recorder, rounds)
      return { ...result, problems: [...problems, ...result.problems] }
    })
  } finally {
    await store.remove()
  }
}

/** A command that binds a user id, stopped after the first statement of its transaction. */
async function stoppedCommand(store: ChildStore, userId: string): Promise<Child> {
  const options = { '--work-provider': 'Courier Ltd', '--customer': CUSTOMER, '--work-provider-user-id': userId }
  const fault = { FAULT_POINT: 'in transaction', FAULT_SIGNAL: 'SIGSTOP' }
  const command = spawnZego(
    { ...store.environment, ...fault },
    ['link', 'create', ...Object.entries(options).flat()],
    true,
  )
  await waitFor('the command being stopped', () => alive(command) && isStopped(command.pid))
  return command
}

function isStopped(pid: number): boolean {
  return /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** What it did is there whole, with exit code 0, or not at all, with 1 and one clear line. */
async function problemsOf(store: ChildStore, command: Child, userId: string): Promise<string[]> {
  const { code } = await command.exited
  const { context, close } = store.connect()
  const isBound = await hasBinding(context, userId)
  await close()
  const lines = plainLines(command.stderr())
  if (code === 0) return isBound ? [] : ['the command said it was done, and it is not']
  const isClear = code === 1 && lines.length === 1 && lines[0]!.startsWith('zego: the database cannot be reached')
  return [
    ...(isClear ? [] : [`the command ended with ${code}: ${command.stderr()}`]),
    ...(isBound ? ['the command failed, and it is done all the same'] : []),
  ]
}

async function hasBinding({ db }: Context, userId: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`
    select exists (select from binding where identity = ${userId}) as is
  `.execute(db)
  return rows[0]!.is
}
