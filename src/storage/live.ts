import { type RawBuilder, sql } from 'kysely'
import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, plus } from '../domain/instant.ts'
import type { InboxFigures, Received, ReceivedReport, RefusalFigures } from '../domain/live.ts'
import { lowestUuidOf } from '../domain/uuid.ts'
import { isCitus } from './citus.ts'
import type { Database } from './database.ts'
import { KEPT_REFUSALS } from './refusals.ts'
import { TEST_LINKS, TEST_TWINS } from './sandbox.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'
import { listWorkProviders } from './work-providers.ts'

/** More that wait are not counted. */
const WAITING_AT_MOST = 10_000
/** Of the last minute, the newest of each work provider: these by as many as there are work providers. */
const COUNTED_AT_MOST = 10_000
/** A request id holds the clock of its process, `received_at` the database's: they are hardly further apart. */
const CLOCKS_APART = MICROSECONDS_PER_MINUTE / 2
const DAY = 24 * MICROSECONDS_PER_HOUR

/**
 * Those of some links whose customer is covered while on shift, as far as that is plain: consent is given, the work
 * provider never required more of a link, a policy is valid. About the others the rules decide.
 */
export async function plainlyCovered(db: Database, linkIds: readonly number[], now: Instant): Promise<number[]> {
  const { rows } = await sql<{ linkId: number }>`
    select l.id as "linkId" from link l
    where l.id = any(${linkIds}::bigint[])
      and (
        select c.given from consent c where c.link_id = l.id and c.effective_at <= ${timestamp(now)}
        order by c.effective_at desc, c.seq desc limit 1
      )
      and not exists (
        select from setting s
        where s.work_provider_id = l.work_provider_id and s.name = 'link_requires' and s.value <> 'nothing'
      )
      and exists (
        select from policy p
        where p.customer_number = l.customer_number
          and (p.work_provider_id is null or p.work_provider_id = l.work_provider_id)
          and p.valid_from <= ${timestamp(now)} and (p.valid_to is null or p.valid_to > ${timestamp(now)})
          and not exists (
            select from policy_cancellation x where x.policy_id = p.id and x.effective_at <= ${timestamp(now)}
          )
      )
  `.execute(db)
  return rows.map((row) => row.linkId)
}

/** Of links that were told a logout ahead of its time, the shift that is on now until then. */
export type EndingShift = { readonly linkId: number; readonly startedAt: Instant }

/** At one instant there are hardly more logouts than this. */
const TIES_AT_MOST = 5_000

/**
 * Shifts that are on now whose logout lies ahead of now, none of the sandbox, a piece of them: by the instants of such logouts, after `after`.
 * `last`: where the next piece begins; null after the last one. A link can be told of in several pieces.
 */
export async function shiftsEndingLater(
  db: Database,
  now: Instant,
  after: Instant,
  limit: number,
): Promise<{ shifts: EndingShift[]; last: Instant | null }> {
  const { rows } = await sql<{ at: Instant; linkId: number | null; startedAt: Instant }>`
    select ${microseconds('e.at')} as at, s.link_id as "linkId", ${microsecondsOrNull('s.started_at')} as "startedAt"
    from (
      select * from (
        select work_provider_id, identity_kind, identity, at from event
        where kind = 'logout' and at > received_at and at > ${timestamp(after)}
        order by at fetch first ${limit} rows with ties
      ) told limit ${TIES_AT_MOST}
    ) e
    left join lateral (
      select last.link_id, last.started_at
      from binding b cross join lateral (
        select link_id, started_at, ended_at from shift
        where link_id = b.link_id and started_at <= ${timestamp(now)} order by started_at desc limit 1
      ) last
      where b.work_provider_id = e.work_provider_id and b.identity_kind = e.identity_kind and b.identity = e.identity
        and last.ended_at > ${timestamp(now)} and last.link_id not in ${TEST_LINKS}
    ) s on true
    order by e.at
  `.execute(db)
  const shifts = rows.flatMap(({ linkId, startedAt }) => (linkId === null ? [] : [{ linkId, startedAt }]))
  return { shifts, last: rows.length < limit ? null : rows.at(-1)!.at }
}

/** Of all that waits; `ofReal`: but for what test keys sent. Counted by work provider, so that none's is gone through in vain. */
export async function readInbox(db: Database, { ofReal }: { ofReal: boolean }): Promise<InboxFigures> {
  const { rows } = await sql<{ waiting: number; oldestAt: Instant | null }>`
    ${(await isCitus(db)) ? inboxOnCitus(ofReal) : inbox(ofReal)}
  `.execute(db)
  const { waiting, oldestAt } = rows[0]!
  return { waiting: Math.min(waiting, WAITING_AT_MOST), isMore: waiting > WAITING_AT_MOST, oldestAt }
}

function inbox(ofReal: boolean): RawBuilder<unknown> {
  const isCounted = ofReal ? sql`w.test_of is null` : sql`true`
  return sql`
    select (
        select count(*) from (
          select from work_provider w cross join lateral (
            select from inbox where work_provider_id = w.id order by request_id, item, slice limit ${WAITING_AT_MOST + 1}
          ) own
          where ${isCounted} limit ${WAITING_AT_MOST + 1}
        ) waits
      ) as waiting,
      (
        select ${microsecondsOrNull('min(first.received_at)')} from work_provider w cross join lateral (
          select received_at from inbox where work_provider_id = w.id order by request_id, item limit 1
        ) first
        where ${isCounted}
      ) as "oldestAt"
  `
}

/** There a row of another table leads to no index of the inbox: all that wait are gone through. */
function inboxOnCitus(ofReal: boolean): RawBuilder<unknown> {
  const isCounted = ofReal ? sql`work_provider_id not in ${TEST_TWINS}` : sql`true`
  return sql`
    select (select count(*) from (select 1 from inbox where ${isCounted} limit ${WAITING_AT_MOST + 1}) waits) as waiting,
      (select ${microsecondsOrNull('min(received_at)')} from inbox where ${isCounted}) as "oldestAt"
  `
}

/** Of each work provider that reported in the last minute; of no test twin. */
export async function receivedLately(db: Database, now: Instant): Promise<Received[]> {
  const from = lowestUuidOf(plus(now, -MICROSECONDS_PER_MINUTE - CLOCKS_APART))
  return ofWorkProviders(
    db,
    COUNTED_AT_MOST,
    (id, which, atMost) => sql<Received>`
      select count(*) filter (where received_at > ${timestamp(plus(now, -MICROSECONDS_PER_MINUTE))}) as reports,
        ${microseconds('min(received_at)')} as "oldestAt", count(*) >= ${atMost} as "isCut"
      from work_provider w cross join lateral (
        select received_at from (
          (select request_id, received_at from inbox
            where work_provider_id = ${id} and request_id >= ${from}::uuid
            order by request_id desc limit ${atMost})
          union all
          (select request_id, received_at from report
            where work_provider_id = ${id} and request_id >= ${from}::uuid and received_at > ${timestamp(plus(now, -DAY))}
            order by request_id desc limit ${atMost})
        ) told order by request_id desc limit ${atMost}
      ) newest
      where ${which}
      group by w.id
    `,
  )
}

/** The reports of the last day that were received last, over all work providers but test twins. */
export async function lastReceived(db: Database, now: Instant, limit: number): Promise<ReceivedReport[]> {
  const columns = sql`work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at`
  const from = lowestUuidOf(plus(now, -DAY))
  const found = await ofWorkProviders(
    db,
    limit,
    (id, which) => sql<ReceivedReport>`
      select told.name as "workProvider", told.identity_kind as "identityKind", told.identity,
        held.customer_number as "customerNumber", told.kind, ${microseconds('told.at')} as at,
        ${microseconds('told.received_at')} as "receivedAt"
      from (
        select w.name, newest.* from work_provider w cross join lateral (
          (select ${columns} from inbox
            where work_provider_id = ${id} and request_id >= ${from}::uuid
            order by request_id desc, item desc limit ${limit})
          union all
          (select ${columns} from report
            where work_provider_id = ${id} and request_id >= ${from}::uuid and received_at > ${timestamp(plus(now, -2 * DAY))}
            order by request_id desc, item desc limit ${limit})
        ) newest
        where ${which}
        order by newest.received_at desc, newest.request_id desc, newest.item desc limit ${limit}
      ) told
      left join lateral (
        select l.customer_number from binding b join link l on l.id = b.link_id
        where b.work_provider_id = told.work_provider_id and b.identity_kind = told.identity_kind
          and b.identity = told.identity
        order by b.id desc limit 1
      ) held on true
      order by told.received_at desc, told.request_id desc, told.item desc
    `,
  )
  return found.toSorted((one, other) => other.receivedAt - one.receivedAt).slice(0, limit)
}

/**
 * What a statement reads for each work provider `w` but test twins, whose id it says by `id`, of `which`: all of them at
 * once; on Citus, which reads the newest of all shards by constants alone, one after another. `share`: of `limit`, what
 * falls to each.
 */
async function ofWorkProviders<T>(
  db: Database,
  limit: number,
  statement: (id: RawBuilder<unknown>, which: RawBuilder<unknown>, share: RawBuilder<unknown>) => RawBuilder<T>,
): Promise<T[]> {
  if (!(await isCitus(db))) {
    const share = sql`(
      select ceil(${limit}::numeric / greatest(count(*), 1))::bigint from work_provider where test_of is null
    )`
    return (await statement(sql`w.id`, sql`w.test_of is null`, share).execute(db)).rows
  }
  const all: T[] = []
  const workProviders = await listWorkProviders(db)
  for (const workProvider of workProviders) {
    const id = sql`${workProvider.id}::uuid`
    const share = sql`${Math.ceil(limit / workProviders.length)}::bigint`
    all.push(...(await statement(id, sql`w.id = ${id}`, share).execute(db)).rows)
  }
  return all
}

export async function readRefusals(db: Database, now: Instant): Promise<RefusalFigures> {
  const since = timestamp(plus(now, -MICROSECONDS_PER_HOUR))
  const { rows: counts } = await sql<{ refusals: number }>`
    select count(*) as refusals from (
      select w.id from work_provider w cross join lateral (
        select from refusal where work_provider_id = w.id and at > ${since}
        order by work_provider_id desc, at desc limit ${KEPT_REFUSALS}
      ) kept
      where w.test_of is null
      union all
      -- "is null" says nothing of the order: it is named, as the index has it.
      select null from (
        select at from refusal where work_provider_id is null
        order by work_provider_id desc, at desc limit ${KEPT_REFUSALS}
      ) kept where at > ${since}
    ) lately group by id
  `.execute(db)
  const { rows: today } = await sql<RefusalFigures['today'][number]>`
    select error, sum(refusals)::bigint as refusals from refusal_count
    where day = (${timestamp(now)} at time zone 'UTC')::date
      and (work_provider_id is null or work_provider_id not in ${TEST_TWINS})
    group by error order by 2 desc, 1
  `.execute(db)
  return {
    lastHour: counts.reduce((sum, { refusals }) => sum + refusals, 0),
    isMore: counts.some(({ refusals }) => refusals >= KEPT_REFUSALS),
    today,
  }
}
