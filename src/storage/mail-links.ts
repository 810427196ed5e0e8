import { sql } from 'kysely'
import { emailKey } from '../domain/customer.ts'
import type { DeskRole } from '../domain/desk.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { deleteInPieces, microseconds, timestamp } from './sql.ts'

/** Who signs up, and to which terms. */
export type SignUpPerson = { readonly name: string; readonly phone: string | null; readonly termsId: string }

/** What a link in a mail stands for. The token itself is in the mail only; here is its hash. */
export type MailLinkData = {
  'sign up': {
    readonly email: string
    readonly intentId: string | null
    /** What was said of the person, once the page behind the link was sent. */
    readonly person?: SignUpPerson
  }
  'reset password': { readonly email: string }
  'change e-mail': {
    readonly accountId: string
    readonly oldEmail: string
    readonly newEmail: string
    readonly verification: string
  }
  'undo consent': { readonly linkId: number; readonly customerNumber: string }
  invitation: { readonly email: string; readonly role: DeskRole; readonly workProviderId: string | null }
  'reset desk password': { readonly email: string }
}
export type MailLinkPurpose = keyof MailLinkData

export async function insertMailLink<P extends MailLinkPurpose>(db: Database, link: MailLink<P>): Promise<void> {
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

export type MailLink<P extends MailLinkPurpose> = {
  readonly hash: Buffer
  readonly purpose: P
  readonly data: MailLinkData[P]
  readonly expiresAt: Instant
}

/** Uses a live link up, and answers what it was. Of two who use it at once one gets it. */
export async function takeMailLink<P extends MailLinkPurpose>(
  db: Database,
  hash: Buffer,
  purpose: P,
): Promise<MailLink<P> | null> {
  const { rows } = await sql<{ data: MailLinkData[P]; expiresAt: Instant }>`
    delete from mail_link where hash = ${hash} and purpose = ${purpose} and expires_at > clock_timestamp()
    returning data, ${microseconds('expires_at')} as "expiresAt"
  `.execute(db)
  return rows[0] === undefined ? null : { hash, purpose, ...rows[0] }
}

/** Keeps what was said of a person until the sign-up is done, whatever happens in between. */
export async function storePerson(db: Database, hash: Buffer, person: SignUpPerson): Promise<void> {
  await sql`
    update mail_link set data = data || jsonb_build_object('person', ${JSON.stringify(person)}::jsonb) where hash = ${hash}
  `.execute(db)
}

/** Ends the sign-up of an address that was begun and not done yet; null where there is none. */
export async function takeBegunSignUp(db: Database, email: string): Promise<MailLinkData['sign up'] | null> {
  const { rows } = await sql<{ data: MailLinkData['sign up'] }>`
    delete from mail_link where purpose = 'sign up' and lower(data ->> 'email') = ${emailKey(email)} and data ? 'person'
    returning data
  `.execute(db)
  return rows[0]?.data ?? null
}

/** Ends the invitations and resets of the desk that were mailed to an address. */
export async function deleteDeskLinks(db: Database, email: string): Promise<void> {
  await sql`
    delete from mail_link
    where purpose in ('invitation', 'reset desk password') and lower(data ->> 'email') = ${emailKey(email)}
  `.execute(db)
}

export function deleteMailLinksBefore(db: Database, instant: Instant): Promise<void> {
  return deleteInPieces(db, sql`mail_link`, sql`expires_at < ${timestamp(instant)}`)
}
