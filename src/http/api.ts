import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { unavailable } from '../app/time-limit.ts'
import { ERRORS, Refusal } from '../domain/errors.ts'
import { splitTarget } from '../domain/query.ts'
import { isUnavailable } from '../storage/database.ts'
import { authenticate, readKey } from './authenticate.ts'
import type { Exchange, KnownExchange, Resource, Services } from './exchange.ts'
import { postMatch } from './match.ts'
import { openApiDocument } from './openapi/document.ts'
import { namesProblem, type Headers, type Reply, reply, replyError, write } from './replies.ts'
import { getRequest, REQUESTS_PATH } from './requests.ts'
import { postBatch, postShift } from './shifts.ts'
import { getStatus } from './status.ts'
import { getValidate, VALIDATE_PATH } from './validate.ts'

/** A path takes one method. `HEAD` is answered as `GET` is, without the body. */
export type Route = { readonly method: 'GET' | 'POST'; readonly answer: (exchange: Exchange) => Promise<Reply> }

/** The paths of the API, each with and without a trailing slash. One that ends in `/*` takes one more part. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/v1/shift/login', keyed('POST', postShift('login'))],
  ['/v1/shift/logout', keyed('POST', postShift('logout'))],
  ['/v1/batch/login', keyed('POST', postBatch('login'))],
  ['/v1/batch/logout', keyed('POST', postBatch('logout'))],
  ['/v1/match', keyed('POST', postMatch)],
  ['/v1/user/match', keyed('POST', postMatch)],
  ['/v1/user/status', keyed('GET', getStatus)],
  ['/v1/status', keyed('GET', getStatus)],
  [VALIDATE_PATH, keyed('GET', getValidate)],
  [`${VALIDATE_PATH}/*`, keyed('GET', getValidate)],
  [`${REQUESTS_PATH}/*`, keyed('GET', getRequest)],
  ['/livez', { method: 'GET', answer: async (exchange) => reply(exchange, 200, OK) }],
  ['/readyz', { method: 'GET', answer: getReadiness }],
  ['/openapi.json', { method: 'GET', answer: async (exchange) => reply(exchange, 200, DESCRIPTION) }],
])
const OK = '{"status":"ok"}'
const DESCRIPTION = JSON.stringify(openApiDocument())

/** The API as a listener of a `node:http` server: it listens to nothing itself. */
export function buildApi(services: Services): RequestListener {
  return (incoming, outgoing) => serve(newExchange(services, incoming), outgoing)
}

/** The path is taken as it was sent: `/../` and the like are no way to another path. */
function routeOf(path: string): Route | undefined {
  const exact = path.endsWith('/*') ? undefined : ROUTES.get(path)
  if (exact !== undefined) return exact
  const lastPart = path.lastIndexOf('/') + 1
  return lastPart === path.length ? undefined : ROUTES.get(`${path.slice(0, lastPart)}*`)
}

/** Every request comes through here, and through what it calls: a promise more for each is seen in what is served a second. */
function serve(exchange: Exchange, outgoing: ServerResponse): void {
  const route = routeOf(exchange.path)
  const method = exchange.incoming.method === 'HEAD' ? 'GET' : exchange.incoming.method
  if (route === undefined) {
    write(outgoing, refuse(exchange, new Refusal('NOT_FOUND', 'there is nothing at this path')))
  } else if (method !== route.method) {
    const refusal = new Refusal('METHOD_NOT_ALLOWED', 'this path does not take that method')
    write(outgoing, refuse(exchange, refusal, ['Allow', route.method === 'GET' ? 'GET, HEAD' : route.method]))
  } else {
    const { underWay } = exchange.services
    underWay.count++
    const over = (answered: Reply): void => {
      underWay.count--
      write(outgoing, answered)
    }
    void route.answer(exchange).then(over)
  }
}

async function getReadiness(exchange: Exchange): Promise<Reply> {
  try {
    await exchange.services.assertReady()
    return reply(exchange, 200, OK)
  } catch {
    return replyError(exchange, unavailable('the database cannot be used now'))
  }
}

function newExchange(services: Services, incoming: IncomingMessage): Exchange {
  const { path, query } = splitTarget(incoming.url)
  return {
    services,
    incoming,
    requestId: services.context.newId(),
    wantsProblem: namesProblem(incoming.headers.accept),
    isDeprecated: false,
    path,
    query,
    caller: null,
  }
}

function keyed(method: Route['method'], resource: Resource): Route {
  return { method, answer: (exchange) => answer(exchange, resource) }
}

/** Checks in the order of product.md: path and method are done; key, rate, and the resource looks at size and content. */
async function answer(exchange: Exchange, resource: Resource): Promise<Reply> {
  try {
    if (!exchange.services.isPrepared()) throw unavailable('the server is starting')
    const { context, keyRing, rates } = exchange.services
    const key = readKey(exchange.incoming)
    const caller = keyRing.recall(key) ?? (await authenticate(keyRing, key))
    exchange.caller = caller
    rates.admit(caller.keyId, context.now())
    return await resource(exchange as KnownExchange)
  } catch (error) {
    return refuse(exchange, refusalOf(exchange, error))
  }
}

function refusalOf(exchange: Exchange, error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { log } = exchange.services.context
  if (isUnavailable(error)) {
    log.warn({ err: error, requestId: exchange.requestId }, 'the database cannot be used')
    return unavailable('the database cannot be used now')
  }
  log.error({ err: error, requestId: exchange.requestId }, 'a request failed')
  return new Refusal('INTERNAL', 'this is a fault of the server')
}

function refuse(exchange: Exchange, refusal: Refusal, headers: Headers = []): Reply {
  const { services, incoming, requestId, path } = exchange
  services.refusals.note({
    requestId,
    workProviderId: exchange.caller?.workProviderId ?? null,
    at: services.context.now(),
    method: incoming.method ?? '',
    path,
    status: ERRORS[refusal.error].status,
    error: refusal.error,
    detail: refusal.detail,
  })
  return replyError(exchange, refusal, headers)
}
