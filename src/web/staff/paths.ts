import type { IdentityName } from '../../domain/identity.ts'

/** Where the pages of the desk are: what others wrote is part of some. */
export function customerPath(customerNumber: string): string {
  return `/staff/customers/${encodeURIComponent(customerNumber)}`
}

export function requestPath(requestId: string): string {
  return `/staff/requests/${encodeURIComponent(requestId)}`
}

/** The case of an identity that nobody holds. */
export function parkedPath(workProviderId: string, { kind, text }: IdentityName): string {
  return `/staff/reconciliation/parked/${workProviderId}/${kind}/${encodeURIComponent(text)}`
}
