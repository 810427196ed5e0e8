import { insertMail } from '../storage/outbox.ts'
import { allowMail } from './attempts.ts'
import type { Context } from './context.ts'
import type { Client, Done, DriverAccounts, NotDone } from './driver-accounts.ts'
import { noAccountMail, resetMail } from './mail-texts.ts'

/**
 * Mails a link by which a new password can be chosen, or that there is no account: one mail either way, so that nothing
 * but the mailbox tells which. Answers false when this network asks too much.
 */
export async function requestPasswordReset(
  context: Context,
  accounts: DriverAccounts,
  client: Client,
  { email, network }: { email: string; network: string },
): Promise<boolean> {
  const allowance = await allowMail(context, email, network)
  const reset = await accounts.requestReset(client, email)
  if ('reason' in reset || allowance === 'refused') return false
  if (allowance === 'mail') {
    const mail = reset.token === null ? noAccountMail(context, email) : resetMail(context, email, reset.token)
    await insertMail(context.db, context.newId(), mail)
  }
  return true
}

/** Sets the password; every session ends with it. */
export function setPasswordByLink(
  accounts: DriverAccounts,
  client: Client,
  token: string,
  password: string,
): Promise<Done | NotDone> {
  return accounts.resetPassword(client, token, password)
}
