import type { Instant } from './instant.ts'

/** Times from `from` up to, but not including, `to`. */
export type Interval = { readonly from: Instant; readonly to: Instant }

/** The end of what has no end yet. Larger than any instant that can be told, and exact. */
export const FOREVER = Number.MAX_SAFE_INTEGER as Instant
export const BEGINNING = Number.MIN_SAFE_INTEGER as Instant

/** Sorted, without empty or touching intervals. */
export function union(intervals: readonly Interval[]): Interval[] {
  const result: { from: Instant; to: Instant }[] = []
  for (const { from, to } of intervals.filter((one) => one.from < one.to).sort((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last !== undefined && from <= last.to) last.to = later(last.to, to)
    else result.push({ from, to })
  }
  return result
}

/** What both of two unions hold. */
export function intersection(left: readonly Interval[], right: readonly Interval[]): Interval[] {
  const result: Interval[] = []
  let [i, j] = [0, 0]
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i]!, right[j]!]
    const piece = { from: later(a.from, b.from), to: earlier(a.to, b.to) }
    if (piece.from < piece.to) result.push(piece)
    if (a.to < b.to) i++
    else j++
  }
  return result
}

export function clip(intervals: readonly Interval[], bounds: Interval): Interval[] {
  return intersection(intervals, [bounds])
}

/** What of `bounds` a union leaves out. */
export function gaps(bounds: Interval, intervals: readonly Interval[]): Interval[] {
  const inside = clip(intervals, bounds)
  const starts = [bounds.from, ...inside.map((interval) => interval.to)]
  const ends = [...inside.map((interval) => interval.from), bounds.to]
  return starts.map((from, index) => ({ from, to: ends[index]! })).filter(({ from, to }) => from < to)
}

export function contains(interval: Interval, at: Instant): boolean {
  return interval.from <= at && at < interval.to
}

export function earlier(a: Instant, b: Instant): Instant {
  return a < b ? a : b
}

export function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b
}
