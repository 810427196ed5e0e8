import { coverAtWorkProvider } from '../domain/cover.ts'
import { Impossible } from '../domain/errors.ts'
import { type DayUsage, localDaysOfMonth, usageByDay } from '../domain/usage.ts'
import { databaseNow, inSnapshot } from '../storage/database.ts'
import { consentsOfLinks, linksAfter } from '../storage/links.ts'
import { matchesOfCustomers } from '../storage/matches.ts'
import { policiesOf } from '../storage/policies.ts'
import { derivedOfLinks } from '../storage/shifts.ts'
import { listWorkProviders, settingsOf } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { requireCustomer } from './customers.ts'
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
    const piece = await inSnapshot(context.db, async (db) => {
      const links = await linksAfter(db, afterId, LINKS_A_PIECE, only)
      const now = await databaseNow(db)
      const ids = links.map((link) => link.id)
      const numbers = [...new Set(links.map((link) => link.customerNumber))]
      const workProviders = new Map((await listWorkProviders(db)).map((one) => [one.id, one.name]))
      const settings = await settingsOf(db, [...workProviders.keys()])
      const consents = await consentsOfLinks(db, ids)
      const matches = await matchesOfCustomers(db, numbers)
      const policies = await policiesOf(db, numbers)
      const derived = await derivedOfLinks(db, ids)
      const rows = links.flatMap((link) => {
        const workProvider = workProviders.get(link.workProviderId)!
        const record = {
          workProviderId: link.workProviderId,
          workProvider,
          settings: settings.get(link.workProviderId)!,
          consents: consents.get(link.id)!,
          matches: matches.filter(
            (match) => match.customerNumber === link.customerNumber && match.workProviderId === link.workProviderId,
          ),
          shifts: derived.get(link.id)!.shifts,
        }
        const cover = coverAtWorkProvider(record, policies.get(link.customerNumber)!, now)
        return usageByDay(cover, days).map((day) => ({ customerNumber: link.customerNumber, workProvider, ...day }))
      })
      return { rows, lastId: ids.at(-1) }
    })
    if (piece.lastId === undefined) return
    afterId = piece.lastId
    yield piece.rows
  }
}
