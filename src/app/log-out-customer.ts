import { insertAudit } from '../storage/audit.ts'
import { inTransaction } from '../storage/database.ts'
import { deleteSessions } from '../storage/driver-accounts.ts'
import type { Context } from './context.ts'
import { requireCustomer } from './customers.ts'

export type LoggedOut = {
  readonly customerNumber: string
  /** How many sessions were ended. */ readonly sessions: number
}

/** Ends every session of a driver, at once: of a stolen telephone, say. They may log in again. */
export function logOutCustomer(context: Context, text: string): Promise<LoggedOut> {
  return inTransaction(context.db, async (trx) => {
    const { customerNumber, accountId } = await requireCustomer(trx, text)
    const sessions = accountId === null ? 0 : await deleteSessions(trx, accountId)
    await insertAudit(trx, context.actor, { action: 'sessions ended', customerNumber, details: { sessions } })
    return { customerNumber, sessions }
  })
}
