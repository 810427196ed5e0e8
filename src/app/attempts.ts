import { emailKey } from '../domain/customer.ts'
import type { Limits } from '../domain/limits.ts'
import { countAttempt, forgetAttempt, type Attempt } from '../storage/attempts.ts'
import type { Context } from './context.ts'
import type { AccountProblem, NotDone } from './account-library.ts'
import { hashOf } from './tokens.ts'

/** What outsiders may try, and how often. Counted in the database, so that it holds over all processes and restarts. */
export type AttemptLimit = { readonly max: number; readonly seconds: number }

const HOUR = 3_600

type AttemptLimits = Record<
  'accountFailures' | 'networkFailures' | 'mailsToAddress' | 'mailsFromNetwork' | 'linkEmails' | 'links',
  AttemptLimit
>

function attemptLimits({ loginFailures, mailsToAddress, mailsFromNetwork, linksFromNetwork }: Limits): AttemptLimits {
  return {
    /** Wrong passwords for one account from one network: the owner still gets in from another. */
    accountFailures: { max: loginFailures, seconds: HOUR / 4 },
    /** Wrong passwords from one network, over all accounts: many drivers share a telephone company's address. */
    networkFailures: { max: 10 * loginFailures, seconds: HOUR },
    /** Mails that anybody can have sent to an address: sign-up, reset. */
    mailsToAddress: { max: mailsToAddress, seconds: HOUR },
    /** Distinct addresses that one network can have mails sent to. */
    mailsFromNetwork: { max: mailsFromNetwork, seconds: HOUR },
    /** Distinct addresses in links, from one network, that are led by whether there is an account (product.md, Linking). */
    linkEmails: { max: 20, seconds: HOUR },
    /** Links opened from one network: each is kept for a while. */
    links: { max: linksFromNetwork, seconds: HOUR },
  }
}

export const LONGEST_ATTEMPT_SECONDS = HOUR
/** Longer than a code is good for: its own half minute, and the one before and after it. */
const CODE_SECONDS = 120

/**
 * Lets a password be tried, unless too many wrong ones were. It counts as wrong from the start, so that many at once are
 * all counted, and is taken back when it was right, or could not be judged.
 */
export async function tryPassword<T extends { readonly done: true }>(
  context: Context,
  { email, network }: { email: string; network: string },
  judge: () => Promise<T | NotDone>,
): Promise<T | NotDone> {
  const what = hashOf(context.newId())
  const { accountFailures, networkFailures } = attemptLimits(context.limits)
  const noted: Attempt[] = []
  const takeBack = async (): Promise<void> => {
    for (const attempt of noted) await forgetAttempt(context.db, attempt)
  }
  const isTooMany = async (attempt: Attempt, limit: AttemptLimit): Promise<boolean> => {
    const isOver = await exceeds(context, attempt, limit)
    if (!isOver) noted.push(attempt)
    return isOver
  }
  const ofAccount = { scope: 'login account', key: hashOf(`${emailKey(email)}\n${network}`), what }
  const ofNetwork = { scope: 'login network', key: hashOf(network), what }
  if (await isTooMany(ofAccount, accountFailures)) return tooMany(accountFailures)
  if (await isTooMany(ofNetwork, networkFailures)) {
    await takeBack()
    return tooMany(networkFailures)
  }
  let result: T | NotDone | null = null
  try {
    result = await judge()
    return result
  } finally {
    if (result === null || result.done || !WRONG.has(result.reason)) await takeBack()
  }
}

const WRONG: ReadonlySet<AccountProblem> = new Set(['wrong password', 'wrong code'])

function tooMany({ seconds }: AttemptLimit): NotDone {
  return { done: false, reason: 'too many attempts', retryAfterSeconds: seconds }
}

export type MailAllowance = 'mail' | 'no mail' | 'refused'

/**
 * Whether a mail may be sent to an address that somebody typed. `no mail` is not told to whoever asks: the page looks as
 * it does after a mail.
 */
export async function allowMail(context: Context, email: string, network: string): Promise<MailAllowance> {
  const { mailsFromNetwork, mailsToAddress } = attemptLimits(context.limits)
  const address = hashOf(emailKey(email))
  const ofNetwork = { scope: 'mail network', key: hashOf(network), what: address }
  if (await exceeds(context, ofNetwork, mailsFromNetwork)) return 'refused'
  const ofAddress = { scope: 'mail address', key: address, what: hashOf(context.newId()) }
  return (await exceeds(context, ofAddress, mailsToAddress)) ? 'no mail' : 'mail'
}

/** Whether a code of an authenticator app is told for the first time: each works once. */
export async function isFreshCode(context: Context, account: string, code: string): Promise<boolean> {
  const attempt = { scope: 'code', key: hashOf(`${account}\n${code}`), what: hashOf(context.newId()) }
  return !(await exceeds(context, attempt, { max: 1, seconds: CODE_SECONDS }))
}

/** Whether a network may open another link. */
export async function mayOpenLink(context: Context, network: string): Promise<boolean> {
  const attempt = { scope: 'link opened', key: hashOf(network), what: hashOf(context.newId()) }
  return !(await exceeds(context, attempt, attemptLimits(context.limits).links))
}

/** Whether links from a network have named so many addresses that they are all to be led to the same page. */
export async function hasManyLinkEmails(context: Context, network: string, email: string | null): Promise<boolean> {
  const { max, seconds } = attemptLimits(context.limits).linkEmails
  const attempt = { scope: 'link network', key: hashOf(network), what: email === null ? null : hashOf(emailKey(email)) }
  // One more than may be led: then all are led to the same page, those from before too.
  return (await countAttempt(context.db, attempt, { keep: max + 1, seconds })) > max
}

async function exceeds(context: Context, attempt: Attempt, { max, seconds }: AttemptLimit): Promise<boolean> {
  return (await countAttempt(context.db, attempt, { keep: max, seconds })) > max
}
