import { takeFeedPage } from '../app/feed.ts'
import { withinTime } from '../app/time-limit.ts'
import { Refusal } from '../domain/errors.ts'
import { feedEntryToWire } from '../domain/feed.ts'
import { parseQuery } from '../domain/query.ts'
import type { Resource } from './exchange.ts'
import { reply } from './replies.ts'

export const FEED_PATH = '/v1/feed'

/** GET /v1/feed: what the work provider is told of, after the entry that `after` numbers. */
export const getFeed: Resource = async (exchange) => {
  const { services, caller } = exchange
  const after = afterNumber(exchange.query)
  const { entries, last, isMore } = await withinTime(takeFeedPage(services.context, caller.workProviderId, after))
  const next = isMore ? `${FEED_PATH}?after=${entries.at(-1)!.number}` : null
  return reply(exchange, 200, JSON.stringify({ entries: entries.map(feedEntryToWire), last, next }))
}

function afterNumber(query: string): number {
  const given = parseQuery(query).filter((pair) => pair.name === 'after')
  const [pair] = given
  if (pair === undefined) return 0
  if (given.length > 1 || pair.value === null || !/^\d{1,15}$/.test(pair.value)) {
    throw new Refusal('INVALID_DATA', 'after is not the number of an entry')
  }
  return Number(pair.value)
}
