/** What has an exact time: `Temporal.Instant`, `Temporal.ZonedDateTime`, and those of a polyfill. */
export type InstantLike = { readonly epochNanoseconds: bigint }

/** When it happened. Text is ISO 8601 with an offset and is sent as it is; the server keeps microseconds. */
export type Timestamp = string | Date | InstantLike

export function timestampText(timestamp: Timestamp): string {
  if (typeof timestamp === 'string') return timestamp
  return timestamp instanceof Date ? timestamp.toISOString() : textOfNanoseconds(timestamp.epochNanoseconds)
}

export function unixSeconds(instant: Date | InstantLike): number {
  const seconds =
    instant instanceof Date ? instant.getTime() / 1_000 : Number(instant.epochNanoseconds / 1_000_000n) / 1_000
  if (!Number.isFinite(seconds)) throw new RangeError('an instant is not a time')
  return Math.floor(seconds)
}

/** To the microsecond, which a `Date` alone would lose. */
function textOfNanoseconds(nanoseconds: bigint): string {
  const microseconds = nanoseconds / 1_000n
  if (microseconds < 0n) throw new RangeError('a timestamp is before 1970')
  const toTheMillisecond = new Date(Number(microseconds / 1_000n)).toISOString().slice(0, -1)
  return `${toTheMillisecond}${String(microseconds % 1_000n).padStart(3, '0')}Z`
}
