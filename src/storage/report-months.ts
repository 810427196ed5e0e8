import { type RawBuilder, sql } from 'kysely'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { isCitus } from './citus.ts'
import { type Database, type DatabaseTransaction, inTransaction } from './database.ts'
import { microseconds } from './sql.ts'

/** The reports received in a span, a month as a rule, as a table of their own. */
export type ReportMonth = {
  readonly table: string
  readonly from: Instant
  /** The first instant after it. */
  readonly to: Instant
  /** As the database counted when it last looked; null before it ever did. */
  readonly estimatedRows: number | null
  /** With its index. */
  readonly bytes: number
}

/** Reports that lie in no month's partition, and when the first and the last of them were received. */
export type ReportsInDefault = { readonly reports: number; readonly from: Instant; readonly to: Instant }

/** `gone`: somebody else was faster. `busy`: others use the table, and were not to be held up. */
export type MonthChange = 'done' | 'gone' | 'busy'

/** Whoever wants the table meanwhile waits behind us. Autovacuum gives way after one second. */
const LOCK_TIMEOUT_MS = 2_000
/** Lock not available in time; deadlock, with a backup that takes the months in another order than we do. */
const BUSY_CODES: readonly unknown[] = ['55P03', '40P01']
const UNDEFINED_TABLE = '42P01'
/** Ten milliseconds, about, of the embedded engine's one backend. */
const ROWS_A_PIECE = 5_000

/** What a detached table says of itself: by this it is known, and its span, which only a partition has, is kept. */
const NOTE = 'detached by zego retention: reports received from'

/** The partitions of `report` but the default one, oldest first. */
export async function attachedMonths(db: Database): Promise<ReportMonth[]> {
  return readMonths(
    db,
    sql`
      select c.oid, c.relname, c.reltuples, regexp_match(pg_get_expr(c.relpartbound, c.oid),
        '^FOR VALUES FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)$') as bounds
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'report'::regclass and c.relkind = 'r'
    `,
  )
}

/** The months that were detached and are still here, as tables that nothing reads; oldest first. */
export async function detachedMonths(db: Database): Promise<ReportMonth[]> {
  return readMonths(
    db,
    sql`
      select c.oid, c.relname, c.reltuples,
        regexp_match(obj_description(c.oid, 'pg_class'), ${`^${NOTE} (\\S+) to (\\S+)$`}) as bounds
      from pg_class c
      where c.relkind = 'r' and not c.relispartition and c.relnamespace = current_schema()::regnamespace
    `,
  )
}

async function readMonths(db: Database, tables: RawBuilder<unknown>): Promise<ReportMonth[]> {
  // On Citus what lies on the coordinator is empty.
  const size = (await isCitus(db)) ? sql`citus_total_relation_size(oid, false)` : sql`pg_total_relation_size(oid)`
  const { rows } = await sql<ReportMonth>`
    select relname as "table", ${microseconds('bounds[1]::timestamptz')} as "from",
      ${microseconds('bounds[2]::timestamptz')} as "to", nullif(reltuples, -1)::bigint as "estimatedRows",
      coalesce(${size}, 0) as bytes
    from (${tables}) found where bounds is not null
    order by 2, 1
  `.execute(db)
  return rows
}

/**
 * Makes a partition a table by itself, with every row that it has. Not "concurrently": PostgreSQL refuses that beside a
 * default partition. It changes the catalogue alone, so the lock that it takes is held for a moment.
 */
export function detachMonth(db: Database, month: ReportMonth): Promise<MonthChange> {
  return change(db, async (trx) => {
    // Everybody else comes to the partitions by their parent: who has it first meets nobody further on.
    await sql`lock table only report in access exclusive mode`.execute(trx)
    if (!isAmong(await attachedMonths(trx), month)) return 'gone'
    await sql`alter table report detach partition ${sql.table(month.table)}`.execute(trx)
    const note = `${NOTE} ${formatInstant(month.from)} to ${formatInstant(month.to)}`
    await sql`comment on table ${sql.table(month.table)} is ${sql.lit(note)}`.execute(trx)
    return 'done'
  })
}

/** Deletes a month that was detached; one that somebody attached again is left alone. */
export function dropMonth(db: Database, month: ReportMonth): Promise<MonthChange> {
  return change(db, async (trx) => {
    await sql`lock table ${sql.table(month.table)} in access exclusive mode`.execute(trx)
    if (!isAmong(await detachedMonths(trx), month)) return 'gone'
    await sql`drop table ${sql.table(month.table)}`.execute(trx)
    return 'done'
  })
}

async function change(
  db: Database,
  work: (trx: DatabaseTransaction) => Promise<'done' | 'gone'>,
): Promise<MonthChange> {
  try {
    return await inTransaction(db, async (trx) => {
      await sql`select set_config('lock_timeout', ${String(LOCK_TIMEOUT_MS)}, true)`.execute(trx)
      return work(trx)
    })
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (BUSY_CODES.includes(code)) return 'busy'
    if (code === UNDEFINED_TABLE) return 'gone'
    throw error
  }
}

function isAmong(months: readonly ReportMonth[], { table, from, to }: ReportMonth): boolean {
  return months.some((one) => one.table === table && one.from === from && one.to === to)
}

type Key = { work_provider_id: string; request_id: string; item: number; slice: number }
type Piece = ReportsInDefault & { readonly last: Key }

/** Counts the reports that no month has, a piece at a time; null: there are none. */
export async function reportsInDefault(db: Database): Promise<ReportsInDefault | null> {
  const first = await pieceOfDefault(db, null)
  if (first === undefined) return null
  let { reports, from, to } = first
  let piece = await pieceOfDefault(db, first.last)
  while (piece !== undefined) {
    reports += piece.reports
    if (piece.from < from) from = piece.from
    if (piece.to > to) to = piece.to
    piece = await pieceOfDefault(db, piece.last)
  }
  return { reports, from, to }
}

async function pieceOfDefault(db: Database, after: Key | null): Promise<Piece | undefined> {
  const isAfter =
    after === null
      ? sql`true`
      : sql`(work_provider_id, request_id, item, slice)
          > (${after.work_provider_id}::uuid, ${after.request_id}::uuid, ${after.item}, ${after.slice})`
  const { rows } = await sql<Piece>`
    with piece as (
      select work_provider_id, request_id, item, slice, received_at from report_default where ${isAfter}
      order by work_provider_id, request_id, item, slice limit ${ROWS_A_PIECE}
    )
    select count(*) as reports, ${microseconds('min(received_at)')} as "from", ${microseconds('max(received_at)')} as "to",
      (select row_to_json(piece) from piece order by work_provider_id desc, request_id desc, item desc, slice desc limit 1)
        as last
    from piece having count(*) > 0
  `.execute(db)
  return rows[0]
}
