import { sql } from 'kysely'
import { formatInstant, type Instant } from '../../src/domain/instant.ts'
import { eventId } from '../../src/domain/shift-event.ts'
import type { TestSite } from '../support/site.ts'

/** All facts of a customer by what the store holds, named as the page names them. */
export async function factsInStore({ context }: TestSite, customerNumber: string): Promise<Set<string>> {
  const { db } = context
  const { rows: plain } = await sql<{ fact: string }>`
    with own as (select id from link where customer_number = ${customerNumber})
    select 'link ' || id as fact from own
    union all select 'binding ' || b.id from binding b join own on own.id = b.link_id
    union all select 'consent ' || c.seq from consent c join own on own.id = c.link_id
    union all select 'policy ' || id from policy where customer_number = ${customerNumber}
    union all select 'match ' || request_id from match where customer_number = ${customerNumber}
  `.execute(db)
  const { rows: shifts } = await sql<{ linkId: number; at: Instant }>`
    select s.link_id as "linkId", (extract(epoch from s.started_at) * 1000000)::bigint as at
    from shift s join link l on l.id = s.link_id where l.customer_number = ${customerNumber}
  `.execute(db)
  const { rows: events } = await sql<{
    workProviderId: string
    identityKind: 'user_id' | 'customer_number'
    text: string
    kind: 'login' | 'logout'
    at: Instant
  }>`
    select e.work_provider_id as "workProviderId", e.identity_kind as "identityKind", e.identity as text, e.kind,
      (extract(epoch from e.at) * 1000000)::bigint as at
    from event e
    join binding b using (work_provider_id, identity_kind, identity) join link l on l.id = b.link_id
    where l.customer_number = ${customerNumber}
  `.execute(db)
  return new Set([
    ...plain.map(({ fact }) => fact),
    ...shifts.map(({ linkId, at }) => `shift ${linkId}/${formatInstant(at)}`),
    ...events.map(({ workProviderId, identityKind, text, kind, at }) => {
      const identity = { workProviderId, kind: identityKind, text }
      return `event ${eventId({ identity, kind, at })}`
    }),
  ])
}

/** When the stored shifts at a work provider began. */
export async function storedStarts(
  { context }: TestSite,
  customerNumber: string,
  workProvider: string,
): Promise<number[]> {
  const { rows } = await sql<{ at: number }>`
    select (extract(epoch from s.started_at) * 1000000)::bigint as at
    from shift s join link l on l.id = s.link_id join work_provider w on w.id = l.work_provider_id
    where l.customer_number = ${customerNumber} and w.name = ${workProvider} order by 1
  `.execute(context.db)
  return rows.map(({ at }) => at)
}

/** Events of the ids that a customer held when they happened; not those by their number where they are not linked. */
export async function countHeldEvents({ context }: TestSite, customerNumber: string): Promise<number> {
  const { rows } = await sql<{ events: number }>`
    select count(*)::int as events
    from link l join binding b on b.link_id = l.id
    join event e on e.work_provider_id = b.work_provider_id and e.identity_kind = b.identity_kind and e.identity = b.identity
    left join release r on r.binding_id = b.id
    where l.customer_number = ${customerNumber}
      and (b.held_from is null or e.at >= b.held_from) and (r.effective_at is null or e.at < r.effective_at)
  `.execute(context.db)
  return rows[0]!.events
}
