import { sql } from 'kysely'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type Identity, sliceOf } from '../../src/domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import type { Database } from '../../src/storage/database.ts'
import { ensurePartitions } from '../../src/storage/partitions.ts'
import { timestamp } from '../../src/storage/sql.ts'
import type { Store } from './stores.ts'

/** Months before this one that have partitions, each with a shift of every customer. */
export const PAST_MONTHS = 6
const DAY = 24 * MICROSECONDS_PER_HOUR
const CAP = 10 * MICROSECONDS_PER_HOUR

export type GrownStore = {
  /** The first has most customers. */
  readonly workProviderIds: readonly string[]
  readonly now: Instant
  /** When all customers changed their user ids. */
  readonly released: Instant
  /** The customers are numbered from 0. */
  workProviderIdOf(customer: number): string
  numberOf(customer: number): string
  userIdOf(customer: number): string
  oldUserIdOf(customer: number): string
  /** Of the vehicle that the customer's policy names. */
  registrationOf(customer: number): string
  /** The first instant of the month so many before this one. */
  monthStart(monthsAgo: number): Instant
}

export type Size = {
  readonly customers: number
  /** So many of them, from the first on, worked a shift in each month. */
  readonly working: number
  /** And so many are on shift now; ten of these have no policy any more. */
  readonly onShift: number
}

/**
 * Fills an empty store by SQL as months of use would: each customer is linked to one work provider under a number, a user
 * id, and another user id before; agreed, and has a policy. Vacuumed and analyzed.
 */
export async function growStore({ context }: Store, size: Size): Promise<GrownStore> {
  const { db } = context
  const now = context.now()
  const workProviderIds: string[] = []
  for (const name of ['Big Ltd', 'Second Ltd', 'Third Ltd', 'Fourth Ltd']) {
    workProviderIds.push((await createWorkProvider(context, name)).id)
  }
  for (let months = PAST_MONTHS; months > 0; months--) await ensurePartitions(db, monthStart(now, months))
  const grown: GrownStore = {
    workProviderIds,
    now,
    released: monthStart(now, 3),
    workProviderIdOf: (customer) => workProviderIds[Math.max(0, (customer % 10) - 6)]!,
    numberOf: (customer) => `C${customer}`,
    userIdOf: (customer) => `u-${customer}`,
    oldUserIdOf: (customer) => `old-${customer}`,
    // Links are numbered from 1.
    registrationOf: (customer) => `V${customer + 1} ABC`,
    monthStart: (monthsAgo) => monthStart(now, monthsAgo),
  }
  await insertPeople(db, grown, size.customers)
  await insertFacts(db, grown)
  for (let months = PAST_MONTHS + 1; months >= 0; months--) await insertMonth(db, grown, months, size.working)
  await insertShifts(db, grown, size.onShift)
  await insertUse(db)
  await sql`vacuum analyze`.execute(db)
  return grown
}

function monthStart(now: Instant, monthsAgo: number): Instant {
  const date = new Date(now / 1000)
  return (Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsAgo) * 1000) as Instant
}

/** Customers with a link each, and their identities bound to it. */
async function insertPeople(db: Database, grown: GrownStore, count: number): Promise<void> {
  const customers = Array.from({ length: count }, (_, index) => index)
  const workProviderId = customers.map(grown.workProviderIdOf)
  const number = customers.map(grown.numberOf)
  await sql`
    insert into customer (customer_number, email, email_key, name)
    select number, email, email, 'Rider ' || md5(number)
    from (select number, lower(number) || '@example.com' as email from unnest(${number}::text[]) number) made
  `.execute(db)
  await sql`
    insert into link (work_provider_id, customer_number)
    select work_provider_id, number from unnest(${workProviderId}::uuid[], ${number}::text[])
      with ordinality as made (work_provider_id, number, place) order by place
  `.execute(db)
  for (const { kind, texts, heldFrom } of [
    { kind: 'customer_number' as const, texts: number, heldFrom: null },
    { kind: 'user_id' as const, texts: customers.map(grown.oldUserIdOf), heldFrom: null },
    { kind: 'user_id' as const, texts: customers.map(grown.userIdOf), heldFrom: grown.released },
  ]) {
    const identities = texts.map((text, index): Identity => ({ workProviderId: workProviderId[index]!, kind, text }))
    await sql`
      with made as (
        select * from unnest(${workProviderId}::uuid[], ${texts}::text[], ${number}::text[],
          ${identities.map(sliceOf)}::smallint[]) as made (work_provider_id, identity, number, slice)
      ),
      known as (
        insert into identity (work_provider_id, kind, identity, slice)
        select work_provider_id, ${kind}::identity_kind, identity, slice from made
      )
      insert into binding (work_provider_id, identity_kind, identity, slice, link_id, held_from)
      select work_provider_id, ${kind}::identity_kind, identity, slice, link.id, ${timestamp(heldFrom)}
      from made join link using (work_provider_id) where link.customer_number = made.number
    `.execute(db)
  }
  await sql`
    insert into release (binding_id, effective_at)
    select id, ${timestamp(grown.released)} from binding where identity like 'old-%'
  `.execute(db)
}

async function insertFacts(db: Database, { workProviderIds, now }: GrownStore): Promise<void> {
  const start = timestamp(plus(now, -300 * DAY))
  await sql`
    insert into consent (link_id, given, effective_at, recorded_at) select id, true, ${start}, ${start} from link
  `.execute(db)
  await sql`
    insert into policy (id, customer_number, class_of_use, cover_level, vehicle_registration, valid_from, valid_to)
    select gen_random_uuid(), customer_number, 'Delivery', 'TPO', 'V' || id || ' ABC', ${start},
      case when id <= 10 then ${timestamp(plus(now, -DAY))} end
    from link
  `.execute(db)
  await sql`
    insert into policy_cancellation (policy_id, effective_at) select id, now() + interval '1 year' from policy
  `.execute(db)
  await sql`
    insert into setting (work_provider_id, name, value, effective_at)
    values (${workProviderIds[0]}, 'cap', ${String(CAP)}, ${start})
  `.execute(db)
  await sql`
    insert into api_key (id, work_provider_id, hash, recorded_at, revoked_at)
    select gen_random_uuid(), ${workProviderIds[1]}::uuid, sha256(n::text::bytea), ${start}, ${start}
    from generate_series(1, 5000) n
  `.execute(db)
  await sql`
    insert into match (request_id, work_provider_id, customer_number, success, received_at)
    select gen_random_uuid(), work_provider_id, customer_number, id % 20 > 0, ${start} + id % 290 * interval '1 day'
    from link cross join generate_series(1, 2)
  `.execute(db)
  await sql`
    insert into notice (work_provider_id, customer_number, kind, about, recorded_at)
    select work_provider_id, customer_number, 'cap', ${start}, now() - id % 50 * interval '1 day' from link
  `.execute(db)
}

/** A shift of each in one month, two hours where the month has room; before the months with partitions, of some. */
async function insertMonth(db: Database, grown: GrownStore, monthsAgo: number, working: number): Promise<void> {
  const start = grown.monthStart(monthsAgo)
  const end = monthsAgo === 0 ? grown.now : plus(grown.monthStart(monthsAgo - 1), -DAY)
  const shift = Math.floor(Math.min(2 * MICROSECONDS_PER_HOUR, (end - start) / 10))
  const room = (end - start - shift) / 1_000_000
  const workers = monthsAgo > PAST_MONTHS ? working / 4 : working
  await sql`
    with told as (
      insert into event (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
      select slice, work_provider_id, identity_kind, identity, at, kind, at, gen_random_uuid(), 0
      from (
        select *, ${timestamp(start)} + link_id * 7919 % 10007 / 10007.0 * ${room} * interval '1 second'
          + after * interval '1 microsecond' as at
        from binding cross join (values ('login'::event_kind, 0::bigint), ('logout', ${shift}::bigint)) t (kind, after)
        where identity like ${monthsAgo > 3 ? 'old-%' : 'u-%'} and link_id <= ${workers}
      ) worked
      returning *
    )
    insert into report (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
    select slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at from told
  `.execute(db)
}

async function insertShifts(db: Database, { now }: GrownStore, onShift: number): Promise<void> {
  const started = timestamp(plus(now, -MICROSECONDS_PER_HOUR))
  await sql`
    insert into event (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
    select slice, work_provider_id, identity_kind, identity, ${started}, 'login', ${started}, gen_random_uuid(), 0
    from binding where identity like 'u-%' and link_id <= ${onShift}
  `.execute(db)
  await sql`
    insert into shift (link_id, started_at, ended_at, cap_at, rules_version)
    select b.link_id, e.at, case when e.at <> ${started} then e.at + interval '2 hours' end,
      e.at + ${CAP}::bigint * interval '1 microsecond', 1
    from event e join binding b using (work_provider_id, identity_kind, identity) where e.kind = 'login'
  `.execute(db)
  await sql`
    insert into anomaly (link_id, at, kind, rules_version)
    select link_id, started_at + interval '1 minute', 'repeat', 1 from shift
  `.execute(db)
}

/** What years of use leave of each work provider: a few rows a day, and the last refused requests. */
async function insertUse(db: Database): Promise<void> {
  const days = sql`(
    select work_provider.id, current_date - ago as day from work_provider cross join generate_series(1, 1500) ago
  ) days`
  const counts = sql.join(Array.from({ length: 18 }, () => sql`0`))
  await sql`
    insert into quality_day select id, day, day + interval '10 days', ${counts}, null, null, 0 from ${days}
  `.execute(db)
  await sql`
    insert into deprecated_use select id, day, field, 1 from ${days} cross join unnest(array['policyId', 'driverId']) field
  `.execute(db)
  await sql`
    insert into refusal_count select day, id, 'E' || n, 1 from ${days} cross join generate_series(1, 4) n
  `.execute(db)
  await sql`
    insert into refusal (request_id, work_provider_id, at, method, path, status, error, detail)
    select gen_random_uuid(), id, now() - n * interval '1 minute', 'POST', '/v1/batch/login', 400, 'INVALID_DATA', 'item 3: ' || n
    from work_provider cross join generate_series(1, 1000) n
  `.execute(db)
  await sql`insert into key_use select id, recorded_at from api_key`.execute(db)
}

/** A backlog: reports of persons that nobody knows, most of them the first work provider's. */
export async function fillInbox(db: Database, workProviderIds: readonly string[], count: number): Promise<void> {
  await sql`
    insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select n % 64, (${workProviderIds}::uuid[])[greatest(n % 20 - 15, 1)], gen_random_uuid(), 0, 'user_id',
      'x-' || n % 5000, 'login', now() - n * interval '1 second'
    from generate_series(1, ${count}::int) n
  `.execute(db)
}
