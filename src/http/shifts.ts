import type { Report } from '../app/accept.ts'
import type { EventKind } from '../domain/shift-event.ts'
import { readBody } from './body.ts'
import type { KnownExchange, Resource } from './exchange.ts'
import { parseBatch, parseBody, parseReport } from './parse.ts'
import { PENDING, type Reply, reply } from './replies.ts'

/** POST /v1/shift/login and /v1/shift/logout */
export function postShift(kind: EventKind): Resource {
  return async (exchange) => {
    const { now, limits } = exchange.services.context
    const body = parseBody(await readBody(exchange.incoming, limits.bodyBytes))
    const report = parseReport(body, now(), exchange)
    return accept(exchange, kind, [report])
  }
}

/** POST /v1/batch/login and /v1/batch/logout */
export function postBatch(kind: EventKind): Resource {
  return async (exchange) => {
    const { now, limits } = exchange.services.context
    const body = parseBody(await readBody(exchange.incoming, limits.bodyBytes))
    const reports = parseBatch(body, limits.batchItems, now(), exchange)
    if (reports.length === 0) return reply(exchange, 202, PENDING)
    return accept(exchange, kind, reports)
  }
}

function accept(exchange: KnownExchange, kind: EventKind, reports: readonly Report[]): Promise<Reply> {
  const { caller, requestId, services } = exchange
  services.rates.charge(caller.keyId, reports.length)
  return services.acceptor
    .accept({ requestId, workProviderId: caller.workProviderId, kind, reports })
    .then(() => reply(exchange, 202, PENDING, ['Location', `/v1/requests/${requestId}`]))
}
