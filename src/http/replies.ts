import type { ServerResponse } from 'node:http'
import { errorCode, ERRORS, type Refusal } from '../domain/errors.ts'
import type { DeprecatedField } from '../domain/identity.ts'

/** The moment from which `policyId` and `driverId` are deprecated: 13 August 2018, as RFC 9745 writes it. */
export const DEPRECATED_SINCE = '@1534118400'
export const PENDING = '{"status":"PENDING"}'

/** On every answer: it is what its type says and nothing else, and no cache keeps what it tells of somebody. */
export const CLOSED_HEADERS: readonly string[] = ['X-Content-Type-Options', 'nosniff', 'Cache-Control', 'no-store']

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

/** What an answer says beside its body. */
export type ReplyContext = {
  readonly requestId: string
  /** The deprecated fields that the request used, as soon as they are seen. */
  deprecated: readonly DeprecatedField[]
  /** Whether the client's `Accept` names the problem type. */
  readonly wantsProblem: boolean
}

/** Names and values of headers in turn, as `node:http` takes them fastest. */
export type Headers = string[]

/** An answer, ready to be written; `body` null for none. */
export type Reply = { readonly status: number; readonly headers: Headers; readonly body: string | null }

export function reply(context: ReplyContext, status: number, body: string, extra: Headers = []): Reply {
  const headers = headersOf(context)
  headers.push('Content-Type', JSON_TYPE, ...extra)
  return { status, headers, body }
}

export function replyEmpty(context: ReplyContext): Reply {
  return { status: 204, headers: headersOf(context), body: null }
}

/** The bytes of the contract; what explains them goes into headers, or into a body that the client asked for by name. */
export function replyError(context: ReplyContext, refusal: Refusal, extra: Headers = []): Reply {
  const { status, title } = ERRORS[refusal.error]
  const code = errorCode(refusal.error)
  const retry = refusal.retryAfterSeconds === null ? [] : ['Retry-After', String(refusal.retryAfterSeconds)]
  const body = context.wantsProblem
    ? {
        type: 'about:blank',
        title,
        status,
        detail: refusal.detail,
        instance: `urn:uuid:${context.requestId}`,
        error: code,
      }
    : { error: code }
  const type = context.wantsProblem ? PROBLEM_TYPE : JSON_TYPE
  const headers = ['Content-Type', type, ...headersOf(context), ...extra, 'Zego-Error-Detail', refusal.detail, ...retry]
  return { status, headers, body: JSON.stringify(body) }
}

/** Whether an Accept header names the problem type itself (`*` does not) and does not rule it out. */
export function namesProblem(accept: string | undefined): boolean {
  if (accept === undefined) return false
  return accept
    .split(',')
    .map((part) =>
      part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/),
    )
    .some(([type, ...parameters]) => type === PROBLEM_TYPE && !parameters.some((one) => /^q=0(\.0*)?$/.test(one)))
}

export function write(outgoing: ServerResponse, { status, headers, body }: Reply): void {
  if (body !== null) headers.push('Content-Length', String(Buffer.byteLength(body)))
  outgoing.writeHead(status, headers).end(body)
}

function headersOf({ requestId, deprecated }: ReplyContext): Headers {
  const headers = ['Request-Id', requestId, ...CLOSED_HEADERS]
  if (deprecated.length > 0) headers.push('Deprecation', DEPRECATED_SINCE)
  return headers
}
