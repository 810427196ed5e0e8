import { sql } from 'kysely'
import type { IdentityKind } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds } from './sql.ts'

export type IdentityPlace = { workProviderId: string; kind: IdentityKind; identity: string }

export type ParkedIdentity = IdentityPlace & {
  readonly events: number
  readonly firstAt: Instant
  readonly lastAt: Instant
  readonly since: Instant
}

/**
 * A piece of the identities in the order of their key, and those of them with events that belong to nobody: the ones
 * since the last holder was released, or all of them.
 */
export async function parkedIdentities(
  db: Database,
  after: IdentityPlace | null,
  limit: number,
): Promise<{ parked: ParkedIdentity[]; last: IdentityPlace | null }> {
  const from = after ?? {
    workProviderId: '00000000-0000-0000-0000-000000000000',
    kind: 'customer_number',
    identity: '',
  }
  const { rows } = await sql<IdentityPlace & Partial<ParkedIdentity> & { events: number }>`
    select i.work_provider_id as "workProviderId", i.kind, i.identity, e.events,
      ${microseconds('e.first_at')} as "firstAt", ${microseconds('e.last_at')} as "lastAt",
      ${microseconds('e.since')} as since
    from (
      select * from identity
      where (work_provider_id, kind, identity) > (${from.workProviderId}::uuid, ${from.kind}::identity_kind, ${from.identity})
      order by work_provider_id, kind, identity limit ${limit}
    ) i
    cross join lateral (
      select coalesce(bool_or(r.binding_id is null), false) as is_held,
        coalesce(max(greatest(r.effective_at, b.held_from)), '-infinity') as free_from
      from binding b left join release r on r.binding_id = b.id
      where b.work_provider_id = i.work_provider_id and b.identity_kind = i.kind and b.identity = i.identity
    ) b
    cross join lateral (
      select count(*) as events, min(at) as first_at, max(at) as last_at, min(received_at) as since
      from event e
      where not b.is_held and e.slice = i.slice and e.work_provider_id = i.work_provider_id
        and e.identity_kind = i.kind and e.identity = i.identity and e.at >= b.free_from
    ) e
    order by i.work_provider_id, i.kind, i.identity
  `.execute(db)
  const last = rows.at(-1)
  return {
    parked: rows.filter((row) => row.events > 0) as ParkedIdentity[],
    last: last === undefined || rows.length < limit ? null : last,
  }
}

export type MatchCase = {
  readonly workProviderId: string
  readonly customerNumber: string
  readonly since: Instant
  readonly kind: 'failed match' | 'unknown customer number' | 'waiting for consent'
}

/** The latest word on each customer number, where somebody has to do something about it. */
export async function matchCases(db: Database): Promise<MatchCase[]> {
  const { rows } = await sql<MatchCase>`
    select m.work_provider_id as "workProviderId", m.customer_number as "customerNumber",
      ${microseconds('m.received_at')} as since,
      case when not m.success then 'failed match'
        when c.customer_number is null then 'unknown customer number'
        else 'waiting for consent' end as kind
    from (
      select distinct on (work_provider_id, customer_number) * from match
      order by work_provider_id, customer_number, received_at desc, request_id desc
    ) m
    left join customer c on c.customer_number = m.customer_number
    left join link l on l.work_provider_id = m.work_provider_id and l.customer_number = m.customer_number
    left join lateral (
      select given from consent where link_id = l.id and effective_at <= statement_timestamp()
      order by effective_at desc, seq desc limit 1
    ) said on true
    where not m.success or c.customer_number is null or said.given is null
    order by m.received_at
  `.execute(db)
  return rows
}
