import { asTold, cappedNews, type KnownPerson, parkedNews, shiftNews, type ToldShift } from '../domain/feed.ts'
import type { Instant } from '../domain/instant.ts'
import type { Piece, Rederived } from '../domain/rederive.ts'
import { type Shift, shiftKey, type ShiftName } from '../domain/shift-engine.ts'
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
import { forgetWithheld, noteAhead, withheldAmong, withheldOfLink, withhold } from '../storage/withheld.ts'
import type { Context } from './context.ts'
import { peopleOf } from './feed-people.ts'
import { activeLinks } from './link-facts.ts'
import { startWorker, type Worker } from './worker.ts'

const CAPS_EVERY_MS = 5_000
const CAPS_A_TURN = 500
const WITHHELD_A_TURN = 1_000

/** A stored shift that is another one now: null where there was none, or is none any more. */
type ShiftChange = ShiftName & { readonly before: Shift | null; readonly after: Shift | null }

/** `told`: as it was told last; null: not at all. */
type ToldChange = ShiftChange & { readonly told: ToldShift | null }

/** What a transaction changes of shifts that a feed tells of; of what it changes more than once, the first and the last. */
export class ShiftChanges {
  readonly #changes = new Map<string, ShiftChange>()

  note(linkId: number, { lastBefore, stored }: Piece, { writeShifts, removeShifts }: Rederived): void {
    const all = lastBefore === null ? stored.shifts : [lastBefore, ...stored.shifts]
    const before = new Map(all.map((shift) => [shift.startedAt, shift]))
    const put = (startedAt: Shift['startedAt'], after: Shift | null): void => {
      const key = shiftKey({ linkId, startedAt })
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
 * told (of a link that is not active, or of what lies ahead) is withheld: `tellOfWithheld` tells it when it can be.
 */
export async function tellOfShifts(trx: DatabaseTransaction, changes: readonly ShiftChange[]): Promise<void> {
  if (changes.length === 0) return
  const now = await databaseNow(trx)
  const linkIds = [...new Set(changes.map((change) => change.linkId))]
  const people = await peopleOf(trx, await activeLinks(trx, await findLinks(trx, linkIds), now))
  const toldTo = await shareCapsTold(trx)
  const withheld = new Map((await withheldAmong(trx, changes)).map((one) => [shiftKey(one), one]))
  const all = changes.map((change): ToldChange => {
    const before = change.before === null ? null : asTold(change.before, toldTo)
    return { ...change, told: (withheld.get(shiftKey(change)) ?? { told: before }).told }
  })
  // Of a shift that came and went untold there is nothing to tell, whoever may be told.
  const [tellable, later] = partition(
    all,
    ({ linkId, told, after }) =>
      (told === null && after === null) || (people.has(linkId) && (after === null || !isAhead(after, now))),
  )
  await forgetWithheld(
    trx,
    tellable.filter((change) => withheld.has(shiftKey(change))),
  )
  await withhold(trx, later)
  await noteAhead(
    trx,
    later.flatMap(({ linkId, after }) => {
      const ahead = after === null ? [] : instantsOf(after).filter((at) => at > now)
      return ahead.map((at) => ({ linkId, at }))
    }),
  )
  await insertNews(
    trx,
    tellable.flatMap(({ linkId, told, after }) => {
      const person = people.get(linkId)
      return person === undefined ? [] : shiftNews(person, told, after, toldTo)
    }),
  )
}

/** Tells of the shifts of a link that were withheld when they changed; needs the lock of the stream, and an active link. */
export async function tellOfWithheld(trx: DatabaseTransaction, linkId: number, person: KnownPerson): Promise<void> {
  const toldTo = await shareCapsTold(trx)
  const withheld = await withheldOfLink(trx, linkId, WITHHELD_A_TURN)
  if (withheld.length === 0) return
  const now = await databaseNow(trx)
  const due = withheld.filter(({ stored }) => stored === null || !isAhead(stored, now))
  await forgetWithheld(trx, due)
  if (withheld.length === WITHHELD_A_TURN && due.length > 0) await noteAhead(trx, [{ linkId, at: now }])
  const [gone, there] = partition(due, ({ stored }) => stored === null)
  await insertNews(
    trx,
    [...gone, ...there].flatMap(({ told, stored }) => shiftNews(person, told, stored, toldTo)),
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
    const withheld = new Set((await withheldAmong(trx, capped)).map(shiftKey))
    const [told, later] = partition(capped, (shift) => people.has(shift.linkId) && !withheld.has(shiftKey(shift)))
    await withhold(
      trx,
      later.map((shift) => ({ ...shift, told: asTold(shift, from) })),
    )
    await insertNews(
      trx,
      told.map(({ linkId, ...shift }) => cappedNews(people.get(linkId)!, shift)),
    )
    await storeCapsTold(trx, isMore ? capped.at(-1)!.capAt : now)
    return isMore
  })
}
