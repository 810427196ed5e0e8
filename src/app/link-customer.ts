import { driver } from '../domain/audit.ts'
import { type Identity, parseIdentity } from '../domain/identity.ts'
import { isIntentOf, isIntentOpen, type LinkIntent, type Viewer } from '../domain/link-intent.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import type { Link } from '../domain/link.ts'
import { sharedFields } from '../domain/shared-fields.ts'
import type { Terms } from '../domain/terms.ts'
import { insertAudit } from '../storage/audit.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { noteClaim, settleMatches } from '../storage/case-upkeep.ts'
import { findCustomer, lockCustomer, type StoredCustomer } from '../storage/customers.ts'
import { type Database, databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { lockIdentities } from '../storage/identities.ts'
import { insertConflict } from '../storage/link-conflicts.ts'
import { lockIntent, storeOutcome } from '../storage/link-intents.ts'
import { findLink, findLinks, insertLink, lockStreams } from '../storage/links.ts'
import { findMailLink, insertMailLink, type MailLinkData } from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import { currentTerms } from '../storage/terms.ts'
import { listWorkProviders, shareWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { endConsents, keepConsent } from './consent.ts'
import { deriveStreams } from './derive.ts'
import { auditOfLink, bind } from './links.ts'
import { claimantConflictMail, holderConflictMail, receiptMail, withdrawnMail } from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'

/** How long the link in a receipt undoes the consent; afterwards the account's pages do. */
const UNDO_LIFE = 30 * 24 * MICROSECONDS_PER_HOUR

/** What became of a driver's agreement. */
export type Agreed = 'linked' | 'conflict' | 'closed' | 'terms changed'

export function termsOfIntent(context: Context, intent: LinkIntent): Promise<Terms> {
  return currentTerms(context.db, 'link', intent.workProviderId)
}

/** What the driver said yes to, as the page showed it. */
export type Agreement = {
  readonly intentId: string
  readonly termsId: string
  /** Whether it said that address and telephone number are sent, so that the work provider finds them. */
  readonly sharesContact: boolean
}

/**
 * The driver agrees to be linked, as an intent says: the link, its id, the consent and the receipt, all or nothing. An
 * id that another customer holds is never taken over: that is a case for staff, and both are told. Of two customers who
 * claim one id at once, the locks let one be first.
 */
export function agree(
  context: Context,
  customer: StoredCustomer,
  viewer: Viewer,
  { intentId, termsId, sharesContact }: Agreement,
): Promise<Agreed> {
  return inTransaction(context.db, async (trx) => {
    const kept = await lockCustomer(trx, customer.customerNumber, 'keep')
    if (kept === null || kept.erasedAt !== null) return 'closed'
    const intent = await lockIntent(trx, intentId)
    const isTheirs = intent !== null && isIntentOf(intent, viewer)
    if (!isTheirs || !isIntentOpen(intent, await databaseNow(trx))) return 'closed'
    const terms = await currentTerms(trx, 'link', intent.workProviderId)
    if (terms.id !== termsId) return 'terms changed'
    const number = identity(intent, 'customer_number', customer.customerNumber)
    const userId = intent.userId === null ? null : identity(intent, 'user_id', intent.userId)
    await shareWorkProviders(trx, [intent.workProviderId])
    await lockIdentities(trx, userId === null ? [number] : [number, userId])
    const existing = await findLink(trx, intent.workProviderId, customer.customerNumber)
    const holder = userId === null ? null : await holderOf(trx, userId)
    if (userId !== null && holder !== null && holder.linkId !== existing?.id) {
      await openConflict(context, trx, { ...intent, userId: userId.text }, customer, holder.linkId)
      await storeOutcome(trx, intentId, 'conflict', customer.accountId)
      return 'conflict'
    }
    const link = existing ?? (await insertLink(trx, intent.workProviderId, customer.customerNumber))
    const changes = [
      ...(existing === null ? await bind(trx, link, number) : []),
      ...(userId === null || holder !== null ? [] : await bind(trx, link, userId)),
    ]
    await consent(context, trx, { intent, customer, terms, link, sharesContact })
    const by = driver(customer.customerNumber)
    if (existing === null) await insertAudit(trx, by, auditOfLink(link, 'link created'))
    if (userId !== null && holder === null) {
      await insertAudit(trx, by, auditOfLink(link, 'user id bound', { userId: userId.text }))
    }
    const agreed = { cameBy: intent.cameBy, terms: terms.id, fields: sharedFields(sharesContact) }
    await insertAudit(trx, by, auditOfLink(link, 'consent given', agreed))
    await storeOutcome(trx, intentId, 'linked', customer.accountId)
    if (changes.length > 0) await deriveStreams(trx, new Map([[link.id, changes]]))
    await settleMatches(trx, customer.customerNumber)
    return 'linked'
  })
}

type Consenting = {
  readonly intent: LinkIntent
  readonly customer: StoredCustomer
  readonly terms: Terms
  readonly link: Link
  readonly sharesContact: boolean
}

/** Each agreement is a fact of its own: to newer terms, say, or by a signed link after an unsigned one. */
async function consent(
  context: Context,
  trx: DatabaseTransaction,
  { intent, customer, terms, link, sharesContact }: Consenting,
): Promise<void> {
  const at = await databaseNow(trx)
  const fields = sharedFields(sharesContact)
  const given = {
    given: true,
    signed: intent.cameBy === 'signed link',
    effectiveAt: at,
    cameBy: intent.cameBy,
    termsId: terms.id,
    fields,
  }
  await keepConsent(trx, link, given, sharesContact ? { email: customer.email, phone: customer.phone } : null)
  const token = newToken(context)
  await insertMailLink(trx, {
    hash: hashOf(token),
    purpose: 'undo consent',
    data: { linkId: link.id, customerNumber: customer.customerNumber },
    expiresAt: plus(at, UNDO_LIFE),
  })
  const receipt = receiptMail(context, {
    to: customer.email,
    workProvider: intent.workProvider,
    userId: intent.userId,
    customerNumber: customer.customerNumber,
    termsTitle: terms.title,
    termsVersion: terms.version,
    termsId: terms.id,
    fields,
    at,
    token,
  })
  await insertMail(trx, context.newId(), receipt)
}

export async function holderOf(trx: DatabaseTransaction, userId: Identity): Promise<{ linkId: number } | null> {
  return (await bindingsOfIdentities(trx, [userId])).find((binding) => binding.release === null) ?? null
}

/** The mails name the work provider and the id, never the other person. */
export async function openConflict(
  context: Context,
  trx: DatabaseTransaction,
  { workProviderId, workProvider, userId }: { workProviderId: string; workProvider: string; userId: string },
  claimant: StoredCustomer,
  holderLinkId: number,
): Promise<void> {
  const claim = { workProviderId, userId, customerNumber: claimant.customerNumber }
  const isNew = await insertConflict(trx, claim)
  await noteClaim(trx, claim)
  if (!isNew) return
  await insertAudit(trx, driver(claimant.customerNumber), {
    action: 'claim refused',
    customerNumber: claimant.customerNumber,
    workProviderId,
    details: { userId },
  })
  const [link] = await findLinks(trx, [holderLinkId])
  const holder = await lockCustomer(trx, link!.customerNumber, 'keep')
  await insertMail(trx, context.newId(), claimantConflictMail(context, claimant.email, workProvider, userId))
  await insertMail(trx, context.newId(), holderConflictMail(context, holder!.email, workProvider, userId))
}

/** Ends the consent on a customer's link, from now on. Answers false when there is no such link of this customer. */
export function withdraw(
  context: Context,
  customerNumber: string,
  linkId: number,
  cameBy: 'home' | 'mail',
): Promise<boolean> {
  return inTransaction(context.db, async (trx) => {
    const [link] = await findLinks(trx, [linkId])
    if (link === undefined || link.customerNumber !== customerNumber) return false
    await endConsent(context, trx, link, cameBy)
    return true
  })
}

/** Ends the consent on a link, if there is one, and says so by mail: once, however often it is asked for at once. */
export async function endConsent(
  context: Context,
  trx: DatabaseTransaction,
  link: Link,
  cameBy: 'home' | 'mail',
): Promise<void> {
  await lockStreams(trx, [link.id])
  const at = await databaseNow(trx)
  if (!(await endConsents(trx, link, at, cameBy))) return
  await insertAudit(trx, driver(link.customerNumber), auditOfLink(link, 'consent withdrawn', { cameBy }))
  const name = await nameOf(trx, link.workProviderId)
  const customer = await findCustomer(trx, link.customerNumber)
  await insertMail(trx, context.newId(), withdrawnMail(context, customer!.email, name, at))
}

async function nameOf(db: Database, workProviderId: string): Promise<string> {
  return (await listWorkProviders(db)).find((one) => one.id === workProviderId)!.name
}

/** A link of a customer with its work provider's name; null when it is none of theirs. */
export async function findOwnLink(
  context: Context,
  customerNumber: string,
  linkId: number,
): Promise<{ link: Link; workProvider: string } | null> {
  const [link] = await findLinks(context.db, [linkId])
  if (link === undefined || link.customerNumber !== customerNumber) return null
  return { link, workProvider: await nameOf(context.db, link.workProviderId) }
}

export type Undo = MailLinkData['undo consent'] & { readonly workProvider: string }

/** What the link of a receipt would undo; null when it is none, or too old. */
export async function findUndo(context: Context, token: string): Promise<Undo | null> {
  const undo = await findMailLink(context.db, hashOf(token), 'undo consent')
  const own = undo === null ? null : await findOwnLink(context, undo.customerNumber, undo.linkId)
  return undo === null || own === null ? null : { ...undo, workProvider: own.workProvider }
}

function identity(intent: LinkIntent, kind: Identity['kind'], text: string): Identity {
  const parsed = parseIdentity(kind, text)
  if ('problem' in parsed) throw new Error(`a stored identity ${parsed.problem}`)
  return { workProviderId: intent.workProviderId, ...parsed.identity }
}
