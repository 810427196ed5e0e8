import { MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { inTransaction } from '../storage/database.ts'
import { hasDriverAccount } from '../storage/driver-accounts.ts'
import { findMailLink, insertMailLink, takeMailLink } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import { allowMail } from './attempts.ts'
import type { Context } from './context.ts'
import type { Client, Done, DriverAccounts, NotDone } from './driver-accounts.ts'
import { noAccountMail, resetMail } from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'

const RESET_LIFE = MICROSECONDS_PER_HOUR

/**
 * Mails a link by which a new password can be chosen, or that there is no account: the same work and one mail either
 * way, so that nothing but the mailbox tells which. Answers false when this network asks too much.
 */
export async function requestPasswordReset(
  context: Context,
  { email, network }: { email: string; network: string },
): Promise<boolean> {
  const allowance = await allowMail(context, email, network)
  const exists = await hasDriverAccount(context.db, email)
  if (allowance !== 'mail') return allowance !== 'refused'
  const token = newToken(context)
  await inTransaction(context.db, async (trx) => {
    await insertMailLink(trx, {
      // Of a token that nobody is told, where there is no account: the work is the same.
      hash: hashOf(exists ? token : newToken(context)),
      purpose: 'reset password',
      data: { email },
      expiresAt: plus(context.now(), RESET_LIFE),
    })
    const mail = exists ? resetMail(context, email, token) : noAccountMail(context, email)
    await insertMail(trx, context.newId(), mail)
  })
  return true
}

export async function isResetLink(context: Context, token: string): Promise<boolean> {
  return (await findMailLink(context.db, hashOf(token), 'reset password')) !== null
}

/**
 * Sets the password; every session ends with it. The link is used up first, so that it works once however many send it,
 * and is good again where the password could not be set.
 */
export async function setPasswordByLink(
  context: Context,
  accounts: DriverAccounts,
  client: Client,
  token: string,
  password: string,
): Promise<Done | NotDone> {
  const used = await takeMailLink(context.db, hashOf(token), 'reset password')
  if (used === null) return { done: false, reason: 'link is not valid' }
  let isDone = false
  try {
    const result = await accounts.resetPassword(client, used.data.email, password)
    isDone = result.done
    return result
  } finally {
    if (!isDone) await insertMailLink(context.db, used)
  }
}
