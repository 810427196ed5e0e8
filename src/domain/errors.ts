/**
 * Everything that a caller can be told is wrong. The code is what the contract prints; the status is what it is sent
 * with. Nothing else in the program names a status for an error.
 */
export const ERRORS = {
  INVALID_DATA: { status: 400, title: 'The request is not of the form that the contract asks for' },
  MISSING_AUTH: { status: 401, title: 'The Authorization header is missing' },
  INVALID_KEY: { status: 401, title: 'The API key is not a live one' },
  INVALID_CUSTOMER: { status: 404, title: 'There is no such customer for this work provider' },
  INVALID_CUSTOMER_EMAIL: { status: 404, title: 'The e-mail address is not the one of this customer' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  FORBIDDEN: { status: 403, title: 'This did not come from our own pages' },
  GONE: { status: 410, title: 'What was here is not kept any more' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not take that method' },
  TOO_LARGE: { status: 413, title: 'The body or the batch is too large', code: 'INVALID_DATA' },
  RATE_LIMITED: { status: 429, title: 'This key sends faster than it may' },
  TIMEOUT: { status: 408, title: 'The request did not arrive in time', code: 'INVALID_DATA' },
  EXPECTATION_FAILED: { status: 417, title: 'The Expect header cannot be met', code: 'INVALID_DATA' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large', code: 'INVALID_DATA' },
  INTERNAL: { status: 500, title: 'The server is at fault' },
  UNAVAILABLE: { status: 503, title: 'The server cannot do this now; send the request again' },
} as const satisfies Record<string, { status: number; title: string; code?: string }>

export type ErrorName = keyof typeof ERRORS

/** What was asked for and is refused, in the API. `detail` explains it in printable ASCII, without the caller's data. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly error: ErrorName
  readonly detail: string
  readonly retryAfterSeconds: number | null

  constructor(error: ErrorName, detail: string, retryAfterSeconds: number | null = null) {
    super(`${error}: ${detail}`)
    this.error = error
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** What an operator asked for and cannot be done: one clear sentence. */
export class Impossible extends Error {
  override name = 'Impossible'
}

/** The contract's word for an error: two of them share one. */
export function errorCode(error: ErrorName): string {
  const entry = ERRORS[error]
  return 'code' in entry ? entry.code : error
}
