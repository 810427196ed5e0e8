import {
  type Accepted,
  type AcceptedPart,
  type BatchAccepted,
  type RequestItem,
  type RequestState,
  requestStateFromWire,
  type Status,
  statusFromWire,
} from './answers.ts'
import { PartlyAcceptedError, RefusedError } from './errors.ts'
import { type FeedEntry, type FeedPage, feedPageFromWire } from './feed.ts'
import { type JsonObject, parseObject } from './json.ts'
import { batchParts, type Identity, identityFields, MAX_BATCH_ITEMS, type Report, reportBody } from './reports.ts'
import { type Answer, type Request, send, type Sending, sleep } from './sending.ts'

export type ClientOptions = {
  /** The bare key, as it was shown once. It belongs on a server, never in a page or an app. */
  readonly key: string
  /** Where the API is: `https://api.example.com`, with a path before `/v1` if there is one. */
  readonly baseUrl: string
  /** Of one attempt, from its first byte to the last of its answer: 10 s. */
  readonly timeoutMs?: number | undefined
  /** Of all attempts at one request, and the waits between them: 60 s. */
  readonly deadlineMs?: number | undefined
  /** How often a request is sent again, at most, after a 503, a 429, a time-out or a broken connection: 8. */
  readonly retries?: number | undefined
  /** How many items of a batch go in one request, at most: 10,000, as many as the server takes. */
  readonly maxBatchItems?: number | undefined
  /** For tests, and for runtimes that have their own. */
  readonly fetch?: typeof fetch | undefined
  readonly random?: Sending['random'] | undefined
  readonly sleep?: Sending['sleep'] | undefined
  readonly now?: Sending['now'] | undefined
}

/** A timer of JavaScript that is set for longer rings at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** `signal`: when it is aborted the call ends at once and rejects with the signal's reason. */
export type CallOptions = { readonly signal?: AbortSignal | undefined }

/**
 * A client of the Zego work-provider API. Every call is sent again by itself after what passes. It rejects with a
 * `RefusedError` for any answer that is not success, with a `TimedOutError` or a `BrokenConnectionError` when there was
 * none.
 */
export class WorkProviderClient {
  readonly #sending: Sending
  readonly #maxBatchItems: number

  constructor(options: ClientOptions) {
    const key = checkedKey(options.key)
    this.#maxBatchItems = checked('maxBatchItems', options.maxBatchItems ?? MAX_BATCH_ITEMS, 1)
    this.#sending = {
      key: () => key,
      baseUrl: checkedBaseUrl(options.baseUrl),
      fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
      timeoutMs: checked('timeoutMs', options.timeoutMs ?? 10_000, 1, LONGEST_TIMER_MS),
      deadlineMs: checked('deadlineMs', options.deadlineMs ?? 60_000, 1),
      retries: checked('retries', options.retries ?? 8, 0),
      random: options.random ?? Math.random,
      sleep: options.sleep ?? sleep,
      now: options.now ?? (() => performance.now()),
    }
  }

  /** A courier starts work. */
  shiftLogin(report: Report, options: CallOptions = {}): Promise<Accepted> {
    return this.#tell('/v1/shift/login', reportBody(report), options)
  }

  /** A courier stops work. */
  shiftLogout(report: Report, options: CallOptions = {}): Promise<Accepted> {
    return this.#tell('/v1/shift/logout', reportBody(report), options)
  }

  /**
   * Many couriers start work. More than one request can hold go in several, one after the other, each sent again by
   * itself: when a later one fails, a `PartlyAcceptedError` says which items were accepted.
   */
  batchLogin(reports: readonly Report[], options: CallOptions = {}): Promise<BatchAccepted> {
    return this.#tellBatch('/v1/batch/login', reports, options)
  }

  /** Many couriers stop work; as `batchLogin`. */
  batchLogout(reports: readonly Report[], options: CallOptions = {}): Promise<BatchAccepted> {
    return this.#tellBatch('/v1/batch/logout', reports, options)
  }

  /** You recognise a customer (`success`), or do not. */
  match(customerNumber: string, success: boolean, options: CallOptions = {}): Promise<Accepted> {
    return this.#tell('/v1/match', JSON.stringify({ customerNumber, success }), options)
  }

  /** Whether somebody may be given work. Refused with `INVALID_CUSTOMER` for whoever you may not see. */
  async userStatus(identity: Identity, { signal }: CallOptions = {}): Promise<Status> {
    const query = new URLSearchParams(identityFields(identity)).toString()
    return statusFromWire(await this.#ask(`/v1/user/status?${query}`, signal))
  }

  /**
   * Resolves if a customer has this number and, where one is given, this e-mail address. Refused with
   * `INVALID_CUSTOMER`, or with `INVALID_CUSTOMER_EMAIL`, if not.
   */
  async validateCustomerNumber(
    customerNumber: string,
    { email, signal }: CallOptions & { readonly email?: string | undefined } = {},
  ): Promise<void> {
    const query = email === undefined ? '' : `?${new URLSearchParams({ email }).toString()}`
    const target = `/v1/validate/customer-number/${encodeURIComponent(customerNumber)}${query}`
    await this.#send({ method: 'GET', target, expects: 204 }, signal)
  }

  /** What became of an accepted request; of one with reports a page, from the item `from` on. */
  async readRequest(
    requestId: string,
    { from = 0, signal }: CallOptions & { readonly from?: number | undefined } = {},
  ): Promise<RequestState> {
    const target = `/v1/requests/${encodeURIComponent(requestId)}${from === 0 ? '' : `?from=${from}`}`
    return requestStateFromWire(await this.#ask(target, signal))
  }

  /** What became of each report of an accepted request, page after page as they are asked for. */
  async *requestItems(requestId: string, { signal }: CallOptions = {}): AsyncGenerator<RequestItem, void, void> {
    for (let from: number | null = 0; from !== null;) {
      const state: RequestState = await this.readRequest(requestId, { from, signal })
      if ('match' in state) throw new TypeError(`request ${requestId} is a match, which has no items`)
      yield* state.items
      from = state.nextItem
    }
  }

  /**
   * What you are told after the entry of a number, up to 1,000 entries; from the first that is kept without one. Keep the
   * number of the last entry that you acted on. Refused with `GONE` where not all is kept that followed.
   */
  async feed(after = 0, { signal }: CallOptions = {}): Promise<FeedPage> {
    return feedPageFromWire(await this.#ask(`/v1/feed?after=${after}`, signal))
  }

  /** As `feed`, page after page as they are asked for; it ends with the last entry that there is. */
  async *feedEntries(after = 0, { signal }: CallOptions = {}): AsyncGenerator<FeedEntry, void, void> {
    for (let from: number | null = after; from !== null;) {
      const page: FeedPage = await this.feed(from, { signal })
      yield* page.entries
      from = page.nextAfter
    }
  }

  async #tell(target: string, body: string, { signal }: CallOptions): Promise<Accepted> {
    const { requestId } = await this.#send({ method: 'POST', target, body, expects: 202 }, signal)
    return { requestId }
  }

  async #tellBatch(target: string, reports: readonly Report[], options: CallOptions): Promise<BatchAccepted> {
    const accepted: AcceptedPart[] = []
    // All are written before any is sent: one that cannot be must not leave half a batch behind.
    for (const { firstItem, itemCount, body } of batchParts(reports, this.#maxBatchItems)) {
      try {
        accepted.push({ ...(await this.#tell(target, body, options)), firstItem, itemCount })
      } catch (error) {
        throw accepted.length === 0 ? error : new PartlyAcceptedError(accepted, error)
      }
    }
    return { parts: accepted }
  }

  async #ask(target: string, signal: AbortSignal | undefined): Promise<JsonObject> {
    const answer = await this.#send({ method: 'GET', target, expects: 200 }, signal)
    const body = parseObject(answer.text)
    if (body !== null) return body
    const { status, requestId, attempts } = answer
    const refusal = { status, code: null, detail: 'the answer is no JSON object', requestId, retryAfterMs: null }
    throw new RefusedError(refusal, attempts)
  }

  #send(request: Request, signal: AbortSignal | undefined): Promise<Answer> {
    return send(this.#sending, request, signal)
  }
}

/** Checked here, because what `fetch` says of a header that it cannot send has the header in it. */
function checkedKey(key: string): string {
  const bare = key.trim()
  if (!/^[\x20-\x7e]+$/.test(bare)) throw new TypeError('key is empty, or has characters that no key has')
  return bare
}

function checkedBaseUrl(baseUrl: string): string {
  const { protocol, username, password, search, hash, href } = new URL(baseUrl)
  const isPlain = username === '' && password === '' && search === '' && hash === ''
  if (!/^https?:$/.test(protocol) || !isPlain) {
    throw new TypeError('baseUrl is not the http or https URL of a server, without user, query and fragment')
  }
  return href.replace(/\/+$/, '')
}

function checked(name: string, value: number, min: number, max = Infinity): number {
  if (!(value >= min && value <= max)) throw new RangeError(`${name} is not a number from ${min} to ${max}`)
  return value
}
