import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import type { Surroundings } from './backups.ts'
import type { Cli } from './cli/cli.ts'
import { type Progress, startProgress } from './cli/progress.ts'
import { tuneCollector } from './collector.ts'
import { type Config, readConfig } from './config.ts'
import type { Actor } from './domain/audit.ts'
import { Impossible } from './domain/errors.ts'
import { instantOfEpochMilliseconds } from './domain/instant.ts'
import { openLog } from './log.ts'
import { openContext } from './open.ts'
import { EXIT_FAILED, runProgram } from './run-program.ts'
import { migrate, pendingMigrations } from './storage/migrate.ts'

/* The composition root: the only place that reads the environment, and that decides how the process ends. */

/** Longer than requests under way and the embedded engine may take to end. */
const STOP_DEADLINE_MS = 15_000

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version

const openProgress = (): Progress => startProgress(process.stderr, () => performance.now())
const say = (line: string): void => void process.stdout.write(`${line}\n`)

// Whoever read the output may stop reading (`| head`): that is no reason to fail.
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code !== 'EPIPE') throw error
})

const cli: Cli = {
  async withContext(work, needs) {
    const config = readConfig(process.env)
    const log = openLog(config.logLevel === 'info' ? 'warn' : config.logLevel)
    const opened = await openContext(config, log, {
      mayShare: true,
      actor: operator(),
      onFirstStart: () => process.stderr.write(`Preparing a new database in ${config.dataDir} ...\n`),
      onBroken: (reason) => die(`the embedded database failed: ${reason}`),
    })
    try {
      if (needs !== 'any schema') await assertMigrated(opened.context.db, config)
      return await work(opened.context)
    } finally {
      await opened.close()
    }
  },
  backUp: (file, mayReplace) =>
    withSurroundings(async (around) => (await import('./backups.ts')).backUp(around, file, mayReplace)),
  restore: (file) => withSurroundings(async (around) => (await import('./backups.ts')).restore(around, file)),
  serve: runServer,
  print: say,
  startProgress: openProgress,
  readInput: () => text(process.stdin),
  operator: operatorName(),
  now: () => instantOfEpochMilliseconds(Date.now()),
  version: VERSION,
}

/** For the commands that make files of their own: private ones, which Ctrl-C does not leave behind. */
async function withSurroundings<T>(work: (around: Surroundings) => Promise<T>): Promise<T> {
  const config = readConfig(process.env)
  process.umask(0o077)
  const progress = openProgress()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => die(`ended by ${signal}`))
  try {
    return await work({
      config,
      actor: operator(),
      environment: process.env,
      log: openLog(config.logLevel === 'info' ? 'warn' : config.logLevel),
      program: VERSION,
      onBroken: (reason) => die(`the embedded database failed: ${reason}`),
      onProgress: progress.say,
    })
  } finally {
    progress.end()
  }
}

async function runServer(): Promise<void> {
  const config = readConfig(process.env)
  tuneCollector({ isEmbedded: config.databaseUrl === undefined })
  const log = openLog(config.logLevel)
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      stopping.abort()
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop)
    // Started by an older Node: when that process is gone, so is whoever would stop this one.
    process.once('disconnect', stop)
    process.channel?.unref()
  })
  // Loaded here, because no other command needs the server.
  const { serve } = await import('./serve.ts')
  const serving = await serve({
    config,
    log,
    say,
    onBroken: (reason) => die(`the embedded database failed: ${reason}`),
    signal: stopping.signal,
  })
  await stopped
  setTimeout(() => die('stopping took too long: ended as it was'), STOP_DEADLINE_MS).unref()
  await serving.stop()
}

/** A command on a store that no server prepared yet prepares it; a database server is migrated on purpose only. */
async function assertMigrated(db: Parameters<typeof pendingMigrations>[0], config: Config): Promise<void> {
  const pending = await pendingMigrations(db)
  if (pending.length === 0) return
  if (config.databaseUrl !== undefined) throw new Impossible('the database lacks migrations: run "zego migrate" first')
  await migrate(db)
}

function operator(): Actor {
  return { kind: 'operator', name: operatorName() }
}

function operatorName(): string {
  try {
    return userInfo().username
  } catch {
    return 'operator'
  }
}

function die(message: string): never {
  process.stderr.write(`zego: ${message}\n`)
  process.exit(EXIT_FAILED)
}

process.exitCode = await runProgram(cli, process.argv.slice(2), process)
