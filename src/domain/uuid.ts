import { type Instant, instantOfEpochMilliseconds, MICROSECONDS_PER_MILLISECOND } from './instant.ts'

/** The sixteen bytes of a UUID as text. */
export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Whether a text is a UUID of any version: others are not asked of a column of UUIDs. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

const UUID_BYTES = 16
/** The bytes of randomness that `uuidOfInstant` needs. */
export const UUID_RANDOM_BYTES = 10

/** A UUID of version 7: the milliseconds of an instant, then randomness. */
export function uuidOfInstant(at: Instant, random: Uint8Array): string {
  const bytes = Buffer.alloc(UUID_BYTES)
  bytes.writeUIntBE(Math.floor(at / MICROSECONDS_PER_MILLISECOND), 0, UUID_BYTES - UUID_RANDOM_BYTES)
  bytes.set(random.subarray(0, UUID_RANDOM_BYTES), UUID_BYTES - UUID_RANDOM_BYTES)
  bytes[6] = 0x70 | (bytes[6]! & 0x0f)
  bytes[8] = 0x80 | (bytes[8]! & 0x3f)
  return formatUuid(bytes)
}

/** The milliseconds that a UUID of version 7 begins with; null for any other text. */
export function timeOfUuid(id: string): Instant | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) return null
  return instantOfEpochMilliseconds(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** The lowest that a UUID of version 7 made at an instant, or later, can be: a bound, and no id of anything. */
export function lowestUuidOf(instant: Instant): string {
  const bytes = Buffer.alloc(UUID_BYTES)
  bytes.writeUIntBE(Math.ceil(instant / MICROSECONDS_PER_MILLISECOND), 0, UUID_BYTES - UUID_RANDOM_BYTES)
  return formatUuid(bytes)
}
