import { cappedNews, type KnownPerson, parkedNews, type ShiftChange, shiftNews } from '../domain/feed.ts'
import { type Instant, plus } from '../domain/instant.ts'
import type { Piece, Rederived } from '../domain/rederive.ts'
import type { Shift } from '../domain/shift-engine.ts'
import type { ShiftEvent } from '../domain/shift-event.ts'
import { hasFeed, type Setting } from '../domain/work-provider.ts'
import type { BoundIdentity } from '../storage/bindings.ts'
import { databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import {
  holdCapsTold,
  insertNews,
  shareCapsTold,
  shiftsCapped,
  storeCapsTold,
  workProvidersWithFeed,
} from '../storage/feed.ts'
import { findLinks } from '../storage/links.ts'
import { shiftsFrom } from '../storage/shifts.ts'
import { forgetUntold, noteAhead, noteUntold, untoldSince } from '../storage/untold.ts'
import type { Context } from './context.ts'
import { peopleOf } from './feed-people.ts'
import { activeLinks } from './link-facts.ts'
import { startWorker, type Worker } from './worker.ts'

const CAPS_EVERY_MS = 5_000
const CAPS_A_TURN = 500
const UNTOLD_A_TURN = 1_000

/** What a transaction changes of shifts that a feed tells of; of what it changes more than once, the first and the last. */
export class ShiftChanges {
  readonly #changes = new Map<string, ShiftChange>()

  note(linkId: number, { lastBefore, stored }: Piece, { writeShifts, removeShifts }: Rederived): void {
    const all = lastBefore === null ? stored.shifts : [lastBefore, ...stored.shifts]
    const before = new Map(all.map((shift) => [shift.startedAt, shift]))
    const put = (startedAt: Shift['startedAt'], after: Shift | null): void => {
      const key = `${linkId}/${startedAt}`
      const first = this.#changes.get(key)
      const was = first === undefined ? (before.get(startedAt) ?? null) : first.before
      this.#changes.set(key, { linkId, startedAt, before: was, after })
    }
    for (const startedAt of removeShifts) put(startedAt, null)
    for (const shift of writeShifts) put(shift.startedAt, shift)
  }

  /** What goes is told first: what comes may be in its place. */
  inOrder(): ShiftChange[] {
    return [...this.#changes.values()].sort(
      (a, b) => Number(a.after !== null) - Number(b.after !== null) || a.startedAt - b.startedAt,
    )
  }
}

/**
 * Tells of shifts that changed, where their links are active; part of the transaction that changes them. What cannot be
 * told (of a link that is not active, or of what lies ahead) is noted: `tellOfUntold` tells it when it can be.
 */
export async function tellOfShifts(trx: DatabaseTransaction, changes: readonly ShiftChange[]): Promise<void> {
  if (changes.length === 0) return
  const now = await databaseNow(trx)
  const linkIds = [...new Set(changes.map((change) => change.linkId))]
  const people = await peopleOf(trx, await activeLinks(trx, await findLinks(trx, linkIds), now))
  const toldTo = await shareCapsTold(trx)
  const untold = await untoldSince(trx, linkIds)
  const canBeTold = ({ linkId, after }: ShiftChange): boolean =>
    people.has(linkId) && !untold.has(linkId) && (after === null || !isAhead(after, now))
  const [told, later] = partition(changes, canBeTold)
  await noteUntold(
    trx,
    later.map(({ linkId, startedAt }) => ({ linkId, since: startedAt })),
  )
  await noteAhead(
    trx,
    later.flatMap(({ linkId, after }) => {
      const ahead = after === null ? [] : instantsOf(after).filter((at) => at > now)
      return ahead.map((at) => ({ linkId, at }))
    }),
  )
  await insertNews(
    trx,
    told.flatMap((change) => shiftNews(people.get(change.linkId)!, change, toldTo)),
  )
}

/** Tells of the shifts of a link that could not be told when they changed; needs the lock of the stream, and an active link. */
export async function tellOfUntold(trx: DatabaseTransaction, linkId: number, person: KnownPerson): Promise<void> {
  const toldTo = await shareCapsTold(trx)
  const since = (await untoldSince(trx, [linkId])).get(linkId)
  if (since === undefined) return
  const now = await databaseNow(trx)
  const shifts = await shiftsFrom(trx, linkId, since, UNTOLD_A_TURN)
  const [later, told] = partition(shifts, (shift) => isAhead(shift, now))
  await forgetUntold(trx, linkId)
  const next = later[0]?.startedAt ?? (shifts.length === UNTOLD_A_TURN ? plus(shifts.at(-1)!.startedAt, 1) : null)
  if (next !== null) {
    await noteUntold(trx, [{ linkId, since: next }])
    if (later.length === 0) await noteAhead(trx, [{ linkId, at: now }])
  }
  await insertNews(
    trx,
    told.flatMap((after) => shiftNews(person, { linkId, startedAt: after.startedAt, before: null, after }, toldTo)),
  )
}

/** Whether something of a shift is told of a moment that is still to come (product.md, rule 5). */
function isAhead(shift: Shift, now: Instant): boolean {
  return instantsOf(shift).some((at) => at > now)
}

function instantsOf({ startedAt, endedAt }: Shift): Instant[] {
  return endedAt === null ? [startedAt] : [startedAt, endedAt]
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))]
}

/** Tells of reports that are nobody's; and, in the same words, of those of people whose link is not active. */
export async function tellOfParked(
  trx: DatabaseTransaction,
  events: readonly ShiftEvent[],
  holders: readonly (BoundIdentity | null)[],
  settings: ReadonlyMap<string, readonly Setting[]>,
): Promise<void> {
  const told = events
    .map((event, index) => ({ event, linkId: holders[index]?.linkId ?? null }))
    .filter(({ event }) => hasFeed(settings.get(event.identity.workProviderId)!))
  if (told.length === 0) return
  const linkIds = new Set(told.flatMap(({ linkId }) => linkId ?? []))
  const active = await activeLinks(trx, await findLinks(trx, [...linkIds]), await databaseNow(trx))
  const known = new Set<number | null>(active.map((link) => link.id))
  const parked = told.filter(({ linkId }) => !known.has(linkId))
  await insertNews(
    trx,
    parked.map(({ event }) => parkedNews(event)),
  )
}

/** Tells of shifts that end by their cap, in the background, when that comes. */
export function startTellingOfCaps(context: Context): Worker {
  return startWorker(context.log, 'caps', CAPS_EVERY_MS, () => tellOfCaps(context))
}

/** Answers whether there may be more. */
export function tellOfCaps({ db }: Context): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    const from = await holdCapsTold(trx)
    const now = await databaseNow(trx)
    const workProviderIds = [...(await workProvidersWithFeed(trx))]
    // The mark is set when the first feed begins.
    if (workProviderIds.length === 0) return false
    const capped = await shiftsCapped(trx, { from, to: now, workProviderIds }, CAPS_A_TURN)
    const isMore = capped.length >= CAPS_A_TURN
    const linkIds = capped.map((shift) => shift.linkId)
    const people = await peopleOf(trx, await activeLinks(trx, await findLinks(trx, linkIds), now))
    const untold = await untoldSince(trx, linkIds)
    const [told, later] = partition(capped, ({ linkId }) => people.has(linkId) && !untold.has(linkId))
    await noteUntold(
      trx,
      later.map(({ linkId, startedAt }) => ({ linkId, since: startedAt })),
    )
    await insertNews(
      trx,
      told.map(({ linkId, ...shift }) => cappedNews(people.get(linkId)!, shift)),
    )
    await storeCapsTold(trx, isMore ? capped.at(-1)!.capAt : now)
    return isMore
  })
}
