import { sql } from 'kysely'
import { formatInstant, type Instant } from '../../domain/instant.ts'
import type { Database } from '../database.ts'
import { CITUS_TABLES } from '../citus.ts'
import { makePartition } from '../partitions.ts'
import { attachedMonths, detachedMonths, detachMonth } from '../report-months.ts'
import { microseconds } from '../sql.ts'
import type { BackedUpTable } from './manifest.ts'

/* The tables of a store as the catalogue tells them, read and written in pieces, whatever they mean. */

/** A table that holds rows: a plain one, or one part of a table that is cut into months. */
export type StoredTable = Omit<BackedUpTable, 'rows'> & { readonly pages: number }

/** Half a megabyte of rows. */
export const PAGES_A_PIECE = 64
/** Tells which migrations ran. They are run again, so it is not among the rows of a backup. */
const MIGRATION = 'migration'

type TableRow = { name: string; pages: number; of: string | null; from: Instant | null; to: Instant | null }

/** All tables but that of the migrations, such that none refers to one that comes after it. */
export async function storedTables(db: Database): Promise<StoredTable[]> {
  const { rows } = await sql<TableRow>`
    select c.relname as name, p.relname as of, ${microseconds('bounds[1]::timestamptz')} as "from",
      ${microseconds('bounds[2]::timestamptz')} as "to",
      pg_relation_size(c.oid) / current_setting('block_size')::bigint as pages
    from pg_class c
    left join pg_inherits i on i.inhrelid = c.oid
    left join pg_class p on p.oid = i.inhparent
    cross join regexp_match(pg_get_expr(c.relpartbound, c.oid), '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$')
      as bounds
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> all(${[MIGRATION, ...CITUS_TABLES]})
    order by c.relname
  `.execute(db)
  const detached = new Map((await detachedMonths(db)).map((month) => [month.table, month]))
  const tables = rows.map(({ name, pages, of, from, to }): StoredTable => {
    const month = detached.get(name)
    if (month !== undefined) return { name, pages, month: monthOf('report', month, true) }
    return { name, pages, month: of === null || from === null || to === null ? null : monthOf(of, { from, to }, false) }
  })
  return parentsFirst(tables, await references(db))
}

function monthOf(of: string, span: { from: Instant; to: Instant }, isDetached: boolean): StoredTable['month'] {
  return { of, from: formatInstant(span.from), to: formatInstant(span.to), isDetached }
}

/** The tables that each table refers to. */
async function references(db: Database): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ name: string; parents: string[] }>`
    select c.relname as name, array_agg(p.relname::text) as parents
    from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_class p on p.oid = f.confrelid
    where f.contype = 'f' and c.relnamespace = current_schema()::regnamespace and f.conrelid <> f.confrelid
    group by c.relname
  `.execute(db)
  return new Map(rows.map(({ name, parents }) => [name, parents]))
}

function parentsFirst(tables: readonly StoredTable[], parentsOf: ReadonlyMap<string, string[]>): StoredTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]))
  const ordered = new Set<StoredTable>()
  const visit = (name: string): void => {
    const table = byName.get(name)
    if (table === undefined || ordered.has(table)) return
    for (const parent of parentsOf.get(name) ?? []) visit(parent)
    ordered.add(table)
  }
  for (const { name } of tables) visit(name)
  return [...ordered]
}

export type RowsPiece = {
  readonly rows: number
  /** As JSON, one a line, without a line break at the end. */ readonly lines: string
}

/** The rows in `PAGES_A_PIECE` pages of a table, from one on. The table must not change meanwhile: rows go by their place. */
export async function readRows(db: Database, table: string, fromPage: number): Promise<RowsPiece> {
  const { rows } = await sql<{ rows: number; lines: string | null }>`
    select count(*) as rows, string_agg(row_to_json(t)::text, E'\n') as lines from ${sql.table(table)} t
    where ctid >= ${`(${fromPage},0)`}::tid and ctid < ${`(${fromPage + PAGES_A_PIECE},0)`}::tid
  `.execute(db)
  return { rows: rows[0]!.rows, lines: rows[0]!.lines ?? '' }
}

/** Removes what migrations put into the tables, and makes the months of a backup, empty. Answers the tables that are there. */
export async function prepareTables(db: Database, backedUp: readonly BackedUpTable[]): Promise<Set<string>> {
  // Those that have rows only: the audit log has none, and refuses to be emptied.
  for (const { name } of await storedTables(db)) {
    const { rows } = await sql<{ isFilled: boolean }>`
      select exists (select 1 from ${sql.table(name)} limit 1) as "isFilled"
    `.execute(db)
    if (rows[0]!.isFilled) await sql`delete from ${sql.table(name)}`.execute(db)
  }
  for (const { name, month } of backedUp) {
    if (month === null) continue
    await makePartition(db, month.of, name, month)
    if (!month.isDetached) continue
    const made = (await attachedMonths(db)).find(({ table }) => table === name)
    if (made === undefined || (await detachMonth(db, made)) !== 'done') throw new Error(`${name} could not be detached`)
  }
  return new Set((await storedTables(db)).map(({ name }) => name))
}

/** Adds rows to a table; each is one of the lines that `readRows` gave. */
export async function writeRows(db: Database, table: string, lines: readonly string[]): Promise<void> {
  await sql`
    insert into ${sql.table(table)} overriding system value
    select * from json_populate_recordset(null::${sql.table(table)}, ${`[${lines.join(',')}]`}::json)
  `.execute(db)
}

/** Lets each column that counts by itself go on after its highest number. */
export async function continueNumbers(db: Database): Promise<void> {
  const { rows } = await sql<{ table: string; column: string }>`
    select c.relname as table, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attidentity <> '' and c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
  `.execute(db)
  for (const { table, column } of rows) {
    await sql`
      select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), highest)
      from (select max(${sql.ref(column)}) as highest from ${sql.table(table)}) numbers where highest is not null
    `.execute(db)
  }
}

/** Whether a database has nothing in it; what belongs to an extension does not count. */
export async function isDatabaseEmpty(db: Database): Promise<boolean> {
  const { rows } = await sql<{ isEmpty: boolean }>`
    select not exists (
      select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    ) as "isEmpty"
  `.execute(db)
  return rows[0]!.isEmpty
}

/** Counts what is in the tables, for the planner. */
export async function analyzeTables(db: Database): Promise<void> {
  for (const { name } of await storedTables(db)) await sql`analyze ${sql.table(name)}`.execute(db)
}
