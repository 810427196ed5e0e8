import { createHash } from 'node:crypto'
import type { Instant } from './instant.ts'

/** A document that people agree to. A new version is a new document; none is ever changed. */
export type Terms = {
  readonly id: string
  readonly about: TermsAbout
  /** Whose sharing it is about; null for the insurer's own terms, and for the standard ones about sharing. */
  readonly workProviderId: string | null
  readonly version: string
  readonly title: string
  /** Paragraphs, with an empty line between them. */
  readonly body: string
  /** Hex. Kept with the document, so that a copy can be told to be the one that was agreed to. */
  readonly hash: string
  readonly recordedAt: Instant
}

/** The insurer's terms of an account, or those of sharing with a work provider. */
export const TERMS_ABOUT = ['account', 'link'] as const
export type TermsAbout = (typeof TERMS_ABOUT)[number]

export const MAX_TERMS_CHARACTERS = 50_000
export const MAX_VERSION_CHARACTERS = 50

/** SHA-256 over the title, a line feed and the body, in UTF-8. */
export function termsHash(title: string, body: string): Buffer {
  return createHash('sha256').update(`${title}\n${body}`).digest()
}

export function paragraphsOf(body: string): string[] {
  return body
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '')
}
