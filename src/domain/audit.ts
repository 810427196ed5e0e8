/** Who does something. An operator is a user of the machine, a driver is named by customer number. */
export type Actor = { readonly kind: 'operator' | 'driver' | 'program'; readonly name: string }

/** The program itself: the demo it makes, say. */
export const PROGRAM: Actor = { kind: 'program', name: 'zego' }

export function driver(customerNumber: string): Actor {
  return { kind: 'driver', name: customerNumber }
}

/** All that leaves a line in the audit log. */
export const AUDIT_ACTIONS = [
  'work provider created',
  'settings changed',
  'key created',
  'key imported',
  'key revoked',
  'key rotated',
  'link secret created',
  'link secret revoked',
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
  'backup made',
  'backup restored',
  'reports detached',
  'reports dropped',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

/** What was done, and to what. Never an address, a name or a secret: the log outlives the person in it. */
export type AuditEntry = {
  readonly action: AuditAction
  /** The id of what was made or changed, where it has one. */
  readonly subject?: string
  readonly customerNumber?: string
  readonly workProviderId?: string
  /** What else there is to know: `before` and `after` of what was changed. */
  readonly details?: Readonly<Record<string, unknown>>
}
