import { sql } from 'kysely'
import { type Instant, temporal } from '../domain/instant.ts'
import { type Database, inTransaction, isUnavailable } from './database.ts'

/** How far ahead partitions are made: each one there is looked into by every read that is open to the future. */
const MONTHS_AHEAD = 1
const PARTITIONED = ['report', 'event'] as const

export type FailedPartition = { readonly name: string; readonly error: unknown }

/**
 * Makes the monthly partitions of this month and the next ones. What is older than the store stays in the default one.
 * Answers those that the database refused (rows of that month are in the default one already, say).
 */
export async function ensurePartitions(db: Database, now: Instant): Promise<FailedPartition[]> {
  const wanted = PARTITIONED.flatMap((table) =>
    months(now).map((month) => ({ table, name: `${table}_${month.name}`, month })),
  )
  const existing = await existingTables(
    db,
    wanted.map(({ name }) => name),
  )
  const failed: FailedPartition[] = []
  for (const { table, name, month } of wanted) {
    if (existing.has(name)) continue
    try {
      await makePartition(db, table, name, month)
    } catch (error) {
      if (isUnavailable(error)) throw error
      failed.push({ name, error })
    }
  }
  return failed
}

type Month = { readonly name: string; readonly from: string; readonly to: string }

/** Makes a table the part of another that has the rows from one instant (ISO 8601) on and before another. */
export function makePartition(
  db: Database,
  table: string,
  name: string,
  month: { readonly from: string; readonly to: string },
): Promise<void> {
  return inTransaction(db, async (trx) => {
    // Several processes start together: one makes it, the others find it made. So do they a month that was detached
    // (by a clock that went back): it stays detached, and the default partition takes its rows.
    await sql`lock table ${sql.table(table)} in share update exclusive mode`.execute(trx)
    await sql`
      create table if not exists ${sql.table(name)} partition of ${sql.table(table)}
      for values from (${sql.lit(month.from)}) to (${sql.lit(month.to)})
    `.execute(trx)
  })
}

/** Which of some tables there are. */
async function existingTables(db: Database, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${names}::text[]) name where to_regclass(name) is not null
  `.execute(db)
  return new Set(rows.map((row) => row.name))
}

function months(now: Instant): Month[] {
  const first = temporal(now).toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth()
  return Array.from({ length: MONTHS_AHEAD + 1 }, (_, index) => {
    const month = first.add({ months: index })
    const next = month.add({ months: 1 })
    return { name: month.toString().replace('-', '_'), from: `${month}-01T00:00:00Z`, to: `${next}-01T00:00:00Z` }
  })
}
