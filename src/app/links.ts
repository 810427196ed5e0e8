import type { AuditAction, AuditEntry } from '../domain/audit.ts'
import { Impossible } from '../domain/errors.ts'
import { type Identity, parseIdentity } from '../domain/identity.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { later } from '../domain/interval.ts'
import { holding, type Link } from '../domain/link.ts'
import type { Change } from '../domain/rederive.ts'
import { insertAudit } from '../storage/audit.ts'
import { bindingsOfIdentities, insertBinding, insertRelease } from '../storage/bindings.ts'
import { parkIdentity, settleHolding, settleMatches } from '../storage/case-upkeep.ts'
import { type Database, databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { eventSpan } from '../storage/events.ts'
import { lockIdentities } from '../storage/identities.ts'
import { findLink, findLinks, insertLink } from '../storage/links.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import { keepConsent } from './consent.ts'
import type { Context } from './context.ts'
import { keepCurrentCustomer, requireCurrentCustomer } from './customers.ts'
import { deriveStreams } from './derive.ts'
import { requireWorkProvider } from './work-providers.ts'

export type LinkRequest = {
  readonly workProvider: string
  readonly customerNumber: string
  readonly workProviderUserId?: string | undefined
  /** From when the customer's consent holds; without it none is recorded. */
  readonly consentedAt?: Instant | undefined
}

/**
 * Ties a customer to a work provider, or adds a user id to the tie. What was reported of them before becomes shifts in
 * the same transaction (a very long history in pieces, by the projector).
 */
export async function createLink(context: Context, request: LinkRequest): Promise<Link> {
  const workProvider = await requireWorkProvider(context.db, request.workProvider)
  const { customerNumber } = await requireCurrentCustomer(context.db, request.customerNumber)
  const userId =
    request.workProviderUserId === undefined ? null : requireUserId(workProvider.id, request.workProviderUserId)
  const number: Identity = { workProviderId: workProvider.id, kind: 'customer_number', text: customerNumber }

  return inTransaction(context.db, async (trx) => {
    await keepCurrentCustomer(trx, customerNumber)
    await shareWorkProviders(trx, [workProvider.id])
    await lockIdentities(trx, userId === null ? [number] : [number, userId])
    const existing = await findLink(trx, workProvider.id, customerNumber)
    if (existing !== null && userId === null && request.consentedAt === undefined) {
      throw new Impossible(`customer ${customerNumber} is already linked to ${workProvider.name}`)
    }
    const link = existing ?? (await insertLink(trx, workProvider.id, customerNumber))
    const changes = [
      ...(existing === null ? await bind(trx, link, number) : []),
      ...(userId === null ? [] : await bind(trx, link, userId)),
    ]
    const note = (action: AuditAction, details: object = {}): Promise<void> =>
      insertAudit(trx, context.actor, auditOfLink(link, action, details))
    if (existing === null) await note('link created')
    if (userId !== null) await note('user id bound', { userId: userId.text })
    if (request.consentedAt !== undefined) {
      const effectiveAt = request.consentedAt
      await keepConsent(trx, link, { given: true, signed: false, effectiveAt, cameBy: 'staff' })
      await note('consent given', { from: formatInstant(effectiveAt) })
    }
    if (changes.length > 0) await deriveStreams(trx, new Map([[link.id, changes]]))
    if (request.consentedAt !== undefined) await settleMatches(trx, customerNumber)
    return link
  })
}

/** Binds an identity that nobody holds; needs its lock. Answers the stretch of events that it brings into the link's stream. */
export async function bind(trx: DatabaseTransaction, link: Link, identity: Identity): Promise<Change[]> {
  const before = await bindingsOfIdentities(trx, [identity])
  const holder = before.find((binding) => binding.release === null)
  if (holder?.linkId === link.id) throw new Impossible(`this link already holds the id ${identity.text}`)
  if (holder !== undefined) {
    throw new Impossible(`the id ${identity.text} is held by another customer: release it there first`)
  }
  const ends = before.map((binding) => holding(binding).to)
  const heldFrom = ends.length === 0 ? null : ends.reduce(later)
  await insertBinding(trx, { linkId: link.id, identity, heldFrom })
  await settleHolding(trx, identity, link.customerNumber)
  const span = await eventSpan(trx, identity)
  if (span === null || (heldFrom !== null && span.last < heldFrom)) return []
  return [{ from: heldFrom === null ? span.first : later(span.first, heldFrom), to: span.last }]
}

export type LinkName = { readonly workProvider: string; readonly customerNumber: string }

/** Records that the customer's consent is given, or (`given` false) withdrawn, from an instant on; now by default. */
export async function recordConsent(context: Context, name: LinkName, given: boolean, at?: Instant): Promise<Instant> {
  const link = await requireLink(context.db, name)
  return inTransaction(context.db, async (trx) => {
    await keepCurrentCustomer(trx, link.customerNumber)
    const effectiveAt = at ?? (await databaseNow(trx))
    await keepConsent(trx, link, { given, signed: false, effectiveAt, cameBy: 'staff' })
    const action = given ? 'consent given' : 'consent withdrawn'
    await insertAudit(trx, context.actor, auditOfLink(link, action, { from: formatInstant(effectiveAt) }))
    await settleMatches(trx, link.customerNumber)
    return effectiveAt
  })
}

export type ReleaseRequest = {
  readonly workProvider: string
  readonly workProviderUserId: string
  /** Only if it is this customer who holds it. */
  readonly customerNumber?: string | undefined
  readonly at?: Instant | undefined
}

/** Takes a user id from the link that holds it, from an instant on (now by default). Earlier events stay where they are. */
export async function releaseUserId(context: Context, request: ReleaseRequest): Promise<Instant> {
  const workProvider = await requireWorkProvider(context.db, request.workProvider)
  const userId = requireUserId(workProvider.id, request.workProviderUserId)
  return inTransaction(context.db, async (trx) => {
    await shareWorkProviders(trx, [workProvider.id])
    await lockIdentities(trx, [userId])
    const holder = (await bindingsOfIdentities(trx, [userId])).find((binding) => binding.release === null)
    if (holder === undefined) throw new Impossible(`no customer holds the id ${userId.text} at ${workProvider.name}`)
    const [link] = await findLinks(trx, [holder.linkId])
    if (request.customerNumber !== undefined && request.customerNumber !== link!.customerNumber) {
      throw new Impossible(`it is another customer who holds the id ${userId.text} at ${workProvider.name} now`)
    }
    const effectiveAt = request.at ?? (await databaseNow(trx))
    await insertRelease(trx, holder.id, effectiveAt)
    const details = { userId: userId.text, from: formatInstant(effectiveAt) }
    await insertAudit(trx, context.actor, auditOfLink(link!, 'user id released', details))
    const from = later(effectiveAt, holding(holder).from)
    const span = await eventSpan(trx, userId)
    if (span !== null && from <= span.last) {
      const change = { from: later(from, span.first), to: span.last }
      await deriveStreams(trx, new Map([[holder.linkId, [change]]]))
    }
    await settleHolding(trx, userId, null)
    if (span !== null && from <= span.last) await parkIdentity(trx, userId)
    return effectiveAt
  })
}

/** What the audit log says of something done to a link. */
export function auditOfLink(link: Link, action: AuditAction, details: object = {}): AuditEntry {
  const { id, customerNumber, workProviderId } = link
  return { action, subject: String(id), customerNumber, workProviderId, details: { ...details } }
}

async function requireLink(db: Database, name: LinkName): Promise<Link> {
  const workProvider = await requireWorkProvider(db, name.workProvider)
  const customer = await requireCurrentCustomer(db, name.customerNumber)
  const link = await findLink(db, workProvider.id, customer.customerNumber)
  if (link === null) throw new Impossible(`customer ${customer.customerNumber} is not linked to ${workProvider.name}`)
  return link
}

export function requireUserId(workProviderId: string, text: string): Identity {
  const parsed = parseIdentity('user_id', text)
  if ('problem' in parsed) throw new Impossible(`the work provider user id ${parsed.problem}`)
  return { workProviderId, ...parsed.identity }
}
