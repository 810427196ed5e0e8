import { readdirSync, readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { assertWhole, distribute } from './citus.ts'
import { type Database, type DatabaseTransaction, inTransaction } from './database.ts'

/** Any number: what every process that migrates one server locks. */
const MIGRATION_LOCK = 2_018_0813
const DIRECTORY = new URL('./migrations/', import.meta.url)

export type Migration = { readonly name: string; readonly text: string }

/** The database was migrated by a newer program: this one could misread it. */
export class NewerSchema extends Error {
  override name = 'NewerSchema'
}

export function migrations(): Migration[] {
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ name: name.slice(0, -'.sql'.length), text: readFileSync(new URL(name, DIRECTORY), 'utf8') }))
}

/** As `bringUpToDate`; answers the names applied alone. */
export async function migrate(db: Database, all: readonly Migration[] = migrations()): Promise<string[]> {
  return (await bringUpToDate(db, all)).applied
}

/**
 * Applies what is missing, each migration once, however many processes start together, and distributes the tables on
 * Citus, where a worker is refused. Answers the names applied, and the tables distributed.
 */
export async function bringUpToDate(
  db: Database,
  all: readonly Migration[] = migrations(),
): Promise<{ applied: string[]; distributed: string[] }> {
  await assertWhole(db)
  const pending = missing(await appliedMigrations(db), all)
  const applied: string[] = []
  for (const migration of pending) {
    const isMine = await inTransaction(db, async (trx) => {
      const names = await lockAndListApplied(trx)
      if (names.includes(migration.name)) return false
      await sql.raw(migration.text).execute(trx)
      await sql`insert into migration (name) values (${migration.name})`.execute(trx)
      return true
    })
    if (isMine) applied.push(migration.name)
  }
  return { applied, distributed: await distribute(db) }
}

/** The migrations that a database still lacks. */
export async function pendingMigrations(db: Database): Promise<string[]> {
  return missing(await appliedMigrations(db), migrations()).map((migration) => migration.name)
}

/** The migrations that a database has, known to this program or not. */
export async function appliedMigrations(db: Database): Promise<string[]> {
  const { rows } = await sql<{ exists: boolean }>`select to_regclass('migration') is not null as exists`.execute(db)
  return rows[0]!.exists ? listApplied(db) : []
}

async function lockAndListApplied(trx: DatabaseTransaction): Promise<string[]> {
  await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(trx)
  await sql`
    create table if not exists migration (
      name text primary key,
      applied_at timestamptz not null default clock_timestamp()
    )
  `.execute(trx)
  return listApplied(trx)
}

async function listApplied(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from migration order by name`.execute(db)
  return rows.map((row) => row.name)
}

function missing(applied: readonly string[], all: readonly Migration[]): Migration[] {
  const known = new Set(all.map((migration) => migration.name))
  const newer = applied.find((name) => !known.has(name))
  if (newer !== undefined) {
    throw new NewerSchema(`the database was migrated by a newer zego (it has ${newer}): start that version`)
  }
  return all.filter((migration) => !applied.includes(migration.name))
}
