import { MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { findDeskPerson } from '../storage/desk-accounts.ts'
import { hasDriverAccount } from '../storage/driver-accounts.ts'
import { findMailLink, insertMailLink, takeMailLink } from '../storage/mail-links.ts'
import { insertMail, type Mail } from '../storage/outbox.ts'
import type { Client, Done, NotDone } from './account-library.ts'
import { allowMail } from './attempts.ts'
import type { Context } from './context.ts'
import { deskResetMail, noAccountMail, resetMail } from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'

const RESET_LIFE = MICROSECONDS_PER_HOUR

/** Whose password is reset: drivers and people of the desk have accounts and mails apart, and nothing else. */
export type ResetKind = {
  readonly purpose: 'reset password' | 'reset desk password'
  readonly hasAccount: (db: Database, email: string) => Promise<boolean>
  readonly mail: (context: Context, to: string, token: string) => Mail
}

export const DRIVER_RESET: ResetKind = { purpose: 'reset password', hasAccount: hasDriverAccount, mail: resetMail }
export const DESK_RESET: ResetKind = {
  purpose: 'reset desk password',
  hasAccount: async (db, email) => (await findDeskPerson(db, email)) !== null,
  mail: deskResetMail,
}

/**
 * Mails a link by which a new password can be chosen, or that there is no account: the same work and one mail either
 * way, so that nothing but the mailbox tells which. Answers false when this network asks too much.
 */
export async function requestPasswordReset(
  context: Context,
  { purpose, hasAccount, mail }: ResetKind,
  { email, network }: { email: string; network: string },
): Promise<boolean> {
  const allowance = await allowMail(context, email, network)
  const exists = await hasAccount(context.db, email)
  if (allowance !== 'mail') return allowance !== 'refused'
  const token = newToken(context)
  await inTransaction(context.db, async (trx) => {
    await insertMailLink(trx, {
      // Of a token that nobody is told, where there is no account: the work is the same.
      hash: hashOf(exists ? token : newToken(context)),
      purpose,
      data: { email },
      expiresAt: plus(context.now(), RESET_LIFE),
    })
    await insertMail(trx, context.newId(), exists ? mail(context, email, token) : noAccountMail(context, email))
  })
  return true
}

export async function isResetLink(context: Context, { purpose }: ResetKind, token: string): Promise<boolean> {
  return (await findMailLink(context.db, hashOf(token), purpose)) !== null
}

/** Who asks, and the accounts that the password is set in. */
export type Resetter = {
  readonly kind: ResetKind
  readonly accounts: { resetPassword(client: Client, email: string, password: string): Promise<Done | NotDone> }
  readonly client: Client
}

/**
 * Sets the password; every session ends with it. The link is used up first, so that it works once however many send it,
 * and is good again where the password could not be set.
 */
export async function setPasswordByLink(
  context: Context,
  { kind, accounts, client }: Resetter,
  token: string,
  password: string,
): Promise<Done | NotDone> {
  const used = await takeMailLink(context.db, hashOf(token), kind.purpose)
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
