import type { Instant } from './instant.ts'
import {
  type Anomaly,
  type CapAt,
  type Derived,
  type Moment,
  type OpenShift,
  openBefore,
  type Shift,
  ShiftEngine,
} from './shift-engine.ts'

/**
 * Deriving a stream again where its events changed, without going through its whole history.
 *
 * What lies before the first change stands (the engine only looks back). From there on the engine runs over the events
 * until it is in the state that the stored result was in at the same instant: from then on everything comes out as it
 * is stored. Only what was `changed` may not be skipped: inside it the stored result is of other events.
 */

/** A stretch of a stream, ends included, whose events are not those that the stored result was derived from. */
export type Change = { readonly from: Instant; readonly to: Instant | null }

/** A piece of a stream as it was read: everything from `from` up to, but not including, `until` (null: to the end). */
export type Piece = {
  readonly from: Instant
  readonly until: Instant | null
  readonly moments: readonly Moment[]
  /** The last stored shift that started before `from`. */
  readonly lastBefore: Shift | null
  /**
   * Where an earlier piece ended in mid-change: shifts that started before are already the new ones, so they do not
   * tell which state the old result was in. Null when there is no such place.
   */
  readonly newBefore: Instant | null
  /** What is stored from `from` on, in order. */
  readonly stored: Derived
}

export type Rederived = {
  readonly writeShifts: readonly Shift[]
  readonly removeShifts: readonly Instant[]
  readonly writeAnomalies: readonly Anomaly[]
  readonly removeAnomalies: readonly Instant[]
  /** Where to go on, and with which changes; null when the stream is done. */
  readonly rest: Rest | null
}

export type Rest = {
  readonly from: Instant
  readonly changes: readonly Change[]
  readonly newBefore: Instant | null
}

export function rederive(piece: Piece, changes: readonly Change[], capAt: CapAt): Rederived {
  const engine = new ShiftEngine(openBefore(piece.lastBefore, piece.from), capAt)
  const storedOpenBefore = storedStates(piece)
  for (const moment of piece.moments) {
    const meetsStored =
      !changes.some((change) => includes(change, moment.at)) &&
      sameOpen(engine.openJustBefore(moment.at), storedOpenBefore(moment.at))
    if (meetsStored) return settle(piece, engine, moment.at, restAfter(changes, moment.at))
    engine.take(moment)
  }
  return settle(piece, engine, null, restOfStream(piece, changes))
}

/** `metAt` is where the stored result was met again: the shift then open is stored as it should be, and stays. */
function settle(piece: Piece, engine: ShiftEngine, metAt: Instant | null, rest: Rest | null): Rederived {
  const stillOpen = metAt === null ? null : engine.openJustBefore(metAt)
  const isSettled = (startedAt: Instant): boolean => stillOpen === null || startedAt !== stillOpen.startedAt
  const inRange = (at: Instant): boolean => metAt === null || at < metAt

  const derived = engine.finish()
  const shifts = derived.shifts.filter((shift) => isSettled(shift.startedAt))
  const wasOpen = openBefore(piece.lastBefore, piece.from) === null ? [] : [piece.lastBefore!]
  const storedShifts = [...wasOpen, ...piece.stored.shifts].filter(
    (shift) => inRange(shift.startedAt) && isSettled(shift.startedAt),
  )
  const storedAnomalies = piece.stored.anomalies.filter((anomaly) => inRange(anomaly.at))
  const shiftChanges = difference(storedShifts, shifts, (shift) => shift.startedAt, sameShift)
  const anomalyChanges = difference(storedAnomalies, derived.anomalies, (anomaly) => anomaly.at, sameAnomaly)
  return {
    writeShifts: shiftChanges.write,
    removeShifts: shiftChanges.remove,
    writeAnomalies: anomalyChanges.write,
    removeAnomalies: anomalyChanges.remove,
    rest,
  }
}

/** What to write and what to remove so that `stored` becomes `derived`; each has at most one entry an instant. */
function difference<T>(
  stored: readonly T[],
  derived: readonly T[],
  keyOf: (entry: T) => Instant,
  same: (a: T, b: T) => boolean,
): { write: T[]; remove: Instant[] } {
  const left = new Map(stored.map((entry) => [keyOf(entry), entry]))
  const write: T[] = []
  for (const entry of derived) {
    const before = left.get(keyOf(entry))
    if (before === undefined || !same(before, entry)) write.push(entry)
    left.delete(keyOf(entry))
  }
  return { write, remove: [...left.keys()] }
}

/** Answers, for instants that only rise, which shift the stored result had open just before; undefined: unknown. */
function storedStates(piece: Piece): (at: Instant) => OpenShift | null | undefined {
  const { shifts } = piece.stored
  let last = piece.lastBefore
  let next = 0
  return (at) => {
    while (next < shifts.length && shifts[next]!.startedAt < at) last = shifts[next++]!
    const isOld = piece.newBefore === null || (last !== null && last.startedAt >= piece.newBefore)
    return isOld ? openBefore(last, at) : undefined
  }
}

/** What is left once the stored result was met at an instant: there, old and new are in the same state, and nothing is new. */
function restAfter(changes: readonly Change[], at: Instant): Rest | null {
  const left = changesFrom(changes, at)
  const [first] = left
  if (first === undefined) return null
  return { from: first.from, changes: left, newBefore: null }
}

function restOfStream({ until }: Piece, changes: readonly Change[]): Rest | null {
  return until === null ? null : { from: until, changes: changesFrom(changes, until), newBefore: until }
}

/** The changes that reach beyond `at`, cut off there, in order. */
export function changesFrom(changes: readonly Change[], at: Instant): Change[] {
  return changes
    .filter((change) => change.to === null || change.to >= at)
    .map((change) => ({ from: change.from < at ? at : change.from, to: change.to }))
    .sort((a, b) => a.from - b.from)
}

function includes(change: Change, at: Instant): boolean {
  return change.from <= at && (change.to === null || at <= change.to)
}

function sameOpen(a: OpenShift | null, b: OpenShift | null | undefined): boolean {
  if (b === undefined) return false
  return a === null || b === null ? a === b : a.startedAt === b.startedAt && a.capAt === b.capAt
}

function sameShift(a: Shift, b: Shift): boolean {
  return a.startedAt === b.startedAt && a.endedAt === b.endedAt && a.capAt === b.capAt
}

function sameAnomaly(a: Anomaly, b: Anomaly): boolean {
  return a.at === b.at && a.kind === b.kind
}
