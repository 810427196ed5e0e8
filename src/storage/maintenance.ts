import { sql } from 'kysely'
import type { Database } from './database.ts'

/** The tables that the program deletes from or rewrites all the time. */
const BUSY_TABLES = ['inbox', 'link', 'identity', 'shift', 'anomaly', 'refusal', 'refusal_count'] as const

/** The embedded engine has no autovacuum: this does its work, one short statement a table. */
export async function vacuumBusyTables(db: Database): Promise<void> {
  for (const table of BUSY_TABLES) await sql`vacuum (analyze) ${sql.table(table)}`.execute(db)
}

/** Keeps transaction ids from running out; once a day is far more than enough. */
export async function freeze(db: Database): Promise<void> {
  await sql`vacuum (freeze, analyze)`.execute(db)
}

/** How many transactions ago the oldest one that is not frozen was; the engine stops at two thousand million. */
export async function transactionAge(db: Database): Promise<number> {
  const { rows } = await sql<{ age: number }>`
    select age(datfrozenxid)::bigint as age from pg_database where datname = current_database()
  `.execute(db)
  return rows[0]!.age
}
