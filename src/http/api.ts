import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { unavailable } from '../app/time-limit.ts'
import { ERRORS, Refusal } from '../domain/errors.ts'
import { lazily } from '../domain/lazily.ts'
import { splitTarget } from '../domain/query.ts'
import { traceIdOf } from '../domain/trace.ts'
import { isUnavailable } from '../storage/database.ts'
import { authenticate, readKey } from './authenticate.ts'
import type { Exchange, KnownExchange, Resource, Services } from './exchange.ts'
import { FEED_PATH, getFeed } from './feed.ts'
import { postMatch } from './match.ts'
import { namesProblem, type Headers, type Reply, reply, replyError, write } from './replies.ts'
import { getRequest, REQUESTS_PATH } from './requests.ts'
import { postBatch, postShift } from './shifts.ts'
import { getStatus } from './status.ts'
import { getValidate, VALIDATE_PATH } from './validate.ts'

/** A path takes one method. `HEAD` is answered as `GET` is, without the body. */
export type Route = {
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly answer: (exchange: Exchange) => Promise<Reply>
}

/** The paths of the API, each with and without a trailing slash. One that ends in `/*` takes one more part. */
export const ROUTES: ReadonlyMap<string, Route> = new Map(
  [
    keyed('POST', '/v1/shift/login', postShift('login')),
    keyed('POST', '/v1/shift/logout', postShift('logout')),
    keyed('POST', '/v1/batch/login', postBatch('login')),
    keyed('POST', '/v1/batch/logout', postBatch('logout')),
    keyed('POST', '/v1/match', postMatch),
    keyed('POST', '/v1/user/match', postMatch),
    keyed('GET', '/v1/user/status', getStatus),
    keyed('GET', '/v1/status', getStatus),
    keyed('GET', VALIDATE_PATH, getValidate),
    keyed('GET', `${VALIDATE_PATH}/*`, getValidate),
    keyed('GET', `${REQUESTS_PATH}/*`, getRequest),
    keyed('GET', FEED_PATH, getFeed),
    open('/livez', async (exchange) => reply(exchange, 200, OK)),
    open('/readyz', getReadiness),
    open('/openapi.json', async (exchange) => reply(exchange, 200, await description())),
  ].map((route) => [route.path, route]),
)
const NONE = [] as const
const OK = '{"status":"ok"}'
/** Loaded when it is first asked for: the server starts sooner without it. */
const description = lazily(async () => JSON.stringify((await import('./openapi/document.ts')).openApiDocument()))

/** Whether the API has something at a path, without its trailing slash. */
export function isApiPath(path: string): boolean {
  return routeOf(path) !== undefined
}

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
  const begun = performance.now()
  const route = routeOf(exchange.path)
  const method = exchange.incoming.method === 'HEAD' ? 'GET' : exchange.incoming.method
  if (route === undefined) {
    finish(refuse(exchange, new Refusal('NOT_FOUND', 'there is nothing at this path')))
  } else if (method !== route.method) {
    const refusal = new Refusal('METHOD_NOT_ALLOWED', 'this path does not take that method')
    finish(refuse(exchange, refusal, ['Allow', route.method === 'GET' ? 'GET, HEAD' : route.method]))
  } else {
    const { underWay } = exchange.services
    underWay.count++
    const over = (answered: Reply): void => {
      underWay.count--
      finish(answered)
    }
    void route.answer(exchange).then(over)
  }

  function finish(answered: Reply): void {
    write(outgoing, answered)
    const seconds = (performance.now() - begun) / 1_000
    const { context } = exchange.services
    const { status } = answered
    context.metrics.answered({ method: exchange.incoming.method ?? '', route: route?.path ?? '', status, seconds })
    if (context.log.isLevelEnabled('debug')) {
      context.log.debug({ ...traced(exchange), route: route?.path, status, seconds }, 'a request was answered')
    }
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
    deprecated: NONE,
    path,
    query,
    caller: null,
  }
}

function keyed(method: Route['method'], path: string, resource: Resource): Route {
  return { method, path, answer: (exchange) => answer(exchange, resource) }
}

function open(path: string, answerAny: Route['answer']): Route {
  return { method: 'GET', path, answer: answerAny }
}

/** Checks in the order of product.md: path and method are done; key, rate, and the resource looks at size and content. */
async function answer(exchange: Exchange, resource: Resource): Promise<Reply> {
  try {
    if (!exchange.services.isPrepared()) throw unavailable('the server is starting')
    const { context, keyRing, rates, apiUse } = exchange.services
    const key = readKey(exchange.incoming)
    const caller = keyRing.recall(key) ?? (await authenticate(keyRing, key))
    exchange.caller = caller
    const now = context.now()
    apiUse.noteKey(caller.keyId, now)
    rates.admit(caller.keyId, now)
    return await resource(exchange as KnownExchange)
  } catch (error) {
    return refuse(exchange, refusalOf(exchange, error))
  } finally {
    noteDeprecated(exchange)
  }
}

function noteDeprecated({ services, caller, deprecated }: Exchange): void {
  for (const field of deprecated) {
    const { workProviderId, isTest } = caller!
    services.apiUse.noteDeprecated(workProviderId, field)
    // Test twins see it on their page; nobody is woken by them.
    if (!isTest) services.context.metrics.usedDeprecated(workProviderId, field)
  }
}

function refusalOf(exchange: Exchange, error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { log } = exchange.services.context
  if (isUnavailable(error)) {
    log.warn({ err: error, ...traced(exchange) }, 'the database cannot be used')
    return unavailable('the database cannot be used now')
  }
  log.error({ err: error, ...traced(exchange) }, 'a request failed')
  return new Refusal('INTERNAL', 'this is a fault of the server')
}

/** What a line of the log is found by: our id of the request, and the caller's of its trace. */
function traced({ requestId, incoming }: Exchange): { requestId: string; traceId: string | undefined } {
  return { requestId, traceId: traceIdOf(incoming.headers['traceparent']) }
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
