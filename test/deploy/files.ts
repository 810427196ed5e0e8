import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../../src/config.ts'

/* The files of deploy/, read as text: what they say is compared with the program. */

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

/** The lines that are not comments. */
export function withoutComments(text: string): string {
  return text.replaceAll(/^\s*#.*$/gm, '')
}

/** Every variable of the environment that the configuration is read from. */
export function variablesOfTheProgram(): Set<string> {
  const asked = new Set<string>()
  readConfig(new Proxy({}, { get: (_, name) => void asked.add(String(name)) }), () => '')
  return asked
}

/** The only thing that matches: a file that says it twice, or not at all, is not what a test takes it for. */
export function only(text: string, pattern: RegExp): string {
  const found = [...text.matchAll(new RegExp(pattern, `${pattern.flags.replace('g', '')}g`))]
  if (found.length !== 1) throw new Error(`${pattern} is there ${found.length} times`)
  return found[0]![1]!
}

/** How long the program takes to stop at most, in seconds. */
export function stopDeadlineSeconds(): number {
  return Number(only(read('src/main.ts'), /STOP_DEADLINE_MS = ([\d_]+)/).replaceAll('_', '')) / 1000
}

/** Whether a program of the machine is there: why a test is skipped where it is not, or false. */
export function missing(program: string): string | false {
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`], { env: withSbin() }).status === 0
  return isThere ? false : `LEFT OUT: ${program} is not on this machine`
}

/** Debian keeps the programs of services where the PATH of a user may not lead. */
export function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }
}
