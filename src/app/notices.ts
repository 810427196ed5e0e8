import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, plus } from '../domain/instant.ts'
import { earlier } from '../domain/interval.ts'
import { isActiveAt, type Link } from '../domain/link.ts'
import { policyAt } from '../domain/policy.ts'
import { findCustomer } from '../storage/customers.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { findLinks } from '../storage/links.ts'
import {
  deleteNoticesBefore,
  noteNotice,
  type Notice,
  type OpenShift,
  type ShiftPlace,
  shiftsWithoutLogout,
  waitingMatches,
  withoutNotice,
} from '../storage/notices.ts'
import { insertMail, type Mail } from '../storage/outbox.ts'
import { policiesOf } from '../storage/policies.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadLinkFacts } from './link-facts.ts'
import { capMail, matchWaitsMail, noCoverMail } from './mail-texts.ts'
import { startWorker, type Worker } from './worker.ts'

/** Looked at this often: `at once` for a driver on shift without cover is within this. */
const LOOK_EVERY_MS = 15_000
/** Small enough that nobody waits long for the embedded engine's one backend. */
const SHIFTS_A_PIECE = 500
const NO_COVER_EVERY = 24 * MICROSECONDS_PER_HOUR
const MATCH_EVERY = 7 * 24 * MICROSECONDS_PER_HOUR
/** A shift that ended by its cap longer ago than this is history (an import, a late backlog): nobody forgot just now. */
const CAP_IS_NEWS_FOR = 24 * MICROSECONDS_PER_HOUR
/** A logout that is on its way gets this long before the driver is asked about it. */
const CAP_GRACE = 5 * MICROSECONDS_PER_MINUTE
/** No cap is longer (work-provider.ts): a shift that is on now has its cap within this. */
const LONGEST_CAP = 48 * MICROSECONDS_PER_HOUR
/** How far a look at matches reaches back before the last one: whatever commits late is seen all the same. */
const MATCH_OVERLAP = 10 * MICROSECONDS_PER_MINUTE
const NOTICES_KEPT_FOR = 60 * 24 * MICROSECONDS_PER_HOUR

/** Tells drivers what they would want to know at once; any number of processes may look, each thing is told once. */
export function startNotices(context: Context): Worker {
  let matchesFrom: Instant | null = null
  return startWorker(context.log, 'notices', LOOK_EVERY_MS, async () => {
    const now = await databaseNow(context.db)
    await tellOfShifts(context, now)
    await tellOfMatches(context, matchesFrom ?? plus(now, -MATCH_EVERY), now)
    matchesFrom = plus(now, -MATCH_OVERLAP)
    return false
  })
}

/** On shift without valid cover, and shifts that ended by their cap. */
export async function tellOfShifts(context: Context, now: Instant): Promise<void> {
  const recentlyCapped = plus(now, -CAP_IS_NEWS_FOR)
  await eachPiece(context, recentlyCapped, plus(now, -CAP_GRACE), (shifts) => tell(context, 'cap', shifts, now))
  await eachPiece(context, now, plus(now, LONGEST_CAP), (shifts) =>
    tell(
      context,
      'no cover',
      shifts.filter((shift) => shift.startedAt <= now),
      now,
    ),
  )
}

async function eachPiece(
  context: Context,
  from: Instant,
  until: Instant,
  work: (shifts: readonly OpenShift[]) => Promise<void>,
): Promise<void> {
  let after: ShiftPlace = { capAt: from, linkId: 0 }
  for (;;) {
    const shifts = await shiftsWithoutLogout(context.db, after, until, SHIFTS_A_PIECE)
    if (shifts.length > 0) await work(shifts)
    const last = shifts.at(-1)
    if (last === undefined || shifts.length < SHIFTS_A_PIECE) return
    after = last
  }
}

async function tell(
  context: Context,
  kind: 'cap' | 'no cover',
  shifts: readonly OpenShift[],
  now: Instant,
): Promise<void> {
  const quietSince = kind === 'cap' ? now : plus(now, -NO_COVER_EVERY)
  const due = new Set(await withoutNotice(context.db, kind, shifts, quietSince))
  const links = await findLinks(context.db, [...due])
  if (links.length === 0) return
  const facts = await loadLinkFacts(context.db, links)
  const policies = await policiesOf(context.db, [...new Set(links.map((link) => link.customerNumber))])
  const byId = new Map(links.map((link) => [link.id, link]))
  const names = new Map((await listWorkProviders(context.db)).map((one) => [one.id, one.name]))
  for (const shift of shifts) {
    const link = byId.get(shift.linkId)
    const at = earlier(shift.capAt, now)
    if (link === undefined || !isActiveAt(facts.get(link.id)!, plus(at, -1))) continue
    if (kind === 'no cover' && policyAt(policies.get(link.customerNumber)!, link.workProviderId, now) !== null) continue
    const name = names.get(link.workProviderId)!
    const notice = noticeOf(link, kind, shift.startedAt)
    await send(context, notice, quietSince, (to) =>
      kind === 'cap'
        ? capMail(context, to, name, shift.startedAt, shift.capAt)
        : noCoverMail(context, to, name, shift.startedAt),
    )
  }
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

/** Notes and mails in one transaction: told once, however many look. */
function send(context: Context, notice: Notice, quietSince: Instant, write: (to: string) => Mail): Promise<void> {
  return inTransaction(context.db, async (trx) => {
    if (!(await noteNotice(trx, notice, quietSince))) return
    const customer = await findCustomer(trx, notice.customerNumber)
    await insertMail(trx, context.newId(), write(customer!.email))
  })
}

export function forgetOldNotices(context: Context): Promise<void> {
  return deleteNoticesBefore(context.db, plus(context.now(), -NOTICES_KEPT_FOR))
}
