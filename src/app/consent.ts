import { type Contact, linkNews, signedUpNews } from '../domain/feed.ts'
import { type Instant, plus } from '../domain/instant.ts'
import { consentAt, type Link, withdrawalsAt } from '../domain/link.ts'
import { hasFeed, settingsAt } from '../domain/work-provider.ts'
import { type Database, databaseNow, type DatabaseTransaction } from '../storage/database.ts'
import { noteConsentAhead, takeConsentsDue } from '../storage/consents-ahead.ts'
import { forgetContact, insertNews } from '../storage/feed.ts'
import { consentsOfLinks, insertConsent, lockStreams, type NewConsent } from '../storage/links.ts'
import { isRecognised } from '../storage/matches.ts'
import { settingsOf } from '../storage/work-providers.ts'
import { peopleOf } from './feed-people.ts'

/**
 * Keeps a consent given or withdrawn, and tells the work provider, where it has a feed, of what that changes now; of one that holds
 * from later on `tellOfConsentsDue` tells when its moment comes. The only way to keep one: a withdrawal also takes back
 * what the customer let the work provider know of them. `contact`: what they agreed that it is sent, so that it finds
 * them without a user id. Takes the lock of the stream.
 */
export async function keepConsent(
  trx: DatabaseTransaction,
  link: Link,
  consent: Omit<NewConsent, 'linkId'>,
  contact: Contact | null = null,
): Promise<void> {
  await lockStreams(trx, [link.id])
  const now = await databaseNow(trx)
  const at = consent.effectiveAt
  const keep = (): Promise<void> => insertConsent(trx, { linkId: link.id, ...consent })
  if (at > now) {
    await keep()
    return noteConsentAhead(trx, link.id, at)
  }
  const settings = (await settingsOf(trx, [link.workProviderId])).get(link.workProviderId)!
  if (!hasFeed(settings)) return keep()
  await tellOfConsentsDue(trx, [link], now)
  const wasGiven = await isConsented(trx, link, now)
  await keep()
  const isGiven = await isConsented(trx, link, now)
  await tellOfConsent(trx, link, { wasGiven, isGiven, at, contact })
}

/**
 * Tells the work providers of some links, which have feeds, of the consents that were recorded ahead and whose moments have come by
 * `now`: each once, of each link in the order of the moments. Needs the locks of the streams.
 */
export async function tellOfConsentsDue(trx: DatabaseTransaction, links: readonly Link[], now: Instant): Promise<void> {
  const byId = new Map(links.map((link) => [link.id, link]))
  for (const { linkId, at } of await takeConsentsDue(trx, [...byId.keys()], now)) {
    const link = byId.get(linkId)!
    const wasGiven = await isConsented(trx, link, plus(at, -1))
    const isGiven = await isConsented(trx, link, at)
    await tellOfConsent(trx, link, { wasGiven, isGiven, at, contact: null })
  }
}

type ConsentTold = {
  readonly wasGiven: boolean
  readonly isGiven: boolean
  readonly at: Instant
  readonly contact: Contact | null
}

async function tellOfConsent(
  trx: DatabaseTransaction,
  link: Link,
  { wasGiven, isGiven, at, contact }: ConsentTold,
): Promise<void> {
  if (!isGiven) await forgetContact(trx, link.customerNumber, link.workProviderId)
  if (wasGiven === isGiven && contact === null) return
  const person = (await peopleOf(trx, [link])).get(link.id)!
  if (!isGiven) {
    await insertNews(trx, [linkNews('link.withdrawn', person, at)])
    return
  }
  const settings = (await settingsOf(trx, [link.workProviderId])).get(link.workProviderId)!
  const requiresMatch = settingsAt(settings, await databaseNow(trx)).linkRequires === 'match'
  const needsMatch = requiresMatch && !(await isRecognised(trx, link))
  await insertNews(trx, [
    ...(wasGiven ? [] : [linkNews('link.created', person, at)]),
    ...(contact === null ? [] : [signedUpNews(person, contact)]),
    ...(needsMatch ? [linkNews('match.needed', person, at)] : []),
  ])
}

/** Ends a consent that is given now, and each that begins later. Answers whether there was one. Needs the lock of the stream. */
export async function endConsents(
  trx: DatabaseTransaction,
  link: Link,
  at: Instant,
  cameBy: NewConsent['cameBy'],
): Promise<boolean> {
  const withdrawals = withdrawalsAt((await consentsOfLinks(trx, [link.id])).get(link.id)!, at)
  for (const effectiveAt of withdrawals)
    await keepConsent(trx, link, { given: false, signed: false, effectiveAt, cameBy })
  return withdrawals.length > 0
}

/** Whether the customer's consent is given at an instant: now, unless one is given. */
export async function isConsented(db: Database, link: Link, at?: Instant): Promise<boolean> {
  const consents = (await consentsOfLinks(db, [link.id])).get(link.id)!
  return consentAt(consents, at ?? (await databaseNow(db)))?.given ?? false
}
