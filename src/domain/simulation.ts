import type { IdentityName } from './identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from './instant.ts'
import { earlier, later } from './interval.ts'
import { type Random, seededRandom } from './random.ts'
import { type Sent, send } from './simulated-deliveries.ts'
import {
  idAt,
  type Period,
  simulatedConsents,
  type SimulatedCustomer,
  simulatedCustomer,
  simulatedLinkTime,
  simulatedPolicies,
} from './simulated-people.ts'
import { ahead, planSessions, planStints, planStream, type Stint, type StreamPlan } from './simulated-work.ts'
import { type SimulatedWorkProvider, simulatedWorkProviders } from './simulated-work-providers.ts'
import type {
  SimulatedClaim,
  SimulatedCourier,
  SimulatedLink,
  SimulatedMatch,
  SimulatedRequest,
  SimulatedWorld,
  SimulationSize,
} from './simulated-world.ts'

/*
 * A made-up insurer's last days: who its couriers are, when they worked, and what it was told of that, when, how often
 * and how badly. It keeps what really happened, so that what the server made of it can be compared. A function of its
 * arguments alone.
 */

const DAY = 24 * MICROSECONDS_PER_HOUR
const PERCENT = 1 / 100
const WITHOUT_LINK = 2 * PERCENT
const ONLY_BY_NUMBER = 5 * PERCENT
const SECOND_USER_ID = 8 * PERCENT
/** One in so many couriers. */
const A_STRANGER_IN = 20
const A_MISMATCH_IN = 40
const MIN_OF_EACH = 2

/** What is gathered while a world is made. */
type Making = {
  readonly random: Random
  readonly period: Period
  readonly days: number
  readonly sent: Map<SimulatedWorkProvider, Sent[]>
  readonly numbers: Set<string>
  readonly userIds: Set<string>
  lostLogouts: number
}

/** The world up to an instant. */
export function simulatedWorld({ drivers, days, seed }: SimulationSize, until: Instant): SimulatedWorld {
  const random = seededRandom(seed)
  const period = { from: plus(until, -days * DAY), until }
  const workProviders = simulatedWorkProviders(period)
  const sent = new Map(workProviders.map((one) => [one, [] as Sent[]]))
  const making: Making = { random, period, days, sent, numbers: new Set(), userIds: new Set(), lostLogouts: 0 }
  const couriers = Array.from({ length: drivers }, (_, index) => makeCourier(making, index, workProviders))
  const parked = makeStrangers(making, couriers, workProviders)
  const { matches, claims } = makeCases(making, couriers, workProviders)
  const all = [...sent.values()].flat()
  return {
    period,
    workProviders,
    couriers,
    matches,
    claims,
    requests: inRequests(random, sent),
    counts: {
      lostLogouts: making.lostLogouts,
      duplicates: all.filter((one) => one.isAgain).length,
      late: all.filter((one) => one.isLate && !one.isAgain).length,
      parked,
    },
  }
}

function makeCourier(making: Making, index: number, workProviders: readonly SimulatedWorkProvider[]): SimulatedCourier {
  const { random, period, days } = making
  const customer = newOf(
    making.numbers,
    () => simulatedCustomer(random, index, period),
    (one) => one.customerNumber,
  )
  const chosen = chooseWorkProviders(random, workProviders)
  const sessions = planSessions(random, days, period.until)
  const links = chosen.map((by): SimulatedLink => {
    const userIds = random.chance(ONLY_BY_NUMBER) ? [] : [newUserId(making, by)]
    if (userIds.length > 0 && random.chance(SECOND_USER_ID)) userIds.push(newUserId(making, by))
    const recordedAt = simulatedLinkTime(random, customer, period)
    const plan = work(making, sessions, by, chosen.length === 1)
    const number: IdentityName = { kind: 'customer_number', text: customer.customerNumber }
    tell(making, plan, by, [number, ...userIds.map((text): IdentityName => ({ kind: 'user_id', text }))])
    return {
      workProvider: by.name,
      customerNumber: customer.customerNumber,
      userIds,
      recordedAt,
      consents: simulatedConsents(random, recordedAt, period),
      work: plan.stints,
      expected: ahead(plan.expected, by.clockAhead),
    }
  })
  const names = chosen.map((one) => one.name)
  return { customer, policies: simulatedPolicies(random, customer, names, period), links }
}

function chooseWorkProviders(
  random: Random,
  workProviders: readonly SimulatedWorkProvider[],
): readonly SimulatedWorkProvider[] {
  if (random.chance(WITHOUT_LINK)) return []
  const chosen = workProviders.filter((one) => random.chance(one.share))
  return chosen.length > 0 ? chosen : [workProviders[0]!]
}

function work(
  { random, period }: Making,
  sessions: readonly Stint[],
  by: SimulatedWorkProvider,
  isOnlyOne: boolean,
): StreamPlan {
  const tick = (at: Instant): Instant => (at - (at % by.tick)) as Instant
  const stints = planStints(random, sessions, isOnlyOne)
    .map(({ start, end }) => ({ start: tick(start), end: tick(end) }))
    .filter(({ start }) => start >= period.from)
  return planStream(random, stints, by.until)
}

function tell(making: Making, plan: StreamPlan, by: SimulatedWorkProvider, names: readonly IdentityName[]): void {
  const isUsual = (name: IdentityName): boolean => name.kind === by.usualName
  const usual = names.some(isUsual) ? names.filter(isUsual) : names
  const others = names.filter((name) => !usual.includes(name))
  making.sent.get(by)!.push(...send(making.random, plan, { usual, others }, by))
  making.lostLogouts += plan.lostLogouts
}

/** Persons whom nobody holds: ids never bound, and numbers of customers without a link there. Answers how many are told of. */
function makeStrangers(
  making: Making,
  couriers: readonly SimulatedCourier[],
  workProviders: readonly SimulatedWorkProvider[],
): number {
  const { random, days, period } = making
  let parked = 0
  const appear = (by: SimulatedWorkProvider, name: IdentityName): void => {
    const plan = work(making, planSessions(random, Math.min(days, 5), period.until), by, true)
    if (plan.told.length > 0) parked++
    tell(making, plan, by, [name])
  }
  for (let count = several(couriers.length, A_STRANGER_IN); count > 0; count--) {
    const by = random.pick(workProviders)
    appear(by, { kind: 'user_id', text: newUserId(making, by) })
  }
  for (const { customer, by } of pairsWithoutLink(making, couriers, workProviders)) {
    appear(by, { kind: 'customer_number', text: customer.customerNumber })
  }
  return parked
}

/** Matches good and bad, and claims to ids that others hold. */
function makeCases(
  making: Making,
  couriers: readonly SimulatedCourier[],
  workProviders: readonly SimulatedWorkProvider[],
): { matches: SimulatedMatch[]; claims: SimulatedClaim[] } {
  const { random, period } = making
  const matches: SimulatedMatch[] = []
  const say = (workProvider: string, customerNumber: string, success: boolean, at: Instant): void => {
    const receivedAt = earlier(at, plus(period.until, -1))
    matches.push({ requestId: idAt(random, receivedAt), workProvider, customerNumber, success, receivedAt })
  }
  const within = (): Instant => plus(period.from, random.below(period.until - period.from))
  for (const { links } of couriers) {
    for (const { workProvider, customerNumber, recordedAt } of links) {
      if (random.chance(0.7))
        say(workProvider, customerNumber, true, plus(recordedAt, random.below(MICROSECONDS_PER_HOUR)))
      if (random.chance(2 * PERCENT)) say(workProvider, customerNumber, false, later(within(), plus(recordedAt, DAY)))
    }
  }
  for (const { customer, by } of pairsWithoutLink(making, couriers, workProviders)) {
    say(by.name, customer.customerNumber, true, within())
  }
  for (let count = several(couriers.length, A_MISMATCH_IN); count > 0; count--) {
    const stranger = newOf(
      making.numbers,
      () => simulatedCustomer(random, 0, period),
      (one) => one.customerNumber,
    )
    say(random.pick(workProviders).name, stranger.customerNumber, true, within())
  }
  const claims: SimulatedClaim[] = []
  const held = couriers.flatMap(({ links }) => links.filter((link) => link.userIds.length > 0))
  for (let count = Math.min(several(couriers.length, 2 * A_MISMATCH_IN), held.length); count > 0; count--) {
    const { workProvider, userIds, customerNumber } = random.pick(held)
    const rival = random.pick(couriers).customer.customerNumber
    if (rival === customerNumber) continue
    claims.push({ workProvider, userId: userIds[0]!, customerNumber: rival, recordedAt: within() })
  }
  return { matches, claims }
}

/** Customers with a work provider that they are not linked to. */
function pairsWithoutLink(
  { random }: Making,
  couriers: readonly SimulatedCourier[],
  workProviders: readonly SimulatedWorkProvider[],
): { customer: SimulatedCustomer; by: SimulatedWorkProvider }[] {
  return Array.from({ length: several(couriers.length, A_MISMATCH_IN) }, () => {
    const { customer, links } = random.pick(couriers)
    const by = random.pick(workProviders)
    return links.some((link) => link.workProvider === by.name) ? [] : [{ customer, by }]
  }).flat()
}

/** What arrives at one moment and is of one kind came in one request. */
function inRequests(random: Random, sent: ReadonlyMap<SimulatedWorkProvider, readonly Sent[]>): SimulatedRequest[] {
  const requests = [...sent].flatMap(([{ name }, all]) =>
    [...Map.groupBy(all, (one) => `${one.kind}/${one.arrivedAt}`).values()].map((together) => ({
      workProvider: name,
      kind: together[0]!.kind,
      receivedAt: together[0]!.arrivedAt,
      reports: together.map(({ identity, at }) => ({ identity, at })),
    })),
  )
  return requests
    .sort((one, other) => one.receivedAt - other.receivedAt)
    .map((request) => ({ requestId: idAt(random, request.receivedAt), ...request }))
}

function newUserId({ random, userIds }: Making, by: SimulatedWorkProvider): string {
  return newOf(
    userIds,
    () => by.userId(random),
    (id) => id,
  )
}

/** One whose key is not among those taken; notes its key. */
function newOf<T>(taken: Set<string>, make: () => T, keyOf: (one: T) => string): T {
  for (;;) {
    const one = make()
    const key = keyOf(one)
    if (taken.has(key)) continue
    taken.add(key)
    return one
  }
}

function several(couriers: number, inSoMany: number): number {
  return Math.max(MIN_OF_EACH, Math.floor(couriers / inSoMany))
}
