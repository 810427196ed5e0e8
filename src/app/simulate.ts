import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, plus } from '../domain/instant.ts'
import { simulatedWorld } from '../domain/simulation.ts'
import {
  type SimulatedRequest,
  type SimulatedWorld,
  SIMULATION_VERSION,
  type SimulationSize,
} from '../domain/simulated-world.ts'
import { insertAudit } from '../storage/audit.ts'
import { makeCases } from '../storage/case-upkeep.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { vacuumInbox } from '../storage/maintenance.ts'
import { ensurePartitions } from '../storage/partitions.ts'
import {
  backdateWorkProviders,
  findOther,
  insertCases,
  insertCouriers,
  insertReceived,
  type WorkProviderIds,
} from '../storage/simulation.ts'
import { inboxColumnsOf } from './accept.ts'
import { createKey, type NewKey } from './api-keys.ts'
import type { Context } from './context.ts'
import { DEMO_CUSTOMERS, DEMO_WORK_PROVIDER } from './demo.ts'
import { settle } from './settle.ts'
import { findSimulation } from './verify-simulation.ts'
import { createWorkProvider } from './work-providers.ts'

/** All of a world is made in memory. */
export const SIMULATION_LIMITS = {
  drivers: { min: 1, max: 10_000 },
  days: { min: 1, max: 31 },
  seed: { min: 0, max: 2 ** 32 - 1 },
} as const satisfies Record<keyof SimulationSize, { min: number; max: number }>

/** Small enough that nobody waits long for the embedded engine's one backend. */
const COURIERS_A_PIECE = 250
const REPORTS_A_PIECE = 2_000
const DAY = 24 * MICROSECONDS_PER_HOUR
/** The work providers were there before anybody else. */
const KNOWN_BEFORE = 500 * DAY

export type SimulationStep = 'customers' | 'reports' | 'deriving'
/** `share`: how far the step is, from 0 to 1. */
export type OnSimulationProgress = (step: SimulationStep, share: number) => void

export type MadeSimulation = { readonly world: SimulatedWorld; readonly keys: readonly NewKey[] }

/**
 * Fills a store without anybody real in it with a made-up insurer's last days, and derives them. What became known when
 * is set as it would have been, so that it looks as it would in use; one line of the audit log says that it was made.
 */
export async function makeSimulation(
  context: Context,
  size: SimulationSize,
  onProgress: OnSimulationProgress = () => {},
): Promise<MadeSimulation> {
  assertSize(size)
  await assertNobodyReal(context)
  const now = await databaseNow(context.db)
  const until = (now - (now % MICROSECONDS_PER_SECOND)) as Instant
  const world = simulatedWorld(size, until)
  for (const month of monthsOf(world)) await ensurePartitions(context.db, month)
  const { ids, keys } = await begin(context, size, world)
  await addCouriers(context, world, ids, onProgress)
  await addReports(context, world.requests, ids, onProgress)
  const reports = countReports(world)
  let derived = 0
  await settle(context, (taken) => onProgress('deriving', Math.min(1, (derived += taken) / reports)))
  await vacuumInbox(context.db)
  return { world, keys }
}

export function countReports({ requests }: Pick<SimulatedWorld, 'requests'>): number {
  return requests.reduce((sum, { reports }) => sum + reports.length, 0)
}

function assertSize(size: SimulationSize): void {
  for (const name of ['drivers', 'days', 'seed'] as const) {
    const { min, max } = SIMULATION_LIMITS[name]
    if (Number.isInteger(size[name]) && size[name] >= min && size[name] <= max) continue
    throw new Impossible(`a simulation's ${name}: a whole number from ${min} to ${max}`)
  }
}

async function assertNobodyReal(context: Context): Promise<void> {
  const made = await findSimulation(context)
  if (made !== null) {
    const { drivers, days, seed } = made.size
    throw new Impossible(
      `a simulation is here already (--drivers ${drivers} --days ${days} --seed ${seed}): ` +
        'compare it with --verify, or make another in an empty store',
    )
  }
  const other = await findOther(context.db, {
    customerNumbers: Object.values(DEMO_CUSTOMERS),
    workProviders: [DEMO_WORK_PROVIDER],
  })
  if (other === null) return
  throw new Impossible(`made-up facts are not mixed with real ones, and ${other} is here: simulate in an empty store`)
}

/** The work providers with a key each, and the one line that says what is made; whole or not at all. */
function begin(
  context: Context,
  size: SimulationSize,
  { workProviders, period }: SimulatedWorld,
): Promise<{ ids: WorkProviderIds; keys: NewKey[] }> {
  return inTransaction(context.db, async (db) => {
    const within = { ...context, db }
    const ids = new Map<string, string>()
    const keys: NewKey[] = []
    for (const { name } of workProviders) {
      ids.set(name, (await createWorkProvider(within, name)).id)
      keys.push(await createKey(within, name))
    }
    await backdateWorkProviders(db, ids, plus(period.from, -KNOWN_BEFORE))
    await insertAudit(db, context.actor, {
      action: 'simulation made',
      workProviderId: ids.get(workProviders[0]!.name)!,
      details: { ...size, until: formatInstant(period.until), version: SIMULATION_VERSION },
    })
    return { ids, keys }
  })
}

async function addCouriers(
  context: Context,
  world: SimulatedWorld,
  ids: WorkProviderIds,
  onProgress: OnSimulationProgress,
): Promise<void> {
  const { couriers } = world
  for (let from = 0; from < couriers.length; from += COURIERS_A_PIECE) {
    const piece = couriers.slice(from, from + COURIERS_A_PIECE)
    await inTransaction(context.db, (trx) => insertCouriers(trx, piece, ids))
    onProgress('customers', (from + piece.length) / couriers.length)
  }
  await inTransaction(context.db, async (trx) => {
    await insertCases(trx, world, ids)
    await makeCases(trx)
  })
}

async function addReports(
  context: Context,
  requests: readonly SimulatedRequest[],
  ids: WorkProviderIds,
  onProgress: OnSimulationProgress,
): Promise<void> {
  let next = 0
  while (next < requests.length) {
    const piece: SimulatedRequest[] = []
    for (let reports = 0; reports < REPORTS_A_PIECE && next < requests.length; next++) {
      piece.push(requests[next]!)
      reports += requests[next]!.reports.length
    }
    const columns = inboxColumnsOf(piece.map((one) => ({ ...one, workProviderId: ids.get(one.workProvider)! })))
    const receivedAt = piece.flatMap((one) => one.reports.map(() => one.receivedAt))
    await insertReceived(context.db, columns, receivedAt)
    onProgress('reports', next / requests.length)
  }
}

/** An instant of each month that the world has reports of. */
function monthsOf({ period }: SimulatedWorld): Instant[] {
  const instants: Instant[] = []
  for (let at = period.from; at < period.until; at = plus(at, 27 * DAY)) instants.push(at)
  return [...instants, period.until]
}
