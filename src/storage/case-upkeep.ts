import { type RawBuilder, sql } from 'kysely'
import { parkedKind } from '../domain/case.ts'
import type { Identity } from '../domain/identity.ts'
import type { ShiftEvent } from '../domain/shift-event.ts'
import { timestampArray } from './binary-arrays.ts'
import { isCitus } from './citus.ts'
import type { DatabaseTransaction } from './database.ts'
import { firstTold } from './events.ts'
import { identityRows, slicedIdentityRows } from './identities.ts'
import { TEST_TWINS } from './sandbox.ts'

/*
 * Who makes a case or settles one says so here, in the same transaction (docs/decisions/0019). Of test twins there are
 * none: with what they tell nothing is to be done.
 */

/** Any number: tells these locks from others. */
const CUSTOMER_NUMBER_LOCK = 2

const PARKED = sql`case asked.kind when 'user_id' then ${sql.lit(parkedKind('user_id'))}
  else ${sql.lit(parkedKind('customer_number'))} end`

const IS_REAL = sql`
  not exists (select from work_provider w where w.id = asked.work_provider_id and w.test_of is not null)
`

/** Makes cases of identities that nobody holds at these events; needs their locks. Nearly always they are cases already. */
export async function parkEvents(trx: DatabaseTransaction, events: readonly ShiftEvent[]): Promise<void> {
  if (await isCitus(trx)) return parkDistributed(trx, events)
  const identities = events.map(({ identity }) => identity)
  await sql`/* prepared */
    insert into reconciliation_case (kind, work_provider_id, about, since)
    select ${PARKED}, asked.work_provider_id, asked.identity, told.received_at
    from (
      select distinct on (work_provider_id, kind, identity) *
      from ${slicedIdentityRows(identities)}
      join unnest(${timestampArray(events.map(({ at }) => at))}::timestamptz[]) with ordinality as its (at, place)
        using (place)
      order by work_provider_id, kind, identity, at
    ) asked
    cross join lateral (
      select received_at from event e
      where e.slice = asked.slice and e.work_provider_id = asked.work_provider_id and e.identity_kind = asked.kind
        and e.identity = asked.identity and e.at = asked.at
      limit 1
    ) told
    where not exists (
      select from reconciliation_case c
      where c.work_provider_id = asked.work_provider_id and c.kind = ${PARKED} and c.about = asked.identity
        and c.claimant = ''
    )
    and ${IS_REAL}
    order by asked.work_provider_id, 1, asked.identity
    on conflict do nothing
  `.execute(trx)
}

/** As `parkEvents`, where the events lie on other servers than the cases: what is told of them is read first. */
async function parkDistributed(trx: DatabaseTransaction, events: readonly ShiftEvent[]): Promise<void> {
  const firsts = await firstTold(trx, events)
  const identities = firsts.map(({ identity }) => identity)
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, since)
    select ${PARKED}, asked.work_provider_id, asked.identity, its.received_at
    from ${identityRows(identities)}
    join unnest(${timestampArray(firsts.map(({ receivedAt }) => receivedAt))}::timestamptz[])
      with ordinality as its (received_at, place) using (place)
    where ${IS_REAL}
    order by asked.work_provider_id, 1, asked.identity
    on conflict do nothing
  `.execute(trx)
}

/** Makes a case of an identity that nobody holds any more and that has events since; needs its lock. */
export async function parkIdentity(trx: DatabaseTransaction, { workProviderId, kind, text }: Identity): Promise<void> {
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about)
    values (${parkedKind(kind)}, ${workProviderId}, ${text}) on conflict do nothing
  `.execute(trx)
}

/**
 * After somebody else holds an identity, or nobody any more: it is not parked then, and who claims it and does not hold
 * it is a case only where another does. Needs its lock.
 */
export async function settleHolding(
  trx: DatabaseTransaction,
  { workProviderId, kind, text }: Identity,
  holder: string | null,
): Promise<void> {
  await sql`
    delete from reconciliation_case
    where work_provider_id = ${workProviderId} and kind = ${parkedKind(kind)} and about = ${text} and claimant = ''
  `.execute(trx)
  if (kind !== 'user_id') return
  await sql`
    delete from reconciliation_case
    where work_provider_id = ${workProviderId} and kind = 'conflicting claim' and about = ${text}
      and claimant = coalesce(${holder}::text, claimant)
  `.execute(trx)
  if (holder === null) return
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, claimant)
    select 'conflicting claim', work_provider_id, user_id, customer_number from link_conflict
    where work_provider_id = ${workProviderId} and user_id = ${text} and customer_number <> ${holder}
    order by customer_number on conflict do nothing
  `.execute(trx)
}

/** A customer claims a user id that another holds, for the first time or once more: the case is open, or open again. */
export async function noteClaim(
  trx: DatabaseTransaction,
  claim: { workProviderId: string; userId: string; customerNumber: string },
): Promise<void> {
  await sql`
    insert into reconciliation_case as c (kind, work_provider_id, about, claimant)
    values ('conflicting claim', ${claim.workProviderId}, ${claim.userId}, ${claim.customerNumber})
    on conflict (work_provider_id, kind, about, claimant)
      do update set happened_at = clock_timestamp(), is_done = false
  `.execute(trx)
}

/**
 * How it stands between a real work provider and a customer number, by the last word on it. `m` is that word. A test
 * customer is nobody to them.
 */
const STANDS: RawBuilder<unknown> = sql`
  case when not m.success then 'failed match'
    when not exists (select from customer c where c.customer_number = m.customer_number and not c.is_test)
      then 'unknown customer number'
    when exists (
      select from link l join consent c on c.link_id = l.id
      where l.work_provider_id = m.work_provider_id and l.customer_number = m.customer_number
    ) or exists (
      select from match_decline d
      where d.work_provider_id = m.work_provider_id and d.customer_number = m.customer_number
    ) then 'settled'
    else 'waiting for consent' end
`

/**
 * Works out anew what is a case between work providers and a customer number: after a word on it, after the customer
 * was made, and after they said yes or no. `heard`: the work provider whose word it was: a case that was done is open
 * again. The last lock that a transaction takes.
 */
export async function settleMatches(
  trx: DatabaseTransaction,
  customerNumber: string,
  heard: string | null = null,
): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${customerNumber}, ${CUSTOMER_NUMBER_LOCK}))`.execute(trx)
  await sql`
    with stands as materialized (
      select m.work_provider_id, ${STANDS} as kind
      from work_provider w cross join lateral (
        select work_provider_id, customer_number, success from match
        where customer_number = ${customerNumber} and work_provider_id = w.id
        order by received_at desc, request_id desc limit 1
      ) m
      where w.test_of is null
    ),
    gone as (
      delete from reconciliation_case c using stands s
      where c.work_provider_id = s.work_provider_id and c.about = ${customerNumber} and c.claimant = ''
        and c.kind in ('failed match', 'unknown customer number', 'waiting for consent') and c.kind <> s.kind
    )
    insert into reconciliation_case as c (kind, work_provider_id, about)
    select kind, work_provider_id, ${customerNumber} from stands where kind <> 'settled'
    on conflict (work_provider_id, kind, about, claimant)
      do update set happened_at = clock_timestamp(), is_done = false
      where c.work_provider_id = ${heard}::uuid
  `.execute(trx)
}

/** Makes cases of all words and claims that are there: for a store that was filled by other ways than these. */
export async function makeCases(trx: DatabaseTransaction): Promise<void> {
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, since)
    select kind, work_provider_id, customer_number, received_at
    from (
      select m.*, ${STANDS} as kind
      from (
        select distinct on (work_provider_id, customer_number) * from match
        order by work_provider_id, customer_number, received_at desc, request_id desc
      ) m
      where m.work_provider_id not in ${TEST_TWINS}
    ) stands
    where kind <> 'settled' on conflict do nothing
  `.execute(trx)
  await sql`
    insert into reconciliation_case (kind, work_provider_id, about, claimant, since)
    select 'conflicting claim', c.work_provider_id, c.user_id, c.customer_number, c.recorded_at
    from link_conflict c
    where exists (
      select from binding b join link l on l.id = b.link_id
      where b.work_provider_id = c.work_provider_id and b.identity_kind = 'user_id' and b.identity = c.user_id
        and l.customer_number <> c.customer_number and not exists (select from release r where r.binding_id = b.id)
    )
    on conflict do nothing
  `.execute(trx)
}
