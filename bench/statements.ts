import { type RawBuilder, sql } from 'kysely'
import type { Context } from '../src/app/context.ts'
import type { Instant } from '../src/domain/instant.ts'

/* What the bench itself asks of the database, beside the program. */

/** How many reports wait; a baseline has an inbox of its own. */
export async function inboxRows({ db }: Context, inbox = 'inbox'): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::bigint as count from ${sql.table(inbox)}`.execute(db)
  return rows[0]!.count
}

export async function emptyInbox({ db }: Context): Promise<void> {
  await sql`truncate inbox`.execute(db)
}

/** A checkpoint, and a vacuum of the table that is deleted from most. */
export async function upkeep({ db }: Context): Promise<void> {
  await sql`checkpoint`.execute(db)
  await sql`vacuum (analyze) inbox`.execute(db)
}

/** Whether a shift of a customer begins at an instant. */
export async function hasShift(
  { db }: Context,
  workProviderId: string,
  customerNumber: string,
  at: Instant,
): Promise<boolean> {
  const { rows } = await sql`
    select from link l join shift s on s.link_id = l.id
    where l.work_provider_id = ${workProviderId} and l.customer_number = ${customerNumber}
      and s.started_at = timestamptz 'epoch' + ${at}::bigint * interval '1 microsecond'
  `.execute(db)
  return rows.length > 0
}

/** The slice of a courier's customer number, as `sliceOf` in the domain has it. */
function sliceOfCourier(workProviderId: string, courier: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`get_byte(sha256(convert_to(${workProviderId}::text || '/customer_number/C' || ${courier}, 'UTF8')), 0) & 63`
}

/** Lets reports of couriers wait in the inbox: logins a minute apart, `rows` in all. */
export async function fillInbox(
  { db }: Context,
  workProviderId: string,
  couriers: number,
  rows: number,
): Promise<void> {
  await sql`
    insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select ${sliceOfCourier(workProviderId, sql`g % ${couriers}::int`)},
      ${workProviderId}::uuid, gen_random_uuid(), 0, 'customer_number', 'C' || g % ${couriers}::int, 'login',
      date_trunc('day', now()) - interval '6 days' + (g / ${couriers}::int) * interval '1 minute'
    from generate_series(0, ${rows}::int - 1) g
  `.execute(db)
}

const MONTHS = 12

/** Makes the monthly partitions of the past year: a store that is that old has them. */
export async function makePastPartitions({ db }: Context): Promise<void> {
  for (const table of ['event', 'report']) {
    for (let back = 1; back <= MONTHS; back++) {
      const { rows } = await sql<{ name: string; from: string; to: string }>`
        select ${table}::text || to_char(m, '_YYYY_MM') as name, m::text as "from", (m + interval '1 month')::text as "to"
        from (select date_trunc('month', now() at time zone 'UTC') - ${back}::int * interval '1 month' as m) x
      `.execute(db)
      const { name, from, to } = rows[0]!
      await sql`
        create table if not exists ${sql.table(name)} partition of ${sql.table(table)}
        for values from (${sql.lit(`${from}+00`)}) to (${sql.lit(`${to}+00`)})
      `.execute(db)
    }
  }
}

/**
 * Adds a history as the program would have stored it: every courier from `first` on logs in and out again, `pairs`
 * times within the past year, evenly.
 */
export async function growHistory(
  { db }: Context,
  workProviderId: string,
  { first, couriers, pairs }: { first: number; couriers: number; pairs: number },
): Promise<void> {
  const step = `${Math.floor((364 * 24 * 3600) / pairs)} seconds`
  const told = sql`
    select ${sliceOfCourier(workProviderId, sql`c`)} as slice,
      c, k, at, request_id
    from generate_series(${first}::int, ${first + couriers - 1}::int) c
    cross join lateral (
      select k, gen_random_uuid() as request_id,
        now() - interval '365 days' + (k / 2) * ${step}::interval
          + (k % 2) * ${step}::interval / 2 + c % 1000 * interval '1 millisecond' as at
      from generate_series(0, ${2 * pairs - 1}::int) k
    ) x
  `
  for (const table of ['report', 'event']) {
    await sql`
      insert into ${sql.table(table)}
        (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select slice, ${workProviderId}::uuid, request_id, 0, 'customer_number', 'C' || c,
        case when k % 2 = 0 then 'login'::event_kind else 'logout' end, at, at
      from (${told}) told
    `.execute(db)
  }
  await sql`
    insert into shift (link_id, started_at, ended_at, cap_at, rules_version)
    select l.id, at, at + ${step}::interval / 2, at + interval '14 hours', 1
    from (${told}) told
    join link l on l.work_provider_id = ${workProviderId}::uuid and l.customer_number = 'C' || c
    where k % 2 = 0
  `.execute(db)
}

export async function analyzeGrown({ db }: Context): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select oid::regclass::text as name from pg_class where relkind = 'r' and relname ~ '^(event|report|shift)(_|$)'
  `.execute(db)
  for (const { name } of rows) await sql`vacuum (analyze) ${sql.table(name)}`.execute(db)
}

/** The files, in the directory of the cluster, of what is looked into at random: all but the past months of reports and events. */
export async function filesInUse({ db }: Context): Promise<string[]> {
  const { rows } = await sql<{ path: string }>`
    select pg_relation_filepath(c.oid) as path from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'i')
      and (c.relname ~ to_char(now(), '"_"YYYY"_"MM')
        or not exists (select from pg_inherits i where i.inhrelid = c.oid))
  `.execute(db)
  return rows.map(({ path }) => path)
}

/** The directory of the cluster, as the server itself names it. */
export async function clusterDirectory({ db }: Context): Promise<string> {
  const { rows } = await sql<{ path: string }>`select current_setting('data_directory') as path`.execute(db)
  return rows[0]!.path
}

export async function countEvents({ db }: Context): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*)::bigint as count from event`.execute(db)
  return rows[0]!.count
}

export async function databaseVersion({ db }: Context): Promise<string> {
  const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(db)
  return rows[0]!.version
}

const CASES = 20_000

/** Adds cases of every kind to the work list, each about another customer, as the program would have stored them. */
export async function growCases({ db }: Context, workProviderId: string): Promise<void> {
  await sql`
    insert into link_conflict (work_provider_id, user_id, customer_number)
    select ${workProviderId}, 'u-' || n + 1, 'C' || n from generate_series(0, ${CASES - 1}) n
  `.execute(db)
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, claimant, since)
    select 'conflicting claim', work_provider_id, user_id, customer_number, now() - row_number() over () * interval '1 minute'
    from link_conflict
  `.execute(db)
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, since)
    select kind, ${workProviderId}, 'C' || n, now() - n * interval '1 minute'
    from generate_series(0, ${CASES - 1}) n
    cross join unnest(array['failed match', 'unknown customer number', 'waiting for consent']) kind
  `.execute(db)
  await sql`
    insert into match (request_id, work_provider_id, customer_number, success)
    select gen_random_uuid(), ${workProviderId}, 'C' || n, false from generate_series(0, ${CASES - 1}) n
  `.execute(db)
  for (const table of ['link_conflict', 'match', 'reconciliation_case'])
    await sql`vacuum (analyze) ${sql.table(table)}`.execute(db)
}

/** What the pages of the desk are addressed by: a policy and a link of a customer, somebody of the desk, a mail. */
export async function idsOfDesk(
  { db }: Context,
  customerNumber: string,
): Promise<{ policy: string; link: string; person: string; mail: string }> {
  const { rows } = await sql<{ policy: string; link: string; person: string; mail: string }>`
    select (select id from policy where customer_number = ${customerNumber} limit 1) as policy,
      (select id::text from link where customer_number = ${customerNumber} limit 1) as link,
      (select id from desk_account limit 1) as person,
      (select id::text from outbox limit 1) as mail
  `.execute(db)
  return rows[0]!
}
