import type { JsonObject } from './json.ts'

/* What you are told, in the feed and by webhooks alike. Times are ISO 8601 text in UTC. */

/** Somebody who is linked to you. */
export type Person = {
  readonly customerNumber: string
  /** Your own ids for them. */
  readonly workProviderUserIds: readonly string[]
}

/** A shift as it is told: an end by its cap only once that has come. */
export type ToldShift = {
  readonly startedAt: string
  readonly endedAt: string | null
  readonly endReason: 'logout' | 'cap' | null
}

/** `shift`: as it is now, null where there is none any more. `before`: as you were told of it, null of one that is new. */
export type ShiftChange = Person & { readonly shift: ToldShift | null; readonly before: ToldShift | null }

/** Somebody whom you reported, and may not see: the report is kept, and counts as soon as they are linked. */
export type Parked = { readonly kind: 'login' | 'logout'; readonly at: string } & (
  | { readonly customerNumber: string; readonly workProviderUserId?: never }
  | { readonly workProviderUserId: string; readonly customerNumber?: never }
)

type ToldStatus = 'ENABLED' | 'DISABLED'

/** Of each type, what is told. */
export type FeedData = {
  /** No address and telephone number any more once you found them, or they withdrew. */
  'customer.signed_up': {
    readonly customerNumber: string
    readonly email?: string
    readonly phoneNumber?: string
  }
  'link.created': Person & { readonly at: string }
  'link.withdrawn': Person & { readonly at: string }
  'match.needed': Person & { readonly at: string }
  'policy.status_changed': Person & { readonly status: ToldStatus; readonly before: ToldStatus | null }
  'shift.opened': ShiftChange
  'shift.closed': ShiftChange
  'report.parked': Parked
}

type EntryOf<T extends keyof FeedData> = {
  readonly type: T
  /** When it became known. */
  readonly timestamp: string
  readonly data: FeedData[T]
  /** Its place in your feed: from 1 on, without gaps but where the insurer had to restore a backup. */
  readonly number: number
  /** The same in the feed and in every delivery of it. */
  readonly id: string
}

/** Other types may come: leave out what you do not know. */
export type FeedEntry = { [T in keyof FeedData]: EntryOf<T> }[keyof FeedData]

export type FeedPage = {
  /** Up to 1,000. */
  readonly entries: readonly FeedEntry[]
  /** The number of the last entry there is, on this page or not. */
  readonly last: number
  /** After which number the next page begins; null where nothing follows. */
  readonly nextAfter: number | null
}

export function feedPageFromWire({ entries, last, next }: JsonObject): FeedPage {
  const nextAfter = next === null ? null : afterOf(next as string)
  return { entries: entries as FeedEntry[], last: last as number, nextAfter }
}

/** `/v1/feed?after=1000` */
function afterOf(next: string): number {
  return Number(new URLSearchParams(next.slice(next.indexOf('?'))).get('after'))
}
