import { driver } from '../domain/audit.ts'
import { emailKey } from '../domain/customer.ts'
import { MICROSECONDS_PER_SECOND, plus } from '../domain/instant.ts'
import { isTestEmail } from '../domain/sandbox.ts'
import { insertAudit } from '../storage/audit.ts'
import { isEmailTaken, updateCustomer, type StoredCustomer } from '../storage/customers.ts'
import { inTransaction } from '../storage/database.ts'
import { deletePendingChanges } from '../storage/driver-accounts.ts'
import { linksOfCustomer } from '../storage/links.ts'
import { findMailLink, insertMailLink, type MailLinkData } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import { allowMail, tryPassword } from './attempts.ts'
import type { Context } from './context.ts'
import { customerOfAccount } from './customer-of-account.ts'
import type { Client, Done, NotDone } from './account-library.ts'
import type { DriverAccount, DriverAccounts } from './driver-accounts.ts'
import { endConsent } from './link-customer.ts'
import { accountClosedMail, confirmEmailMail, emailChangingMail, emailTakenMail } from './mail-texts.ts'
import { passwordChanged } from './password-changed.ts'
import { hashOf, newToken } from './tokens.ts'

/** What holders of an account change of it. Each change that could lock them out asks for the password first. */

export const EMAIL_CHANGE_LIFE_SECONDS = 24 * 3_600

export type Change = Done | NotDone

export type Prover = {
  readonly context: Context
  readonly accounts: DriverAccounts
  readonly client: Client
  readonly network: string
  readonly account: DriverAccount
}

/** Whether the password is theirs; guessing it here is limited as it is at the login. */
async function provePassword(
  { context, accounts, client, account, network }: Prover,
  password: string,
): Promise<Change> {
  return tryPassword<Done>(context, { email: account.email, network }, async () =>
    (await accounts.checkPassword(client, password))
      ? { done: true, cookies: [] }
      : { done: false, reason: 'wrong password' },
  )
}

/** Sets a new password; every other browser is logged out. */
export async function changePassword(prover: Prover, current: string, next: string): Promise<Change> {
  const { context, accounts, client, account, network } = prover
  const done = await tryPassword<Done>(context, { email: account.email, network }, () =>
    accounts.changePassword(client, current, next),
  )
  if (done.done) await passwordChanged(context, account)
  return done
}

/**
 * Asks for another address: it counts once a link mailed to it is confirmed. Whether the address is somebody's already
 * is told in the mail to it, and to nobody else.
 */
export async function requestEmailChange(prover: Prover, password: string, newEmail: string): Promise<Change> {
  const { context, accounts, client, account, network } = prover
  if (emailKey(newEmail) === emailKey(account.email)) return { done: false, reason: 'same e-mail' }
  const proved = await provePassword(prover, password)
  if (!proved.done) return proved
  const allowance = await allowMail(context, newEmail, network)
  if (allowance === 'refused') return { done: false, reason: 'too many attempts' }
  const asked = await accounts.requestEmailChange(client, newEmail)
  if ('reason' in asked) return asked
  const isTaken = (await isNobodysOrTaken(context, newEmail)) || asked.verification === null
  if (allowance === 'mail') await mailEmailChange(context, account, newEmail, isTaken ? null : asked.verification)
  return { done: true, cookies: [] }
}

/** Whether an address cannot become somebody's: it is another customer's, or one of the sandbox's. */
async function isNobodysOrTaken(context: Context, email: string): Promise<boolean> {
  return (await isEmailTaken(context.db, email)) || isTestEmail(email)
}

function mailEmailChange(
  context: Context,
  account: DriverAccount,
  newEmail: string,
  verification: string | null,
): Promise<void> {
  return inTransaction(context.db, async (trx) => {
    const token = newToken(context)
    await insertMailLink(trx, {
      hash: hashOf(verification === null ? newToken(context) : token),
      purpose: 'change e-mail',
      data: { accountId: account.id, oldEmail: account.email, newEmail, verification: verification ?? '' },
      expiresAt: plus(context.now(), EMAIL_CHANGE_LIFE_SECONDS * MICROSECONDS_PER_SECOND),
    })
    const mail = verification === null ? emailTakenMail(context, newEmail) : confirmEmailMail(context, newEmail, token)
    await insertMail(trx, context.newId(), mail)
    await insertMail(trx, context.newId(), emailChangingMail(context, account.email))
  })
}

export function findEmailChange(context: Context, token: string): Promise<MailLinkData['change e-mail'] | null> {
  return findMailLink(context.db, hashOf(token), 'change e-mail')
}

/** The holder of the new address says so. Whoever is logged in where the link is opened does not matter. */
export async function confirmEmailChange(
  { context, accounts, client }: Pick<Prover, 'context' | 'accounts' | 'client'>,
  token: string,
): Promise<Change> {
  const change = await findEmailChange(context, token)
  if (change === null || (await isNobodysOrTaken(context, change.newEmail))) {
    return { done: false, reason: 'link is not valid' }
  }
  const done = await accounts.confirmEmailChange(client, change.verification)
  if (!done.done) return done
  await customerOfAccount(context, { id: change.accountId, email: change.newEmail, name: '' })
  // Also the link that was just used: it is one of them.
  await deletePendingChanges(context.db, change.accountId, change.oldEmail)
  return done
}

/**
 * Closes an account: every consent ends, with a mail about each, then the account goes. If that fails it can be tried
 * again. The customer and the record of when they were insured
 * stay: claims are settled by it.
 */
export async function closeAccount(prover: Prover, customer: StoredCustomer, password: string): Promise<Change> {
  const { context, accounts, client, account } = prover
  const proved = await provePassword(prover, password)
  if (!proved.done) return proved
  await inTransaction(context.db, async (trx) => {
    for (const link of await linksOfCustomer(trx, customer.customerNumber)) await endConsent(context, trx, link, 'home')
  })
  const done = await accounts.closeAccount(client, password)
  if (!done.done) throw new Error(`an account was not closed: ${done.reason}`)
  const { customerNumber } = customer
  await inTransaction(context.db, async (trx) => {
    await insertMail(trx, context.newId(), accountClosedMail(context, account.email))
    await insertAudit(trx, driver(customerNumber), { action: 'account closed', customerNumber, subject: account.id })
  })
  return done
}

/** How the customer wants to be called, and at which telephone number. */
export function changeDetails(
  context: Context,
  customer: StoredCustomer,
  details: { name: string; phone: string | null },
): Promise<void> {
  const { customerNumber } = customer
  const changed = [
    ...(details.name === customer.name ? [] : ['name']),
    ...(details.phone === customer.phone ? [] : ['phone']),
  ]
  if (changed.length === 0) return Promise.resolve()
  return inTransaction(context.db, async (trx) => {
    await updateCustomer(trx, customerNumber, details)
    await insertAudit(trx, driver(customerNumber), { action: 'customer changed', customerNumber, details: { changed } })
  })
}
