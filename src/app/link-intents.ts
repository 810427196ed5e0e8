import { driver } from '../domain/audit.ts'
import { isPossibleEmail } from '../domain/customer.ts'
import { plus } from '../domain/instant.ts'
import {
  type CameBy,
  INTENT_LIFE,
  isIntentOf,
  isIntentOpen,
  type LinkIntent,
  type Viewer,
} from '../domain/link-intent.ts'
import { parseIdentity } from '../domain/identity.ts'
import { judgeSignature, type LinkParameter } from '../domain/signed-link.ts'
import { formatUuid, isUuid } from '../domain/uuid.ts'
import { insertAudit } from '../storage/audit.ts'
import { hasDriverAccount } from '../storage/driver-accounts.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import {
  findIntent,
  insertIntent,
  leaveIntent,
  lockIntent,
  storeOutcome,
  takeUpIntent,
} from '../storage/link-intents.ts'
import { liveLinkSecrets } from '../storage/link-secrets.ts'
import { settleMatches } from '../storage/case-upkeep.ts'
import { insertMatchDecline } from '../storage/matches.ts'
import { findWorkProvider } from '../storage/work-providers.ts'
import { hasManyLinkEmails, mayOpenLink } from './attempts.ts'
import type { Context } from './context.ts'

/** What a link of a work provider carries, as it was read from its query; null where it carries none, or no clear one. */
export type LinkClaim = {
  readonly workProvider: string | null
  readonly userId: string | null
  readonly email: string | null
  /** All parameters, decoded: what a signature is over. */
  readonly parameters: readonly LinkParameter[]
}

/** Why a link makes no sense. */
export type LinkProblem = 'work-provider' | 'id' | 'signature' | 'expired' | 'too-many'
export type OpenedLink = { readonly intent: LinkIntent } | { readonly problem: LinkProblem }

/** Keeps what a link claims for the browser that opened it. Nothing else changes: a link is opened by scanners too. */
export async function openLink(
  context: Context,
  claim: LinkClaim,
  { browser, network }: { browser: string; network: string },
): Promise<OpenedLink> {
  const workProvider = claim.workProvider === null ? null : await findWorkProvider(context.db, claim.workProvider)
  if (workProvider === null) return { problem: 'work-provider' }
  const identity = claim.userId === null ? null : parseIdentity('user_id', claim.userId)
  if (identity === null || 'problem' in identity) return { problem: 'id' }
  const secrets = await liveLinkSecrets(context.db, workProvider.id)
  const signature = judgeSignature(claim.parameters, secrets, context.now())
  if (signature === 'bad') return { problem: 'signature' }
  if (signature === 'expired') return { problem: 'expired' }
  if (!(await mayOpenLink(context, network))) return { problem: 'too-many' }
  return {
    intent: await makeIntent(context, {
      workProviderId: workProvider.id,
      workProvider: workProvider.name,
      userId: identity.identity.text,
      email: claim.email !== null && isPossibleEmail(claim.email.trim()) ? claim.email.trim() : null,
      cameBy: signature === 'good' ? 'signed link' : 'link',
      browser,
      accountId: null,
    }),
  }
}

/** The question of a driver's own pages: whether to share with a work provider, with no id of theirs. */
export function askAgain(
  context: Context,
  workProvider: { id: string; name: string },
  accountId: string,
  cameBy: Extract<CameBy, 'match' | 'home'>,
): Promise<LinkIntent> {
  return makeIntent(context, {
    workProviderId: workProvider.id,
    workProvider: workProvider.name,
    userId: null,
    email: null,
    cameBy,
    browser: null,
    accountId,
  })
}

async function makeIntent(
  context: Context,
  claim: Omit<LinkIntent, 'id' | 'outcome' | 'expiresAt'>,
): Promise<LinkIntent> {
  const intent: LinkIntent = {
    ...claim,
    // Not one of version 7: what it says of the time would make it easier to guess.
    id: randomUuid(context),
    outcome: null,
    expiresAt: plus(context.now(), INTENT_LIFE),
  }
  await insertIntent(context.db, intent)
  return intent
}

function randomUuid(context: Context): string {
  const bytes = context.randomBytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return formatUuid(bytes)
}

/** Where a browser that opened a link goes next. */
export type NextStep = 'link' | 'login' | 'signup' | 'welcome'

/**
 * By session and account, as the contract says; but a network that asked about many addresses learns nothing more: every
 * one of its links leads to the same page. The same is looked up whatever the answer.
 */
export async function nextStep(
  context: Context,
  intent: LinkIntent,
  { network, isLoggedIn }: { network: string; isLoggedIn: boolean },
): Promise<NextStep> {
  const asksTooMany = await hasManyLinkEmails(context, network, intent.email)
  const isKnown = await hasDriverAccount(context.db, intent.email ?? '')
  if (isLoggedIn) return 'link'
  if (asksTooMany) return 'welcome'
  return isKnown ? 'login' : 'signup'
}

/** The intent of an id, if there is one for whoever asks. */
export async function intentFor(context: Context, id: string | null, viewer: Viewer): Promise<LinkIntent | null> {
  if (id === null || !isUuid(id)) return null
  const intent = await findIntent(context.db, id)
  return intent !== null && isIntentOf(intent, viewer) ? intent : null
}

/** Somebody logged in with an intent that is theirs to take up: from now on it is their account's. */
export async function takeUp(context: Context, intent: LinkIntent | null, accountId: string): Promise<void> {
  if (intent !== null && intent.accountId === null && isIntentOpen(intent, context.now())) {
    await takeUpIntent(context.db, intent.id, accountId)
  }
}

/** "Not you?": the account leaves the intent to whoever uses this browser next. */
export function leave(context: Context, intent: LinkIntent, accountId: string, browser: string): Promise<void> {
  return leaveIntent(context.db, intent.id, accountId, browser)
}

/** The driver does not want to be linked. A work provider's word is then not asked about again. */
export function decline(context: Context, customerNumber: string, id: string, viewer: Viewer): Promise<void> {
  return inTransaction(context.db, async (trx) => {
    const intent = await lockIntent(trx, id)
    if (intent === null || !isIntentOf(intent, viewer) || !isIntentOpen(intent, await databaseNow(trx))) return
    await storeOutcome(trx, id, 'declined', viewer.accountId)
    if (intent.cameBy === 'match') {
      const { workProviderId } = intent
      await insertMatchDecline(trx, workProviderId, customerNumber)
      await settleMatches(trx, customerNumber)
      await insertAudit(trx, driver(customerNumber), { action: 'match declined', customerNumber, workProviderId })
    }
  })
}
