import type { AcceptedPart } from './answers.ts'

/** What the contract calls errors. Others may come: a code is any text. */
export type ZegoErrorCode =
  | 'MISSING_AUTH'
  | 'INVALID_KEY'
  | 'INVALID_DATA'
  | 'INVALID_CUSTOMER'
  | 'INVALID_CUSTOMER_EMAIL'
  | 'NOT_FOUND'
  | 'GONE'
  | 'METHOD_NOT_ALLOWED'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | (string & {})

/** Whatever keeps a call from an answer. The key is in none of them. */
export abstract class ZegoError extends Error {
  override name = 'ZegoError'
  /** How often the request was sent. */
  readonly attempts: number

  constructor(message: string, attempts: number, options?: { cause?: unknown }) {
    super(message, options)
    this.attempts = attempts
  }
}

export type Refusal = {
  readonly status: number
  /** The contract's `error`; null where something before the server answered. */
  readonly code: ZegoErrorCode | null
  /** What is wrong in words, for the person who reads a log; they may change. */
  readonly detail: string | null
  /** What support asks for. */
  readonly requestId: string | null
  /** From when on it may be sent again, if the answer says so. */
  readonly retryAfterMs: number | null
}

/** There was an answer, and it is not the one of success. */
export class RefusedError extends ZegoError {
  override name = 'RefusedError'
  readonly status: number
  readonly code: ZegoErrorCode | null
  readonly detail: string | null
  readonly requestId: string | null
  readonly retryAfterMs: number | null

  constructor(refusal: Refusal, attempts: number) {
    super(`${refusalText(refusal)}${afterAttempts(attempts)}`, attempts)
    this.status = refusal.status
    this.code = refusal.code
    this.detail = refusal.detail
    this.requestId = refusal.requestId
    this.retryAfterMs = refusal.retryAfterMs
  }
}

/** No answer came in time. What was sent may have been accepted all the same: send it again, it counts once. */
export class TimedOutError extends ZegoError {
  override name = 'TimedOutError'

  constructor(attempts: number, cause?: unknown) {
    super(`no answer came in time${afterAttempts(attempts)}`, attempts, { cause })
  }
}

/** There was no connection, or it broke. What was sent may have been accepted all the same: send it again, it counts once. */
export class BrokenConnectionError extends ZegoError {
  override name = 'BrokenConnectionError'

  constructor(attempts: number, cause?: unknown) {
    const message = 'there was no connection, or it broke before the answer was whole'
    super(`${message}${afterAttempts(attempts)}`, attempts, { cause })
  }
}

/**
 * A batch went in several requests: the first ones were accepted, a later one was not. `cause` says why, and counts
 * items from `nextItem`. `reports.slice(nextItem)` is what is left to send; the whole batch again does no harm either.
 */
export class PartlyAcceptedError extends ZegoError {
  override name = 'PartlyAcceptedError'
  /** What is on disk. */
  readonly accepted: readonly AcceptedPart[]
  /** The first item that is not known to be. */
  readonly nextItem: number

  constructor(accepted: readonly AcceptedPart[], cause: unknown) {
    const nextItem = accepted.reduce((count, part) => count + part.itemCount, 0)
    const why = cause instanceof Error ? cause.message : String(cause)
    const attempts = cause instanceof ZegoError ? cause.attempts : 0
    super(`the first ${nextItem} items were accepted; from item ${nextItem} on: ${why}`, attempts, { cause })
    this.accepted = accepted
    this.nextItem = nextItem
  }
}

function refusalText({ status, code, detail, requestId }: Refusal): string {
  const said = [code, detail].filter((text) => text !== null).join(': ')
  const from = requestId === null ? 'answered by something before the server' : `request ${requestId}`
  return `${status}${said === '' ? '' : ` ${said}`}, ${from}`
}

function afterAttempts(attempts: number): string {
  return attempts === 1 ? '' : ` (${attempts} attempts)`
}
