import { createHash } from 'node:crypto'
import { type Identity, identityKey, sliceOf } from './identity.ts'
import { type Instant, instantOfEpochMilliseconds, MICROSECONDS_PER_MILLISECOND } from './instant.ts'
import { formatUuid } from './uuid.ts'

export type EventKind = 'login' | 'logout'

/** A distinct report: what was told, apart from how often and when it was told. */
export type ShiftEvent = { readonly identity: Identity; readonly kind: EventKind; readonly at: Instant }

/** An event as the insurer knows it: when it first heard of it, in which request, and what staff said of it since. */
export type ReceivedEvent = ShiftEvent & {
  readonly receivedAt: Instant
  readonly requestId: string
  /** In the order in which they were recorded. */
  readonly annulments: readonly Annulment[]
}

/** Staff take a wrong event out of account, or (`annulled` false) take that back. The event itself stays. */
export type Annulment = {
  readonly annulled: boolean
  readonly reason: string
  readonly by: string
  readonly recordedAt: Instant
}

export function isAnnulled(event: ReceivedEvent): boolean {
  return event.annulments.at(-1)?.annulled ?? false
}

/**
 * The id of an event follows from the event alone, so that it is the same whatever the order of arrival, and after a
 * rebuild. It is a UUID of version 8: 48 bits of milliseconds of `at`, so that ids sort by time; 6 bits of slice, so
 * that the event is found without an index of its own; the rest is hash.
 */
export function eventId(event: ShiftEvent): string {
  const hash = createHash('sha256')
    .update(`${identityKey(event.identity)}/${event.kind}/${event.at}`)
    .digest()
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(Math.floor(event.at / MICROSECONDS_PER_MILLISECOND), 0, 6)
  const slice = sliceOf(event.identity)
  bytes[6] = 0x80 | (slice >> 2)
  bytes[7] = ((slice & 3) << 6) | (hash[0]! & 0x3f)
  hash.copy(bytes, 8, 1, 9)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return formatUuid(bytes)
}

/** Where an event of this id can be: its slice and its millisecond. Null when the text is no event's id. */
export function locateEvent(id: string): { slice: number; from: Instant; to: Instant } | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  const milliseconds = bytes.readUIntBE(0, 6)
  return {
    slice: ((bytes[6]! & 0x0f) << 2) | (bytes[7]! >> 6),
    from: instantOfEpochMilliseconds(milliseconds),
    to: instantOfEpochMilliseconds(milliseconds + 1),
  }
}
