/** A person known to the insurer. */
export type Customer = {
  readonly customerNumber: string
  readonly email: string
  readonly name: string | null
}

export const MAX_EMAIL_CHARACTERS = 254
export const MAX_NAME_CHARACTERS = 200
export const MAX_PHONE_CHARACTERS = 30

/** Letters and digits that nobody confuses on the telephone. */
const ALPHABET = 'ACDEFGHJKLMNPQRTUVWXY34679'
const NUMBER_LENGTH = 8

/** A new customer number from random bytes, one a character: 26^8 of them, so that they are not guessed in a row. */
export function newCustomerNumber(random: Uint8Array): string {
  return Array.from(random.subarray(0, NUMBER_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** The bytes that `newCustomerNumber` needs. */
export const CUSTOMER_NUMBER_RANDOM_BYTES = NUMBER_LENGTH

/** How e-mail addresses are compared: trimmed and without case. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase()
}

/** What stands in place of an address that was erased: no mail can be sent to it (RFC 2606). */
export function erasedEmail(customerNumber: string): string {
  return `${customerNumber.toLowerCase()}${ERASED_HOST}`
}

export function isErasedEmail(email: string): boolean {
  return email.endsWith(ERASED_HOST)
}

const ERASED_HOST = '@erased.invalid'

/** Whether a text can be an address at all; whether it is one, only a mail to it shows. */
export function isPossibleEmail(email: string): boolean {
  return email.length <= MAX_EMAIL_CHARACTERS && /^[^\s@\0]+@[^\s@\0]+\.[^\s@\0]+$/.test(email) && email.isWellFormed()
}
