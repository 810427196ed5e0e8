import { hash } from 'node:crypto'
import { type ControlledTransaction, Kysely, type KyselyPlugin, PostgresDialect, sql, type Transaction } from 'kysely'
import type { Socket } from 'node:net'
import pg, { type PoolClient } from 'pg'
import type { Instant } from '../domain/instant.ts'
import { PLANNER_SETTINGS } from './planner-settings.ts'
import { microseconds } from './sql.ts'

/** The database, or a transaction on it. Every statement of the program is in this folder. */
export type Database = Kysely<unknown>
export type DatabaseTransaction = Transaction<unknown> | ControlledTransaction<unknown>

/** How many connections a pool keeps: few, since each request needs one for a moment only. */
const SERVER_POOL_SIZE = 10
const EMBEDDED_POOL_SIZE = 6
const CONNECT_TIMEOUT_MS = 5_000
/**
 * How long a statement on a server may take. Callers go away after some seconds (app/time-limit.ts): what runs for them
 * does not outlive that by much, so that it does not keep connections from those who come later.
 */
const STATEMENT_TIMEOUT_MS = { work: 60_000, callers: 6_000 } as const
/** What the server's own word that a statement took too long may need to arrive. */
const WORD_OF_TIMEOUT_MS = 2_000
const INT8_OID = 20

const OPTIONS = PLANNER_SETTINGS.map((setting) => `-c ${setting}`).join(' ')

export type DatabaseTarget = { embeddedHost: string } | { url: string }

export type OpenDatabase = { db: Database; isEmbedded: boolean; close(): Promise<void> }

/** The server does not keep what it acknowledges: nothing may run on it. */
export class NotDurable extends Error {
  override name = 'NotDurable'
}

/** What a pool is for: tasks that nobody waits for, and commands; or what answers requests. */
export type PoolUse = keyof typeof STATEMENT_TIMEOUT_MS

/** Opens a pool; nothing is connected yet. `onIdleError` is told of connections that broke while nobody used them. */
export function openDatabase(
  target: DatabaseTarget,
  onIdleError: (error: Error) => void,
  plugins: KyselyPlugin[] = [],
  use: PoolUse = 'work',
): OpenDatabase {
  const isEmbedded = 'embeddedHost' in target
  const timeoutMs = STATEMENT_TIMEOUT_MS[use]
  const pool = new pg.Pool({
    ...(isEmbedded
      ? { host: target.embeddedHost, port: 5432, user: 'postgres', database: 'postgres', max: EMBEDDED_POOL_SIZE }
      : {
          connectionString: withOptions(target.url),
          max: SERVER_POOL_SIZE,
          statement_timeout: timeoutMs,
          idle_in_transaction_session_timeout: timeoutMs,
          application_name: 'zego',
          options: OPTIONS,
        }),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    pipeline: true,
    types: { getTypeParser },
  })
  pool.on('error', onIdleError)
  // A connection can break between two statements of its user; the next statement says so, this listener need not.
  pool.on('connect', (client) => {
    client.on('error', () => {})
    prepareMarked(client)
    if (!isEmbedded) hangUpWhenSilent(client, timeoutMs + WORD_OF_TIMEOUT_MS)
  })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }), plugins })
  return { db, isEmbedded, close: () => db.destroy() }
}

/** A URL's own options would replace those given beside it. */
function withOptions(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  const own = parsed.searchParams.get('options')
  if (own === null) return url
  parsed.searchParams.set('options', `${OPTIONS} ${own}`)
  return parsed.href
}

/** What a statement begins with that is run so often that to read and plan it anew would cost more than to run it. */
const PREPARED = '/* prepared */'
/** A few dozen statements bear the mark; each text is its own name, so that two connections never mean different ones. */
const preparedNames = new Map<string, string>()

/** Runs marked statements as prepared ones of their connection. */
function prepareMarked(client: PoolClient): void {
  const query = client.query.bind(client) as (...given: unknown[]) => unknown
  const run = (text: unknown, ...rest: unknown[]): unknown => {
    if (typeof text !== 'string' || !text.startsWith(PREPARED)) return query(text, ...rest)
    return query({ name: preparedName(text), text, values: rest[0] })
  }
  client.query = run as PoolClient['query']
}

function preparedName(text: string): string {
  const known = preparedNames.get(text)
  if (known !== undefined) return known
  const name = hash('sha256', text, 'hex').slice(0, 32)
  preparedNames.set(text, name)
  return name
}

/**
 * A connection that says nothing for longer than any statement may take is dead, though nobody closed it (a host that
 * failed over, a firewall that forgot): it is closed here, and whoever waits on it is told.
 */
function hangUpWhenSilent(client: PoolClient, silenceMs: number): void {
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
  stream.setTimeout(silenceMs, () => stream.destroy(new Error('Connection terminated: silent for too long')))
}

/** Microseconds and counts are below 2^53: int8 is read as a number. Everything else as `pg` does. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (oid === INT8_OID && format !== 'binary') return Number
  return pg.types.getTypeParser(oid, format ?? 'text')
}

/** Refuses a server that acknowledges commits before they are on disk. */
export async function assertDurable(db: Database): Promise<void> {
  const { rows } = await sql<{ fsync: string; synchronousCommit: string }>`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as "synchronousCommit"
  `.execute(db)
  const { fsync, synchronousCommit } = rows[0]!
  if (fsync !== 'on') throw new NotDurable('the PostgreSQL server runs with fsync off: it would lose accepted reports')
  if (synchronousCommit === 'off') {
    throw new NotDurable('the PostgreSQL server runs with synchronous_commit off: it would lose accepted reports')
  }
}

/** Runs several statements in one transaction at the default level (read committed); within one, as part of it. */
export function inTransaction<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as DatabaseTransaction)
  return db.transaction().execute(work)
}

/**
 * Runs statements of a transaction that do not need each other's answers: they are sent at once, and run in the order in
 * which they were begun. Each is begun by a function that awaits nothing before it; only the last function may run several.
 * Of a transaction Kysely sends one at a time, and on a core that is shared each way to the database and back takes longer
 * than most statements do.
 */
export function atOnce<T extends readonly unknown[]>(
  trx: DatabaseTransaction,
  begin: (trx: DatabaseTransaction) => { readonly [Index in keyof T]: Promise<T[Index]> },
): Promise<T> {
  const executor = trx.getExecutor()
  return executor.provideConnection((connection) => {
    const unqueued = executor.withConnectionProvider({ provideConnection: (use) => use(connection) })
    const statements = begin({ getExecutor: () => unqueued } as DatabaseTransaction)
    return Promise.all(statements) as unknown as Promise<T>
  })
}

/** One snapshot for several reads: nothing that commits meanwhile is seen by only some of them. */
export function inSnapshot<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

export async function ping(db: Database): Promise<void> {
  await sql`select 1`.execute(db)
}

/** The database's clock: the one that says when something became known. */
export async function databaseNow(db: Database): Promise<Instant> {
  const { rows } = await sql<{ now: Instant }>`select ${microseconds('clock_timestamp()')} as now`.execute(db)
  return rows[0]!.now
}

/** PostgreSQL's major version. */
export async function databaseVersion(db: Database): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::int / 10000 as version
  `.execute(db)
  return rows[0]!.version
}

const CONNECTION_ERROR_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** SQLSTATE classes: connection, resources, operator intervention, system error, rollback; a server gone read-only. */
const PASSING_SQLSTATE = /^(08|53|57|58|40|25006|25P03)/

/** Of the driver and the pool, which have no codes; and of Citus, where a worker is lost in the middle of a statement (XX000). */
const PASSING_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end|driver has already been destroyed|Query read timeout|failure on connection marked as essential/

/** Whether an error says that the database cannot be used now, rather than that the statement is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && (CONNECTION_ERROR_CODES.has(code) || PASSING_SQLSTATE.test(code))) return true
  return PASSING_MESSAGE.test(error.message)
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '23505'
}
