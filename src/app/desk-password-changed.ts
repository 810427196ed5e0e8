import { deskActor } from '../domain/audit.ts'
import { insertAudit } from '../storage/audit.ts'
import { inTransaction } from '../storage/database.ts'
import { findDeskPerson } from '../storage/desk-accounts.ts'
import { deleteDeskLinks } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import type { Context } from './context.ts'
import { deskPasswordChangedMail } from './mail-texts.ts'

/** What follows when a password of the desk was changed: whoever had the account before keeps no way back in. */
export async function deskPasswordChanged(context: Context, email: string): Promise<void> {
  const person = await findDeskPerson(context.db, email)
  if (person === null) return
  await inTransaction(context.db, async (trx) => {
    await deleteDeskLinks(trx, email)
    await insertMail(trx, context.newId(), deskPasswordChangedMail(context, email))
    await insertAudit(trx, deskActor(person), { action: 'password changed', subject: email })
  })
}
