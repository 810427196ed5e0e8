import { BrokenConnectionError, RefusedError, TimedOutError, ZegoError } from './errors.ts'
import { parseObject } from './json.ts'

/** How requests are sent, and sent again. */
export type Sending = {
  /** A function, so that nothing which prints what holds it prints the key. */
  readonly key: () => string
  /** Where the API is, without a slash at the end. */
  readonly baseUrl: string
  readonly fetch: typeof fetch
  /** Of one attempt, from its first byte to the last of its answer. */
  readonly timeoutMs: number
  /** Of all attempts at one request, and the waits between them. */
  readonly deadlineMs: number
  /** How often a request is sent again, at most. */
  readonly retries: number
  /** At least 0 and less than 1. */
  readonly random: () => number
  /** Resolves after a time; rejects, with its reason, when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  /** Milliseconds that never go back. */
  readonly now: () => number
}

export type Request = {
  readonly method: 'GET' | 'POST'
  /** Path and query, from `/v1` on. */
  readonly target: string
  readonly body?: string
  /** The only status that is success: a 202 alone says that a report is on disk. */
  readonly expects: 200 | 202 | 204
}

export type Answer = {
  readonly status: number
  readonly requestId: string
  readonly text: string
  /** How often the request was sent until it came. */
  readonly attempts: number
}

/** The longest first wait, and the longest of all; it doubles between them. */
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 10_000

/**
 * The answers that may be others soon. 408, 502 and 504 are time-outs and broken connections too, told by the server or
 * by what stands before it.
 */
const PASSING: ReadonlySet<number> = new Set([408, 429, 502, 503, 504])

/**
 * Sends a request until it succeeds, cannot, or may not be sent again. Any request may be sent twice: a report counts
 * once however often it is told, a match is the same word again, and the others only ask.
 */
export async function send(sending: Sending, request: Request, signal: AbortSignal | undefined): Promise<Answer> {
  const end = sending.now() + sending.deadlineMs
  for (let attempts = 1; ; attempts++) {
    signal?.throwIfAborted()
    const timeLimitMs = Math.min(sending.timeoutMs, end - sending.now())
    try {
      return await attempt(sending, request, { attempts, timeLimitMs, signal })
    } catch (error) {
      if (!isPassing(error) || attempts > sending.retries) throw error
      const wait = waitBefore(attempts, error, sending.random)
      if (sending.now() + wait >= end) throw error
      await sending.sleep(wait, signal)
    }
  }
}

function isPassing(error: unknown): error is ZegoError {
  return error instanceof RefusedError ? PASSING.has(error.status) : error instanceof ZegoError
}

/**
 * Full jitter, so that those whom one fault hit do not come back at one moment. What the server asked for by
 * Retry-After comes before it, for the same reason.
 */
function waitBefore(attempts: number, error: ZegoError, random: () => number): number {
  const asked = error instanceof RefusedError ? (error.retryAfterMs ?? 0) : 0
  return asked + random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1))
}

type Attempt = { readonly attempts: number; readonly timeLimitMs: number; readonly signal: AbortSignal | undefined }

async function attempt(sending: Sending, request: Request, how: Attempt): Promise<Answer> {
  const { attempts } = how
  const { response, text } = await exchange(sending, request, how)
  const { status, headers } = response
  const requestId = headers.get('Request-Id')
  // Every answer of the server has one: without it something else answered, which stored nothing.
  if (status === request.expects && requestId !== null) return { status, requestId, text, attempts }
  const detail = headers.get('Zego-Error-Detail')
  const retryAfter = retryAfterMs(headers.get('Retry-After'))
  throw new RefusedError({ status, code: codeOf(text), detail, requestId, retryAfterMs: retryAfter }, attempts)
}

async function exchange(
  { key, baseUrl, fetch }: Sending,
  { method, target, body }: Request,
  { attempts, timeLimitMs, signal }: Attempt,
): Promise<{ response: Response; text: string }> {
  const ending = new AbortController()
  const abort = (): void => ending.abort()
  let isOverdue = false
  const timer = setTimeout(() => {
    isOverdue = true
    abort()
  }, timeLimitMs)
  signal?.addEventListener('abort', abort)
  try {
    const response = await fetch(`${baseUrl}${target}`, {
      method,
      headers: { Authorization: key(), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
      // The API redirects no call: wherever a redirect leads, the key is not for it.
      redirect: 'manual',
      signal: ending.signal,
    })
    return { response, text: await response.text() }
  } catch (cause) {
    signal?.throwIfAborted()
    throw isOverdue ? new TimedOutError(attempts, cause) : new BrokenConnectionError(attempts, cause)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

function codeOf(text: string): string | null {
  const code = parseObject(text)?.['error']
  return typeof code === 'string' ? code : null
}

/** Seconds, or a date: what stands before the server may send either. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

/** Waits by the clock of the machine. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
      if (signal?.aborted === true) reject(signal.reason as Error)
      else resolve()
    }
    const timer = setTimeout(over, ms)
    signal?.addEventListener('abort', over)
    if (signal?.aborted === true) over()
  })
}
