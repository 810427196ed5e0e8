import { sql } from 'kysely'
import type { Actor, AuditAction, AuditEntry } from '../domain/audit.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, timestamp } from './sql.ts'

/** The migration that brings the table. */
export const AUDIT_MIGRATION = '0003-audit'

/** Notes who does something; in the transaction that does it, so that neither is ever there alone. */
export async function insertAudit(db: Database, by: Actor, entry: AuditEntry): Promise<void> {
  const { action, subject = null, customerNumber = null, workProviderId = null, details = {} } = entry
  await sql`
    insert into audit (actor_kind, actor_name, action, subject, customer_number, work_provider_id, details)
    values (${by.kind}, ${by.name}, ${action}, ${subject}, ${customerNumber}, ${workProviderId},
      ${JSON.stringify(details)}::jsonb)
  `.execute(db)
}

export type AuditLine = {
  readonly seq: number
  readonly at: Instant
  readonly by: Actor
  readonly action: AuditAction
  readonly subject: string | null
  readonly customerNumber: string | null
  readonly workProvider: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export type AuditFilter = {
  readonly customerNumber?: string | undefined
  readonly workProviderId?: string | undefined
  /** The name of who did it. */
  readonly by?: string | undefined
  readonly since?: Instant | undefined
  /** Only lines recorded by then. */
  readonly until?: Instant | undefined
  /** Only lines before the one of this number. */
  readonly before?: number | undefined
}

/** The newest lines that a filter lets through, oldest of them first. */
export async function listAudit(db: Database, filter: AuditFilter, limit: number): Promise<AuditLine[]> {
  const { customerNumber, workProviderId, by, since, until, before } = filter
  const conditions = [
    ...(customerNumber === undefined ? [] : [sql`customer_number = ${customerNumber}`]),
    ...(workProviderId === undefined ? [] : [sql`work_provider_id = ${workProviderId}`]),
    ...(by === undefined ? [] : [sql`actor_name = ${by}`]),
    ...(since === undefined ? [] : [sql`a.recorded_at >= ${timestamp(since)}`]),
    ...(until === undefined ? [] : [sql`a.recorded_at <= ${timestamp(until)}`]),
    ...(before === undefined ? [] : [sql`seq < ${before}`]),
  ]
  const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
  const { rows } = await sql<AuditLine>`
    select seq, ${microseconds('a.recorded_at')} as at, json_build_object('kind', actor_kind, 'name', actor_name) as by,
      action, subject, customer_number as "customerNumber", w.name as "workProvider", details
    from audit a left join work_provider w on w.id = work_provider_id
    ${where} order by seq desc limit ${limit}
  `.execute(db)
  return rows.toReversed()
}

/** The details of the first line of an action on a work provider; null where there is none. */
export async function findAuditDetails(
  db: Database,
  workProviderId: string,
  action: AuditAction,
): Promise<Readonly<Record<string, unknown>> | null> {
  const { rows } = await sql<{ details: Readonly<Record<string, unknown>> }>`
    select details from audit where work_provider_id = ${workProviderId} and action = ${action} order by seq limit 1
  `.execute(db)
  return rows[0]?.details ?? null
}
