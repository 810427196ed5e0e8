import { sql } from 'kysely'
import { COUNTS, type QualityDay, type Tally } from '../domain/data-quality.ts'
import type { Instant } from '../domain/instant.ts'
import type { UtcDay } from '../domain/utc-day.ts'
import type { Database } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp, timestampOf } from './sql.ts'

/** `hourAhead` is kept as `hour_ahead`, and so on. */
const COUNT_COLUMNS = COUNTS.map((name) => ({
  name,
  column: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
}))

/** Keeps what was counted of a day as it stood at an instant, unless it was counted later already. */
export async function storeQualityDay(
  db: Database,
  { workProviderId, day, countedAt }: { workProviderId: string; day: UtcDay; countedAt: Instant },
  tally: Tally,
): Promise<void> {
  const columns = sql.join([
    ...COUNT_COLUMNS.map(({ column }) => sql.ref(column)),
    sql`counted_at, first_received_at, last_received_at, longest_gap_us`,
  ])
  const values = sql.join([
    ...COUNT_COLUMNS.map(({ name }) => sql`${tally[name]}::bigint`),
    timestamp(countedAt),
    timestamp(tally.firstReceivedAt),
    timestamp(tally.lastReceivedAt),
    sql`${tally.longestGap}::bigint`,
  ])
  const replaced = sql.join(COUNT_COLUMNS.map(({ column }) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`))
  await sql`
    insert into quality_day (work_provider_id, day, ${columns}) values (${workProviderId}, ${day}::date, ${values})
    on conflict (work_provider_id, day) do update
      set ${replaced}, counted_at = excluded.counted_at, first_received_at = excluded.first_received_at,
        last_received_at = excluded.last_received_at, longest_gap_us = excluded.longest_gap_us
      where quality_day.counted_at <= excluded.counted_at
  `.execute(db)
}

/** The days of a work provider that are counted, from one day to another, both included; the oldest first. */
export async function readQualityDays(
  db: Database,
  workProviderId: string,
  from: UtcDay,
  to: UtcDay,
): Promise<QualityDay[]> {
  const counts = sql.join(COUNT_COLUMNS.map(({ name, column }) => sql`${sql.ref(column)} as ${sql.ref(name)}`))
  const { rows } = await sql<QualityDay>`
    select day::text as day, ${microseconds('counted_at')} as "countedAt", ${counts},
      ${microsecondsOrNull('first_received_at')} as "firstReceivedAt",
      ${microsecondsOrNull('last_received_at')} as "lastReceivedAt", longest_gap_us as "longestGap"
    from quality_day where work_provider_id = ${workProviderId} and day >= ${from}::date and day <= ${to}::date
    order by day
  `.execute(db)
  return rows
}

export type DueDay = { readonly workProviderId: string; readonly day: UtcDay }

/** Of some days, in their order, those of any work provider that are not counted, or were last counted too long ago. */
export async function dueQualityDays(
  db: Database,
  days: readonly { day: UtcDay; staleBefore: Instant }[],
  limit: number,
): Promise<DueDay[]> {
  const { rows } = await sql<DueDay>`
    select w.id as "workProviderId", asked.day::text as day
    from unnest(${days.map((one) => one.day)}::date[], ${days.map((one) => one.staleBefore)}::bigint[])
      with ordinality as asked (day, stale_before_us, place)
    cross join work_provider w
    -- One probe each: a join would be planned as a scan of all days.
    left join lateral (
      select counted_at from quality_day where work_provider_id = w.id and day = asked.day limit 1
    ) q on true
    where q.counted_at is null or q.counted_at < ${timestampOf('asked.stale_before_us')}
    order by asked.place, w.id limit ${limit}
  `.execute(db)
  return rows
}
