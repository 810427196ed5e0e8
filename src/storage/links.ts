import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Consent, ConsentCameBy, Link } from '../domain/link.ts'
import type { Change } from '../domain/rederive.ts'
import { bigintArray } from './binary-arrays.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp, timestampOf } from './sql.ts'
import { noteStatusDue } from './status-due.ts'

const COLUMNS = sql`
  id, work_provider_id as "workProviderId", customer_number as "customerNumber",
  ${microseconds('recorded_at')} as "recordedAt"
`

/** Test customers are linked to test twins and to nobody else, real ones to real work providers: this is where that holds. */
export async function insertLink(
  trx: DatabaseTransaction,
  workProviderId: string,
  customerNumber: string,
): Promise<Link> {
  const { rows } = await sql<Link>`
    insert into link (work_provider_id, customer_number)
    select w.id, c.customer_number from work_provider w cross join customer c
    where w.id = ${workProviderId} and c.customer_number = ${customerNumber}
      and c.is_test = (w.test_of is not null)
    returning ${COLUMNS}
  `.execute(trx)
  if (rows[0] === undefined) throw new Error('a link joins two that are there, both of the sandbox or neither')
  return rows[0]
}

export async function findLink(db: Database, workProviderId: string, customerNumber: string): Promise<Link | null> {
  const { rows } = await sql<Link>`
    select ${COLUMNS} from link where work_provider_id = ${workProviderId} and customer_number = ${customerNumber}
  `.execute(db)
  return rows[0] ?? null
}

export async function findLinks(db: Database, ids: readonly number[]): Promise<Link[]> {
  const { rows } = await sql<Link>`select ${COLUMNS} from link where id = any(${ids}::bigint[]) order by id`.execute(db)
  return rows
}

export function linksOfCustomer(db: Database, customerNumber: string): Promise<Link[]> {
  return linksOfCustomers(db, [customerNumber])
}

export async function linksOfCustomers(db: Database, customerNumbers: readonly string[]): Promise<Link[]> {
  const { rows } = await sql<Link>`
    select ${COLUMNS} from link where customer_number = any(${customerNumbers}::text[]) order by id
  `.execute(db)
  return rows
}

/** Links in the order of their ids, after `afterId`: a way through all of them in pieces. */
export async function linksAfter(
  db: Database,
  afterId: number,
  limit: number,
  only: { workProviderId?: string; customerNumber?: string } = {},
): Promise<Link[]> {
  const { rows } = await sql<Link>`
    select ${COLUMNS} from link
    where id > ${afterId}
      and work_provider_id = coalesce(${only.workProviderId ?? null}::uuid, work_provider_id)
      and customer_number = coalesce(${only.customerNumber ?? null}::text, customer_number)
    order by id limit ${limit}
  `.execute(db)
  return rows
}

/** The streams that are derived up to a point only, oldest link first; all of them without a limit. */
export async function linksToDerive(db: Database, limit: number | null = null): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from link where derive_from is not null order by id limit ${limit}::int
  `.execute(db)
  return rows.map((row) => row.id)
}

/** A stream that is locked for deriving, and the stretch of it that is still to be derived. */
export type LockedStream = {
  readonly linkId: number
  readonly workProviderId: string
  readonly pending: Change | null
}

/** Locks streams in the order of their ids; the last of the locks (ARCHITECTURE.md, "Locks"). */
export async function lockStreams(trx: DatabaseTransaction, linkIds: readonly number[]): Promise<LockedStream[]> {
  const { rows } = await sql<{
    id: number
    workProviderId: string
    from: Instant | null
    to: Instant | null
  }>`/* prepared */
    select id, work_provider_id as "workProviderId", ${microsecondsOrNull('derive_from')} as "from",
      ${microsecondsOrNull('derive_to')} as "to"
    from link where id = any(${bigintArray(linkIds)}::bigint[]) order by id for no key update
  `.execute(trx)
  return rows.map(({ id, workProviderId, from, to }) => ({
    linkId: id,
    workProviderId,
    pending: from === null ? null : { from, to },
  }))
}

/** Notes what of some streams is still to be derived, or (null) that nothing is. */
export async function storePending(
  trx: DatabaseTransaction,
  pending: readonly { linkId: number; change: Change | null }[],
): Promise<void> {
  if (pending.length === 0) return
  await sql`
    update link set derive_from = ${timestampOf('p.from_us')}, derive_to = ${timestampOf('p.to_us')}
    from unnest(${pending.map((one) => one.linkId)}::bigint[], ${pending.map((one) => one.change?.from ?? null)}::bigint[],
      ${pending.map((one) => one.change?.to ?? null)}::bigint[]) as p (link_id, from_us, to_us)
    where link.id = p.link_id
  `.execute(trx)
}

/** Marks every stream of a work provider that has a shift from `from` on; needs the work provider held alone. */
export async function deriveAgainFrom(trx: DatabaseTransaction, workProviderId: string, from: Instant): Promise<void> {
  await sql`
    with affected as (
      select l.id from link l
      where l.work_provider_id = ${workProviderId}
        and exists (select from shift s where s.link_id = l.id and s.started_at >= ${timestamp(from)})
      order by l.id for no key update
    )
    update link set derive_from = least(link.derive_from, ${timestamp(from)}), derive_to = null
    from affected where link.id = affected.id
  `.execute(trx)
}

export type NewConsent = {
  readonly linkId: number
  readonly given: boolean
  readonly signed: boolean
  readonly effectiveAt: Instant
  readonly cameBy: ConsentCameBy
  /** What it was given to; staff record consents that were given on paper, say. */
  readonly termsId?: string
  readonly fields?: readonly string[]
}

export async function insertConsent(trx: DatabaseTransaction, consent: NewConsent): Promise<void> {
  await sql`
    with kept as (
      insert into consent (link_id, given, signed, effective_at, came_by, terms_id, fields)
      values (${consent.linkId}, ${consent.given}, ${consent.signed}, ${timestamp(consent.effectiveAt)},
        ${consent.cameBy}, ${consent.termsId ?? null}, ${consent.fields ?? null})
      returning link_id, effective_at
    )
    ${noteStatusDue(sql`select customer_number, effective_at from kept join link on link.id = kept.link_id`)}
  `.execute(trx)
}

/** A consent with what it was given to, as its customer is shown it. */
export type ConsentRecord = {
  readonly workProvider: string
  readonly given: boolean
  readonly at: Instant
  readonly recordedAt: Instant
  readonly cameBy: ConsentCameBy
  readonly termsVersion: string | null
  readonly termsHash: string | null
  readonly fields: readonly string[] | null
}

export async function consentRecordsOf(db: Database, customerNumber: string): Promise<ConsentRecord[]> {
  const { rows } = await sql<ConsentRecord>`
    select w.name as "workProvider", c.given, ${microseconds('c.effective_at')} as at,
      ${microseconds('c.recorded_at')} as "recordedAt", c.came_by as "cameBy", t.version as "termsVersion",
      encode(t.hash, 'hex') as "termsHash", c.fields
    from link l
    join work_provider w on w.id = l.work_provider_id
    join consent c on c.link_id = l.id
    left join terms t on t.id = c.terms_id
    where l.customer_number = ${customerNumber} order by c.seq
  `.execute(db)
  return rows
}

export async function consentsOfLinks(db: Database, linkIds: readonly number[]): Promise<Map<number, Consent[]>> {
  const { rows } = await sql<Consent & { linkId: number }>`
    select seq, link_id as "linkId", given, signed, ${microseconds('effective_at')} as "effectiveAt",
      ${microseconds('recorded_at')} as "recordedAt"
    from consent where link_id = any(${linkIds}::bigint[]) order by seq
  `.execute(db)
  const consents = new Map<number, Consent[]>(linkIds.map((id) => [id, []]))
  for (const { linkId, ...consent } of rows) consents.get(linkId)!.push(consent)
  return consents
}
