import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromGenerator, Job, Measured, ToGenerator } from './load/job.ts'
import { canPin, GENERATOR_CORE, pinned, SYSTEM_CORE } from './machine.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const ENDING_PATIENCE_MS = 20_000

/** Something that is measured: a process on the core of what is measured. */
export type Running = { readonly pid: number; readonly said: string; stop(): Promise<void> }

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Starts a script and waits until it prints what matches. */
export async function start(
  script: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  awaited: RegExp,
  isPinned = true,
): Promise<Running> {
  const line = [process.execPath, ROOT + script, ...args]
  const [command, ...rest] = isPinned ? pinned(SYSTEM_CORE, line) : line
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env
  const child = spawn(command!, rest, { cwd: ROOT, env: { PATH, HOME, TMPDIR, ...environment } })
  children.add(child)
  child.once('exit', () => children.delete(child))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const take = (text: string): void => {
      output += text
      if (awaited.test(output)) resolve()
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}:\n${output}`)))
  })
  return {
    pid: child.pid!,
    said: awaited.exec(output)![1]!,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const kill = setTimeout(() => child.kill('SIGKILL'), ENDING_PATIENCE_MS)
      await ended
      clearTimeout(kill)
    },
  }
}

/** The process that sends requests, on a core of its own. */
export type Generator = {
  run(job: Job): Promise<Measured>
  pause(): void
  resume(): void
  stop(): void
}

export function startGenerator(): Generator {
  const script = fileURLToPath(new URL('./load/generator.ts', import.meta.url))
  const child = canPin
    ? fork(script, { execPath: 'taskset', execArgv: ['-c', String(GENERATOR_CORE), process.execPath] })
    : fork(script)
  children.add(child)
  const tell = (message: ToGenerator): void => void child.send(message)
  return {
    async run(job) {
      tell({ kind: 'run', job })
      const [answer] = (await once(child, 'message')) as [FromGenerator]
      if (answer.kind === 'failed') throw new Error(`the load failed: ${answer.reason}`)
      return answer.measured
    },
    pause: () => tell({ kind: 'pause' }),
    resume: () => tell({ kind: 'resume' }),
    stop: () => tell({ kind: 'end' }),
  }
}
