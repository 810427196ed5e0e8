import { errorCode, ERRORS, type Refusal } from '../domain/errors.ts'

/** The moment from which `policyId` and `driverId` are deprecated: 13 August 2018, as RFC 9745 writes it. */
export const DEPRECATED_SINCE = '@1534118400'
export const PENDING = '{"status":"PENDING"}'

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'

/** What an answer says beside its body. */
export type ReplyContext = {
  readonly requestId: string
  /** Set as soon as a deprecated field is seen. */
  isDeprecated: boolean
  /** Whether the client's `Accept` names the problem type. */
  readonly wantsProblem: boolean
}

export function reply(
  context: ReplyContext,
  status: number,
  body: string,
  extra: Record<string, string> = {},
): Response {
  return new Response(body, { status, headers: { 'Content-Type': JSON_TYPE, ...headersOf(context), ...extra } })
}

export function replyEmpty(context: ReplyContext): Response {
  return new Response(null, { status: 204, headers: headersOf(context) })
}

/** The bytes of the contract; what explains them goes into headers, or into a body that the client asked for by name. */
export function replyError(context: ReplyContext, refusal: Refusal, extra: Record<string, string> = {}): Response {
  const { status, title } = ERRORS[refusal.error]
  const code = errorCode(refusal.error)
  const headers = {
    ...headersOf(context),
    ...extra,
    'Zego-Error-Detail': refusal.detail,
    ...(refusal.retryAfterSeconds === null ? {} : { 'Retry-After': String(refusal.retryAfterSeconds) }),
  }
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
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type, ...headers } })
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

function headersOf(context: ReplyContext): Record<string, string> {
  return context.isDeprecated
    ? { 'Request-Id': context.requestId, Deprecation: DEPRECATED_SINCE }
    : { 'Request-Id': context.requestId }
}
