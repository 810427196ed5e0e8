import { lackingBesidesShift } from '../domain/explain.ts'
import { type Instant, plus } from '../domain/instant.ts'
import type { ShiftCount, Uncovered } from '../domain/live.ts'
import { MAX_CAP } from '../domain/work-provider.ts'
import { findLinks } from '../storage/links.ts'
import { type EndingShift, plainlyCovered, shiftsEndingLater } from '../storage/live.ts'
import { type ShiftPlace, shiftsWithoutLogout } from '../storage/notices.ts'
import { policiesOf } from '../storage/policies.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadLinkFacts } from './link-facts.ts'

/** Small enough that nobody waits long for the embedded engine's one backend. */
export const SHIFTS_A_PIECE = 500
/** More than this on shift are not counted: then the page says so. */
const COUNTED_AT_MOST = 200_000
/** How many of those without cover are told of by name. */
export const UNCOVERED_TOLD = 50

type Tally = { onShift: number; covered: number; readonly uncovered: Uncovered[] }

/**
 * Counts who is on shift at an instant, and who of them is covered, by what is derived. It yields after each piece, so
 * that whoever counts can rest; what changes meanwhile is counted as it is when its piece is read.
 */
export async function* countShifts(
  context: Context,
  now: Instant,
  countedAtMost = COUNTED_AT_MOST,
): AsyncGenerator<undefined, ShiftCount> {
  const { db } = context
  const tally: Tally = { onShift: 0, covered: 0, uncovered: [] }
  const isFull = (): boolean => tally.onShift >= countedAtMost
  const count = (): ShiftCount => ({ at: now, ...tally, isAll: !isFull() })

  let place: ShiftPlace | null = { capAt: now, linkId: Number.MAX_SAFE_INTEGER }
  while (place !== null && !isFull()) {
    const shifts = await shiftsWithoutLogout(db, place, plus(now, MAX_CAP), SHIFTS_A_PIECE)
    await add(context, now, tally, shifts)
    place = shifts.length < SHIFTS_A_PIECE ? null : shifts.at(-1)!
    yield
  }
  const seen = new Set<number>()
  let after: Instant | null = now
  while (after !== null && !isFull()) {
    const piece: Awaited<ReturnType<typeof shiftsEndingLater>> = await shiftsEndingLater(db, now, after, SHIFTS_A_PIECE)
    const shifts = [...new Map(piece.shifts.map((shift) => [shift.linkId, shift])).values()]
    await add(
      context,
      now,
      tally,
      shifts.filter(({ linkId }) => !seen.has(linkId)),
    )
    for (const { linkId } of shifts) seen.add(linkId)
    after = piece.last
    yield
  }
  return count()
}

async function add(context: Context, now: Instant, tally: Tally, shifts: readonly EndingShift[]): Promise<void> {
  const begun = shifts.filter((shift) => shift.startedAt <= now)
  if (begun.length === 0) return
  const covered = new Set(
    await plainlyCovered(
      context.db,
      begun.map((shift) => shift.linkId),
      now,
    ),
  )
  const others = begun.filter((shift) => !covered.has(shift.linkId))
  const uncovered = others.length === 0 ? [] : await judge(context, now, others)
  tally.onShift += begun.length
  tally.covered += begun.length - uncovered.length
  tally.uncovered.push(...uncovered.slice(0, UNCOVERED_TOLD - tally.uncovered.length))
}

/** Those of some who are on shift that are not covered, by the rules. */
async function judge({ db }: Context, now: Instant, shifts: readonly EndingShift[]): Promise<Uncovered[]> {
  const startedAt = new Map(shifts.map((shift) => [shift.linkId, shift.startedAt]))
  const links = await findLinks(db, [...startedAt.keys()])
  const facts = await loadLinkFacts(db, links)
  const policies = await policiesOf(db, [...new Set(links.map((link) => link.customerNumber))])
  const names = new Map((await listWorkProviders(db)).map((one) => [one.id, one.name]))
  return links.flatMap(({ id, workProviderId, customerNumber }) => {
    const workProvider = names.get(workProviderId)!
    const eligibility = { ...facts.get(id)!, workProviderId, workProvider }
    const lacking = lackingBesidesShift(eligibility, policies.get(customerNumber)!, now)
    if (lacking.length === 0) return []
    return [{ customerNumber, workProvider, startedAt: startedAt.get(id)!, why: lacking.join(' and ') }]
  })
}
