import { driver } from '../domain/audit.ts'
import { insertAudit } from '../storage/audit.ts'
import { findCustomerOfAccount } from '../storage/customers.ts'
import { inTransaction } from '../storage/database.ts'
import { deletePendingChanges } from '../storage/driver-accounts.ts'
import { insertMail } from '../storage/outbox.ts'
import type { Context } from './context.ts'
import { passwordChangedMail } from './mail-texts.ts'

/** What follows when the password of an account was changed: whoever had the account before keeps no way back in. */
export function passwordChanged(context: Context, account: { id: string; email: string }): Promise<void> {
  return inTransaction(context.db, async (trx) => {
    await deletePendingChanges(trx, account.id, account.email)
    await insertMail(trx, context.newId(), passwordChangedMail(context, account.email))
    const customer = await findCustomerOfAccount(trx, account.id)
    if (customer === null) return
    const { customerNumber } = customer
    await insertAudit(trx, driver(customerNumber), { action: 'password changed', subject: account.id, customerNumber })
  })
}
