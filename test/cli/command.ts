import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Runs `zego` as a process of its own, as an operator does. */
export async function zego(environment: Record<string, string>, args: readonly string[], input = ''): Promise<Ran> {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, NODE_COMPILE_CACHE, ...environment } })
  child.stdin.end(input)
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await exited, out, err }
}
