import { sql } from 'kysely'
import { isErasedEmail } from '../domain/customer.ts'
import type { Instant } from '../domain/instant.ts'
import { isTestEmail } from '../domain/sandbox.ts'
import type { Database } from './database.ts'
import { deleteInPieces, microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** A mail: plain text to one address. */
export type Mail = {
  readonly to: string
  readonly subject: string
  readonly body: string
  /** What it is about, for those who look at the outbox. */
  readonly kind: string
}

export type OutboxMail = Mail & { readonly id: string; readonly attempts: number }

/**
 * Part of the transaction that gives reason for the mail: it is sent if that commits, and only then. To somebody who was
 * erased none is, nor to a test customer, who is nobody.
 */
export async function insertMail(db: Database, id: string, mail: Mail): Promise<void> {
  if (isErasedEmail(mail.to) || isTestEmail(mail.to)) return
  await sql`
    insert into outbox (id, to_address, subject, body, kind)
    values (${id}, ${mail.to}, ${mail.subject}, ${mail.body}, ${mail.kind})
  `.execute(db)
}

/**
 * Takes the mails that are due, for a time: a process that dies while it sends leaves them to be sent again. No
 * transaction is open while a mail server is spoken to.
 */
export async function leaseMails(db: Database, limit: number, leaseSeconds: number): Promise<OutboxMail[]> {
  const { rows } = await sql<OutboxMail>`
    update outbox set attempts = attempts + 1, next_try_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
    where id in (
      select id from outbox where sent_at is null and failed_at is null and next_try_at <= clock_timestamp()
      order by next_try_at limit ${limit} for update skip locked
    )
    returning id, to_address as to, subject, body, kind, attempts
  `.execute(db)
  return rows.sort((a, b) => (a.id < b.id ? -1 : 1))
}

export async function markSent(db: Database, id: string, options: { keepBody: boolean }): Promise<void> {
  await sql`
    update outbox set sent_at = clock_timestamp(), last_error = null,
      body = case when ${options.keepBody} then body else '' end
    where id = ${id}
  `.execute(db)
}

export async function postponeMail(db: Database, id: string, seconds: number, error: string): Promise<void> {
  await sql`
    update outbox set next_try_at = clock_timestamp() + ${seconds} * interval '1 second', last_error = ${error}
    where id = ${id}
  `.execute(db)
}

/** Gives up on a mail. */
export async function abandonMail(db: Database, id: string, error: string): Promise<void> {
  await sql`update outbox set failed_at = clock_timestamp(), last_error = ${error} where id = ${id}`.execute(db)
}

export function deleteMailsBefore(db: Database, instant: Instant): Promise<void> {
  const isDone = sql`(sent_at is not null or failed_at is not null)`
  return deleteInPieces(db, sql`outbox`, sql`recorded_at < ${timestamp(instant)} and ${isDone}`)
}

export type StoredMail = OutboxMail & {
  readonly at: Instant
  /** Both null: it waits. */
  readonly sentAt: Instant | null
  readonly failedAt: Instant | null
  /** Why it was not sent when it was tried last. */
  readonly lastError: string | null
}

const STORED = sql`
  id, to_address as to, subject, body, kind, attempts, ${microseconds('recorded_at')} as at,
  ${microsecondsOrNull('sent_at')} as "sentAt", ${microsecondsOrNull('failed_at')} as "failedAt", last_error as "lastError"
`

/** The newest mails, or those before one. */
export async function listMails(db: Database, before: string | null, limit: number): Promise<StoredMail[]> {
  const { rows } = await sql<StoredMail>`
    select ${STORED} from outbox
    where ${before === null ? sql`true` : sql`id < ${before}`} order by id desc limit ${limit}
  `.execute(db)
  return rows
}

export async function findMail(db: Database, id: string): Promise<StoredMail | null> {
  const { rows } = await sql<StoredMail>`
    select ${STORED} from outbox where id = ${id}
  `.execute(db)
  return rows[0] ?? null
}
