import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, platform, totalmem } from 'node:os'

/*
 * The generator has a core of its own; what is measured shares the other with its database. Whatever the generator
 * costs then takes nothing from what is measured.
 */
export const GENERATOR_CORE = 0
export const SYSTEM_CORE = 1

/** Whether processes can be pinned to cores here. */
export const canPin =
  availableParallelism() >= 2 && spawnSync('taskset', ['-c', String(SYSTEM_CORE), 'true']).status === 0

/** A command line that runs another pinned to a core, where the machine allows it. */
export function pinned(core: number, command: readonly string[]): [string, ...string[]] {
  return canPin ? ['taskset', '-c', String(core), ...command] : (command as [string, ...string[]])
}

export function describeMachine(): string {
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${cpus().length} cores of ${cpus()[0]?.model ?? 'an unknown kind'}, ${memory} GiB, ${platform()}`
}

/** The memory a process holds now, in bytes; null where the system does not tell. */
export function residentBytes(pid: number): number | null {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kibibytes === undefined ? null : Number(kibibytes) * 1024
  } catch {
    return null
  }
}
