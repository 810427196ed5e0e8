import type { Instant } from '../domain/instant.ts'
import { earlier, FOREVER, later } from '../domain/interval.ts'
import { holding } from '../domain/link.ts'
import { type Change, changesFrom, type Piece, rederive, type Rederived } from '../domain/rederive.ts'
import { type CapAt, momentsOf, type ToldAt, toldIn } from '../domain/shift-engine.ts'
import type { ShiftEvent } from '../domain/shift-event.ts'
import { capRule, hasFeed, type Setting } from '../domain/work-provider.ts'
import { bindingsOfIdentities, bindingsOfLinks, type BoundIdentity, identityOf } from '../storage/bindings.ts'
import { parkEvents } from '../storage/case-upkeep.ts'
import { atOnce, type DatabaseTransaction } from '../storage/database.ts'
import { type EventRange, readEventRanges } from '../storage/events.ts'
import { insertMissing, lockExisting } from '../storage/identities.ts'
import { type LockedStream, lockStreams, storePending } from '../storage/links.ts'
import { type DerivedChanges, readDerivedRanges, type StoredRange, writeDerived } from '../storage/shifts.ts'
import { settingsOf, shareWorkProviders } from '../storage/work-providers.ts'
import { ShiftChanges, tellOfParked, tellOfShifts } from './feed-shifts.ts'
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

type SettingsByWorkProvider = ReadonlyMap<string, readonly Setting[]>
export type ChangesByLink = ReadonlyMap<number, readonly Change[]>

type Task = {
  readonly stream: LockedStream
  readonly capAt: CapAt
  /** What is changed, where the work provider has a feed. */
  readonly told: ShiftChanges | null
  /**
   * The events, where nothing but these came into the stream since it was derived: its stored result tells the others,
   * which are not read. Null where they have to be.
   */
  added: readonly ShiftEvent[] | null
  from: Instant
  changes: readonly Change[]
  newBefore: Instant | null
  isDone: boolean
  /** What is stored of the next piece, as soon as it was read: of the first with the lock, unless more was pending. */
  read: StoredRange | null
  /** The size of the next piece, and what this turn may still read. */
  size: number
  budget: number
}

/**
 * Derives streams again where their events changed, and what was left pending of them before. Needs the locks of the
 * work providers and, where events or bindings changed, of their identities; takes those of the streams. Answers whether
 * all of it is done.
 */
export function deriveStreams(trx: DatabaseTransaction, changes: ChangesByLink): Promise<boolean> {
  return derive(trx, changes, new Map(), null)
}

/** What is known of new events' identities under their locks. */
export type Known = { readonly bindings: readonly BoundIdentity[]; readonly settings: SettingsByWorkProvider }

/** Takes the locks of who derives new events, of their work providers and identities, and reads what holds under them. */
export async function lockForEvents(trx: DatabaseTransaction, events: readonly ShiftEvent[]): Promise<Known> {
  const identities = events.map((event) => event.identity)
  const workProviderIds = [...new Set(identities.map((identity) => identity.workProviderId))]
  const [, settings, , , bindings] = await atOnce(trx, (at) => [
    shareWorkProviders(at, workProviderIds),
    settingsOf(at, workProviderIds),
    insertMissing(at, identities),
    lockExisting(at, identities),
    bindingsOfIdentities(at, identities),
  ])
  return { bindings, settings }
}

/** Derives the streams that new events belong to; needs the locks of their work providers and identities. */
export async function deriveAdded(
  trx: DatabaseTransaction,
  events: readonly ShiftEvent[],
  { bindings, settings }: Known,
): Promise<void> {
  const holders = holdersOf(events, bindings)
  const unheld = events.filter((_, index) => holders[index] === null)
  if (unheld.length > 0) await parkEvents(trx, unheld)
  await tellOfParked(trx, events, holders, settings)
  const added = byStream(events, holders)
  if (added.size > 0) await derive(trx, changesOf(added), added, settings)
}

/** `known`: the settings of all their work providers, where they were read. */
async function derive(
  trx: DatabaseTransaction,
  changes: ChangesByLink,
  added: EventsByLink,
  known: SettingsByWorkProvider | null,
): Promise<boolean> {
  const { streams, read } = await lockAndRead(trx, changes)
  const settings = known ?? (await settingsOf(trx, [...new Set(streams.map((stream) => stream.workProviderId))]))
  const told = new ShiftChanges()
  const tasks = makeTasks(streams, { changes, read, added, settings, told })
  let running = tasks
  while (running.length > 0) running = await deriveRound(trx, running)
  const toNote = tasks.filter((task) => !task.isDone || task.stream.pending !== null)
  await storePending(
    trx,
    toNote.map((task) => ({ linkId: task.stream.linkId, change: task.isDone ? null : span(task.from, task.changes) })),
  )
  await tellOfShifts(trx, told.inOrder())
  return tasks.every((task) => task.isDone)
}

type ReadByLink = ReadonlyMap<number, StoredRange>

/** Locks the streams, and reads under their locks what is stored where they change: nearly always all that is needed of it. */
async function lockAndRead(
  trx: DatabaseTransaction,
  changes: ChangesByLink,
): Promise<{ streams: LockedStream[]; read: ReadByLink }> {
  const changed = [...changes].filter(([, ofLink]) => ofLink.length > 0)
  const [streams, stored] = await atOnce(trx, (at) => [
    lockStreams(at, [...changes.keys()]),
    readDerivedRanges(
      at,
      changed.map(([linkId, ofLink]) => ({ linkId, from: startOf(ofLink)!, limit: sizeFor(ofLink) })),
    ),
  ])
  return { streams, read: new Map(changed.map(([linkId], index) => [linkId, stored[index]!])) }
}

type Sources = {
  readonly changes: ChangesByLink
  readonly read: ReadByLink
  readonly added: EventsByLink
  readonly settings: SettingsByWorkProvider
  readonly told: ShiftChanges
}

function makeTasks(streams: readonly LockedStream[], { changes, read, added, settings, told }: Sources): Task[] {
  return streams.flatMap((stream) => {
    const all = [...(changes.get(stream.linkId) ?? []), ...(stream.pending === null ? [] : [stream.pending])]
    const from = startOf(all)
    if (from === null) return []
    const ofWorkProvider = settings.get(stream.workProviderId) ?? []
    const task: Task = {
      stream,
      capAt: capRule(ofWorkProvider),
      told: hasFeed(ofWorkProvider) ? told : null,
      added: stream.pending === null ? (added.get(stream.linkId) ?? null) : null,
      from,
      changes: changesFrom(all, from),
      newBefore: stream.pending?.from ?? null,
      isDone: false,
      read: stream.pending === null ? (read.get(stream.linkId) ?? null) : null,
      size: sizeFor(all),
      budget: MAX_EVENTS_A_TURN,
    }
    return [task]
  })
}

/** Where the first of some changes begins. */
function startOf(changes: readonly Change[]): Instant | null {
  return changes.reduce<Instant | null>((first, { from }) => orEarlier(first, from), null)
}

/** The size of the first piece for so many changes. */
function sizeFor(changes: readonly Change[]): number {
  return Math.max(MIN_EVENTS_A_ROUND, changes.length + EVENTS_TO_MEET)
}

/** Derives the next piece of each task. Answers the tasks that have more to do in this turn. */
async function deriveRound(trx: DatabaseTransaction, tasks: readonly Task[]): Promise<Task[]> {
  const pieces = await readPieces(trx, tasks)
  const written: DerivedChanges = { writeShifts: [], removeShifts: [], writeAnomalies: [], removeAnomalies: [] }
  for (const [index, task] of tasks.entries()) {
    const piece = pieces[index]!
    const result = rederive(piece, task.changes, task.capAt)
    if (task.added !== null && isCutOff(result)) {
      // What was added changes more than was read, and what is written first would no longer tell the events beyond.
      task.added = null
      continue
    }
    collect(written, task.stream.linkId, result)
    task.told?.note(task.stream.linkId, piece, result)
    task.budget -= piece.moments.length + piece.stored.shifts.length
    task.size = Math.min(task.size * GROWTH_A_ROUND, MAX_EVENTS_A_TURN)
    task.isDone = result.rest === null
    task.read = null
    if (result.rest !== null) Object.assign(task, result.rest)
  }
  await writeDerived(trx, written)
  return tasks.filter((task) => !task.isDone && task.budget > 0)
}

/** Whether the piece ended before the stored result was met again. */
function isCutOff({ rest }: Rederived): boolean {
  return rest !== null && rest.newBefore !== null
}

async function readPieces(trx: DatabaseTransaction, tasks: readonly Task[]): Promise<Piece[]> {
  const unread = tasks.filter((task) => task.read === null)
  const stored = await readDerivedRanges(
    trx,
    unread.map((task) => ({ linkId: task.stream.linkId, from: task.from, limit: task.size })),
  )
  for (const [index, task] of unread.entries()) task.read = stored[index]!
  const told = await readTold(
    trx,
    tasks.filter((task) => task.added === null),
  )
  return tasks.map((task) => cutPiece(task, told.get(task) ?? toldAgain(task, task.read!), task.read!))
}

/** What is told of a stream from where a task goes on, as far as it was read: before `until` (null: to the end). */
type Told = { readonly events: readonly ToldAt[]; readonly until: Instant | null }

/** By the stored result, and what was added. */
function toldAgain({ added }: Task, { lastBefore, shifts, anomalies }: StoredRange): Told {
  const before = lastBefore === null ? [] : [lastBefore]
  return { events: [...toldIn({ shifts: [...before, ...shifts], anomalies }), ...(added ?? [])], until: null }
}

/** By the events. */
async function readTold(trx: DatabaseTransaction, tasks: readonly Task[]): Promise<Map<Task, Told>> {
  if (tasks.length === 0) return new Map()
  const linkIds = tasks.map((task) => task.stream.linkId)
  const bindings = Map.groupBy(await bindingsOfLinks(trx, linkIds), (binding) => binding.linkId)
  const ranges = tasks.flatMap((task) =>
    rangesOf(task, bindings.get(task.stream.linkId) ?? []).map((range) => ({ ...range, task })),
  )
  const read = Map.groupBy(await readEventRanges(trx, ranges), (event) => event.range)
  const told = new Map<Task, Told>(tasks.map((task) => [task, { events: [], until: null }]))
  for (const [index, { task, limit }] of ranges.entries()) {
    const ofRange = read.get(index) ?? []
    const { events, until } = told.get(task)!
    // A full range may go on at its last instant: the piece ends before it.
    const end = ofRange.length === limit ? orEarlier(until, ofRange.at(-1)!.at) : until
    told.set(task, { events: [...events, ...ofRange], until: end })
  }
  return told
}

/** The identities' events that belong to the stream from where the task goes on. */
function rangesOf(task: Task, bindings: readonly BoundIdentity[]): EventRange[] {
  return bindings.flatMap((binding) => {
    const held = holding(binding)
    const from = later(held.from, task.from)
    return from < held.to ? [{ identity: identityOf(binding), from, to: held.to, limit: task.size }] : []
  })
}

function cutPiece(task: Task, told: Told, stored: StoredRange): Piece {
  const lastShift = stored.shifts.length === task.size ? stored.shifts.at(-1)!.startedAt : null
  const lastAnomaly = stored.anomalies.length === task.size ? stored.anomalies.at(-1)!.at : null
  const until = [lastShift, lastAnomaly].reduce(orEarlier, told.until)
  const end = until ?? FOREVER
  return {
    from: task.from,
    until,
    moments: momentsOf(told.events.filter((event) => event.at >= task.from && event.at < end)),
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

export type EventsByLink = ReadonlyMap<number, readonly ShiftEvent[]>

/** Events by the links that hold their identities at their instants: the streams that they belong to. */
export function byStream(events: readonly ShiftEvent[], holders: readonly (BoundIdentity | null)[]): EventsByLink {
  const byLink = new Map<number, ShiftEvent[]>()
  for (const [index, holder] of holders.entries()) {
    if (holder === null) continue
    const ofLink = byLink.get(holder.linkId)
    if (ofLink === undefined) byLink.set(holder.linkId, [events[index]!])
    else ofLink.push(events[index]!)
  }
  return byLink
}

/** What of the streams changes where events come in, or go. */
export function changesOf(byLink: EventsByLink): ChangesByLink {
  return new Map([...byLink].map(([linkId, events]) => [linkId, events.map(({ at }) => ({ from: at, to: at }))]))
}
