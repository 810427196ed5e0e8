import { PROGRAM } from '../domain/audit.ts'
import { type Identity, parseIdentity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Link } from '../domain/link.ts'
import { insertAudit } from '../storage/audit.ts'
import { settleMatches } from '../storage/case-upkeep.ts'
import { findCustomer, lockCustomer } from '../storage/customers.ts'
import type { DatabaseTransaction } from '../storage/database.ts'
import { forgetContact } from '../storage/feed.ts'
import { lockIdentities } from '../storage/identities.ts'
import { findLink, lockStreams } from '../storage/links.ts'
import { insertMatch, lastMatches } from '../storage/matches.ts'
import { insertMail } from '../storage/outbox.ts'
import { findWorkProviderById, shareWorkProviders } from '../storage/work-providers.ts'
import { isConsented } from './consent.ts'
import type { Context } from './context.ts'
import { deriveStreams } from './derive.ts'
import { holderOf, openConflict } from './link-customer.ts'
import { auditOfLink, bind } from './links.ts'
import { notFoundMail } from './mail-texts.ts'

const SHARES_NO_MORE = 'the customer does not share any more: nothing was done'

/** What an endpoint answered to `customer.signed_up`. `workProviderUserId` null: none was named. */
export type SignUpAnswer = {
  readonly workProviderId: string
  readonly customerNumber: string
  /** When the customer signed up. */
  readonly askedAt: Instant
  readonly isMatched: boolean
  readonly workProviderUserId: string | null
}

/**
 * Keeps a work provider's answer about a customer who signed up: its word, as `/v1/match` would, and its id for them. An
 * id that somebody else holds is never taken over: that is a case for staff, and both are told. Answers a note for the log.
 */
export async function keepAnswer(context: Context, trx: DatabaseTransaction, answer: SignUpAnswer): Promise<string> {
  const { workProviderId, customerNumber, askedAt, isMatched, workProviderUserId } = answer
  const userId = workProviderUserId === null ? null : parseIdentity('user_id', workProviderUserId)
  if (userId !== null && 'problem' in userId) return `the id that was answered ${userId.problem}: nothing was bound`
  // Whoever is erased meanwhile is waited for, or gets no mail.
  await lockCustomer(trx, customerNumber, 'keep')
  await shareWorkProviders(trx, [workProviderId])
  if (userId !== null) await lockIdentities(trx, [{ workProviderId, ...userId.identity }])
  const link = await findLink(trx, workProviderId, customerNumber)
  if (link === null || !(await isConsented(trx, link))) return SHARES_NO_MORE
  const identity = userId === null ? null : { workProviderId, ...userId.identity }
  const holder = identity === null ? null : await holderOf(trx, identity)
  if (identity !== null && holder !== null && holder.linkId !== link.id) {
    await openConflictOf(context, trx, link, { userId: identity.text, holderLinkId: holder.linkId })
    return 'another customer holds that id: a case for the insurer'
  }
  // Held from here on: no withdrawal comes between the question and what follows from the answer.
  await lockStreams(trx, [link.id])
  if (!(await isConsented(trx, link))) return SHARES_NO_MORE
  const [last] = await lastMatches(trx, { workProviderId, customerNumber }, 1)
  if (!isMatched && last?.success === true && last.receivedAt >= askedAt) {
    return 'not recognised here, but elsewhere: that is what counts'
  }
  await insertMatch(trx, { requestId: context.newId(), workProviderId, customerNumber, success: isMatched })
  if (isMatched) await forgetContact(trx, customerNumber, workProviderId)
  // Once, however often it is asked and answers the same.
  else if (last?.success !== false) await tellDriver(context, trx, answer)
  if (identity !== null && holder === null) await bindAnswered(trx, link, identity)
  await settleMatches(trx, customerNumber, workProviderId)
  if (!isMatched) return 'not recognised'
  return identity !== null && holder === null ? 'matched, and the id is bound' : 'matched'
}

async function openConflictOf(
  context: Context,
  trx: DatabaseTransaction,
  { workProviderId, customerNumber }: Link,
  { userId, holderLinkId }: { userId: string; holderLinkId: number },
): Promise<void> {
  const workProvider = (await findWorkProviderById(trx, workProviderId))!.name
  const claimant = (await findCustomer(trx, customerNumber))!
  await openConflict(context, trx, { workProviderId, workProvider, userId }, claimant, holderLinkId)
}

async function bindAnswered(trx: DatabaseTransaction, link: Link, identity: Identity): Promise<void> {
  const changes = await bind(trx, link, identity)
  await insertAudit(trx, PROGRAM, auditOfLink(link, 'user id bound', { userId: identity.text, cameBy: 'webhook' }))
  if (changes.length > 0) await deriveStreams(trx, new Map([[link.id, changes]]))
}

async function tellDriver(
  context: Context,
  trx: DatabaseTransaction,
  { workProviderId, customerNumber }: SignUpAnswer,
): Promise<void> {
  const workProvider = (await findWorkProviderById(trx, workProviderId))!.name
  const customer = (await findCustomer(trx, customerNumber))!
  await insertMail(trx, context.newId(), notFoundMail(context, customer.email, workProvider))
}
