import { type RawBuilder, sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'

/** Instants cross the border as whole microseconds: `pg` would make a `Date` of them, and lose three digits. */
export function microseconds(column: string): RawBuilder<Instant> {
  return sql`(extract(epoch from ${sql.raw(column)}) * 1000000)::bigint`
}

/**
 * As `microseconds`, where a statement reads thousands: by floating point rather than decimals, which is a third of a
 * microsecond less for each. Exact from 1902 to 2106, in seconds below 2^32: an instant there is off by less than a
 * quarter of a microsecond as a double, its product by as much again, and then it is rounded.
 */
export function nearMicroseconds<T extends Instant | null = Instant>(column: string): RawBuilder<T> {
  return sql`(date_part('epoch', ${sql.raw(column)}) * 1000000)::bigint`
}

/** As `microseconds`, where the column may be null. */
export function microsecondsOrNull(column: string): RawBuilder<Instant | null> {
  return sql`(extract(epoch from ${sql.raw(column)}) * 1000000)::bigint`
}

/** A parameter as a timestamptz; exact, since an instant is below 2^53. */
export function timestamp(instant: Instant | null): RawBuilder<unknown> {
  return sql`(timestamptz 'epoch' + ${instant}::bigint * interval '1 microsecond')`
}

/** A column of microseconds (of an unnested array, say) as a timestamptz. */
export function timestampOf(column: string): RawBuilder<unknown> {
  return sql`(timestamptz 'epoch' + ${sql.raw(column)} * interval '1 microsecond')`
}

const ROWS_A_PIECE = 2_000

/** Deletes rows in short statements: nobody waits long for the embedded engine's one backend, or for their locks. */
export async function deleteInPieces(
  db: Database,
  table: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
): Promise<void> {
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from ${table} where ctid = any(array(select ctid from ${table} where ${where} limit ${ROWS_A_PIECE}))
    `.execute(db)
    if (numAffectedRows < BigInt(ROWS_A_PIECE)) return
  }
}
