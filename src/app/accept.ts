import { setImmediate } from 'node:timers/promises'
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

/** The most events of one commit, unless a single request has more. */
const MAX_EVENTS_A_FLUSH = 20_000
/** What an event takes in the queue besides its identity's text, roughly. */
const EVENT_OVERHEAD_BYTES = 200

/** Requests that share a commit. It is open to more until its turn comes. */
type Group = {
  readonly requests: AcceptedRequest[]
  events: number
  bytes: number
  /** Settles when that can be said of the whole group, or its time is up: counted from its first request. */
  readonly over: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export type Acceptor = {
  /** Resolves when every report of the request is on disk. Rejects with a `Refusal` when that cannot be said. */
  accept(request: AcceptedRequest): Promise<void>
  /** What waits for the disk. */
  queued(): { events: number; bytes: number }
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>
}

/**
 * Takes reports in. One flush at a time writes all that waits in one statement and then answers all of them: the more
 * requests come at once, the more share a commit (group commit). Nothing else stands before the answer.
 *
 * `onStored` is called after each commit, to wake the projector.
 */
export function startAcceptor(context: Context, onStored: () => void, timeLimitMs = DATABASE_TIME_LIMIT_MS): Acceptor {
  const { limits } = context
  const waiting: Group[] = []
  let queuedEvents = 0
  let queuedBytes = 0
  let flushing: Promise<void> | null = null
  /** Those given up on too: they may still reach the disk. */
  const appending = new Set<Promise<void>>()

  function openGroup(events: number): Group {
    const last = waiting.at(-1)
    if (last !== undefined && last.events + events <= MAX_EVENTS_A_FLUSH) return last
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const group = { requests: [], events: 0, bytes: 0, over: withinTime(promise, timeLimitMs), resolve, reject }
    waiting.push(group)
    return group
  }

  async function flush(): Promise<void> {
    // Those whose requests are being read in this very moment share the first commit.
    await setImmediate()
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      try {
        // A connection that hangs must not hold up the next flush, which takes another.
        const begun = performance.now()
        const appended = appendToInbox(context.db, inboxColumnsOf(group.requests))
        const over = appended.catch(() => {}).finally(() => appending.delete(over))
        appending.add(over)
        await withinTime(appended, timeLimitMs)
        context.metrics.stored(group.events, (performance.now() - begun) / 1_000)
        onStored()
        group.resolve()
      } catch (error) {
        group.reject(isUnavailable(error) ? unavailable('the database cannot be reached') : error)
        context.log.error({ err: error, requests: group.requests.length }, 'reports were not stored')
      }
      queuedEvents -= group.events
      queuedBytes -= group.bytes
    }
    flushing = null
  }

  return {
    accept(request) {
      const events = request.reports.length
      const bytes = bytesOf(request)
      const isFull = queuedEvents + events > limits.queuedEvents || queuedBytes + bytes > limits.queuedBytes
      if (isFull) return Promise.reject(unavailable('too many reports wait for the disk'))
      queuedEvents += events
      queuedBytes += bytes
      const group = openGroup(events)
      group.requests.push(request)
      group.events += events
      group.bytes += bytes
      flushing ??= flush()
      return group.over
    },
    queued: () => ({ events: queuedEvents, bytes: queuedBytes }),
    async drain() {
      while (flushing !== null) await flushing
      await Promise.all(appending)
    },
  }
}

function bytesOf(request: AcceptedRequest): number {
  return request.reports.reduce((sum, report) => sum + report.identity.text.length + EVENT_OVERHEAD_BYTES, 0)
}

/** The reports of some requests, one row each. */
export function inboxColumnsOf(requests: readonly AcceptedRequest[]): InboxColumns {
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
    for (let item = 0; item < reports.length; item++) {
      const { identity, at } = reports[item]!
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
