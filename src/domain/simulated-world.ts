import type { IdentityName } from './identity.ts'
import type { Instant } from './instant.ts'
import type { Derived } from './shift-engine.ts'
import type { EventKind } from './shift-event.ts'
import type { Period, SimulatedConsent, SimulatedCustomer, SimulatedPolicy } from './simulated-people.ts'
import type { Stint } from './simulated-work.ts'
import type { SimulatedWorkProvider } from './simulated-work-providers.ts'

/** Rises when the same arguments make another world, so that an older one is not compared with it. */
export const SIMULATION_VERSION = 1

export type SimulationSize = { readonly drivers: number; readonly days: number; readonly seed: number }

export type SimulatedLink = {
  readonly workProvider: string
  readonly customerNumber: string
  readonly userIds: readonly string[]
  readonly recordedAt: Instant
  readonly consents: readonly SimulatedConsent[]
  /** When the courier worked, by right clocks. */
  readonly work: readonly Stint[]
  /** What the rules make of what was told: what the server has to hold. */
  readonly expected: Derived
}

export type SimulatedMatch = {
  readonly requestId: string
  readonly workProvider: string
  readonly customerNumber: string
  readonly success: boolean
  readonly receivedAt: Instant
}

/** A customer who claims a user id that another one holds. */
export type SimulatedClaim = {
  readonly workProvider: string
  readonly userId: string
  readonly customerNumber: string
  readonly recordedAt: Instant
}

/** One request with reports: when the insurer had it, and all that it told. */
export type SimulatedRequest = {
  readonly requestId: string
  readonly workProvider: string
  readonly kind: EventKind
  readonly receivedAt: Instant
  readonly reports: readonly { readonly identity: IdentityName; readonly at: Instant }[]
}

/** A courier and all that is known of them. */
export type SimulatedCourier = {
  readonly customer: SimulatedCustomer
  readonly policies: readonly SimulatedPolicy[]
  readonly links: readonly SimulatedLink[]
}

export type SimulationCounts = {
  readonly lostLogouts: number
  readonly duplicates: number
  readonly late: number
  readonly parked: number
}

export type SimulatedWorld = {
  readonly period: Period
  readonly workProviders: readonly SimulatedWorkProvider[]
  readonly couriers: readonly SimulatedCourier[]
  readonly matches: readonly SimulatedMatch[]
  readonly claims: readonly SimulatedClaim[]
  /** In the order in which they arrived. */
  readonly requests: readonly SimulatedRequest[]
  readonly counts: SimulationCounts
}
