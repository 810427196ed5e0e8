import { emailKey } from '../domain/customer.ts'
import { countAttempt, forgetAttempt, type Attempt } from '../storage/attempts.ts'
import type { Context } from './context.ts'
import { hashOf } from './tokens.ts'

/** What outsiders may try, and how often. Counted in the database, so that it holds over all processes and restarts. */
export type AttemptLimit = { readonly max: number; readonly seconds: number }

const HOUR = 3_600

export const ATTEMPT_LIMITS = {
  /** Wrong passwords for one account from one network: the owner still gets in from another. */
  accountFailures: { max: 10, seconds: HOUR / 4 },
  /** Wrong passwords from one network, over all accounts: many drivers share a telephone company's address. */
  networkFailures: { max: 100, seconds: HOUR },
  /** Mails that anybody can have sent to an address: sign-up, reset. */
  mailsToAddress: { max: 5, seconds: HOUR },
  /** Distinct addresses that one network can have mails sent to. */
  mailsFromNetwork: { max: 100, seconds: HOUR },
  /** Distinct addresses in links, from one network, that are led by whether there is an account. */
  linkEmails: { max: 20, seconds: HOUR },
} as const satisfies Record<string, AttemptLimit>

export const LONGEST_ATTEMPT_SECONDS = HOUR

/** A login that counts as failed until `succeed` says otherwise: many at once are all counted. */
export type LoginAttempt = { readonly isRefused: boolean; succeed(): Promise<void> }

export async function beginLogin(context: Context, email: string, network: string): Promise<LoginAttempt> {
  const what = hashOf(context.newId())
  const { accountFailures, networkFailures } = ATTEMPT_LIMITS
  const ofAccount: Attempt = { scope: 'login account', key: hashOf(`${emailKey(email)}\n${network}`), what }
  const ofNetwork: Attempt = { scope: 'login network', key: hashOf(network), what }
  const forAccount = await countAttempt(context.db, ofAccount, accountFailures.seconds)
  const fromNetwork = await countAttempt(context.db, ofNetwork, networkFailures.seconds)
  return {
    isRefused: forAccount > accountFailures.max || fromNetwork > networkFailures.max,
    async succeed() {
      await forgetAttempt(context.db, ofAccount)
      await forgetAttempt(context.db, ofNetwork)
    },
  }
}

export type MailAllowance = 'mail' | 'no mail' | 'refused'

/**
 * Whether a mail may be sent to an address that somebody typed. `no mail` is not told to whoever asks: the page looks as
 * it does after a mail.
 */
export async function allowMail(context: Context, email: string, network: string): Promise<MailAllowance> {
  const { mailsFromNetwork, mailsToAddress } = ATTEMPT_LIMITS
  const address = hashOf(emailKey(email))
  const fromNetwork = await countAttempt(
    context.db,
    { scope: 'mail network', key: hashOf(network), what: address },
    mailsFromNetwork.seconds,
  )
  const toAddress = await countAttempt(
    context.db,
    { scope: 'mail address', key: address, what: hashOf(context.newId()) },
    mailsToAddress.seconds,
  )
  if (fromNetwork > mailsFromNetwork.max) return 'refused'
  return toAddress > mailsToAddress.max ? 'no mail' : 'mail'
}

/** Whether links from a network have named so many addresses that they are all to be led to the same page. */
export async function hasManyLinkEmails(context: Context, network: string, email: string | null): Promise<boolean> {
  const attempt = { scope: 'link network', key: hashOf(network), what: email === null ? null : hashOf(emailKey(email)) }
  const { max, seconds } = ATTEMPT_LIMITS.linkEmails
  return (await countAttempt(context.db, attempt, seconds)) > max
}
