import {
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MILLISECOND,
  MICROSECONDS_PER_MINUTE,
  plus,
} from '../domain/instant.ts'
import { consentAt, isActiveAt, type Link, type LinkFacts } from '../domain/link.ts'
import { type Policy, policyAt } from '../domain/policy.ts'
import { shiftKey } from '../domain/shift-engine.ts'
import { lockCustomer } from '../storage/customers.ts'
import { type Database, databaseNow, inTransaction } from '../storage/database.ts'
import { findLinks } from '../storage/links.ts'
import { waitingMatches } from '../storage/matches.ts'
import {
  deleteNoticesBefore,
  maybeWithoutCover,
  noteNotice,
  type Notice,
  type OpenShift,
  type ShiftPlace,
  shiftsWithoutLogout,
  withoutNotice,
} from '../storage/notices.ts'
import { insertMail, type Mail } from '../storage/outbox.ts'
import { policiesOf } from '../storage/policies.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadLinkFacts } from './link-facts.ts'
import { capMail, matchWaitsMail, noCoverMail, unmetMail } from './mail-texts.ts'
import { restAfterPiece } from './rest.ts'
import { startWorker, type Worker } from './worker.ts'

/** From the end of a look to the next; whoever is on shift without cover is told within this and one look. */
const LOOK_EVERY_MS = 15_000
/** Small enough that nobody waits long for the embedded engine's one backend. */
const SHIFTS_A_PIECE = 500
const NO_COVER_EVERY = 24 * MICROSECONDS_PER_HOUR
const MATCH_EVERY = 7 * 24 * MICROSECONDS_PER_HOUR
/** A shift that ended by its cap longer ago than this is history (an import, say): nobody forgot just now. */
const CAP_IS_NEWS_FOR = 24 * MICROSECONDS_PER_HOUR
/** How long a shift is seen without its logout before the driver is asked: a backlog brings the two one after another. */
export const CAP_GRACE = 5 * MICROSECONDS_PER_MINUTE
/** No cap is longer (work-provider.ts): a shift that is on now has its cap within this. */
const LONGEST_CAP = 48 * MICROSECONDS_PER_HOUR
/** How far a look at matches reaches back before the last one: whatever commits late is seen all the same. */
const MATCH_OVERLAP = 10 * MICROSECONDS_PER_MINUTE
const NOTICES_KEPT_FOR = 60 * 24 * MICROSECONDS_PER_HOUR

/** Tells drivers what they would want to know at once; any number of processes may look, each thing is told once. */
export function startNotices(context: Context): Worker {
  const watch = watchShifts(context)
  let matchesFrom: Instant | null = null
  return startWorker(context.log, 'notices', LOOK_EVERY_MS, async (stopping) => {
    const now = await databaseNow(context.db)
    await watch(now, stopping)
    if (stopping.aborted) return false
    await tellOfMatches(context, matchesFrom ?? plus(now, -MATCH_EVERY), now)
    matchesFrom = plus(now, -MATCH_OVERLAP)
    return false
  })
}

/** Looks at the shifts without logout: whoever is on shift without valid cover is told, and whose shift ended by its cap. */
export function watchShifts(context: Context): (now: Instant, stopping?: AbortSignal) => Promise<void> {
  /** When each shift that ended by its cap was first seen here, until it is told of or is no news any more. */
  let capped = new Map<string, Instant>()
  return async (start, stopping) => {
    const begunAt = performance.now()
    // A look at many goes on for a while: what it reads late must not be judged by how things were when it began.
    const soFar = (): Instant => plus(start, Math.round((performance.now() - begunAt) * MICROSECONDS_PER_MILLISECOND))
    const seen = new Map<string, Instant>()
    const ended = { from: plus(start, -CAP_IS_NEWS_FOR), until: start, stopping }
    await eachPiece(context, ended, async (shifts) => {
      const due = new Set(await withoutNotice(context.db, 'cap', shifts, start))
      const waiting = shifts.filter((shift) => due.has(shift.linkId))
      for (const shift of waiting) seen.set(shiftKey(shift), capped.get(shiftKey(shift)) ?? start)
      await tell(
        context,
        'cap',
        waiting.filter((shift) => seen.get(shiftKey(shift))! <= start - CAP_GRACE),
        start,
      )
    })
    capped = seen
    const on = { from: start, until: plus(start, LONGEST_CAP), stopping }
    await eachPiece(context, on, async (shifts) => {
      const now = soFar()
      const begun = shifts.filter((shift) => shift.startedAt <= now)
      const lacking = await maybeWithoutCover(
        context.db,
        begun.map((shift) => shift.linkId),
      )
      const untold = begun.filter((shift) => lacking.includes(shift.linkId))
      const due = new Set(await withoutNotice(context.db, 'no cover', untold, plus(now, -NO_COVER_EVERY)))
      await tell(
        context,
        'no cover',
        untold.filter((shift) => due.has(shift.linkId)),
        now,
      )
    })
  }
}

/** Shifts without logout whose cap is in a span, a piece at a time: everybody who is on shift is among them. */
async function eachPiece(
  context: Context,
  { from, until, stopping }: { from: Instant; until: Instant; stopping: AbortSignal | undefined },
  work: (shifts: readonly OpenShift[]) => Promise<void>,
): Promise<void> {
  let after: ShiftPlace = { capAt: from, linkId: 0 }
  while (stopping?.aborted !== true) {
    const begun = performance.now()
    const shifts = await shiftsWithoutLogout(context.db, after, until, SHIFTS_A_PIECE)
    if (shifts.length > 0) await work(shifts)
    const last = shifts.at(-1)
    if (last === undefined || shifts.length < SHIFTS_A_PIECE) return
    after = last
    await restAfterPiece(begun, stopping)
  }
}

async function tell(
  context: Context,
  kind: 'cap' | 'no cover',
  shifts: readonly OpenShift[],
  now: Instant,
): Promise<void> {
  if (shifts.length === 0) return
  const links = new Map(
    (
      await findLinks(
        context.db,
        shifts.map((shift) => shift.linkId),
      )
    ).map((link) => [link.id, link]),
  )
  const facts = await loadLinkFacts(context.db, [...links.values()])
  const numbers = [...new Set([...links.values()].map((link) => link.customerNumber))]
  const policies = await policiesOf(context.db, numbers)
  const names = new Map((await listWorkProviders(context.db)).map((one) => [one.id, one.name]))
  for (const shift of shifts) {
    const link = links.get(shift.linkId)!
    const told: Told = {
      shift,
      workProvider: names.get(link.workProviderId)!,
      facts: facts.get(link.id)!,
      policy: policyAt(policies.get(link.customerNumber)!, link.workProviderId, now),
    }
    const write = kind === 'cap' ? capWriter(context, told) : noCoverWriter(context, told, now)
    if (write === null) continue
    const notice = noticeOf(link, kind, shift.startedAt)
    await send(context, notice, kind === 'cap' ? now : plus(now, -NO_COVER_EVERY), write)
  }
}

type Told = {
  readonly shift: OpenShift
  readonly workProvider: string
  readonly facts: LinkFacts
  readonly policy: Policy | null
}
type Write = (to: string) => Mail

/** Null for those whom the work provider does not report with their consent: it is no business of theirs any more. */
function capWriter(context: Context, { shift, workProvider, facts }: Told): Write | null {
  if (!isActiveAt(facts, plus(shift.capAt, -1))) return null
  return (to) => capMail(context, to, workProvider, shift.startedAt, shift.capAt)
}

function noCoverWriter(context: Context, { shift, workProvider, facts, policy }: Told, now: Instant): Write | null {
  if (!consentAt(facts.consents, now)?.given) return null
  if (!isActiveAt(facts, now)) return (to) => unmetMail(context, to, workProvider, shift.startedAt)
  return policy === null ? (to) => noCoverMail(context, to, workProvider, shift.startedAt) : null
}

/** Work providers whose word waits for the driver's: one mail for each in a week. */
export async function tellOfMatches(context: Context, since: Instant, now: Instant): Promise<void> {
  for (const match of await waitingMatches(context.db, since)) {
    const notice: Notice = { ...match, kind: 'match', about: now }
    await send(context, notice, plus(now, -MATCH_EVERY), (to) => matchWaitsMail(context, to, match.workProvider))
  }
}

function noticeOf(link: Link, kind: Notice['kind'], about: Instant): Notice {
  return { customerNumber: link.customerNumber, workProviderId: link.workProviderId, kind, about }
}

/** Notes and mails in one transaction: told once, however many look; and never to an address that is erased meanwhile. */
function send(context: Context, notice: Notice, quietSince: Instant, write: (to: string) => Mail): Promise<void> {
  return inTransaction(context.db, async (trx) => {
    const customer = (await lockCustomer(trx, notice.customerNumber, 'keep'))!
    if (await noteNotice(trx, notice, quietSince)) await insertMail(trx, context.newId(), write(customer.email))
  })
}

export function forgetOldNotices(db: Database, now: Instant): Promise<void> {
  return deleteNoticesBefore(db, plus(now, -NOTICES_KEPT_FOR))
}
