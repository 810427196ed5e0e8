import {
  fromTemporal,
  type Instant,
  MICROSECONDS_PER_MINUTE,
  MICROSECONDS_PER_SECOND,
  plus,
  temporal,
} from './instant.ts'
import type { Random } from './random.ts'
import type { Anomaly, Derived, Shift } from './shift-engine.ts'
import type { EventKind } from './shift-event.ts'
import { DEFAULT_CAP } from './work-provider.ts'

/*
 * When couriers work, what of it is told, and which shifts the rules make of that. What is expected follows from the plan
 * of the work alone, case by case: the engine, which it is compared with, is not asked.
 */

/** A stretch of work as it was, for one work provider. */
export type Stint = { readonly start: Instant; readonly end: Instant }

/** Hours that a courier likes to work, in minutes of the local day. */
type Habit = {
  readonly from: readonly [number, number]
  readonly minutes: readonly [number, number]
}

const HOUR = 60
const LUNCH: Habit = { from: [11 * HOUR, 12.5 * HOUR], minutes: [2 * HOUR, 3.5 * HOUR] }
const DINNER: Habit = { from: [17 * HOUR, 19 * HOUR], minutes: [2.5 * HOUR, 5 * HOUR] }
const NIGHT: Habit = { from: [20.5 * HOUR, 22.5 * HOUR], minutes: [4 * HOUR, 7 * HOUR] }
const DAYTIME: Habit = { from: [8 * HOUR, 10 * HOUR], minutes: [6 * HOUR, 9 * HOUR] }
/** Dinner is when most people order. */
const ROUNDS: readonly (readonly Habit[])[] = [
  [DINNER],
  [DINNER],
  [DINNER],
  [LUNCH, DINNER],
  [LUNCH, DINNER],
  [LUNCH],
  [NIGHT],
  [DAYTIME],
]

/** Apps are opened and closed one after another; no stint is shorter than a session less both. */
const MAX_APART_MINUTES = 30
const TIME_ZONE = 'Europe/London'
const PERCENT = 1 / 100
const WORKS = { least: 35, most: 80 } as const
const WORKS_FOR_EACH = 65 * PERCENT

/** The sessions of a courier on the days before `end`, in order and apart from each other. */
export function planSessions(random: Random, days: number, end: Instant): Stint[] {
  const rounds = random.pick(ROUNDS)
  const diligence = random.between(WORKS.least, WORKS.most) * PERCENT
  const today = temporal(end).toZonedDateTimeISO(TIME_ZONE).startOfDay()
  const sessions: Stint[] = []
  for (let ago = days; ago >= 0; ago--) {
    if (!random.chance(diligence)) continue
    const midnight = fromTemporal(today.subtract({ days: ago }).toInstant())
    for (const { from, minutes } of rounds) {
      const start = plus(midnight, random.between(from[0], from[1]) * MICROSECONDS_PER_MINUTE)
      sessions.push({ start, end: plus(start, random.between(minutes[0], minutes[1]) * MICROSECONDS_PER_MINUTE) })
    }
  }
  return sessions
}

/** What of a courier's sessions is work for one of several work providers. */
export function planStints(random: Random, sessions: readonly Stint[], isOnlyOne: boolean): Stint[] {
  return sessions.flatMap(({ start, end }) => {
    if (!isOnlyOne && !random.chance(WORKS_FOR_EACH)) return []
    const apart = (): number => random.between(0, MAX_APART_MINUTES * MICROSECONDS_PER_MINUTE)
    return [{ start: plus(start, apart()), end: plus(end, -apart()) }]
  })
}

/** A login or logout that is told, and when it happened. */
export type ToldWork = { readonly kind: EventKind; readonly at: Instant }

export type StreamPlan = {
  /** Those before the work provider's end, in the order in which they happened. */
  readonly stints: readonly Stint[]
  /** In the same order. */
  readonly told: readonly ToldWork[]
  /** What the rules make of it. */
  readonly expected: Derived
  readonly lostLogouts: number
}

const LOST_LOGOUT = 4 * PERCENT
const RESTARTED = 3 * PERCENT
const LOGGED_OUT_TWICE = 2 * PERCENT
const MAX_LOGOUT_AGAIN_SECONDS = 300

/**
 * Decides what is told of a stream's stints (in order, at least `MAX_LOGOUT_AGAIN_SECONDS` apart, each shorter than the cap) and
 * says what the rules make of that. Nothing that happens from `until` on is told.
 */
export function planStream(random: Random, all: readonly Stint[], until: Instant): StreamPlan {
  const stints = all.filter((stint) => stint.start < until)
  const told: ToldWork[] = []
  const shifts: Shift[] = []
  const anomalies: Anomaly[] = []
  let lostLogouts = 0
  for (let index = 0; index < stints.length; index++) {
    const { start, end } = stints[index]!
    const capAt = plus(start, DEFAULT_CAP)
    const isUnfinished = end >= until
    told.push({ kind: 'login', at: start })
    if (!isUnfinished && !random.chance(LOST_LOGOUT)) {
      if (random.chance(RESTARTED)) {
        const again = secondsAfter(start, random.between(1, Math.floor((end - start - 1) / MICROSECONDS_PER_SECOND)))
        told.push({ kind: 'login', at: again })
        anomalies.push({ at: again, kind: 'repeat' })
      }
      told.push({ kind: 'logout', at: end })
      shifts.push({ startedAt: start, endedAt: end, capAt })
      const again = secondsAfter(end, random.between(1, MAX_LOGOUT_AGAIN_SECONDS))
      if (random.chance(LOGGED_OUT_TWICE) && again < until) {
        told.push({ kind: 'logout', at: again })
        anomalies.push({ at: again, kind: 'orphan' })
      }
      continue
    }
    if (!isUnfinished) lostLogouts++
    const next = stints[index + 1]
    if (next === undefined || next.start >= capAt) {
      shifts.push({ startedAt: start, endedAt: null, capAt })
      continue
    }
    // The shift still seems open when the next stint begins: that login is a repeat, and its logout is told.
    index++
    told.push({ kind: 'login', at: next.start })
    anomalies.push({ at: next.start, kind: 'repeat' })
    const isNextUnfinished = next.end >= until
    if (!isNextUnfinished) told.push({ kind: 'logout', at: next.end })
    const isClosedByIt = !isNextUnfinished && next.end <= capAt
    shifts.push({ startedAt: start, endedAt: isClosedByIt ? next.end : null, capAt })
    if (!isNextUnfinished && !isClosedByIt) anomalies.push({ at: next.end, kind: 'orphan' })
  }
  return { stints, told, expected: { shifts, anomalies }, lostLogouts }
}

function secondsAfter(instant: Instant, seconds: number): Instant {
  return plus(instant, seconds * MICROSECONDS_PER_SECOND)
}

/** What is expected of a stream where the work provider's clocks are ahead by so much. */
export function ahead({ shifts, anomalies }: Derived, by: number): Derived {
  return {
    shifts: shifts.map(({ startedAt, endedAt, capAt }) => ({
      startedAt: plus(startedAt, by),
      endedAt: endedAt === null ? null : plus(endedAt, by),
      capAt: plus(capAt, by),
    })),
    anomalies: anomalies.map(({ at, kind }) => ({ at: plus(at, by), kind })),
  }
}
