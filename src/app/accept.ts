import type { IdentityName } from '../domain/identity.ts'
import { sliceOf } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { isUnavailable } from '../storage/database.ts'
import { appendToInbox, type InboxColumns } from '../storage/inbox.ts'
import type { Context } from './context.ts'
import { DATABASE_TIME_LIMIT_MS, unavailable, withinTime } from './time-limit.ts'

/** One item of a request, read and found good. */
export type Report = { readonly identity: IdentityName; readonly at: Instant }

export type AcceptedRequest = {
  readonly requestId: string
  readonly workProviderId: string
  readonly kind: EventKind
  readonly reports: readonly Report[]
}

export type AcceptLimits = {
  /** How much may wait for the disk before further requests are refused. */
  readonly maxQueuedEvents: number
  readonly maxQueuedBytes: number
  /** How long a request waits for the disk. */
  readonly timeLimitMs: number
}

export const ACCEPT_LIMITS: AcceptLimits = {
  maxQueuedEvents: 200_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  timeLimitMs: DATABASE_TIME_LIMIT_MS,
}

/** The most events of one commit, unless a single request has more. */
const MAX_EVENTS_A_FLUSH = 20_000
/** What an event takes in the queue besides its identity's text, roughly. */
const EVENT_OVERHEAD_BYTES = 200

type Waiting = {
  readonly request: AcceptedRequest
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export type Acceptor = {
  /** Resolves when every report of the request is on disk. Throws a `Refusal` when that cannot be said. */
  accept(request: AcceptedRequest): Promise<void>
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>
}

/**
 * Takes reports in. One flush at a time writes all that waits in one statement and then answers all of them: the more
 * requests come at once, the more share a commit (group commit). Nothing else stands before the answer.
 *
 * `onStored` is called after each commit, to wake the projector.
 */
export function startAcceptor(context: Context, onStored: () => void, limits = ACCEPT_LIMITS): Acceptor {
  let waiting: Waiting[] = []
  let queuedEvents = 0
  let queuedBytes = 0
  let flushing: Promise<void> | null = null
  /** Those given up on too: they may still reach the disk. */
  const appending = new Set<Promise<void>>()

  function nextBatch(): Waiting[] {
    let events = 0
    const end = waiting.findIndex((one, index) => {
      events += one.request.reports.length
      return index > 0 && events > MAX_EVENTS_A_FLUSH
    })
    const batch = end === -1 ? waiting : waiting.slice(0, end)
    waiting = end === -1 ? [] : waiting.slice(end)
    return batch
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = nextBatch()
      try {
        // A connection that hangs must not hold up the next flush, which takes another.
        const appended = appendToInbox(context.db, columnsOf(batch.map((one) => one.request)))
        const over = appended.catch(() => {}).finally(() => appending.delete(over))
        appending.add(over)
        await withinTime(appended, limits.timeLimitMs)
        onStored()
        for (const one of batch) one.resolve()
      } catch (error) {
        for (const one of batch)
          one.reject(isUnavailable(error) ? unavailable('the database cannot be reached') : error)
        context.log.error({ err: error, requests: batch.length }, 'reports were not stored')
      }
      for (const one of batch) {
        queuedEvents -= one.request.reports.length
        queuedBytes -= one.bytes
      }
    }
    flushing = null
  }

  return {
    async accept(request) {
      const bytes = bytesOf(request)
      const isFull =
        queuedEvents + request.reports.length > limits.maxQueuedEvents || queuedBytes + bytes > limits.maxQueuedBytes
      if (isFull) throw unavailable('too many reports wait for the disk')
      queuedEvents += request.reports.length
      queuedBytes += bytes
      const stored = new Promise<void>((resolve, reject) => waiting.push({ request, bytes, resolve, reject }))
      flushing ??= flush()
      await withinTime(stored, limits.timeLimitMs)
    },
    async drain() {
      while (flushing !== null) await flushing
      await Promise.all(appending)
    },
  }
}

function bytesOf(request: AcceptedRequest): number {
  return request.reports.reduce((sum, report) => sum + report.identity.text.length + EVENT_OVERHEAD_BYTES, 0)
}

function columnsOf(requests: readonly AcceptedRequest[]): InboxColumns {
  const columns: InboxColumns = {
    slice: [],
    workProviderId: [],
    requestId: [],
    item: [],
    identityKind: [],
    identity: [],
    kind: [],
    at: [],
  }
  for (const { requestId, workProviderId, kind, reports } of requests) {
    for (const [item, { identity, at }] of reports.entries()) {
      columns.slice.push(sliceOf({ workProviderId, ...identity }))
      columns.workProviderId.push(workProviderId)
      columns.requestId.push(requestId)
      columns.item.push(item)
      columns.identityKind.push(identity.kind)
      columns.identity.push(identity.text)
      columns.kind.push(kind)
      columns.at.push(at)
    }
  }
  return columns
}
