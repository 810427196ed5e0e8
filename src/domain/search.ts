import { emailKey, isPossibleEmail } from './customer.ts'
import { parseCustomerNumber, parseIdentity } from './identity.ts'
import { timeOfUuid } from './uuid.ts'

/** What a text typed into the search box can be; null for what it cannot be. */
export type Wanted = {
  readonly customerNumber: string | null
  readonly email: string | null
  /** Byte for byte. */
  readonly userId: string | null
  /** Without spaces, in capitals. */
  readonly registration: string | null
  readonly requestId: string | null
  readonly emailBeginning: string | null
  readonly nameBeginnings: readonly string[]
}

export const MAX_SEARCH_CHARACTERS = 255
/** One letter is the beginning of too many. */
export const MIN_BEGINNING_CHARACTERS = 2
const MAX_WORDS = 8
const MAX_REGISTRATION_CHARACTERS = 20

/** `text` is trimmed and not empty. */
export function wantedOf(text: string): Wanted {
  const userId = parseIdentity('user_id', text)
  const registration = text.replaceAll(/\s/g, '').toUpperCase()
  const key = emailKey(text)
  const isBeginning = text.length >= MIN_BEGINNING_CHARACTERS
  return {
    customerNumber: parseCustomerNumber(text),
    email: isPossibleEmail(key) ? key : null,
    userId: 'problem' in userId ? null : userId.identity.text,
    registration: registration.length <= MAX_REGISTRATION_CHARACTERS ? registration : null,
    requestId: timeOfUuid(key) === null ? null : key,
    emailBeginning: isBeginning && !/\s/.test(key) ? key : null,
    nameBeginnings: isBeginning ? text.split(/\s+/).slice(0, MAX_WORDS) : [],
  }
}
