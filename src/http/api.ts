import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import { unavailable } from '../app/time-limit.ts'
import { ERRORS, Refusal } from '../domain/errors.ts'
import { splitTarget } from '../domain/query.ts'
import { isUnavailable } from '../storage/database.ts'
import { authenticate } from './authenticate.ts'
import type { Exchange, Resource, Services } from './exchange.ts'
import { postMatch } from './match.ts'
import { namesProblem, reply, replyError } from './replies.ts'
import { getRequest, REQUESTS_PATH } from './requests.ts'
import { postBatch, postShift } from './shifts.ts'
import { getStatus } from './status.ts'
import { getValidate, VALIDATE_PATH } from './validate.ts'

export type Bindings = { Bindings: HttpBindings }

/** The paths of the API, each with its one method. Each answers with and without a trailing slash. */
const RESOURCES: readonly { method: 'GET' | 'POST'; paths: readonly string[]; resource: Resource }[] = [
  { method: 'POST', paths: ['/v1/shift/login'], resource: postShift('login') },
  { method: 'POST', paths: ['/v1/shift/logout'], resource: postShift('logout') },
  { method: 'POST', paths: ['/v1/batch/login'], resource: postBatch('login') },
  { method: 'POST', paths: ['/v1/batch/logout'], resource: postBatch('logout') },
  { method: 'POST', paths: ['/v1/match', '/v1/user/match'], resource: postMatch },
  { method: 'GET', paths: ['/v1/user/status', '/v1/status'], resource: getStatus },
  { method: 'GET', paths: [VALIDATE_PATH, `${VALIDATE_PATH}/:number`], resource: getValidate },
  { method: 'GET', paths: [`${REQUESTS_PATH}/:id`], resource: getRequest },
]

/** The API as an application: it listens to nothing. */
export function buildApi(services: Services): Hono<Bindings> {
  // Routed by the path as it was sent: `/../` and the like are no way to another path.
  const app = new Hono<Bindings>({ getPath: (_, options) => splitTarget(options!.env!.incoming.url).path })
  app.get('/livez', (c) => reply(newExchange(services, c.env.incoming), 200, '{"status":"ok"}'))
  app.get('/readyz', async (c) => {
    const exchange = newExchange(services, c.env.incoming)
    try {
      await services.assertReady()
      return reply(exchange, 200, '{"status":"ok"}')
    } catch {
      return replyError(exchange, unavailable('the database cannot be used now'))
    }
  })
  for (const { method, paths, resource } of RESOURCES) {
    for (const path of paths) app.on(method, path, (c) => answer(newExchange(services, c.env.incoming), resource))
  }
  for (const path of ['/livez', '/readyz', ...RESOURCES.flatMap((one) => one.paths)]) {
    const method = RESOURCES.find((one) => one.paths.includes(path))?.method ?? 'GET'
    app.all(path, (c) => refuse(newExchange(services, c.env.incoming), wrongMethod(), { Allow: allow(method) }))
  }
  app.notFound((c) =>
    refuse(newExchange(services, c.env.incoming), new Refusal('NOT_FOUND', 'there is nothing at this path')),
  )
  return app
}

function newExchange(services: Services, incoming: IncomingMessage): Exchange {
  return {
    services,
    incoming,
    requestId: services.context.newId(),
    wantsProblem: namesProblem(incoming.headers.accept),
    isDeprecated: false,
    ...splitTarget(incoming.url),
    caller: null,
  }
}

/** Checks in the order of product.md: path and method are done; key, rate, and the resource looks at size and content. */
async function answer(exchange: Exchange, resource: Resource): Promise<Response> {
  try {
    if (!exchange.services.isPrepared()) throw unavailable('the server is starting')
    const caller = await authenticate(exchange.services.keyRing, exchange.incoming)
    const known = Object.assign(exchange, { caller })
    exchange.services.rates.admit(caller.keyId, exchange.services.context.now())
    return await resource(known)
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

function refuse(exchange: Exchange, refusal: Refusal, headers: Record<string, string> = {}): Response {
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

function wrongMethod(): Refusal {
  return new Refusal('METHOD_NOT_ALLOWED', 'this path does not take that method')
}

function allow(method: 'GET' | 'POST'): string {
  return method === 'GET' ? 'GET, HEAD' : method
}
