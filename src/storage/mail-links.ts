import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { timestamp } from './sql.ts'

/** What a link in a mail stands for. The token itself is in the mail only; here is its hash. */
export type MailLinkData = {
  'sign up': { readonly email: string; readonly intentId: string | null }
  'reset password': { readonly email: string }
  'change e-mail': {
    readonly accountId: string
    readonly oldEmail: string
    readonly newEmail: string
    readonly verification: string
  }
  'undo consent': { readonly linkId: number; readonly customerNumber: string }
}
export type MailLinkPurpose = keyof MailLinkData

export async function insertMailLink<P extends MailLinkPurpose>(
  db: Database,
  link: { hash: Buffer; purpose: P; data: MailLinkData[P]; expiresAt: Instant },
): Promise<void> {
  await sql`
    insert into mail_link (hash, purpose, data, expires_at)
    values (${link.hash}, ${link.purpose}, ${JSON.stringify(link.data)}::jsonb, ${timestamp(link.expiresAt)})
  `.execute(db)
}

/** What a live link stands for. Looking changes nothing: mail scanners look too. */
export async function findMailLink<P extends MailLinkPurpose>(
  db: Database,
  hash: Buffer,
  purpose: P,
): Promise<MailLinkData[P] | null> {
  const { rows } = await sql<{ data: MailLinkData[P] }>`
    select data from mail_link where hash = ${hash} and purpose = ${purpose} and expires_at > clock_timestamp()
  `.execute(db)
  return rows[0]?.data ?? null
}

/** Uses a link up. Of two who use it at once one is answered true. */
export async function useMailLink(db: Database, hash: Buffer): Promise<boolean> {
  const { rows } = await sql`delete from mail_link where hash = ${hash} returning hash`.execute(db)
  return rows.length > 0
}

export async function deleteMailLinksBefore(db: Database, instant: Instant): Promise<void> {
  await sql`delete from mail_link where expires_at < ${timestamp(instant)}`.execute(db)
}
