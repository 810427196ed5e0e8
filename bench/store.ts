import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { readConfig } from '../src/config.ts'
import type { Context } from '../src/app/context.ts'
import { PROGRAM } from '../src/domain/audit.ts'
import { preparePartitions } from '../src/app/maintenance.ts'
import { openContext } from '../src/open.ts'
import { migrate } from '../src/storage/migrate.ts'
import { findBinaries, startCluster } from '../scripts/postgres.ts'
import { canPin, SYSTEM_CORE } from './machine.ts'
import { type Running, start } from './processes.ts'
import { seed, type Seeded } from './seed.ts'
import { makePastPartitions } from './statements.ts'

export type Engine = 'embedded' | 'server'

/** A store with customers in it, on the core of what is measured. */
export type BenchStore = Seeded & {
  readonly engine: Engine
  readonly environment: Readonly<Record<string, string>>
  /** Statements of the bench itself; of the embedded engine through the socket of the program that runs. */
  connect(): Promise<{ context: Context; close(): Promise<void> }>
  /** Starts the program, or one process of it. */
  serve(role?: 'all' | 'accept' | 'project', isPinned?: boolean): Promise<Server>
  remove(): Promise<void>
}

export type Server = Running & { readonly port: number }

/**
 * As the manual of PostgreSQL advises for a server with a machine of its own: a quarter of the memory for its cache, and
 * room for the log to go with it. Its defaults are for the smallest of machines.
 */
function serverSettings(): Record<string, string> {
  return { shared_buffers: `${Math.floor(totalmem() / 4 / 1024 ** 2)}MB`, max_wal_size: '16GB' }
}

/** Null where the engine cannot be had. */
export async function openBenchStore(engine: Engine, customers: number): Promise<BenchStore | null> {
  const directory = mkdtempSync(join(tmpdir(), 'zego-bench-'))
  const binaries = engine === 'server' ? findBinaries() : null
  if (engine === 'server' && binaries === null) return null
  const prefix = canPin ? ['taskset', '-c', String(SYSTEM_CORE)] : []
  const cluster = binaries === null ? null : await startCluster(binaries, { prefix, settings: serverSettings() })
  const environment: Record<string, string> =
    cluster === null ? { DATA_DIR: directory } : { DATABASE_URL: cluster.url, DATA_DIR: directory }
  const connect = (): ReturnType<BenchStore['connect']> =>
    openContext(readConfig(environment), pino({ level: 'warn' }), {
      mayShare: true,
      actor: PROGRAM,
      onFirstStart: () => {},
      onBroken: (reason) => {
        throw new Error(reason)
      },
    })
  const opened = await connect()
  await migrate(opened.context.db)
  await preparePartitions(opened.context)
  await makePastPartitions(opened.context)
  const seeded = await seed(opened.context, customers)
  await opened.close()
  return {
    ...seeded,
    engine,
    environment,
    connect,
    async serve(role = 'all', isPinned = true) {
      const settings = {
        PORT: '0',
        ZEGO_DEMO: '0',
        LOG_LEVEL: 'warn',
        RATE_REQUESTS_PER_SECOND: '1000000',
        RATE_EVENTS_PER_SECOND: '100000000',
        ZEGO_ROLE: role,
      }
      const awaited = role === 'project' ? /(Deriving) shifts/ : /Listening on http:\/\/127\.0\.0\.1:(\d+)/
      const running = await start('bin/zego.js', ['serve'], { ...environment, ...settings }, awaited, isPinned)
      return { ...running, port: Number(running.said) }
    },
    async remove() {
      await cluster?.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
