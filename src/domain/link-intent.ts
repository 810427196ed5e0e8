import type { Instant } from './instant.ts'
import { MICROSECONDS_PER_MINUTE } from './instant.ts'

/** What a link claims of a driver, until the driver agrees, declines, or lets it run out. */
export type LinkIntent = {
  readonly id: string
  readonly workProviderId: string
  readonly workProvider: string
  /** The work provider's id for the driver, as the link claims; null where the work provider gave none. */
  readonly userId: string | null
  readonly email: string | null
  readonly cameBy: CameBy
  /** Hex of the SHA-256 of the cookie of the browser that opened it. */
  readonly browser: string | null
  /** The account that took it up. */
  readonly accountId: string | null
  readonly outcome: IntentOutcome | null
  readonly expiresAt: Instant
}

/** How a driver came to the question: a link, a signed one, a match that waits for consent, or their own pages. */
export type CameBy = 'link' | 'signed link' | 'match' | 'home'
export type IntentOutcome = 'linked' | 'declined' | 'conflict'

export const INTENT_LIFE = 60 * MICROSECONDS_PER_MINUTE

/** Whoever asks for an intent: a browser, and the account that is logged in there. */
export type Viewer = { readonly browser: string | null; readonly accountId: string | null }

/**
 * Whether an intent is there for somebody. It belongs to the browser that opened it until an account takes it up, then
 * to that account in any browser. Everybody else finds nothing: an id that leaked is worth nothing.
 */
export function isIntentOf(intent: LinkIntent, viewer: Viewer): boolean {
  if (intent.accountId !== null) return intent.accountId === viewer.accountId
  return intent.browser !== null && intent.browser === viewer.browser
}

export function isIntentOpen(intent: LinkIntent, now: Instant): boolean {
  return intent.outcome === null && now < intent.expiresAt
}
