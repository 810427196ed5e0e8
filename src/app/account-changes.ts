import { emailKey } from '../domain/customer.ts'
import { MICROSECONDS_PER_SECOND, plus } from '../domain/instant.ts'
import { consentAt } from '../domain/link.ts'
import { isEmailTaken, updateCustomer, type StoredCustomer } from '../storage/customers.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { deletePendingChanges } from '../storage/driver-accounts.ts'
import { consentsOfLinks, insertConsent, linksOfCustomer } from '../storage/links.ts'
import { findMailLink, insertMailLink, type MailLinkData } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import { allowMail, beginLogin } from './attempts.ts'
import type { Context } from './context.ts'
import {
  type Client,
  type Done,
  type DriverAccount,
  type DriverAccounts,
  EMAIL_CHANGE_LIFE_SECONDS,
  type NotDone,
} from './driver-accounts.ts'
import {
  accountClosedMail,
  confirmEmailMail,
  emailChangingMail,
  emailTakenMail,
  passwordChangedMail,
} from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'

/** What holders of an account change of it. Each change that could lock them out asks for the password first. */

export type Change = Done | NotDone

/** Whether the password is theirs; guessing it here is limited as it is at the login. */
async function provePassword(
  context: Context,
  accounts: DriverAccounts,
  client: Client,
  account: DriverAccount,
  password: string,
  network: string,
): Promise<NotDone | null> {
  const attempt = await beginLogin(context, account.email, network)
  if (attempt.isRefused) return { done: false, reason: 'too many attempts' }
  if (!(await accounts.checkPassword(client, password))) return { done: false, reason: 'wrong password' }
  await attempt.succeed()
  return null
}

export type Prover = {
  readonly context: Context
  readonly accounts: DriverAccounts
  readonly client: Client
  readonly network: string
  readonly account: DriverAccount
}

/** Sets a new password; every other browser is logged out. */
export async function changePassword(prover: Prover, current: string, next: string): Promise<Change> {
  const { context, accounts, client, account, network } = prover
  const problem = await provePassword(context, accounts, client, account, current, network)
  if (problem !== null) return problem
  const done = await accounts.changePassword(client, current, next)
  if (done.done) {
    await deletePendingChanges(context.db, account.id, account.email)
    await insertMail(context.db, context.newId(), passwordChangedMail(context, account.email))
  }
  return done
}

/**
 * Asks for another address: it counts once a link mailed to it is confirmed. Whether the address is somebody's already
 * is told in the mail to it, and to nobody else.
 */
export async function requestEmailChange(prover: Prover, password: string, newEmail: string): Promise<Change> {
  const { context, accounts, client, account, network } = prover
  if (emailKey(newEmail) === emailKey(account.email)) return { done: false, reason: 'same e-mail' }
  const problem = await provePassword(context, accounts, client, account, password, network)
  if (problem !== null) return problem
  const allowance = await allowMail(context, newEmail, network)
  if (allowance === 'refused') return { done: false, reason: 'too many attempts' }
  const asked = await accounts.requestEmailChange(client, newEmail)
  if ('reason' in asked) return asked
  const isTaken = (await isEmailTaken(context.db, newEmail)) || asked.verification === null
  if (allowance === 'mail') await mailEmailChange(context, account, newEmail, isTaken ? null : asked.verification)
  return { done: true, cookies: [] }
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

/** The holder of the new address says so. The customer's address follows with the next page (customer-of-account.ts). */
export async function confirmEmailChange(prover: Omit<Prover, 'account'>, token: string): Promise<Change> {
  const { context, accounts, client } = prover
  const change = await findEmailChange(context, token)
  if (change === null || (await isEmailTaken(context.db, change.newEmail))) {
    return { done: false, reason: 'link is not valid' }
  }
  const done = await accounts.confirmEmailChange(client, change.verification)
  // Also the link that was just used: it is one of them.
  if (done.done) await deletePendingChanges(context.db, change.accountId, change.oldEmail)
  return done
}

/**
 * Closes an account: every consent ends, then the account goes. The customer and the record of when they were insured
 * stay: claims are settled by it.
 */
export async function closeAccount(prover: Prover, customer: StoredCustomer, password: string): Promise<Change> {
  const { context, accounts, client, account, network } = prover
  const problem = await provePassword(context, accounts, client, account, password, network)
  if (problem !== null) return problem
  await inTransaction(context.db, async (trx) => {
    const links = await linksOfCustomer(trx, customer.customerNumber)
    const consents = await consentsOfLinks(
      trx,
      links.map((link) => link.id),
    )
    const effectiveAt = await databaseNow(trx)
    for (const link of links) {
      if (!consentAt(consents.get(link.id)!, effectiveAt)?.given) continue
      await insertConsent(trx, { linkId: link.id, given: false, signed: false, effectiveAt, cameBy: 'home' })
    }
  })
  const done = await accounts.closeAccount(client, password)
  if (done.done) await insertMail(context.db, context.newId(), accountClosedMail(context, account.email))
  return done
}

/** How the customer wants to be called, and at which telephone number. */
export function changeDetails(
  context: Context,
  customer: StoredCustomer,
  details: { name: string; phone: string | null },
): Promise<void> {
  return updateCustomer(context.db, customer.customerNumber, details)
}
