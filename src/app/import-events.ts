import { Impossible, Refusal } from '../domain/errors.ts'
import type { EventRow } from '../domain/import-rows.ts'
import { insertAudit } from '../storage/audit.ts'
import { vacuumInbox } from '../storage/maintenance.ts'
import { type AcceptedRequest, startAcceptor } from './accept.ts'
import type { Context } from './context.ts'
import { settle } from './settle.ts'
import { requireWorkProvider } from './work-providers.ts'

/** Some ten milliseconds of the embedded engine: others are served in between. */
const REPORTS_A_PIECE = 2_000
/** More do not wait to be derived, so that the reports of others do not wait behind them. */
const REPORTS_A_SETTLING = 20_000

export type EventImport = {
  /** Throws `Impossible` where there is no such work provider. */
  check(row: EventRow): Promise<void>
  /** Takes an event that was checked. Throws `Impossible` where it and others before it cannot be stored: the import is over. */
  add(row: EventRow): Promise<void>
  /** Resolves when everything is on disk and derived. */
  end(): Promise<void>
}

/**
 * Takes past events in as if they were reported now, in pieces beside whatever else is accepted, and derives them. A
 * repeated event is the same event: a file can be imported again, from its beginning.
 */
export function startEventImport(context: Context): EventImport {
  const acceptor = startAcceptor(context, () => {})
  const ids = new Map<string, string>()
  const counts = new Map<string, number>()
  let gathered: EventRow[] = []
  let unsettled = 0

  async function idOf(name: string): Promise<string> {
    const known = ids.get(name)
    if (known !== undefined) return known
    const { id } = await requireWorkProvider(context.db, name)
    ids.set(name, id)
    return id
  }

  async function accept(request: AcceptedRequest): Promise<void> {
    try {
      await acceptor.accept(request)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      throw new Impossible(`${error.detail}; import the file again, what is stored already is the same event`)
    }
  }

  async function flush(): Promise<void> {
    const groups = Map.groupBy(gathered, ({ workProvider, kind }) => `${ids.get(workProvider)}/${kind}`)
    gathered = []
    const requests = [...groups.values()].map((rows): AcceptedRequest => {
      const [{ workProvider, kind }] = rows as [EventRow]
      const workProviderId = ids.get(workProvider)!
      counts.set(workProviderId, (counts.get(workProviderId) ?? 0) + rows.length)
      return { requestId: context.newId(), workProviderId, kind, reports: rows.map(({ report }) => report) }
    })
    await Promise.all(requests.map(accept))
    for (const { reports } of requests) unsettled += reports.length
    if (unsettled < REPORTS_A_SETTLING) return
    await settle(context)
    unsettled = 0
  }

  return {
    check: async (row) => void (await idOf(row.workProvider)),
    async add(row) {
      gathered.push(row)
      if (gathered.length >= REPORTS_A_PIECE) await flush()
    },
    async end() {
      if (gathered.length > 0) await flush()
      await settle(context)
      await vacuumInbox(context.db)
      for (const [workProviderId, events] of counts) {
        await insertAudit(context.db, context.actor, { action: 'events imported', workProviderId, details: { events } })
      }
    },
  }
}
