import { type Instant, MICROSECONDS_PER_MILLISECOND } from '../domain/instant.ts'

/*
 * Arrays as PostgreSQL sends them in binary: what takes thousands of rows in one statement is written as bytes once,
 * where text would be escaped here, sent longer, and read character by character there.
 *
 * One dimension: number of dimensions, whether there are nulls (nobody asks), the type's oid, length, lower bound; then
 * each element after its length in bytes, -1 for a null.
 */
const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const OIDS = { boolean: 16, bigint: 20, smallint: 21, integer: 23, text: 25, timestamptz: 1184, uuid: 2950 } as const
const UUID_BYTES = 16
const TWO_TO_32 = 2 ** 32
/** PostgreSQL counts from the year 2000. */
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1) * MICROSECONDS_PER_MILLISECOND

export function booleanArray(values: readonly boolean[]): Buffer {
  return fixedArray(OIDS.boolean, 1, values, (bytes, value, at) => void (bytes[at] = value ? 1 : 0))
}

export function smallintArray(values: readonly number[]): Buffer {
  return fixedArray(OIDS.smallint, 2, values, (bytes, value, at) => void bytes.writeInt16BE(value, at))
}

export function integerArray(values: readonly number[]): Buffer {
  return fixedArray(OIDS.integer, 4, values, (bytes, value, at) => void bytes.writeInt32BE(value, at))
}

/** Whole numbers that JavaScript holds exactly. */
export function bigintArray(values: readonly number[]): Buffer {
  return fixedArray(OIDS.bigint, 8, values, (bytes, value, at) => writeInt64(bytes, value, at))
}

export function timestampArray(values: readonly (Instant | null)[]): Buffer {
  return fixedArray(OIDS.timestamptz, 8, values, (bytes, value, at) => writeInt64(bytes, value, at, POSTGRES_EPOCH))
}

/** Ids in the usual form, with dashes. Neighbours are often the same one: it is read once. */
export function uuidArray(values: readonly string[]): Buffer {
  let last = ''
  let lastAt = 0
  return fixedArray(OIDS.uuid, UUID_BYTES, values, (bytes, value, at) => {
    if (value === last) {
      bytes.copyWithin(at, lastAt, lastAt + UUID_BYTES)
      return
    }
    bytes.write(value.replaceAll('-', ''), at, 'hex')
    last = value
    lastAt = at
  })
}

export function textArray(values: readonly string[]): Buffer {
  const room = values.reduce((sum, value) => sum + LENGTH_BYTES + 3 * value.length, HEADER_BYTES)
  const bytes = Buffer.allocUnsafe(room)
  let at = writeHeader(bytes, OIDS.text, values.length)
  for (const value of values) {
    const written = bytes.write(value, at + LENGTH_BYTES)
    bytes.writeInt32BE(written, at)
    at += LENGTH_BYTES + written
  }
  return bytes.subarray(0, at)
}

function fixedArray<T>(
  oid: number,
  elementBytes: number,
  values: readonly (T | null)[],
  write: (bytes: Buffer, value: T, at: number) => void,
): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + values.length * (LENGTH_BYTES + elementBytes))
  let at = writeHeader(bytes, oid, values.length)
  for (const value of values) {
    bytes.writeInt32BE(value === null ? NULL_LENGTH : elementBytes, at)
    at += LENGTH_BYTES
    if (value === null) continue
    write(bytes, value, at)
    at += elementBytes
  }
  return bytes.subarray(0, at)
}

/**
 * Writes `value - less`, exactly: the halves are subtracted, since the difference itself may be no exact number.
 * `writeBigInt64BE` would make a bigint of each.
 */
function writeInt64(bytes: Buffer, value: number, at: number, less = 0): void {
  const high = Math.floor(value / TWO_TO_32)
  const lessHigh = Math.floor(less / TWO_TO_32)
  const low = value - high * TWO_TO_32 - (less - lessHigh * TWO_TO_32)
  bytes.writeInt32BE(high - lessHigh - (low < 0 ? 1 : 0), at)
  bytes.writeUInt32BE(low < 0 ? low + TWO_TO_32 : low, at + 4)
}

/** Answers where the first element goes. */
function writeHeader(bytes: Buffer, oid: number, length: number): number {
  bytes.writeInt32BE(1, 0)
  bytes.writeInt32BE(0, 4)
  bytes.writeInt32BE(oid, 8)
  bytes.writeInt32BE(length, 12)
  bytes.writeInt32BE(1, 16)
  return HEADER_BYTES
}
