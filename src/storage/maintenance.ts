import { sql } from 'kysely'
import type { Database } from './database.ts'

const SITE_TABLES = [
  'link_intent',
  'link_asked',
  'outbox',
  'mail_link',
  'attempt',
  'driver_session',
  'driver_verification',
  'driver_rate_limit',
  'desk_session',
  'desk_verification',
  'desk_rate_limit',
] as const

/** The tables that the program deletes from or rewrites all the time. */
const BUSY_TABLES = [
  'inbox',
  'link',
  'identity',
  'shift',
  'anomaly',
  'refusal',
  'refusal_count',
  'key_use',
  'deprecated_use',
  'quality_day',
  'lease',
  'feed_entry',
  'feed',
  'feed_caps',
  'status_due',
  'status_told',
  'consent_ahead',
  'shift_withheld',
  'webhook_endpoint',
  'webhook_delivery',
  ...SITE_TABLES,
] as const

/** The embedded engine has no autovacuum: this does its work, one short statement a table. */
export async function vacuumBusyTables(db: Database): Promise<void> {
  for (const table of BUSY_TABLES) await sql`vacuum (analyze) ${sql.table(table)}`.execute(db)
}

/** Makes room where reports were taken out; nobody waits for it, and it waits for nobody. */
export async function vacuumInbox(db: Database): Promise<void> {
  await sql`vacuum (skip_locked, truncate off) inbox`.execute(db)
}

/** Keeps transaction ids from running out; once a day is far more than enough. A short statement for each table. */
export async function freeze(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select oid::regclass::text as name from pg_class
    where relkind in ('r', 'm') order by age(relfrozenxid) desc
  `.execute(db)
  for (const { name } of rows) await sql`vacuum (freeze, analyze) ${sql.raw(name)}`.execute(db)
}

/** How many transactions ago the oldest one that is not frozen was; the engine stops at two thousand million. */
export async function transactionAge(db: Database): Promise<number> {
  const { rows } = await sql<{ age: number }>`
    select age(datfrozenxid)::bigint as age from pg_database where datname = current_database()
  `.execute(db)
  return rows[0]!.age
}

/** Brings all that changed to the files of the tables, so that a start need not replay the log before it. */
export async function checkpoint(db: Database): Promise<void> {
  await sql`checkpoint`.execute(db)
}

/**
 * Makes a checkpoint where the log since the last one is longer: on a server PostgreSQL's checkpointer does so, and the
 * embedded engine has none, so that its log would grow for ever and be replayed whole after a crash. Answers whether it did.
 */
export async function boundLog(db: Database, maxBytes: number): Promise<boolean> {
  const { rows } = await sql<{ isLong: boolean }>`
    select pg_current_wal_lsn() - redo_lsn > ${maxBytes}::numeric as "isLong" from pg_control_checkpoint()
  `.execute(db)
  if (rows[0]!.isLong) await checkpoint(db)
  return rows[0]!.isLong
}
