import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, timestamp, timestampOf } from './sql.ts'

export type NoticeKind = 'no cover' | 'cap' | 'match'

/** A shift without logout that is on now, or ended by its cap. */
export type OpenShift = {
  readonly linkId: number
  readonly startedAt: Instant
  readonly capAt: Instant
}

/** A place in the order of (cap_at, link_id): where the next piece begins. */
export type ShiftPlace = { readonly capAt: Instant; readonly linkId: number }

/** Shifts without logout whose cap is after a place and at or before `until`, a piece of them. */
export async function shiftsWithoutLogout(
  db: Database,
  after: ShiftPlace,
  until: Instant,
  limit: number,
): Promise<OpenShift[]> {
  const { rows } = await sql<OpenShift>`
    select link_id as "linkId", ${microseconds('started_at')} as "startedAt", ${microseconds('cap_at')} as "capAt"
    from shift
    where ended_at is null and cap_at >= ${timestamp(after.capAt)}
      and (cap_at, link_id) > (${timestamp(after.capAt)}, ${after.linkId}) and cap_at <= ${timestamp(until)}
    order by cap_at, link_id limit ${limit}
  `.execute(db)
  return rows
}

/** A good word on somebody who has never said whether they agree. */
export type WaitingMatch = {
  readonly workProviderId: string
  readonly workProvider: string
  readonly customerNumber: string
  readonly email: string
}

/** The waiting matches among the words received since an instant. */
export async function waitingMatches(db: Database, since: Instant): Promise<WaitingMatch[]> {
  const { rows } = await sql<WaitingMatch>`
    select distinct m.work_provider_id as "workProviderId", w.name as "workProvider",
      m.customer_number as "customerNumber", c.email
    from match m
    join customer c on c.customer_number = m.customer_number
    join work_provider w on w.id = m.work_provider_id
    where m.success and m.received_at >= ${timestamp(since)}
      and not exists (
        select from link l join consent k on k.link_id = l.id
        where l.work_provider_id = m.work_provider_id and l.customer_number = m.customer_number
      )
  `.execute(db)
  return rows
}

/** The work providers whose good word on a customer waits for a first answer. */
export async function matchesThatWait(db: Database, customerNumber: string): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql<{ id: string; name: string }>`
    select w.id, w.name from work_provider w
    where w.id in (
      select work_provider_id from (
        select distinct on (work_provider_id) work_provider_id, success from match
        where customer_number = ${customerNumber} order by work_provider_id, received_at desc, request_id desc
      ) latest where success
    ) and not exists (
      select from link l join consent k on k.link_id = l.id
      where l.work_provider_id = w.id and l.customer_number = ${customerNumber}
    )
    order by w.name_key
  `.execute(db)
  return rows
}

export type Notice = {
  readonly customerNumber: string
  readonly workProviderId: string
  readonly kind: NoticeKind
  readonly about: Instant
}

/**
 * Notes a notice, unless one of its kind was given to this customer about this work provider since `quietSince`, or
 * about the same thing ever. Answers whether it was noted: then it is to be sent, in the same transaction.
 */
export async function noteNotice(db: Database, notice: Notice, quietSince: Instant): Promise<boolean> {
  const { customerNumber, workProviderId, kind, about } = notice
  const { rows } = await sql`
    insert into notice (customer_number, work_provider_id, kind, about)
    select ${customerNumber}, ${workProviderId}::uuid, ${kind}, ${timestamp(about)}
    where not exists (
      select from notice where customer_number = ${customerNumber} and work_provider_id = ${workProviderId}
        and kind = ${kind} and recorded_at > ${timestamp(quietSince)}
    )
    on conflict do nothing returning kind
  `.execute(db)
  return rows.length > 0
}

/** Those of some links of whom a notice may be due: nothing of this kind was said about this shift yet. */
export async function withoutNotice(
  db: Database,
  kind: NoticeKind,
  shifts: readonly OpenShift[],
  quietSince: Instant,
): Promise<number[]> {
  const { rows } = await sql<{ linkId: number }>`
    select l.id as "linkId"
    from unnest(${shifts.map((shift) => shift.linkId)}::bigint[], ${shifts.map((shift) => shift.startedAt)}::bigint[])
      as s (link_id, started_us)
    join link l on l.id = s.link_id
    where not exists (
      select from notice n
      where n.customer_number = l.customer_number and n.work_provider_id = l.work_provider_id and n.kind = ${kind}
        and (n.about = ${timestampOf('s.started_us')} or n.recorded_at > ${timestamp(quietSince)})
    )
  `.execute(db)
  return rows.map((row) => row.linkId)
}

export async function deleteNoticesBefore(db: Database, instant: Instant): Promise<void> {
  await sql`delete from notice where recorded_at < ${timestamp(instant)}`.execute(db)
}
