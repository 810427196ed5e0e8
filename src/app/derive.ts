import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { earlier, FOREVER, later } from '../domain/interval.ts'
import { holding } from '../domain/link.ts'
import { type Change, changesFrom, type Piece, rederive, type Rederived } from '../domain/rederive.ts'
import { type CapAt, momentsOf } from '../domain/shift-engine.ts'
import { capRule } from '../domain/work-provider.ts'
import { bindingsOfLinks, type BoundIdentity, identityOf } from '../storage/bindings.ts'
import type { DatabaseTransaction } from '../storage/database.ts'
import { type EventRange, type RangeEvent, readEventRanges } from '../storage/events.ts'
import { type LockedStream, lockStreams, storePending } from '../storage/links.ts'
import { type DerivedChanges, readDerivedRanges, type StoredRange, writeDerived } from '../storage/shifts.ts'
import { settingsOf } from '../storage/work-providers.ts'
import { holdersOf } from './holders.ts'

/**
 * How far one transaction goes on one stream. A stream without logouts can change to its very end: the rest is noted
 * on the link and derived by later turns, so that nobody waits long for a lock.
 */
export const MAX_EVENTS_A_TURN = 1_000
/** Read beyond the changed events at first: enough to meet the stored result again where logins and logouts pair. */
const EVENTS_TO_MEET = 4
const GROWTH_A_ROUND = 8
/** Two events can share an instant and the piece ends before its last instant: fewer would never get on. */
const MIN_EVENTS_A_ROUND = 3

export type ChangesByLink = ReadonlyMap<number, readonly Change[]>

type Task = {
  readonly stream: LockedStream
  readonly bindings: readonly BoundIdentity[]
  readonly capAt: CapAt
  from: Instant
  changes: readonly Change[]
  newBefore: Instant | null
  isDone: boolean
  /** The size of the next piece, and what this turn may still read. */
  size: number
  budget: number
}

/**
 * Derives streams again where their events changed, and what was left pending of them before. Needs the locks of the
 * work providers and, where events or bindings changed, of their identities; takes those of the streams. Answers whether
 * all of it is done.
 */
export async function deriveStreams(trx: DatabaseTransaction, changes: ChangesByLink): Promise<boolean> {
  const streams = await lockStreams(trx, [...changes.keys()])
  const tasks = await makeTasks(trx, streams, changes)
  let running = tasks
  while (running.length > 0) running = await deriveRound(trx, running)
  const toNote = tasks.filter((task) => !task.isDone || task.stream.pending !== null)
  await storePending(
    trx,
    toNote.map((task) => ({ linkId: task.stream.linkId, change: task.isDone ? null : span(task.from, task.changes) })),
  )
  return tasks.every((task) => task.isDone)
}

async function makeTasks(
  trx: DatabaseTransaction,
  streams: readonly LockedStream[],
  changes: ChangesByLink,
): Promise<Task[]> {
  const settings = await settingsOf(trx, [...new Set(streams.map((stream) => stream.workProviderId))])
  const bindings = Map.groupBy(
    await bindingsOfLinks(
      trx,
      streams.map((stream) => stream.linkId),
    ),
    (binding) => binding.linkId,
  )
  return streams.flatMap((stream) => {
    const all = [...(changes.get(stream.linkId) ?? []), ...(stream.pending === null ? [] : [stream.pending])]
    const [first, ...rest] = all
    if (first === undefined) return []
    const from = rest.reduce((earliest, change) => earlier(earliest, change.from), first.from)
    const task: Task = {
      stream,
      bindings: bindings.get(stream.linkId) ?? [],
      capAt: capRule(settings.get(stream.workProviderId) ?? []),
      from,
      changes: changesFrom(all, from),
      newBefore: stream.pending?.from ?? null,
      isDone: false,
      size: Math.max(MIN_EVENTS_A_ROUND, all.length + EVENTS_TO_MEET),
      budget: MAX_EVENTS_A_TURN,
    }
    return [task]
  })
}

/** Derives the next piece of each task. Answers the tasks that have more to do in this turn. */
async function deriveRound(trx: DatabaseTransaction, tasks: readonly Task[]): Promise<Task[]> {
  const pieces = await readPieces(trx, tasks)
  const written: DerivedChanges = { writeShifts: [], removeShifts: [], writeAnomalies: [], removeAnomalies: [] }
  for (const [index, task] of tasks.entries()) {
    const piece = pieces[index]!
    const result = rederive(piece, task.changes, task.capAt)
    collect(written, task.stream.linkId, result)
    task.budget -= piece.moments.length + piece.stored.shifts.length
    task.size = Math.min(task.size * GROWTH_A_ROUND, MAX_EVENTS_A_TURN)
    task.isDone = result.rest === null
    if (result.rest !== null) Object.assign(task, result.rest)
  }
  await writeDerived(trx, written)
  return tasks.filter((task) => !task.isDone && task.budget > 0)
}

async function readPieces(trx: DatabaseTransaction, tasks: readonly Task[]): Promise<Piece[]> {
  const ranges = tasks.flatMap((task, index) => rangesOf(task).map((range) => ({ ...range, task: index })))
  const events = Map.groupBy(await readEventRanges(trx, ranges), (event) => event.range)
  const eventsByTask = tasks.map((): RangeEvent[] => [])
  const untilByTask: (Instant | null)[] = tasks.map(() => null)
  for (const [index, range] of ranges.entries()) {
    const read = events.get(index) ?? []
    eventsByTask[range.task]!.push(...read)
    // A full range may go on at its last instant: the piece ends before it.
    if (read.length === range.limit) untilByTask[range.task] = orEarlier(untilByTask[range.task]!, read.at(-1)!.at)
  }
  const stored = await readDerivedRanges(
    trx,
    tasks.map((task) => ({ linkId: task.stream.linkId, from: task.from, limit: task.size })),
  )
  return tasks.map((task, index) => cutPiece(task, eventsByTask[index]!, untilByTask[index]!, stored[index]!))
}

/** The identities' events that belong to the stream from where the task goes on. */
function rangesOf(task: Task): EventRange[] {
  return task.bindings.flatMap((binding) => {
    const held = holding(binding)
    const from = later(held.from, task.from)
    return from < held.to ? [{ identity: identityOf(binding), from, to: held.to, limit: task.size }] : []
  })
}

function cutPiece(task: Task, events: readonly RangeEvent[], eventsUntil: Instant | null, stored: StoredRange): Piece {
  const lastShift = stored.shifts.length === task.size ? stored.shifts.at(-1)!.startedAt : null
  const lastAnomaly = stored.anomalies.length === task.size ? stored.anomalies.at(-1)!.at : null
  const until = [lastShift, lastAnomaly].reduce(orEarlier, eventsUntil)
  const end = until ?? FOREVER
  return {
    from: task.from,
    until,
    moments: momentsOf(events.filter((event) => event.at < end)),
    lastBefore: stored.lastBefore,
    newBefore: task.newBefore,
    stored: {
      shifts: stored.shifts.filter((shift) => shift.startedAt < end),
      anomalies: stored.anomalies.filter((anomaly) => anomaly.at < end),
    },
  }
}

function collect(written: DerivedChanges, linkId: number, result: Rederived): void {
  for (const shift of result.writeShifts) written.writeShifts.push({ linkId, ...shift })
  for (const startedAt of result.removeShifts) written.removeShifts.push({ linkId, startedAt })
  for (const anomaly of result.writeAnomalies) written.writeAnomalies.push({ linkId, ...anomaly })
  for (const at of result.removeAnomalies) written.removeAnomalies.push({ linkId, at })
}

/** One stretch that holds all of what is left: a link keeps no more than that. */
function span(from: Instant, changes: readonly Change[]): Change {
  const to = changes.reduce<Instant | null>(
    (last, change) => (last === null || change.to === null ? null : later(last, change.to)),
    from,
  )
  return { from, to }
}

function orEarlier(a: Instant | null, b: Instant | null): Instant | null {
  return a === null ? b : b === null ? a : earlier(a, b)
}

/** Which links hold the identities of events at the events' instants: the streams that the events belong to. */
export function changesOf(
  events: readonly { identity: Identity; at: Instant }[],
  bindings: readonly BoundIdentity[],
): Map<number, Change[]> {
  const changes = new Map<number, Change[]>()
  for (const [index, holder] of holdersOf(events, bindings).entries()) {
    if (holder === null) continue
    const { at } = events[index]!
    const ofLink = changes.get(holder.linkId)
    if (ofLink === undefined) changes.set(holder.linkId, [{ from: at, to: at }])
    else ofLink.push({ from: at, to: at })
  }
  return changes
}
