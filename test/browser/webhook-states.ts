import { sql } from 'kysely'
import { addEndpoint } from '../../src/app/webhooks.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { insertNews } from '../../src/storage/feed.ts'
import type { Try } from '../../src/storage/webhook-deliveries.ts'
import { turnFeed } from '../support/feed.ts'
import type { TestSite } from '../support/site.ts'

/** Webhooks in each of their states. Answers an address with a log, and a work provider without any. */
export async function makeWebhooks(site: TestSite): Promise<{ endpoint: string; without: string }> {
  const { context, workProviderId } = site
  const workProvider = 'Courier Ltd'
  const { id: endpoint } = await addEndpoint(context, { workProvider, url: 'https://hooks.courier.example/zego' })
  const long = `https://${'a-very-long-name-of-a-host.'.repeat(4)}example/${'and-a-path-as-long/'.repeat(6)}`
  const types = ['shift.opened', 'shift.closed', 'report.parked']
  const { id: disabled } = await addEndpoint(context, { workProvider, url: long, types })
  await sql`
    update webhook_endpoint set disabled_at = now(), disabled_because = 'it answered 410' where id = ${disabled}
  `.execute(context.db)
  const kinds = ['link.created', 'customer.signed_up', 'shift.opened', 'shift.closed', 'report.parked'] as const
  const news = kinds.map((type) => ({ workProviderId, type, customerNumber: null, data: {} }))
  await inTransaction(context.db, (trx) => insertNews(trx, news))
  await turnFeed(context)
  const now = context.now()
  const tried = (status: number | null, note = ''): Try => ({ at: now, status, note })
  const ends: readonly [string, readonly Try[]][] = [
    ['delivered', [tried(204)]],
    ['delivered', [tried(null, 'no answer within 15 s'), tried(200, 'matched, and the id is bound')]],
    ['waiting', [tried(500), tried(null, 'ECONNREFUSED: connect ECONNREFUSED 198.51.100.7:443')]],
    ['failed', Array.from({ length: 10 }, () => tried(503))],
    ['waiting', []],
  ]
  const { rows } = await sql<{ entryId: string }>`
    select entry_id as "entryId" from webhook_delivery where endpoint_id = ${endpoint} order by number limit 5
  `.execute(context.db)
  for (const [index, { entryId }] of rows.entries()) {
    const [state, tries] = ends[index]!
    await sql`
      update webhook_delivery set state = ${state}, tries = ${JSON.stringify(tries)}::jsonb,
        next_try_at = now() + interval '30 minutes'
      where entry_id = ${entryId} and endpoint_id = ${endpoint}
    `.execute(context.db)
  }
  return { endpoint, without: (await createWorkProvider(context, 'Quiet Ltd')).id }
}
