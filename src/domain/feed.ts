import { formatInstant, type Instant } from './instant.ts'
import { type Shift, type ShiftAt, shiftAt } from './shift-engine.ts'
import type { ShiftEvent } from './shift-event.ts'

/** What a work provider is told of, in its feed and by webhooks. */
export const FEED_TYPES = [
  'customer.signed_up',
  'link.created',
  'link.withdrawn',
  'match.needed',
  'policy.status_changed',
  'shift.opened',
  'shift.closed',
  'report.parked',
] as const
export type FeedType = (typeof FEED_TYPES)[number]

/** What is told, before it has a number. `data` is as it is sent. */
export type FeedNews = {
  readonly workProviderId: string
  readonly type: FeedType
  /** Whom it tells of; null for somebody whom the work provider may not know. */
  readonly customerNumber: string | null
  readonly data: object
}

export type FeedEntry = {
  readonly id: string
  /** From 1 on, without gaps, for each work provider. */
  readonly number: number
  readonly type: FeedType
  readonly at: Instant
  readonly data: object
}

/** An entry as it is sent, in the feed and by webhooks alike: the form of Standard Webhooks, and its number and id. */
export function feedEntryToWire({ id, number, type, at, data }: FeedEntry): object {
  return { type, timestamp: formatInstant(at), data, number, id }
}

/** A linked person as the work provider knows them. */
export type KnownPerson = {
  readonly workProviderId: string
  readonly customerNumber: string
  readonly workProviderUserIds: readonly string[]
}

/** What is told of a link besides the person. */
export function linkNews(
  type: 'link.created' | 'link.withdrawn' | 'match.needed',
  person: KnownPerson,
  at: Instant,
): FeedNews {
  return news(type, person, { at: formatInstant(at) })
}

/** The address and telephone number of a person who agreed that they are told, so that the work provider can find them. */
export type Contact = { readonly email: string; readonly phone: string | null }

export function signedUpNews(
  { workProviderId, customerNumber }: Omit<KnownPerson, 'workProviderUserIds'>,
  { email, phone }: Contact,
): FeedNews {
  const data = { customerNumber, email, ...(phone === null ? {} : { phoneNumber: phone }) }
  return { workProviderId, type: 'customer.signed_up', customerNumber, data }
}

export type ToldStatus = 'ENABLED' | 'DISABLED'

/** `before`: what was told last; null: nothing since the link is active. */
export function statusNews(person: KnownPerson, status: ToldStatus, before: ToldStatus | null): FeedNews {
  return news('policy.status_changed', person, { status, before })
}

/** Also of somebody who is known here, but not to the work provider: it is told no more of them than of a stranger. */
export function parkedNews({ identity, kind, at }: ShiftEvent): FeedNews {
  const name = identity.kind === 'user_id' ? 'workProviderUserId' : 'customerNumber'
  const data = { [name]: identity.text, kind, at: formatInstant(at) }
  return { workProviderId: identity.workProviderId, type: 'report.parked', customerNumber: null, data }
}

/** A shift as a work provider is told of it. */
export type ToldShift = Omit<ShiftAt, 'capAt'>

/**
 * What is told of a shift that was told as `was` (null: not at all) and is stored as `after` now (null: there is none any
 * more). A shift is named by its start. `toldTo`: up to when it was told of shifts that ended by their cap. A shift that is
 * none any more is told as closed, without one.
 */
export function shiftNews(
  person: KnownPerson,
  was: ToldShift | null,
  after: Shift | null,
  toldTo: Instant,
): FeedNews[] {
  const is = after === null ? null : asTold(after, toldTo)
  if (was !== null && is !== null && was.endedAt === is.endedAt && was.endReason === is.endReason) return []
  const told = (type: FeedType, shift: object | null, former: object | null): FeedNews =>
    news(type, person, { shift, before: former })
  if (is === null) return was === null ? [] : [told('shift.closed', null, shiftToWire(was))]
  if (is.endReason === null) return [told('shift.opened', shiftToWire(is), was === null ? null : shiftToWire(was))]
  if (was !== null) return [told('shift.closed', shiftToWire(is), shiftToWire(was))]
  const open = shiftToWire({ ...is, endedAt: null, endReason: null })
  return [told('shift.opened', open, null), told('shift.closed', shiftToWire(is), open)]
}

/** What is told of a shift when its cap comes. */
export function cappedNews(person: KnownPerson, shift: Shift): FeedNews {
  const open: ToldShift = { ...shift, endReason: null }
  const closed: ToldShift = { ...shift, endedAt: shift.capAt, endReason: 'cap' }
  return news('shift.closed', person, { shift: shiftToWire(closed), before: shiftToWire(open) })
}

/** As it is told: a logout counts whatever the clock says, a cap when it was told of. */
export function asTold(shift: Shift, toldTo: Instant): ToldShift {
  const { startedAt, endedAt, capAt } = shift
  if (endedAt !== null) return { startedAt, endedAt, endReason: 'logout' }
  const { endReason } = shiftAt(shift, toldTo)
  return { startedAt, endedAt: endReason === 'cap' ? capAt : null, endReason }
}

function shiftToWire({ startedAt, endedAt, endReason }: ToldShift): object {
  return { startedAt: formatInstant(startedAt), endedAt: endedAt === null ? null : formatInstant(endedAt), endReason }
}

function news(
  type: FeedType,
  { workProviderId, customerNumber, workProviderUserIds }: KnownPerson,
  more: object,
): FeedNews {
  return { workProviderId, type, customerNumber, data: { customerNumber, workProviderUserIds, ...more } }
}
