import { coverAtWorkProvider } from '../domain/cover.ts'
import { deriveFromFacts } from '../domain/customer-record.ts'
import { Impossible } from '../domain/errors.ts'
import type { Link } from '../domain/link.ts'
import type { LocalDay } from '../domain/local-day.ts'
import type { Derived } from '../domain/shift-engine.ts'
import { type DayUsage, localDaysOfMonth, usageByDay } from '../domain/usage.ts'
import { type Database, databaseNow, inSnapshot } from '../storage/database.ts'
import { linksAfter, linksToDerive } from '../storage/links.ts'
import { policiesOf } from '../storage/policies.ts'
import { derivedOfLinks } from '../storage/shifts.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadStreams } from './customer-record.ts'
import { requireCustomer } from './customers.ts'
import { loadLinkFacts } from './link-facts.ts'
import { settle } from './settle.ts'
import { requireWorkProvider } from './work-providers.ts'

export type UsageRow = DayUsage & { readonly customerNumber: string; readonly workProvider: string }

export type UsageRequest = {
  /** As in `2026-11`, of the insurer's time zone. */
  readonly month: string
  readonly customerNumber?: string | undefined
  readonly workProvider?: string | undefined
}

/** Small enough that nobody waits long for the embedded engine's one backend. */
const LINKS_A_PIECE = 200

/**
 * Minutes of cover by customer, work provider and local day, a piece at a time. A minute at two work providers at once
 * counts for each: each is told what was insured for it.
 */
export async function* usage(context: Context, request: UsageRequest): AsyncGenerator<UsageRow[]> {
  const days = localDaysOfMonth(request.month, context.timeZone)
  if (days === null) throw new Impossible(`"${request.month}" is not a month: write it as 2026-11`)
  const only = {
    ...(request.customerNumber === undefined
      ? {}
      : { customerNumber: (await requireCustomer(context.db, request.customerNumber)).customerNumber }),
    ...(request.workProvider === undefined
      ? {}
      : { workProviderId: (await requireWorkProvider(context.db, request.workProvider)).id }),
  }
  await settle(context)
  let afterId = 0
  for (;;) {
    const piece = await readPiece(context, afterId, only)
    if (piece.lastId === null) return
    afterId = piece.lastId
    // Worked out when the snapshot is closed: the embedded engine serves others meanwhile.
    yield piece.links.flatMap((link) => usageOfLink(link, piece, days))
  }
}

type Only = { workProviderId?: string; customerNumber?: string }
type Piece = Awaited<ReturnType<typeof readPiece>>

function readPiece(context: Context, afterId: number, only: Only) {
  return inSnapshot(context.db, async (db) => {
    const workProviders = new Map((await listWorkProviders(db)).map((one) => [one.id, one.name]))
    const found = await linksAfter(db, afterId, LINKS_A_PIECE, only)
    // What test twins are told is billed to nobody.
    const links = found.filter((link) => workProviders.has(link.workProviderId))
    const numbers = [...new Set(links.map((link) => link.customerNumber))]
    return {
      links,
      lastId: found.at(-1)?.id ?? null,
      workProviders,
      now: await databaseNow(db),
      facts: await loadLinkFacts(db, links),
      policies: await policiesOf(db, numbers),
      derived: await derivedNow(db, links),
    }
  })
}

/** The shifts of some links. A stream that is just being derived again is derived here, from its facts. */
async function derivedNow(db: Database, links: readonly Link[]): Promise<Map<number, Derived>> {
  const derived = await derivedOfLinks(
    db,
    links.map((link) => link.id),
  )
  const pending = new Set(await linksToDerive(db))
  const unfinished = links.filter((link) => pending.has(link.id))
  for (const stream of await loadStreams(db, unfinished, { withInbox: false })) {
    derived.set(stream.link.id, deriveFromFacts(stream))
  }
  return derived
}

function usageOfLink(link: Link, piece: Piece, days: readonly LocalDay[]): UsageRow[] {
  const { workProviderId, customerNumber } = link
  const workProvider = piece.workProviders.get(workProviderId)!
  const record = {
    workProviderId,
    workProvider,
    ...piece.facts.get(link.id)!,
    shifts: piece.derived.get(link.id)!.shifts,
  }
  const cover = coverAtWorkProvider(record, piece.policies.get(customerNumber)!, piece.now)
  return usageByDay(cover, days).map((day) => ({ customerNumber, workProvider, ...day }))
}
