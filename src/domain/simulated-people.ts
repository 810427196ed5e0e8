import { CUSTOMER_NUMBER_RANDOM_BYTES, newCustomerNumber } from './customer.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from './instant.ts'
import type { ConsentCameBy } from './link.ts'
import { bytesOf, type Random } from './random.ts'
import {
  FAMILY_NAMES,
  GIVEN_NAMES,
  NAMES_IN_OTHER_SCRIPTS,
  simulatedEmail,
  simulatedPhone,
  simulatedRegistration,
} from './simulated-names.ts'
import { UUID_RANDOM_BYTES, uuidOfInstant } from './uuid.ts'

/* Who the couriers of a simulation are, what they are insured by, and what they agreed to. */

export type SimulatedCustomer = {
  readonly customerNumber: string
  readonly name: string
  readonly email: string
  readonly phone: string | null
  readonly recordedAt: Instant
}

export type SimulatedPolicy = {
  readonly id: string
  readonly customerNumber: string
  readonly classOfUse: string
  readonly coverLevel: string
  readonly vehicleRegistration: string | null
  /** The name of the only work provider that it is good for. */
  readonly workProvider: string | null
  readonly validFrom: Instant
  readonly validTo: Instant | null
  readonly recordedAt: Instant
  /** When it was cancelled, from that instant on. */
  readonly cancelledAt: Instant | null
}

export type SimulatedConsent = {
  readonly given: boolean
  readonly at: Instant
  readonly cameBy: ConsentCameBy
}

/** The time of a simulation: from `from` until `until`. */
export type Period = { readonly from: Instant; readonly until: Instant }

const DAY = 24 * MICROSECONDS_PER_HOUR
const PERCENT = 1 / 100
const OTHER_SCRIPT = PERCENT
const HAS_PHONE = 70 * PERCENT
const MAX_KNOWN_FOR = 400 * DAY
const CLASS_OF_USE = 'Carriage of Goods for Hire & Reward'
const COVER_LEVELS = [
  'Third Party (TPO)',
  'Third Party (TPO)',
  'Third Party, Fire & Theft (TPFT)',
  'Comprehensive',
] as const

export function simulatedCustomer(random: Random, index: number, period: Period): SimulatedCustomer {
  const name = random.chance(OTHER_SCRIPT)
    ? random.pick(NAMES_IN_OTHER_SCRIPTS)
    : `${random.pick(GIVEN_NAMES)} ${random.pick(FAMILY_NAMES)}`
  return {
    customerNumber: newCustomerNumber(bytesOf(random, CUSTOMER_NUMBER_RANDOM_BYTES)),
    name,
    email: simulatedEmail(name, index),
    phone: random.chance(HAS_PHONE) ? simulatedPhone(random) : null,
    recordedAt: plus(period.from, -random.between(DAY, MAX_KNOWN_FOR)),
  }
}

/** What a customer is insured by: for most one policy all along; `workProviders` are those that they are linked to. */
export function simulatedPolicies(
  random: Random,
  customer: SimulatedCustomer,
  workProviders: readonly string[],
  period: Period,
): SimulatedPolicy[] {
  const within = (): Instant => plus(period.from, random.below(period.until - period.from))
  const usual: SimulatedPolicy = {
    id: idAt(random, customer.recordedAt),
    customerNumber: customer.customerNumber,
    classOfUse: CLASS_OF_USE,
    coverLevel: random.pick(COVER_LEVELS),
    vehicleRegistration: random.chance(60 * PERCENT) ? simulatedRegistration(random) : null,
    workProvider: null,
    validFrom: customer.recordedAt,
    validTo: null,
    recordedAt: customer.recordedAt,
    cancelledAt: null,
  }
  const fate = random.below(100)
  if (fate < 4) return []
  if (fate < 10 && workProviders.length > 0) return [{ ...usual, workProvider: random.pick(workProviders) }]
  if (fate < 14) {
    const validFrom = within()
    // Some are only put in after they began.
    const recordedAt = random.chance(0.5) ? plus(validFrom, -random.below(DAY)) : plus(validFrom, random.below(DAY))
    return [{ ...usual, validFrom, recordedAt: Math.min(recordedAt, period.until) as Instant }]
  }
  if (fate < 19) {
    const validTo = within()
    const ended = { ...usual, validTo }
    if (random.chance(0.5)) return [ended]
    const gap = random.below(2) * random.below(2 * DAY)
    const renewed = { ...usual, id: idAt(random, validTo), coverLevel: random.pick(COVER_LEVELS) }
    return [ended, { ...renewed, validFrom: plus(validTo, gap), recordedAt: validTo }]
  }
  if (fate < 21) return [{ ...usual, cancelledAt: within() }]
  return [usual]
}

/** What a customer said on a link, first words first: for most one yes, at the link's own time. None for a few. */
export function simulatedConsents(random: Random, linkedAt: Instant, period: Period): SimulatedConsent[] {
  const given: SimulatedConsent = {
    given: true,
    at: linkedAt,
    cameBy: random.pick(['link', 'link', 'match', 'home', 'staff']),
  }
  const fate = random.below(100)
  if (fate < 3) return []
  if (fate < 7) {
    const from = Math.max(linkedAt, period.from)
    const at = (from + random.below(period.until - from)) as Instant
    return at > linkedAt ? [given, { given: false, at, cameBy: 'home' }] : [given]
  }
  return [given]
}

/** When a link is made: for most before the period, for some late in it. */
export function simulatedLinkTime(random: Random, customer: SimulatedCustomer, { from, until }: Period): Instant {
  if (random.chance(10 * PERCENT)) return plus(from, random.below(until - from))
  return plus(customer.recordedAt, random.below(from - customer.recordedAt))
}

export function idAt(random: Random, at: Instant): string {
  return uuidOfInstant(at, bytesOf(random, UUID_RANDOM_BYTES))
}
