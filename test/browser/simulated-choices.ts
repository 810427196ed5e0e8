import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { contains, type Interval } from '../../src/domain/interval.ts'
import { type LocalDay, localDayOf } from '../../src/domain/local-day.ts'
import type { SimulatedCourier, SimulatedWorld } from '../../src/domain/simulated-world.ts'
import type { Question, World } from '../oracle/facts.ts'
import { oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { isTypeable, wholeSecond } from './simulated-situations.ts'

/* Whom of the simulation to look at: where what was told, and when, decides. By the oracle. */

type Facts = (customerNumber: string) => World
type Report = World['reports'][number]

/** A report of a courier, by which they are covered at an instant after it. */
export type Decisive = {
  readonly courier: SimulatedCourier
  readonly report: Report
  /** A whole second that can be typed. */
  readonly at: Instant
}

export function isCoveredAt(world: World, customerNumber: string, at: Instant, question: Question): boolean {
  return oracleCover(world, customerNumber, question).some(({ from, to }) => from <= at && at < to)
}

/** Somebody, and a day on which they worked for several, by which they were covered too. */
export function severalAtWork(
  { couriers, period }: SimulatedWorld,
  factsOf: Facts,
  timeZone: string,
): { courier: SimulatedCourier; day: LocalDay } {
  const question = { now: period.until }
  for (const courier of couriers.filter(({ links }) => links.length > 1)) {
    const { customerNumber } = courier.customer
    const shifts = oracleShifts(factsOf(customerNumber), customerNumber, question)
    for (const { startedAt } of shifts) {
      const day = localDayOf(startedAt as Instant, timeZone)
      if (day.from < period.from || day.to > period.until) continue
      const names = new Set(
        shifts.filter((one) => contains(day, one.startedAt as Instant)).map((one) => one.workProvider),
      )
      const cover = oracleCover(factsOf(customerNumber), customerNumber, question)
      if (names.size > 1 && within(cover, day).length > 0) return { courier, day }
    }
  }
  throw new Error('nobody works for several in a day')
}

/** What of some stretches is in a span. */
export function within<T extends { from: number; to: number }>(stretches: readonly T[], span: Interval): T[] {
  return stretches.filter(({ from, to }) => from < span.to && to > span.from)
}

/** A login that became known long after: asked in between, it was not known that the courier was covered. */
export function lateLogin(world: SimulatedWorld, factsOf: Facts, timeZone: string): Decisive & { known: Instant } {
  for (const courier of world.couriers) {
    const { customerNumber } = courier.customer
    const facts = factsOf(customerNumber)
    for (const report of facts.reports.filter(
      ({ kind, at, receivedAt }) => kind === 'login' && receivedAt - at > 600e6,
    )) {
      const at = plus(wholeSecond(report.at), MICROSECONDS_PER_SECOND)
      const known = wholeSecond(report.receivedAt - MICROSECONDS_PER_SECOND)
      const after = plus(known, 3 * MICROSECONDS_PER_SECOND)
      if (![at, known].every((one) => isTypeable(one, timeZone))) continue
      if (isCoveredAt(facts, customerNumber, at, { now: known, asKnownAt: known })) continue
      if (!isCoveredAt(facts, customerNumber, at, { now: after, asKnownAt: after })) continue
      return { courier, report, at, known }
    }
  }
  throw new Error('no login came late')
}

/** Logins without which their couriers are not covered then: told under one name alone. */
export function decisiveLogins(world: SimulatedWorld, factsOf: Facts, count: number): Decisive[] {
  const found: Decisive[] = []
  for (const courier of world.couriers) {
    const { customerNumber } = courier.customer
    const facts = factsOf(customerNumber)
    const logins = facts.reports.filter(({ kind, at }) => kind === 'login' && at < world.period.until)
    const decisive = logins.find((report) => {
      const at = report.at as Instant
      return (
        isCoveredAt(facts, customerNumber, at, { now: world.period.until }) &&
        !isCoveredAt(withoutReport(facts, report), customerNumber, at, { now: world.period.until }) &&
        facts.reports.every(
          (one) => one === report || one.kind !== 'login' || Math.abs(one.at - report.at) > MICROSECONDS_PER_HOUR,
        )
      )
    })
    if (decisive !== undefined) found.push({ courier, report: decisive, at: decisive.at as Instant })
    if (found.length === count) return found
  }
  throw new Error(`only ${found.length} logins decide`)
}

function withoutReport(facts: World, { identity, kind, at, workProvider }: Report): World {
  const annulment = { seq: Number.MAX_SAFE_INTEGER, workProvider, identity, kind, at, annulled: true, recordedAt: at }
  return { ...facts, annulments: [...facts.annulments, annulment] }
}
