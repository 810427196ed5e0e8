import { tellOfCaps } from '../../src/app/feed-shifts.ts'
import { tellOfStatuses } from '../../src/app/feed-status.ts'
import type { Context } from '../../src/app/context.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { insertNews, numberNews } from '../../src/storage/feed.ts'

/** An entry as it came over the wire. */
export type WireEntry = {
  readonly type: string
  readonly timestamp: string
  readonly data: Record<string, unknown>
  readonly number: number
  readonly id: string
}
export type WireFeed = { readonly entries: WireEntry[]; readonly last: number; readonly next: string | null }

/** Does once what the program does of feeds in the background. */
export async function turnFeed(context: Context): Promise<void> {
  while (await tellOfStatuses(context)) continue
  while (await tellOfCaps(context)) continue
  while ((await inTransaction(context.db, (trx) => numberNews(trx, 1_000))) > 0) continue
}

/** Has something told, whatever it is. */
export async function tellNews(context: Context, workProviderId: string, count = 1): Promise<void> {
  const news = Array.from({ length: count }, (_, index) => ({
    workProviderId,
    type: 'link.created' as const,
    customerNumber: null,
    data: { index },
  }))
  await inTransaction(context.db, (trx) => insertNews(trx, news))
  await turnFeed(context)
}

export async function readFeed(
  { url, key }: { readonly url: string; readonly key: string },
  query = '',
): Promise<{ status: number; detail: string | null; feed: WireFeed }> {
  const response = await fetch(`${url}/v1/feed${query}`, { headers: { Authorization: key } })
  const detail = response.headers.get('zego-error-detail')
  return { status: response.status, detail, feed: (await response.json()) as WireFeed }
}
