import type { DeskRole } from './desk.ts'

/**
 * Who does something. An operator is a user of the machine, a driver is named by customer number; staff, and the people
 * of a work provider, by the address that they were invited by.
 */
export type Actor = {
  readonly kind: 'operator' | 'driver' | 'program' | 'staff' | 'work provider'
  readonly name: string
}

/** The program itself: the demo it makes, say. */
export const PROGRAM: Actor = { kind: 'program', name: 'zego' }

export function driver(customerNumber: string): Actor {
  return { kind: 'driver', name: customerNumber }
}

export function deskActor({ role, email }: { readonly role: DeskRole; readonly email: string }): Actor {
  return { kind: role === 'work provider' ? 'work provider' : 'staff', name: email }
}

/** All that leaves a line in the audit log. */
export const AUDIT_ACTIONS = [
  'work provider created',
  'settings changed',
  'key created',
  'key imported',
  'key revoked',
  'key rotated',
  'sandbox made',
  'link secret created',
  'link secret revoked',
  'webhook endpoint added',
  'webhook endpoint removed',
  'webhook endpoint disabled',
  'webhook endpoint enabled',
  'webhook secret rotated',
  'webhook replayed',
  'customer created',
  'customer changed',
  'customer erased',
  'policy created',
  'policy cancelled',
  'user id bound',
  'user id released',
  'link created',
  'consent given',
  'consent withdrawn',
  'claim refused',
  'match declined',
  'terms added',
  'terms agreed',
  'event annulled',
  'event restored',
  'account opened',
  'account closed',
  'e-mail changed',
  'password changed',
  'sessions ended',
  'backup made',
  'backup restored',
  'person invited',
  'person joined',
  'person changed',
  'logged in',
  'second factor set',
  'second factor taken away',
  'case noted',
  'case done',
  'case opened again',
  'reports detached',
  'reports dropped',
  'simulation made',
  'events imported',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** What was done, and to what. Never a customer's address or name, nor a secret: the log outlives the person in it. */
export type AuditEntry = {
  readonly action: AuditAction
  /** The id of what was made or changed, where it has one. */
  readonly subject?: string
  readonly customerNumber?: string
  readonly workProviderId?: string
  /** What else there is to know: `before` and `after` of what was changed. */
  readonly details?: Readonly<Record<string, unknown>>
}
