import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { KyselyPlugin } from 'kysely'
import pg from 'pg'
import { pino } from 'pino'
import type { Context } from '../../src/app/context.ts'
import { UNWATCHED } from '../../src/app/metrics.ts'
import { instantOfEpochMilliseconds } from '../../src/domain/instant.ts'
import { STANDARD_LIMITS } from '../../src/domain/limits.ts'
import { openOutgoing } from '../../src/outgoing.ts'
import { type DatabaseTarget, openDatabase } from '../../src/storage/database.ts'
import { openEmbedded } from '../../src/storage/embedded/embedded.ts'
import { migrate, migrations } from '../../src/storage/migrate.ts'
import { ensurePartitions } from '../../src/storage/partitions.ts'
import { createCitusDatabase } from './citus-database.ts'

/** An empty, migrated store of a test's own. */
export type Store = {
  readonly engine: Engine
  readonly context: Context
  readonly target: DatabaseTarget
  /** The environment by which the program opens this store in a process of its own. */
  readonly environment: Record<string, string>
  close(): Promise<void>
}

/** A database of one server. */
export type PlainEngine = 'embedded' | 'server'
export type Engine = PlainEngine | 'citus'

/** Set by `npm test`, which also says so when there is none. */
export const TEST_DATABASE_URL = process.env['TEST_DATABASE_URL']
export const ENGINES: readonly PlainEngine[] = TEST_DATABASE_URL === undefined ? ['embedded'] : ['embedded', 'server']

/** The coordinator of a Citus cluster, with its workers: a database that has the extension, to learn of them by. */
export const CITUS_URL = process.env['CITUS_URL']

/** Declares a suite once for each engine, and for a Citus cluster where there is one. */
export function onEachEngine(name: string, suite: (engine: Engine) => void): void {
  for (const engine of ENGINES) describe(`${name} (${engine})`, () => suite(engine))
  onCitus(name, suite)
}

/** As `onEachEngine`, but for a cluster: `why` it does not run there, or who holds the same there, is said aloud. */
export function onPlainEngines(name: string, why: string, suite: (engine: PlainEngine) => void): void {
  for (const engine of ENGINES) describe(`${name} (${engine})`, () => suite(engine))
  describe(`${name} (citus)`, { skip: why }, () => {})
}

/** A reason. */
export const PLANS_OF_ONE_SERVER =
  'the plans are those of one server: test/storage/citus.db.test.ts reads those of a cluster'

/** Declares a suite for a Citus cluster. */
export function onCitus(name: string, suite: (engine: Engine) => void): void {
  describe(`${name} (citus)`, { skip: CITUS_URL === undefined && 'CITUS_URL is not set' }, () => suite('citus'))
}

/** `serverUrl`: on which server, if not the one for the tests. */
export function openStore(engine: Engine, serverUrl = TEST_DATABASE_URL): Promise<Store> {
  if (engine === 'embedded') return openEmbeddedStore()
  return openServerStore(engine, () =>
    engine === 'citus' ? createCitusDatabase(CITUS_URL!) : createDatabase(serverUrl),
  )
}

export function contextOn(
  target: DatabaseTarget,
  plugins: KyselyPlugin[] = [],
): { context: Context; close(): Promise<void> } {
  const { db, isEmbedded, close } = openDatabase(target, () => {}, plugins)
  const context: Context = {
    db,
    isEmbedded,
    actor: { kind: 'operator', name: 'tester' },
    now: () => instantOfEpochMilliseconds(Date.now()),
    newId: () => randomUUIDv7(),
    randomBytes,
    log: pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
    metrics: UNWATCHED,
    limits: STANDARD_LIMITS,
    outgoing: openOutgoing(['127.0.0.0/8', '::1']),
    timeZone: 'Europe/London',
    publicUrl: 'http://127.0.0.1:8080',
  }
  return { context, close }
}

async function openEmbeddedStore(): Promise<Store> {
  const dataDir = mkdtempSync(join(tmpdir(), 'zego-test-'))
  cpSync(join(await embeddedTemplate(), 'postgres'), join(dataDir, 'postgres'), { recursive: true })
  const { close, ...opened } = await openStoreIn(dataDir)
  return {
    engine: 'embedded',
    ...opened,
    environment: { DATA_DIR: dataDir, ZEGO_DEMO: '0' },
    async close() {
      await close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Opens the embedded store of a directory, making one without a schema where there is none. */
export async function openStoreIn(dataDir: string): Promise<Pick<Store, 'context' | 'target' | 'close'>> {
  const embedded = await openEmbedded({
    dataDir,
    mayShare: false,
    onFirstStart: () => {},
    onBroken: (reason) => {
      throw new Error(reason)
    },
  })
  const target = { embeddedHost: embedded.host }
  const { context, close } = contextOn(target)
  return {
    context,
    target,
    async close() {
      await close()
      await embedded.close()
    },
  }
}

/** Making a cluster takes seconds: it is made once for a schema, and copied. */
async function embeddedTemplate(): Promise<string> {
  const hash = createHash('sha256')
  for (const { text } of migrations()) hash.update(text)
  for (const path of ['../../node_modules/@electric-sql/pglite/package.json', '../../src/storage/partitions.ts']) {
    hash.update(readFileSync(new URL(path, import.meta.url)))
  }
  hash.update(new Date().toISOString().slice(0, 7))
  const cache = fileURLToPath(new URL('../../node_modules/.cache/zego-test/', import.meta.url))
  const path = join(cache, hash.digest('hex').slice(0, 16))
  if (existsSync(path)) return path
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, 'unfinished-'))
  const embedded = await openEmbedded({
    dataDir: unfinished,
    mayShare: false,
    onFirstStart: () => {},
    onBroken: () => {},
  })
  const { context, close } = contextOn({ embeddedHost: embedded.host })
  await migrate(context.db)
  await ensurePartitions(context.db, context.now())
  await close()
  await embedded.close()
  try {
    renameSync(unfinished, path)
  } catch (error) {
    // Another test file made it first.
    if (!existsSync(path) || readdirSync(path).length === 0) throw error
    rmSync(unfinished, { recursive: true, force: true })
  }
  return path
}

async function openServerStore(engine: Engine, create: () => Promise<TestDatabase>): Promise<Store> {
  const database = await create()
  const target = { url: database.url }
  const opened = contextOn(target)
  await migrate(opened.context.db)
  await ensurePartitions(opened.context.db, opened.context.now())
  return {
    engine,
    target,
    context: opened.context,
    environment: { DATABASE_URL: database.url, ZEGO_DEMO: '0' },
    async close() {
      await opened.close()
      await database.drop()
    },
  }
}

type TestDatabase = { url: string; drop(): Promise<void> }

/** An empty database on a server. */
export async function createDatabase(serverUrl = TEST_DATABASE_URL!): Promise<TestDatabase> {
  const name = `zego_test_${randomBytes(6).toString('hex')}`
  await onServer(`create database ${name}`, serverUrl)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(`drop database ${name} with (force)`, serverUrl) }
}

export async function onServer(statement: string, serverUrl = TEST_DATABASE_URL!): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
