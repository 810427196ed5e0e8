import { type Identity, type IdentityKind, parseIdentity } from './identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from './instant.ts'

/**
 * A case of the reconciliation: something that only people can settle. It is there from when it becomes known until the
 * facts settle it: the id is bound, a good word follows a bad one, the customer appears or answers, the id is released.
 */
export const CASE_KINDS = [
  'parked user id',
  'parked customer number',
  'failed match',
  'unknown customer number',
  'waiting for consent',
  'conflicting claim',
] as const
export type CaseKind = (typeof CASE_KINDS)[number]

/** The kinds as the work list tells them apart. */
export const CASE_GROUPS = {
  parked: ['parked user id', 'parked customer number'],
  'failed match': ['failed match'],
  'unknown number': ['unknown customer number'],
  'waiting consent': ['waiting for consent'],
  'conflicting id': ['conflicting claim'],
} as const satisfies Readonly<Record<string, readonly CaseKind[]>>
export type CaseGroup = keyof typeof CASE_GROUPS

/** What a case is about: two cases never share all of it. */
export type CaseName = {
  readonly kind: CaseKind
  readonly workProviderId: string
  /** The identity, or the customer number that a match named. */
  readonly about: string
  /** The customer who claims the user id; empty for all other kinds. */
  readonly claimant: string
}

export type CaseWord = {
  readonly word: 'note' | 'done' | 'undone'
  readonly note: string
  readonly by: string
  readonly recordedAt: Instant
}

export type CaseStanding = 'open' | 'done' | 'open again'

export function isParked(kind: CaseKind): kind is 'parked user id' | 'parked customer number' {
  return kind === 'parked user id' || kind === 'parked customer number'
}

export function parkedKind(kind: IdentityKind): CaseKind {
  return kind === 'user_id' ? 'parked user id' : 'parked customer number'
}

export function caseOfIdentity({ workProviderId, kind, text }: Identity): CaseName {
  return { kind: parkedKind(kind), workProviderId, about: text, claimant: '' }
}

/** The identity that a case is about: of a word or claim, the customer number or user id in it. Null for no possible one. */
export function identityOfCase({ kind, workProviderId, about }: CaseName): Identity | null {
  const isUserId = kind === 'parked user id' || kind === 'conflicting claim'
  const parsed = parseIdentity(isUserId ? 'user_id' : 'customer_number', about)
  return 'problem' in parsed ? null : { workProviderId, ...parsed.identity }
}

/**
 * How a case stands by what staff said of it, in order, and the last thing that happened: a work provider's word, a
 * claim, or that an identity came to be parked. Further reports of a parked identity are nothing new: it stays done.
 */
export function standingOf(words: readonly Pick<CaseWord, 'word' | 'recordedAt'>[], happenedAt: Instant): CaseStanding {
  const last = words.findLast(({ word }) => word !== 'note')
  if (last === undefined) return 'open'
  return last.word === 'done' && last.recordedAt >= happenedAt ? 'done' : 'open again'
}

const DAY = 24 * MICROSECONDS_PER_HOUR

/** The ages that cases are counted by: from `from` on, under `to` (null: however old), in microseconds. */
export const CASE_AGES = {
  'under a day': { from: 0, to: DAY },
  '1 to 7 days': { from: DAY, to: 7 * DAY },
  '7 to 30 days': { from: 7 * DAY, to: 30 * DAY },
  'over 30 days': { from: 30 * DAY, to: null },
} as const satisfies Readonly<Record<string, { from: number; to: number | null }>>
export type CaseAge = keyof typeof CASE_AGES

/** Since when a case of an age has been one: after `after` (null: whenever), and at `until` at the latest (null: by now). */
export function sinceOfAge(age: CaseAge, now: Instant): { after: Instant | null; until: Instant | null } {
  const { from, to } = CASE_AGES[age]
  return { after: to === null ? null : plus(now, -to), until: from === 0 ? null : plus(now, -from) }
}

/** In the words of a list: `3 h`, `12 days`. */
export function formatAge(since: Instant, now: Instant): string {
  const age = Math.max(0, now - since)
  if (age < MICROSECONDS_PER_HOUR) return 'under 1 h'
  if (age < 2 * DAY) return `${Math.floor(age / MICROSECONDS_PER_HOUR)} h`
  return `${Math.floor(age / DAY)} days`
}
