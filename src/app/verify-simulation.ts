import { Impossible } from '../domain/errors.ts'
import { type Instant, parseInstant } from '../domain/instant.ts'
import { BEGINNING } from '../domain/interval.ts'
import type { Derived } from '../domain/shift-engine.ts'
import { simulatedWorld } from '../domain/simulation.ts'
import { simulatedWorkProviders } from '../domain/simulated-work-providers.ts'
import { type SimulatedLink, SIMULATION_VERSION, type SimulationSize } from '../domain/simulated-world.ts'
import { findAuditDetails } from '../storage/audit.ts'
import { inSnapshot } from '../storage/database.ts'
import { linksAfter } from '../storage/links.ts'
import { derivedOfLinks } from '../storage/shifts.ts'
import { findWorkProvider, workProviderNames } from '../storage/work-providers.ts'
import { type Difference, differencesOf } from './check.ts'
import type { Context } from './context.ts'
import { settle } from './settle.ts'

/** Small enough that nobody waits long for the embedded engine's one backend. */
const LINKS_A_PIECE = 100
/** More would say nothing new. */
const MAX_DIFFERENCES = 100

/** Whose line of the audit log says so. Names do not depend on the period. */
const FIRST_WORK_PROVIDER = simulatedWorkProviders({ from: BEGINNING, until: BEGINNING })[0]!.name

/** The simulation of a store: what it was made with. */
export type StoredSimulation = { readonly size: SimulationSize; readonly until: Instant; readonly version: number }

/** What the audit log says of the simulation that was made here; null where none was. */
export async function findSimulation({ db }: Context): Promise<StoredSimulation | null> {
  const first = await findWorkProvider(db, FIRST_WORK_PROVIDER)
  const details = first === null ? null : await findAuditDetails(db, first.id, 'simulation made')
  if (details === null) return null
  const { drivers, days, seed, version, until } = details as SimulationSize & { version: number; until: string }
  const parsed = parseInstant(until)
  if ('problem' in parsed) throw new Error(`the audit line of the simulation: ${parsed.problem}`)
  return { size: { drivers, days, seed }, until: parsed.instant, version }
}

export type VerifiedSimulation = StoredSimulation & {
  readonly links: number
  readonly shifts: number
  readonly anomalies: number
  /** How many there are; `differences` are the first of them. */
  readonly different: number
  readonly differences: readonly Difference[]
}

/**
 * Makes the simulation of a store up again and compares what the store holds of each link, once everything is derived,
 * with what the rules make of what was told. `asked`: what it must have been made with.
 */
export async function verifySimulation(
  context: Context,
  asked: Partial<SimulationSize>,
  onProgress: (share: number) => void = () => {},
): Promise<VerifiedSimulation> {
  const made = await requireSimulation(context, asked)
  const { couriers } = simulatedWorld(made.size, made.until)
  const links = couriers.flatMap((courier) => courier.links)
  const expected = new Map(links.map((link) => [keyOf(link.workProvider, link), link]))
  await settle(context)
  const differences: Difference[] = []
  let afterId = 0
  for (;;) {
    const piece = await readPiece(context, afterId)
    const last = piece.at(-1)
    if (last === undefined) break
    afterId = last.id
    for (const { workProvider, customerNumber, derived } of piece) {
      const key = keyOf(workProvider, { customerNumber })
      const link = expected.get(key)
      // Of the demo or a sandbox, or made since.
      if (link === undefined) continue
      expected.delete(key)
      differences.push(...differencesOf(nameOf(link), derived, link.expected))
    }
    onProgress(1 - expected.size / Math.max(1, links.length))
  }
  for (const link of expected.values()) {
    differences.push({ what: nameOf(link), stored: null, derived: 'a link' })
  }
  return {
    ...made,
    links: links.length,
    shifts: links.reduce((sum, link) => sum + link.expected.shifts.length, 0),
    anomalies: links.reduce((sum, link) => sum + link.expected.anomalies.length, 0),
    different: differences.length,
    differences: differences.slice(0, MAX_DIFFERENCES),
  }
}

async function requireSimulation(context: Context, asked: Partial<SimulationSize>): Promise<StoredSimulation> {
  const made = await findSimulation(context)
  if (made === null) throw new Impossible('there is no simulation here: make one without --verify')
  for (const name of ['drivers', 'days', 'seed'] as const) {
    if ((asked[name] ?? made.size[name]) === made.size[name]) continue
    throw new Impossible(`the simulation here was made with --${name} ${made.size[name]}`)
  }
  if (made.version !== SIMULATION_VERSION) {
    throw new Impossible('the simulation here was made by another version of zego, whose world was another')
  }
  return made
}

type StoredLink = { id: number; workProvider: string; customerNumber: string; derived: Derived }

function readPiece(context: Context, afterId: number): Promise<StoredLink[]> {
  return inSnapshot(context.db, async (db) => {
    const names = await workProviderNames(db)
    const links = await linksAfter(db, afterId, LINKS_A_PIECE)
    const derived = await derivedOfLinks(
      db,
      links.map((link) => link.id),
    )
    return links.map(({ id, workProviderId, customerNumber }) => ({
      id,
      workProvider: names.get(workProviderId)!,
      customerNumber,
      derived: derived.get(id)!,
    }))
  })
}

function keyOf(workProvider: string, { customerNumber }: { customerNumber: string }): string {
  return `${workProvider}/${customerNumber}`
}

function nameOf({ workProvider, customerNumber }: SimulatedLink): string {
  return `${workProvider}, customer ${customerNumber}`
}
