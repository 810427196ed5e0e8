import { recordMatch } from '../app/match.ts'
import { withinTime } from '../app/time-limit.ts'
import { readBody } from './body.ts'
import type { Resource } from './exchange.ts'
import { parseBody, parseMatch } from './parse.ts'
import { PENDING, reply } from './replies.ts'

/** POST /v1/match */
export const postMatch: Resource = async (exchange) => {
  const { requestId, caller, services } = exchange
  const body = await readBody(exchange.incoming, services.context.limits.bodyBytes)
  const word = parseMatch(parseBody(body), exchange)
  const { workProviderId, isTest } = caller
  await withinTime(recordMatch(services.context, { requestId, workProviderId, isTest, ...word }))
  return reply(exchange, 202, PENDING, ['Location', `/v1/requests/${requestId}`])
}
