import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import type { Environment } from './config.ts'
import { Impossible } from './domain/errors.ts'

/* PostgreSQL's own programs, which write and read backups of its servers. */

export type Program = 'pg_dump' | 'pg_restore'

/** Where Debian and Ubuntu keep the programs of each version that is installed. */
const DEBIAN_ROOT = '/usr/lib/postgresql'
const VERSION = /\(PostgreSQL\) (\d+)(\S*)/

export type FoundProgram = {
  readonly path: string
  /** As in `17.2`. */ readonly version: string
  readonly major: number
}

/**
 * Finds a program of the major version `atLeast`, or of the next one there is: an older one does not understand what is newer,
 * and what a newer one writes an older server may not take.
 */
export async function findProgram(name: Program, atLeast: number, environment: Environment): Promise<FoundProgram> {
  const paths = [...(environment['PATH'] ?? '').split(delimiter), ...debianFolders()]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter((path) => existsSync(path))
  const found = (await Promise.all(paths.map(probe))).filter((program) => program !== null)
  const [nearest] = found.filter(({ major }) => major >= atLeast).sort((one, other) => one.major - other.major)
  if (nearest !== undefined) return nearest
  const newest = found.sort((one, other) => other.major - one.major)[0]
  const have = newest === undefined ? 'there is none' : `there is only that of ${newest.version}`
  throw new Impossible(
    `${name} of PostgreSQL ${atLeast} or later is needed, and ${have}: install it (Debian and Ubuntu: ` +
      `postgresql-client-${atLeast}) or add its folder to PATH`,
  )
}

function debianFolders(): string[] {
  if (!existsSync(DEBIAN_ROOT)) return []
  return readdirSync(DEBIAN_ROOT).map((version) => join(DEBIAN_ROOT, version, 'bin'))
}

/** Null of what cannot be run. */
async function probe(path: string): Promise<FoundProgram | null> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'])
    const [, major, rest] = VERSION.exec(stdout) ?? []
    return major === undefined ? null : { path, version: `${major}${rest}`, major: Number(major) }
  } catch {
    return null
  }
}

export type Running = {
  readonly process: ChildProcess
  /** Rejects with what it said when it failed. */ ended(): Promise<void>
}

/** Runs a program on a database. The password goes by the environment: arguments can be read by everybody here. */
export function runOnDatabase(path: string, args: readonly string[], url: string, environment: Environment): Running {
  const target = new URL(url)
  const password = decodeURIComponent(target.password)
  target.password = ''
  const child = spawn(path, [...args, `--dbname=${target.href}`], {
    env: { ...environment, ...(password === '' ? {} : { PGPASSWORD: password }) },
  })
  const complaint = text(child.stderr)
  // Who ends early reads no more: its own words say why.
  child.stdin.on('error', () => {})
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  closed.catch(() => {})
  return {
    process: child,
    async ended() {
      const [code, signal] = await closed
      if (code === 0) return
      const said = (await complaint).trim().split('\n')
      throw new Impossible(said.find((line) => line.includes('error:')) ?? said[0] ?? `it ended by ${signal ?? code}`)
    },
  }
}
