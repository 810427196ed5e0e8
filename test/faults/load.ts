import { setTimeout as delay } from 'node:timers/promises'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import type { Answer, Client } from './client.ts'
import type { Random } from '../../src/domain/random.ts'

export type Item = { readonly userId: string; readonly at: Instant }

/** What one request says. It may be sent again when no answer came; no two contents share a report. */
export type Content = {
  readonly kind: EventKind
  readonly items: readonly Item[]
  sends: number
  /** The request ids of its 202s. */
  readonly acknowledged: string[]
}

/** Remembers every 202, and everything that was ever sent. */
export type Recorder = {
  readonly contents: Content[]
  sent: number
  /** Answers that were neither 202 nor a 503 that says when to come again: there may be none. */
  readonly unexpected: string[]
  /** A content that nobody sent before. */
  make(size: number): Content
  unanswered(): Content[]
}

const USER_IDS = 300
const DAYS_BACK_SECONDS = 20 * 24 * 3_600
export const BIG_BATCH = 1_000
const MAX_BATCH = 50

export function newRecorder(random: Random, now: Instant): Recorder {
  const contents: Content[] = []
  let made = 0
  return {
    contents,
    sent: 0,
    unexpected: [],
    make(size) {
      const items = Array.from({ length: size }, (): Item => {
        made += 1
        // The count in the microseconds makes each report one of its kind.
        const secondsAgo = random.between(60, DAYS_BACK_SECONDS)
        const at = plus(now, -secondsAgo * MICROSECONDS_PER_SECOND)
        // The first is one whose login makes a shift, whatever else comes.
        return {
          userId: `u${made === 1 ? 0 : random.below(USER_IDS)}`,
          at: plus(at, -(at % MICROSECONDS_PER_SECOND) + made),
        }
      })
      const kind = contents.length === 0 ? 'login' : random.pick(['login', 'logout'] as const)
      const content: Content = { kind, items, sends: 0, acknowledged: [] }
      contents.push(content)
      return content
    },
    unanswered: () => contents.filter((content) => content.acknowledged.length === 0),
  }
}

/** Mostly single reports, many small batches, now and then one of a thousand. */
export function randomSize(random: Random): number {
  if (random.chance(0.02)) return BIG_BATCH
  return random.chance(0.6) ? 1 : random.between(2, MAX_BATCH)
}

/** Sends one content and notes the answer. Answers its status, or null when none came. */
export async function send(
  client: Client,
  key: string,
  recorder: Recorder,
  content: Content,
): Promise<202 | 503 | number | null> {
  recorder.sent += 1
  content.sends += 1
  const items = content.items.map(({ userId, at }) => ({ workProviderUserId: userId, timestamp: formatInstant(at) }))
  const isSingle = items.length === 1
  const path = `/v1/${isSingle ? 'shift' : 'batch'}/${content.kind}/`
  const answer = await client.post(path, JSON.stringify(isSingle ? items[0] : items), key).catch(() => null)
  if (answer === null) return null
  const requestId = /^\/v1\/requests\/(.+)$/.exec(answer.headers.location ?? '')?.[1]
  if (answer.status === 202 && requestId !== undefined) content.acknowledged.push(requestId)
  else if (!isComeAgain(answer)) recorder.unexpected.push(`${answer.status} ${answer.body}`)
  return answer.status
}

/** A 503 that says when to come again. */
function isComeAgain({ status, headers }: Answer): boolean {
  return status === 503 && /^[1-9]\d*$/.test(headers['retry-after'] ?? '')
}

/** From when to when something lasted, on the clock of `performance.now()`. */
export type Span = { readonly fromMs: number; readonly untilMs: number }

export type Load = {
  /** How many 202s came so far, and how many 503s. */
  accepted(): number
  refused(): number
  /** From when to when each request was under way that was refused. */
  readonly refusals: readonly Span[]
  /** Lets requests under way finish. */
  stop(): Promise<void>
  /** Over when every connection found the server gone. */
  readonly over: Promise<unknown>
}

/** What a client waits after a 503: less than it is told, so that a test gets on. */
const PAUSE_MS = 50

/**
 * Sends without a pause over each connection, first what is `again`, until it is stopped or the server is gone; of a
 * server that `isThereAlways` that is not expected. What is answered 503 is sent again.
 */
export function startLoad(options: {
  client: Client
  key: string
  recorder: Recorder
  random: Random
  connections: number
  again?: readonly Content[]
  /** How many reports the next request has. */
  size?: (random: Random) => number
  isThereAlways?: boolean
}): Load {
  const { client, key, recorder, random, size = randomSize, isThereAlways = false } = options
  const again = [...(options.again ?? [])]
  let isStopping = false
  const refusals: Span[] = []
  let accepted = 0

  async function work(): Promise<void> {
    while (!isStopping) {
      const content = again.pop() ?? recorder.make(size(random))
      const fromMs = performance.now()
      const status = await send(client, key, recorder, content)
      if (status === 202) {
        accepted += 1
        continue
      }
      if (status === null) {
        if (isThereAlways) recorder.unexpected.push('no answer')
        return
      }
      refusals.push({ fromMs, untilMs: performance.now() })
      again.push(content)
      await delay(PAUSE_MS)
    }
  }

  const over = Promise.all(Array.from({ length: options.connections }, work))
  return {
    accepted: () => accepted,
    refused: () => refusals.length,
    refusals,
    over,
    async stop() {
      isStopping = true
      await over
    },
  }
}
