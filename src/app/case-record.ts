import { type CaseName, type CaseWord, identityOfCase, isParked } from '../domain/case.ts'
import { parseCustomerNumber } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { consentAt, holding, type Match } from '../domain/link.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { type CaseRow, findCase, lastCaseWords } from '../storage/cases.ts'
import { findCustomer } from '../storage/customers.ts'
import type { Database } from '../storage/database.ts'
import { conflictsOfUserId, findConflict } from '../storage/link-conflicts.ts'
import { consentsOfLinks, findLink, findLinks } from '../storage/links.ts'
import { findMatchDecline, lastMatches } from '../storage/matches.ts'
import { countReceivedAfter, type LastEvent, lastEvents, type ParkedReports, parkedReports } from '../storage/parked.ts'
import { findWorkProviderById } from '../storage/work-providers.ts'
import { MAX_WORDS } from './case-words.ts'
import type { Context } from './context.ts'
import { COUNTED } from './reconciliation.ts'

/** Shown of what was reported or said: the latest. */
const LATEST = 20

/** A customer as a case shows them: a number, a name to know them by, and how they stand with the work provider. */
export type CaseCustomer = {
  readonly customerNumber: string
  readonly name: string | null
  readonly isErased: boolean
  readonly isLinked: boolean
  /** The last consent in effect; null where they have never said anything. */
  readonly consent: { readonly given: boolean; readonly at: Instant } | null
}

/** Who held or holds an id, until when (null: still). */
export type Holding = { readonly customerNumber: string; readonly until: Instant | null }

type Reported = {
  readonly latest: readonly LastEvent[]
  readonly holdings: readonly Holding[]
  /** Who claim the id, by number. */
  readonly claimants: readonly string[]
}

export type CaseFacts =
  | (Reported & {
      readonly of: 'parked'
      readonly reports: ParkedReports
      /** Of the latest events, those that came since staff said that it is done. */
      readonly sinceDone: number
      /** The customer of that very number. */
      readonly namesake: CaseCustomer | null
    })
  | {
      readonly of: 'match'
      readonly words: readonly Match[]
      readonly customer: CaseCustomer | null
      readonly declinedAt: Instant | null
    }
  | (Reported & {
      readonly of: 'claim'
      readonly claimedAt: Instant
      readonly claimant: CaseCustomer
      readonly holder: CaseCustomer | null
    })

export type CaseRecord = {
  readonly name: CaseName
  readonly workProvider: { readonly id: string; readonly name: string }
  /** Null: the facts have settled it. */
  readonly row: CaseRow | null
  readonly words: readonly CaseWord[]
  readonly facts: CaseFacts
}

/** Both sides of a case, settled or not; null for what never was one. */
export async function openCase({ db, now }: Context, name: CaseName): Promise<CaseRecord | null> {
  const workProvider = await findWorkProviderById(db, name.workProviderId)
  if (workProvider === null) return null
  const row = await findCase(db, name)
  const words = await lastCaseWords(db, name, MAX_WORDS)
  const facts = isParked(name.kind)
    ? await parkedFacts(db, name, { words, now: now() })
    : name.kind === 'conflicting claim'
      ? await claimFacts(db, name, now())
      : await matchFacts(db, name, now())
  return facts === null ? null : { name, workProvider, row, words, facts }
}

async function parkedFacts(
  db: Database,
  name: CaseName,
  { words, now }: { words: readonly CaseWord[]; now: Instant },
): Promise<CaseFacts | null> {
  const identity = identityOfCase(name)
  if (identity === null) return null
  const reported = await reportedOf(db, name)
  if (reported.latest.length === 0) return null
  const [reports] = await parkedReports(db, [identity], COUNTED)
  const done = words.findLast(({ word }) => word !== 'note')
  const sinceDone =
    done?.word === 'done' ? await countReceivedAfter(db, identity, { after: done.recordedAt, atMost: COUNTED }) : 0
  const number = parseCustomerNumber(identity.text)
  const namesake = number === null ? null : await customerOf(db, name.workProviderId, number, now)
  return { of: 'parked', reports: reports!, sinceDone, namesake, ...reported }
}

async function reportedOf(db: Database, name: CaseName): Promise<Reported> {
  const identity = identityOfCase(name)!
  const bindings = await bindingsOfIdentities(db, [identity])
  const links = await findLinks(
    db,
    bindings.map(({ linkId }) => linkId),
  )
  const claims =
    identity.kind === 'user_id' ? await conflictsOfUserId(db, name.workProviderId, identity.text, LATEST) : []
  return {
    latest: await lastEvents(db, identity, LATEST),
    holdings: bindings.map((binding) => ({
      customerNumber: links.find(({ id }) => id === binding.linkId)!.customerNumber,
      until: binding.release === null ? null : holding(binding).to,
    })),
    claimants: claims.map(({ customerNumber }) => customerNumber),
  }
}

async function matchFacts(db: Database, { workProviderId, about }: CaseName, now: Instant): Promise<CaseFacts | null> {
  const name = { workProviderId, customerNumber: about }
  const words = await lastMatches(db, name, LATEST)
  if (words.length === 0) return null
  return {
    of: 'match',
    words,
    customer: await customerOf(db, workProviderId, about, now),
    declinedAt: await findMatchDecline(db, name),
  }
}

async function claimFacts(db: Database, name: CaseName, now: Instant): Promise<CaseFacts | null> {
  const { workProviderId, about, claimant } = name
  const conflict = await findConflict(db, { workProviderId, userId: about, customerNumber: claimant })
  if (conflict === null) return null
  const reported = await reportedOf(db, name)
  const holder = reported.holdings.find(({ until }) => until === null)
  return {
    of: 'claim',
    claimedAt: conflict.since,
    claimant: (await customerOf(db, workProviderId, claimant, now))!,
    holder: holder === undefined ? null : await customerOf(db, workProviderId, holder.customerNumber, now),
    ...reported,
  }
}

/** Null for a number that nobody has, or a test customer. */
export async function customerOf(
  db: Database,
  workProviderId: string,
  customerNumber: string,
  now: Instant,
): Promise<CaseCustomer | null> {
  const customer = await findCustomer(db, customerNumber)
  if (customer === null || customer.isTest) return null
  const link = await findLink(db, workProviderId, customerNumber)
  const consents = link === null ? [] : (await consentsOfLinks(db, [link.id])).get(link.id)!
  const said = consentAt(consents, now)
  return {
    customerNumber,
    name: customer.name,
    isErased: customer.erasedAt !== null,
    isLinked: link !== null,
    consent: said === null ? null : { given: said.given, at: said.effectiveAt },
  }
}
