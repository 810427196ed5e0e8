import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { TEST_LINKS } from './sandbox.ts'
import { deleteInPieces, microseconds, timestamp, timestampOf } from './sql.ts'

/** Any number: tells these locks from others. */
const NOTICE_LOCK = 3

export type NoticeKind = 'no cover' | 'cap' | 'match'

/** A shift without logout that is on now, or ended by its cap. */
export type OpenShift = {
  readonly linkId: number
  readonly startedAt: Instant
  readonly capAt: Instant
}

/** A place in the order of (cap_at, link_id): where the next piece begins. */
export type ShiftPlace = { readonly capAt: Instant; readonly linkId: number }

/** Shifts without logout whose cap is after a place and at or before `until`, a piece of them; none of the sandbox. */
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
      and link_id not in ${TEST_LINKS}
    order by cap_at, link_id limit ${limit}
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
 * about the same thing ever. Answers whether it was noted: then it is to be sent, in the same transaction. Of two
 * processes that look at once, the second sees what the first did.
 */
export async function noteNotice(trx: DatabaseTransaction, notice: Notice, quietSince: Instant): Promise<boolean> {
  const { customerNumber, workProviderId, kind, about } = notice
  await sql`
    select pg_advisory_xact_lock(hashtextextended(${`${customerNumber}/${workProviderId}`}, ${NOTICE_LOCK}))
  `.execute(trx)
  const { rows } = await sql`
    insert into notice (customer_number, work_provider_id, kind, about)
    select ${customerNumber}, ${workProviderId}::uuid, ${kind}, ${timestamp(about)}
    where not exists (
      select from notice where customer_number = ${customerNumber} and work_provider_id = ${workProviderId}
        and kind = ${kind} and recorded_at > ${timestamp(quietSince)}
    )
    on conflict do nothing returning kind
  `.execute(trx)
  return rows.length > 0
}

/** Those of some shifts' links that have not been told of them, nor of another of the kind since `quietSince`. */
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

/**
 * Those of some links of whom cover may be lacking now: no policy is valid, or the work provider requires something of a
 * link. A sieve that leaves few of the many who are on shift; the rules decide about the rest.
 */
export async function maybeWithoutCover(db: Database, linkIds: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ linkId: number }>`
    select l.id as "linkId" from link l
    where l.id = any(${linkIds}::bigint[]) and (
      not exists (
        select from policy p
        where p.customer_number = l.customer_number
          and (p.work_provider_id is null or p.work_provider_id = l.work_provider_id)
          and p.valid_from <= clock_timestamp() and (p.valid_to is null or p.valid_to > clock_timestamp())
          and not exists (
            select from policy_cancellation c where c.policy_id = p.id and c.effective_at <= clock_timestamp()
          )
      )
      or exists (
        select from setting s
        where s.work_provider_id = l.work_provider_id and s.name = 'link_requires' and s.value <> 'nothing'
      )
    )
  `.execute(db)
  return rows.map((row) => row.linkId)
}

export function deleteNoticesBefore(db: Database, instant: Instant): Promise<void> {
  return deleteInPieces(db, sql`notice`, sql`recorded_at < ${timestamp(instant)}`)
}
