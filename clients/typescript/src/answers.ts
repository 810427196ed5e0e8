import { isObject, type JsonObject } from './json.ts'

/** A 202: what was told is on disk. */
export type Accepted = {
  /** What support asks for, and what `readRequest` takes. */
  readonly requestId: string
}

/** A request of a batch that was accepted: these of the batch's items are on disk. */
export type AcceptedPart = Accepted & { readonly firstItem: number; readonly itemCount: number }

/** One part for each request that the batch was sent in, in its order; none for an empty batch. */
export type BatchAccepted = { readonly parts: readonly AcceptedPart[] }

/** Whether somebody may be given work. */
export type Status =
  | { readonly status: 'DISABLED'; readonly customerNumber: string }
  | {
      readonly status: 'ENABLED'
      readonly customerNumber: string
      readonly coverClassOfUse: string
      readonly coverLevel: string
      /** Null where the policy names no vehicle. */
      readonly vehicleRegistration: string | null
    }

/** What became of a request, as it stands when it is read. */
export type RequestState = ReportsState | MatchState

export type ReportsState = {
  readonly id: string
  readonly receivedAt: string
  /** A page of the items: 1,000, or those that are left. */
  readonly items: readonly RequestItem[]
  /** The index at which the next page begins; null on the last one. */
  readonly nextItem: number | null
}

export type MatchState = {
  readonly id: string
  readonly receivedAt: string
  readonly match: { readonly success: boolean; readonly outcome: MatchOutcome }
}

export type RequestItem = {
  /** The place in the request, from 0. */
  readonly index: number
  readonly kind: 'login' | 'logout'
  readonly at: string
  readonly outcome: ItemOutcome
  /** The shift that it opened or closed. */
  readonly shift: Shift | null
  /** The request that told the same first; null if this one did. */
  readonly duplicateOf: string | null
}

/**
 * `pending`: not worked out yet, or still ahead. `parked`: kept, but nobody you may see goes by this identity yet.
 * `opened`, `closed`: it began or ended a shift. `repeat`: a login while a shift was open. `orphan`: a logout while none
 * was. `empty`: login and logout at one instant.
 */
export type ItemOutcome = 'pending' | 'parked' | 'opened' | 'closed' | 'repeat' | 'orphan' | 'empty'

/** `matched`: the customer is linked to you. `parked`: kept until they are. `failed`: you said so. */
export type MatchOutcome = 'matched' | 'parked' | 'failed'

export type Shift = {
  readonly startedAt: string
  /** The logout; null without one, also where the cap ended it. */
  readonly endedAt: string | null
  /** When it ends if no logout comes. */
  readonly capAt: string
  readonly endReason: 'logout' | 'cap' | null
}

export function statusFromWire(body: JsonObject): Status {
  const customerNumber = body['customer_number'] as string
  if (body['status'] === 'DISABLED') return { status: 'DISABLED', customerNumber }
  return {
    status: 'ENABLED',
    customerNumber,
    coverClassOfUse: body['cover_class_of_use'] as string,
    coverLevel: body['cover_level'] as string,
    vehicleRegistration: (body['vehicle_registration'] as string | undefined) ?? null,
  }
}

export function requestStateFromWire(body: JsonObject): RequestState {
  const { id, receivedAt, match, items, next } = body
  const request = { id: id as string, receivedAt: receivedAt as string }
  if (isObject(match)) return { ...request, match: match as MatchState['match'] }
  return { ...request, items: items as RequestItem[], nextItem: next === null ? null : itemOf(next as string) }
}

/** `/v1/requests/<id>?from=1000` */
function itemOf(next: string): number {
  return Number(new URLSearchParams(next.slice(next.indexOf('?'))).get('from'))
}
