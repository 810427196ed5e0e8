import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Cli } from '../../src/cli/cli.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { runProgram } from '../../src/run-program.ts'
import type { Store } from '../support/stores.ts'

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Runs a command line of `zego` in this process, on a store that is open here: as the process does, but for its start. */
export async function zegoHere({ context }: Pick<Store, 'context'>, args: readonly string[], input = ''): Promise<Ran> {
  const said = { out: '', err: '' }
  const operator = userInfo().username
  const cli: Cli = {
    withContext: (work) => work({ ...context, actor: { kind: 'operator', name: operator } }),
    backUp: needsProcess,
    restore: needsProcess,
    serve: needsProcess,
    print: (text) => void (said.out += `${text}\n`),
    startProgress: () => startProgress({ write: () => {} }, () => performance.now()),
    readInput: async () => input,
    operator,
    now: context.now,
    version: '0.0.0',
  }
  const code = await runProgram(cli, args, {
    stdout: { write: (text) => void (said.out += text) },
    stderr: { write: (text) => void (said.err += text) },
  })
  return { code, ...said }
}

function needsProcess(): never {
  throw new Error('this command needs a process of its own: use zego')
}

/** Runs `zego` as a process of its own, as an operator does. */
export async function zego(environment: Record<string, string>, args: readonly string[], input = ''): Promise<Ran> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, NODE_COMPILE_CACHE, ...environment } })
  child.stdin.end(input)
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await exited, out, err }
}
