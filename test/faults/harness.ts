import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { httpGet } from './client.ts'

/* The real program in processes of its own: started, watched, stopped, killed. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const POLL_MS = 10
/** Generous: on a busy machine with two cores several test files start programs at once. */
export const DEADLINE_MS = 60_000
/** A backup beside a server under full load shares the machine with it. */
const COMMAND_DEADLINE_MS = 300_000

export type Environment = Readonly<Record<string, string>>
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type Child = {
  readonly pid: number
  readonly process: ChildProcess
  readonly exited: Promise<Exit>
  stdout(): string
  stderr(): string
  isRunning(): boolean
  /** Ends it as a power cut would; nothing of it runs any more afterwards. */
  kill(): Promise<Exit>
}

export type Server = Child & { readonly url: string; readonly port: number }

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Runs Node on a file, with nothing of this process's environment but what a program needs to start. */
export function startChild(args: readonly string[], environment: Environment, cwd = ROOT): Child {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env
  const child = spawn(process.execPath, args, { cwd, env: { PATH, HOME, TMPDIR, ...environment } })
  children.add(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    children.delete(child)
    return { code, signal }
  })
  return {
    pid: child.pid!,
    process: child,
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill() {
      child.kill('SIGKILL')
      return exited
    },
  }
}

const SERVER_DEFAULTS: Environment = {
  HOST: '127.0.0.1',
  PORT: '0',
  ZEGO_DEMO: '0',
  LOG_LEVEL: 'warn',
  RATE_REQUESTS_PER_SECOND: '1000000',
  RATE_EVENTS_PER_SECOND: '100000000',
}

/** What makes a program take the signals of fault-point.ts, as its environment says. */
const FAULT_POINT = ['--import', new URL('./fault-point.ts', import.meta.url).href]

/** Starts the server and does not wait for anything. */
export function spawnServer(environment: Environment, hasFaultPoint = false): Child {
  return startChild([...(hasFaultPoint ? FAULT_POINT : []), MAIN, 'serve'], { ...SERVER_DEFAULTS, ...environment })
}

/** Starts the server and waits until it is ready. */
export async function startServer(environment: Environment, hasFaultPoint = false): Promise<Server> {
  const server = await startListening(environment, hasFaultPoint)
  await waitFor('the server being ready', async () => (await statusOf(`${server.url}/readyz`)) === 200)
  return server
}

/** Starts the server and waits until it listens: one that is to die in its first turn may never be seen to be ready. */
export async function startListening(environment: Environment, hasFaultPoint = false): Promise<Server> {
  const child = spawnServer(environment, hasFaultPoint)
  const url = await said(child, /^Listening on (http:\/\/\S+)/m)
  return { ...child, url, port: Number(new URL(url).port) }
}

/** Runs `use` beside a server of its own, which does not outlive it. */
export async function withServer<T>(environment: Environment, use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(environment)
  try {
    return await use(server)
  } finally {
    await server.kill()
  }
}

/** Throws when a program that has to run ended by itself. */
export function alive(child: Child): true {
  if (!child.isRunning()) throw new Error(`the program ended by itself:\n${child.stdout()}${child.stderr()}`)
  return true
}

/** Starts a process that only derives, and waits until it does. */
export async function startProjectorProcess(environment: Environment, hasFaultPoint = false): Promise<Child> {
  const child = spawnServer({ ...environment, ZEGO_ROLE: 'project' }, hasFaultPoint)
  await said(child, /^(Deriving shifts)/m)
  return child
}

/** Waits until a child prints what matches, and answers the first group. */
export function said(child: Child, pattern: RegExp): Promise<string> {
  return waitFor(`the program saying ${pattern}`, () => {
    const match = pattern.exec(child.stdout())
    if (match === null && !child.isRunning()) {
      throw new Error(`the program ended before it said ${pattern}:\n${child.stdout()}${child.stderr()}`)
    }
    return match?.[1] ?? null
  })
}

/** Asks a running server to stop, and waits until it did. */
export async function stopServer(server: Child): Promise<Exit> {
  server.process.kill('SIGTERM')
  return ended(server)
}

/** Asks a running server to stop, which it has to do without complaint. */
export async function stopWell(server: Child): Promise<void> {
  assert.deepEqual(await stopServer(server), { code: 0, signal: null }, server.stderr())
}

/** Waits for a program's own end, and kills it when that does not come. */
export async function ended(child: Child, deadlineMs = DEADLINE_MS): Promise<Exit> {
  const timeout = AbortSignal.timeout(deadlineMs)
  const late = once(timeout, 'abort').then(() => null)
  const exit = await Promise.race([child.exited, late])
  if (exit !== null) return exit
  await child.kill()
  throw new Error(`the program did not end within ${deadlineMs} ms:\n${child.stdout()}${child.stderr()}`)
}

export type CommandResult = Exit & { readonly stdout: string; readonly stderr: string }

/** Starts a `zego` command. */
export function spawnZego(environment: Environment, args: readonly string[], hasFaultPoint = false): Child {
  const child = startChild([...(hasFaultPoint ? FAULT_POINT : []), MAIN, ...args], { ZEGO_DEMO: '0', ...environment })
  child.process.stdin!.end()
  return child
}

/** Runs a `zego` command to its end, whatever that is. */
export async function runZego(environment: Environment, ...args: readonly string[]): Promise<CommandResult> {
  const child = spawnZego(environment, args)
  const exit = await ended(child, COMMAND_DEADLINE_MS)
  return { ...exit, stdout: child.stdout(), stderr: child.stderr() }
}

/** Runs a `zego` command that has to succeed, and reads the document it prints. */
export async function zego<T>(environment: Environment, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await runZego(environment, ...args, '--json')
  assert.equal(code, 0, `zego ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}

export type Check = { ok: boolean; streams: number; shifts: number; reports: number; differences: unknown[] }

export function zegoCheck(environment: Environment): Promise<Check> {
  return zego<Check>(environment, 'check')
}

/** Waits until `step` answers something that is neither null nor false; says what did not happen otherwise. */
export async function waitFor<T>(
  what: string,
  step: () => T | null | false | Promise<T | null | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const result = await step()
    if (result !== null && result !== false) return result
    if (performance.now() >= deadline) throw new Error(`${what} did not happen within ${deadlineMs} ms`)
    await delay(POLL_MS)
  }
}

/** The status of a GET, or null when nobody answers. */
export async function statusOf(url: string): Promise<number | null> {
  try {
    return (await httpGet(url)).status
  } catch {
    return null
  }
}

/** What a program says when it refuses: its own lines on standard error, without log lines. */
export function plainLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
}

/** Asserts that a program ended with this code and exactly one line that matches. */
export function assertOneLine(result: { code: number | null; stderr: string }, code: number, line: RegExp): void {
  assert.equal(result.code, code, result.stderr)
  const lines = plainLines(result.stderr)
  assert.equal(lines.length, 1, `one clear line was expected:\n${result.stderr}`)
  assert.match(lines[0]!, line)
}
