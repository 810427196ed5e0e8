import type { WorkProvider } from '../domain/work-provider.ts'
import { linksOfCustomer } from '../storage/links.ts'
import { matchesThatWait } from '../storage/matches.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'

export type Shareable = { readonly workProvider: WorkProvider; readonly cameBy: 'match' | 'home' }

/** A work provider that a customer may be asked about on their own pages: one they are linked to, or whose word waits. */
export async function findShareable(
  context: Context,
  customerNumber: string,
  workProviderId: string,
): Promise<Shareable | null> {
  const workProvider = (await listWorkProviders(context.db)).find((one) => one.id === workProviderId)
  if (workProvider === undefined) return null
  const waiting = await matchesThatWait(context.db, customerNumber)
  if (waiting.some((one) => one.id === workProviderId)) return { workProvider, cameBy: 'match' }
  const links = await linksOfCustomer(context.db, customerNumber)
  return links.some((link) => link.workProviderId === workProviderId) ? { workProvider, cameBy: 'home' } : null
}
