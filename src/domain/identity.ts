import { hash } from 'node:crypto'
import { isSoundText } from './sound-text.ts'

/**
 * How a report names a person. `customer_number` is the insurer's number, compared without case and kept upper-cased;
 * `user_id` is the work provider's own id, opaque text that is kept byte for byte.
 */
export type IdentityKind = 'customer_number' | 'user_id'
export type IdentityName = { readonly kind: IdentityKind; readonly text: string }
/** An identity is always one work provider's: two of them may use the same text for two people. */
export type Identity = IdentityName & { readonly workProviderId: string }

/** Names of fields of the contract that named a person until August 2018, and are taken all the same. */
export type DeprecatedField = 'policyId' | 'driverId'

export const MAX_IDENTITY_CHARACTERS = 255
export const SLICES = 64

/** What a customer number looks like, in either case. */
export const CUSTOMER_NUMBER = /^[A-Za-z0-9]+$/

export type ParsedIdentity = { identity: IdentityName } | { problem: string }

export function parseIdentity(kind: IdentityKind, text: string): ParsedIdentity {
  if (kind === 'customer_number') {
    const number = parseCustomerNumber(text)
    return number === null ? { problem: 'is not a customer number' } : { identity: { kind, text: number } }
  }
  const problem = userIdProblem(text)
  return problem === null ? { identity: { kind, text } } : { problem }
}

/** The number as it is stored, or null when no customer can have it. */
export function parseCustomerNumber(text: string): string | null {
  const isPossible = text.length <= MAX_IDENTITY_CHARACTERS && CUSTOMER_NUMBER.test(text)
  return isPossible ? text.toUpperCase() : null
}

function userIdProblem(text: string): string | null {
  if (text === '') return 'is empty'
  // Counted in code points, as PostgreSQL counts; cheap unless the text is near the limit.
  if (text.length > MAX_IDENTITY_CHARACTERS && [...text].length > MAX_IDENTITY_CHARACTERS) {
    return `is longer than ${MAX_IDENTITY_CHARACTERS} characters`
  }
  // It would also make two different ids look alike once encoded.
  if (!isSoundText(text)) return 'has a character that cannot be stored'
  return null
}

/**
 * One of 64 parts that an identity's reports and events belong to, for ever: the unit by which work is spread over
 * projectors, and over database servers.
 */
export function sliceOf(identity: Identity): number {
  // As text, because a buffer costs more to make than the hash.
  return Number.parseInt(hash('sha256', identityKey(identity), 'hex').slice(0, 2), 16) & (SLICES - 1)
}

/** A text that no two identities share: kinds have no `/`, and ids of work providers have a fixed length. */
export function identityKey(identity: Identity): string {
  return `${identity.workProviderId}/${identity.kind}/${identity.text}`
}
