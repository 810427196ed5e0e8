import type { Instant } from './instant.ts'
import { BEGINNING, clip, earlier, intersection, type Interval, union } from './interval.ts'
import { activeIntervals, type LinkFacts } from './link.ts'
import { isGoodFor, type Policy, validity } from './policy.ts'
import { type Shift, shiftsAt } from './shift-engine.ts'

/** All that decides a customer's cover at one work provider. */
export type WorkRecord = LinkFacts & {
  readonly workProviderId: string
  readonly workProvider: string
  readonly shifts: readonly Shift[]
}

/** When a customer was insured, and which work providers had them on shift. */
export type CoverPiece = Interval & { readonly workProviders: readonly string[] }

/** Cover at one work provider: on shift, with the link active, under a policy good for it. Nothing after `now`. */
export function coverAtWorkProvider(record: WorkRecord, policies: readonly Policy[], now: Instant): Interval[] {
  const onShift = union(shiftsAt(record.shifts, now).map((shift) => shiftInterval(shift, now)))
  const insured = union(policies.filter((policy) => isGoodFor(policy, record.workProviderId)).map(validity))
  return clip(intersection(intersection(onShift, union(activeIntervals(record))), insured), {
    from: BEGINNING,
    to: now,
  })
}

/** Cover over all work providers. Neighbouring pieces with the same work providers are one. */
export function coverOf(records: readonly WorkRecord[], policies: readonly Policy[], now: Instant): CoverPiece[] {
  const lanes = records
    .map((record) => ({ name: record.workProvider, intervals: coverAtWorkProvider(record, policies, now) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const starts = lanes.flatMap((lane) => lane.intervals.map((interval) => ({ at: interval.from, lane, by: 1 })))
  const ends = lanes.flatMap((lane) => lane.intervals.map((interval) => ({ at: interval.to, lane, by: -1 })))
  const edges = [...starts, ...ends].sort((a, b) => a.at - b.at)

  const pieces: { from: Instant; to: Instant; workProviders: string[] }[] = []
  const open = new Set<(typeof lanes)[number]>()
  for (const [index, edge] of edges.entries()) {
    if (edge.by === 1) open.add(edge.lane)
    else open.delete(edge.lane)
    const to = edges[index + 1]?.at
    if (open.size === 0 || to === undefined || to === edge.at) continue
    const workProviders = lanes.filter((lane) => open.has(lane)).map((lane) => lane.name)
    const last = pieces.at(-1)
    if (last !== undefined && last.to === edge.at && sameNames(last.workProviders, workProviders)) last.to = to
    else pieces.push({ from: edge.at, to, workProviders })
  }
  return pieces
}

/** When a shift counts, as it stands at `now`. */
export function shiftInterval(shift: Shift, now: Instant): Interval {
  return { from: shift.startedAt, to: shift.endedAt ?? earlier(shift.capAt, now) }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index])
}
