import { driver } from '../domain/audit.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { isTestEmail } from '../domain/sandbox.ts'
import { insertAudit } from '../storage/audit.ts'
import { updateCustomer } from '../storage/customers.ts'
import { hasDriverAccount } from '../storage/driver-accounts.ts'
import { takeUpIntent } from '../storage/link-intents.ts'
import { findMailLink, insertMailLink, type MailLinkData, storePerson, takeBegunSignUp } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import { currentTerms, insertAgreement } from '../storage/terms.ts'
import { inTransaction } from '../storage/database.ts'
import { allowMail, tryPassword } from './attempts.ts'
import type { Context } from './context.ts'
import { customerOfAccount } from './customer-of-account.ts'
import type { Client, Done, NotDone } from './account-library.ts'
import type { DriverAccount, DriverAccounts } from './driver-accounts.ts'
import { alreadySignedUpMail, finishSignUpMail } from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'

const SIGN_UP_LIFE = 24 * MICROSECONDS_PER_HOUR

/**
 * Asks for an account by an address alone: a mail follows, and nothing else. Whether the address has an account is told
 * to nobody but its holder, in that mail; the same is done either way. Answers false when this network asks too much.
 */
export async function requestSignUp(
  context: Context,
  request: { email: string; network: string; intentId: string | null },
): Promise<boolean> {
  const { email, network, intentId } = request
  const allowance = await allowMail(context, email, network)
  const exists = await hasDriverAccount(context.db, email)
  if (allowance !== 'mail') return allowance !== 'refused'
  const token = newToken(context)
  await inTransaction(context.db, async (trx) => {
    await insertMailLink(trx, {
      // Of a token that nobody is told, where there is an account: the work is the same.
      hash: hashOf(exists ? newToken(context) : token),
      purpose: 'sign up',
      data: { email, intentId },
      expiresAt: plus(context.now(), SIGN_UP_LIFE),
    })
    const mail = exists ? alreadySignedUpMail(context, email) : finishSignUpMail(context, email, token)
    await insertMail(trx, context.newId(), mail)
  })
  return true
}

export async function findSignUp(context: Context, token: string): Promise<MailLinkData['sign up'] | null> {
  const signUp = await findMailLink(context.db, hashOf(token), 'sign up')
  // Mailed before there was a sandbox: its customers have no accounts.
  return signUp !== null && isTestEmail(signUp.email) ? null : signUp
}

export type NewPerson = {
  readonly name: string
  readonly password: string
  readonly phone: string | null
  /** The terms that the page showed. */
  readonly termsId: string
}

export type SignedUp = Done & { readonly intentId: string | null }

/**
 * Makes the account that a mailed link stands for, and all that belongs to it. The link works once. What the person said
 * is kept first: a process that dies on the way, or a second click, finds it, and what is lacking is done by the same
 * page sent again or by the next login.
 */
export async function finishSignUp(
  context: Context,
  accounts: DriverAccounts,
  { client, network }: { client: Client; network: string },
  token: string,
  { password, ...person }: NewPerson,
): Promise<SignedUp | NotDone | 'terms changed'> {
  const signUp = await findSignUp(context, token)
  if (signUp === null) return { done: false, reason: 'link is not valid' }
  const terms = await currentTerms(context.db, 'account', null)
  if (terms.id !== person.termsId) return 'terms changed'
  const { email, intentId } = signUp
  const exists = await hasDriverAccount(context.db, email)
  if (exists && signUp.person === undefined) return { done: false, reason: 'account exists' }
  if (!exists) await storePerson(context.db, hashOf(token), person)
  let account = exists ? null : await accounts.signUp(client, { email, name: person.name, password })
  if (account === null || (!account.done && account.reason === 'account exists')) {
    account = await tryPassword(context, { email, network }, () => accounts.logIn(client, email, password))
  }
  if (!account.done) return account.reason === 'wrong password' ? { done: false, reason: 'account exists' } : account
  await completeSignUp(context, account.account)
  return { done: true, cookies: account.cookies, intentId }
}

/** Does what a sign-up that was begun still lacks: the customer, their details, the agreement, the intent. */
export async function completeSignUp(context: Context, account: DriverAccount): Promise<void> {
  const customer = await customerOfAccount(context, account)
  await inTransaction(context.db, async (trx) => {
    const begun = await takeBegunSignUp(trx, account.email)
    if (begun?.person === undefined) return
    const { name, phone, termsId } = begun.person
    const { customerNumber } = customer
    await updateCustomer(trx, customerNumber, { name, phone })
    await insertAgreement(trx, customerNumber, termsId)
    await insertAudit(trx, driver(customerNumber), { action: 'terms agreed', subject: termsId, customerNumber })
    if (begun.intentId !== null) await takeUpIntent(trx, begun.intentId, account.id)
  })
}
