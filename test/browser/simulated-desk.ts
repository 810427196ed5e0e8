import assert from 'node:assert/strict'
import { type MadeSimulation, makeSimulation } from '../../src/app/simulate.ts'
import { countDay, dueDays } from '../../src/app/count-quality.ts'
import type { Context } from '../../src/app/context.ts'
import { LIVE_PACE } from '../../src/app/live.ts'
import { verifySimulation } from '../../src/app/verify-simulation.ts'
import { formatInstant } from '../../src/domain/instant.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { listWorkProviders } from '../../src/storage/work-providers.ts'
import type { World } from '../oracle/facts.ts'
import { worldsOfCustomers } from '../support/customer-worlds.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { worldOfStore } from '../support/world-of-store.ts'
import { describeInBrowser, type Stage } from './chromium.ts'

/* The desk over what `zego simulate --drivers 500 --days 14 --seed 1` makes, by the same use case. */

const SIZE = { drivers: 500, days: 14, seed: 1 } as const
/** So that nobody waits for new figures. */
const PACE = { ...LIVE_PACE, restMs: 200, share: 1 }

export type SimulatedStage = Stage & {
  readonly made: MadeSimulation
  /** The id of a work provider by its name. */
  workProviderId(name: string): string
  /** All facts that the store holds now, as the oracle takes them: of one customer at a time. */
  facts(): Promise<(customerNumber: string) => World>
}

/** Declares a suite in a real browser on a site with the simulation in it: derived, verified, and its quality counted. */
export function describeSimulatedDesk(name: string, suite: (stage: SimulatedStage) => void): void {
  let made: MadeSimulation | undefined
  const ids = new Map<string, string>()
  const makeSite = async (): Promise<TestSite> => {
    const site = await openSite('embedded', {}, undefined, PACE)
    try {
      made = await makeSimulation(site.context, SIZE)
      assert.deepEqual((await verifySimulation(site.context, SIZE)).differences, [])
      await countQuality(site.context)
      for (const one of await listWorkProviders(site.context.db)) ids.set(one.name, one.id)
    } catch (error) {
      await site.close()
      throw error
    }
    return site
  }
  describeInBrowser(
    name,
    (stage) =>
      suite({
        get site() {
          return stage.site
        },
        get made() {
          return made!
        },
        open: (options) => stage.open(options),
        workProviderId: (name) => ids.get(name)!,
        facts: async () => worldsOfCustomers(await worldOfStore(stage.site.context.db)),
      }),
    makeSite,
  )
}

/** As the server does in the background. */
async function countQuality(context: Context): Promise<void> {
  const now = await databaseNow(context.db)
  for (;;) {
    const days = await dueDays(context, now)
    if (days.length === 0) return
    for (const day of days) await countDay(context, day, now)
  }
}

/** A work provider reports to the API that somebody logs in now, and that is derived. */
export async function report(stage: SimulatedStage, workProvider: string, workProviderUserId: string): Promise<void> {
  const { site } = stage
  const response = await ask(stage, workProvider, '/v1/shift/login', {
    method: 'POST',
    body: JSON.stringify({ workProviderUserId, timestamp: formatInstant(site.context.now()) }),
  })
  assert.equal(response.status, 202)
  await site.settle()
}

/** A request to the API with the key that the simulation made. */
export function ask(
  { site, made }: SimulatedStage,
  workProvider: string,
  path: string,
  request: RequestInit = {},
): Promise<Response> {
  const { key } = made.keys.find((one) => one.workProvider === workProvider)!
  return fetch(`${site.url}${path}`, { ...request, headers: { Authorization: key } })
}
