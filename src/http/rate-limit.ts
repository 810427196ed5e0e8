import { type Instant, MICROSECONDS_PER_SECOND } from '../domain/instant.ts'
import { Refusal } from '../domain/errors.ts'
import type { Limits } from '../domain/limits.ts'

export type RateLimits = Pick<Limits, 'requestsPerSecond' | 'eventsPerSecond'>

type Allowance = { requests: number; events: number; at: Instant }

export type RateLimiter = {
  /** Throws a refusal when the key has used up what it may send. */
  admit(keyId: string, now: Instant): void
  /** Takes the events of an admitted request off the key's allowance, into debt if need be: they are never cut. */
  charge(keyId: string, events: number): void
}

/** Two token buckets a key, each of one second's worth, in this process's memory. */
export function rateLimiter(limits: RateLimits): RateLimiter {
  const allowances = new Map<string, Allowance>()
  const refill = (left: number, perSecond: number, seconds: number): number =>
    Math.min(perSecond, left + perSecond * seconds)
  return {
    admit(keyId, now) {
      const last = allowances.get(keyId)
      const seconds = last === undefined ? 1 : Math.max(0, now - last.at) / MICROSECONDS_PER_SECOND
      const requests = refill(last?.requests ?? 0, limits.requestsPerSecond, seconds)
      const events = refill(last?.events ?? 0, limits.eventsPerSecond, seconds)
      const isOver = requests < 1 || events <= 0
      allowances.set(keyId, { requests: isOver ? requests : requests - 1, events, at: now })
      if (!isOver) return
      const wait = Math.ceil(Math.max((1 - requests) / limits.requestsPerSecond, -events / limits.eventsPerSecond))
      throw new Refusal('RATE_LIMITED', 'this key sends faster than it may', Math.max(1, wait))
    },
    charge(keyId, events) {
      const allowance = allowances.get(keyId)
      if (allowance !== undefined) allowance.events -= events
    },
  }
}
