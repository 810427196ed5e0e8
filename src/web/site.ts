import type { RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context as HonoContext, Hono, type MiddlewareHandler, type Next } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { routePath } from 'hono/route'
import { secureHeaders } from 'hono/secure-headers'
import type { Accounts } from '../app/accounts.ts'
import type { Context } from '../app/context.ts'
import type { DriverAccounts } from '../app/driver-accounts.ts'
import { customerOfAccount } from '../app/customer-of-account.ts'
import type { Client } from '../app/account-library.ts'
import { unavailable, withinTime } from '../app/time-limit.ts'
import { ERRORS, Refusal } from '../domain/errors.ts'
import { networkOf } from '../domain/network.ts'
import { splitTarget } from '../domain/query.ts'
import { isSoundText } from '../domain/sound-text.ts'
import { traceIdOf } from '../domain/trace.ts'
import { isUnavailable } from '../storage/database.ts'
import { admit } from './admit.ts'
import { DESK_PAGES } from './desk/pages.ts'
import { DOCS_SCRIPT } from './docs/frame.ts'
import { DOCS_PAGES } from './docs/pages.ts'
import { DRIVER_PAGES } from './driver/pages.ts'
import { browserTokenOf } from './kit/browser.ts'
import { clientAddress, type TrustedProxies } from './kit/client-address.ts'
import { isFromOwnPages } from './kit/own-origin.ts'
import { notFound, problemPage } from './kit/replies.ts'
import { isSoundForm } from './kit/sound-form.ts'
import { STYLESHEET } from './kit/stylesheet.ts'
import { isDeskPath, type Route } from './kit/route.ts'
import type { SiteServices, Visit } from './kit/visit.ts'
import { LIVE_SCRIPT } from './staff/live.ts'
import { STAFF_PAGES } from './staff/pages.ts'
import { WORK_PROVIDER_PAGES } from './work-provider/pages.ts'

export type Bindings = { Bindings: HttpBindings }

export type SiteOptions = Omit<SiteServices, 'accounts' | 'deskAccounts'> & {
  /** Loaded when they are first asked for, once the database is prepared: pages wait for them. */
  readonly accounts: () => Promise<Accounts>
  readonly isTrustedProxy: TrustedProxies
  /** Whether the database was checked and migrated. */
  readonly isPrepared: () => boolean
  /** How long a page may take, in milliseconds. */
  readonly pageMs?: number
}

export type Site = {
  readonly answer: RequestListener
  /** Whether a path, without its trailing slash, is one of the site's. */
  has(path: string): boolean
}

/** What pages are made of besides themselves. */
const ASSETS = [STYLESHEET, LIVE_SCRIPT, DOCS_SCRIPT]
/** Room for the longest terms in any script: a character takes up to nine bytes in a form. */
const MAX_FORM_BYTES = 512 * 1024
/** Longer than a status may take: somebody's password is hashed behind others'. */
const PAGE_MS = 10_000
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** The pages as an application: it listens to nothing. */
export function buildSite(options: SiteOptions): Site {
  const routes: readonly Route[] = [
    ...DRIVER_PAGES,
    ...DOCS_PAGES,
    ...DESK_PAGES,
    ...STAFF_PAGES,
    ...WORK_PROVIDER_PAGES,
  ]
  const app = new Hono<Bindings>({ getPath: (_, given) => splitTarget(given!.env!.incoming.url).path })
  app.use((c, next) => noted(options, c, next))
  const isHttps = options.context.publicUrl.startsWith('https:')
  const [withoutScripts, withScripts] = [fences(isHttps, false), fences(isHttps, true)]
  app.use((c, next) => (mayRunScripts(c.req.path) ? withScripts : withoutScripts)(c, next))
  for (const { path, answer: asset } of ASSETS) app.get(path, () => asset())
  app.use(bodyLimit({ maxSize: MAX_FORM_BYTES, onError: () => refuse(options, 'TOO_LARGE') }))
  for (const route of routes) app.on(route.method, route.path, (c) => answer(options, c, route))
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map((route) => route.method)
    app.all(path, () => refuse(options, 'METHOD_NOT_ALLOWED', { Allow: allowed(methods) }))
  }
  app.notFound(() => notFound(stranger(options)))
  app.onError((error, c) => failed(options, c, error))
  return {
    answer: listener(app),
    has: pathTest([...ASSETS.map((asset) => asset.path), ...routes.map((route) => route.path)]),
  }
}

function listener(app: Hono<Bindings>): RequestListener {
  const answer = getRequestListener((request, env) => app.fetch(request, env as HttpBindings), {
    // A HTTP/1.0 client need not name a host.
    hostname: 'localhost',
    // A host that is none, say.
    errorHandler: () => Response.json({ error: 'INVALID_DATA' }, { status: 400 }),
  })
  return (incoming, outgoing) => void answer(incoming, outgoing)
}

/** Tells those who watch over the process of an answer: of a page that goes on, of its beginning. */
async function noted({ context }: SiteOptions, c: HonoContext<Bindings>, next: Next): Promise<void> {
  const begun = performance.now()
  await next()
  const seconds = (performance.now() - begun) / 1_000
  context.metrics.answered({ method: c.req.method, route: routePathOf(c), status: c.res.status, seconds })
}

/** Those of the desk and the documents may run scripts of ours; drivers' pages have none. */
function mayRunScripts(path: string): boolean {
  return isDeskPath(path) || path === '/docs' || path.startsWith('/docs/')
}

/** What a browser is told not to do with our pages. */
function fences(isHttps: boolean, hasScripts: boolean): MiddlewareHandler {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      ...(hasScripts ? { scriptSrc: ["'self'"], connectSrc: ["'self'"] } : {}),
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    // With `no-referrer` a browser would send `Origin: null` with our own forms.
    referrerPolicy: 'same-origin',
    xFrameOptions: 'DENY',
    strictTransportSecurity: isHttps ? 'max-age=31536000; includeSubDomains' : false,
    permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [] },
  })
}

/** Tells whether a path is one of some, by the first part of the path. */
function pathTest(paths: readonly string[]): (path: string) => boolean {
  const byFirstPart = new Map(
    [...Map.groupBy(new Set(paths), firstPart)].map(([part, own]) => [part, own.map(patternOf)]),
  )
  return (path) => byFirstPart.get(firstPart(path))?.some((pattern) => pattern.test(path)) ?? false
}

function firstPart(path: string): string {
  const end = path.indexOf('/', 1)
  return end === -1 ? path : path.slice(0, end)
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`)
}

async function answer(options: SiteOptions, c: HonoContext<Bindings>, route: Route): Promise<Response> {
  try {
    if (!options.isPrepared()) throw unavailable('the server is starting')
    const visiting = visitPage(options, c, route)
    return await withinTime(visiting, options.pageMs ?? PAGE_MS).catch((error: unknown) => {
      // Nobody reads a page that comes later; whoever watches in it would watch for ever.
      void visiting.then((late) => late.body?.cancel()).catch(() => {})
      throw error
    })
  } catch (error) {
    return failed(options, c, error)
  }
}

async function visitPage(options: SiteOptions, c: HonoContext<Bindings>, route: Route): Promise<Response> {
  const headers = new Headers(c.req.header())
  if (route.method === 'POST' && !isFromOwnPages(headers, options.context.publicUrl))
    return refuse(options, 'FORBIDDEN')
  if (!Object.values(c.req.param()).every(isSoundText)) return notFound(stranger(options))
  const form = await readForm(c)
  if (form === null) return refuse(options, 'INVALID_DATA')
  return admit(await newVisit(options, c, headers, form), route)
}

/** The fields of a form; null for what is no form of ours. */
async function readForm(c: HonoContext<Bindings>): Promise<URLSearchParams | null> {
  if (c.req.method !== 'POST') return new URLSearchParams()
  const text = await c.req.text()
  // A button alone sends no field, and some browsers then no type.
  if (text !== '' && !FORM_TYPE.test(c.req.header('content-type') ?? '')) return null
  const form = new URLSearchParams(text)
  return isSoundForm(form) ? form : null
}

async function newVisit(
  options: SiteOptions,
  c: HonoContext<Bindings>,
  headers: Headers,
  form: URLSearchParams,
): Promise<Visit> {
  const { context, api, live, keepsMails, stopping } = options
  const { drivers: accounts, desk: deskAccounts } = await options.accounts()
  const incoming = c.env.incoming
  const address = clientAddress(incoming, options.isTrustedProxy)
  const client: Client = { headers, address, ownOrigin: headers.get('origin') ?? new URL(context.publicUrl).origin }
  const target = splitTarget(incoming.url)
  return {
    ...stranger(options),
    ...(isDeskPath(target.path)
      ? { person: await deskAccounts.session(client) }
      : await driverOf(context, accounts, client)),
    accounts,
    deskAccounts,
    api,
    live,
    keepsMails,
    stopping,
    method: c.req.method,
    ...target,
    parameters: c.req.param() as Record<string, string>,
    form,
    client,
    network: networkOf(address),
    browserToken: browserTokenOf(headers.get('cookie')),
  }
}

async function driverOf(
  context: Context,
  accounts: DriverAccounts,
  client: Client,
): Promise<Pick<Visit, 'driver' | 'cookies'>> {
  const loggedIn = await accounts.session(client)
  if (loggedIn === null) return { driver: null, cookies: [] }
  const { account, cookies } = loggedIn
  return { driver: { account, customer: await customerOfAccount(context, account) }, cookies: [...cookies] }
}

/** As much of a visit as an answer needs that is the same for everybody. */
function stranger({ context }: SiteOptions) {
  return { context, requestId: context.newId(), driver: null, person: null, cookies: [] as string[] }
}

type SiteError = 'INVALID_DATA' | 'TOO_LARGE' | 'METHOD_NOT_ALLOWED' | 'FORBIDDEN' | 'UNAVAILABLE' | 'INTERNAL'

const WORDS: Readonly<Record<SiteError, { title: string; text: string }>> = {
  INVALID_DATA: {
    title: 'The form could not be read',
    text: 'Go back, check what you typed, and send it again.',
  },
  TOO_LARGE: { title: 'That is too much text', text: 'Go back, shorten what you typed, and send it again.' },
  METHOD_NOT_ALLOWED: { title: 'That does not work here', text: 'Go back to the page you came from and try again.' },
  FORBIDDEN: {
    title: 'This did not come from our pages',
    text: 'What was sent here came from another site, so nothing was done. Open the page here and try again.',
  },
  UNAVAILABLE: {
    title: 'We cannot answer just now',
    text: 'Please try again in a moment. If you were changing something, look first whether it was done.',
  },
  INTERNAL: {
    title: 'Something went wrong on our side',
    text: 'Please try again. If it happens again, contact us.',
  },
}

function refuse(options: SiteOptions, error: SiteError, extra: Record<string, string> = {}): Promise<Response> {
  return problemPage(stranger(options), error, WORDS[error], extra)
}

function failed(options: SiteOptions, c: HonoContext<Bindings>, error: unknown): Promise<Response> {
  const { log } = options.context
  const { incoming } = c.env
  // Who leaves before all of a form was sent: no fault of ours or of the database, and nobody is told any more.
  if (incoming.destroyed && !incoming.complete) return refuse(options, 'INVALID_DATA')
  const known: SiteError | null =
    error instanceof Refusal && error.error in WORDS
      ? (error.error as SiteError)
      : isUnavailable(error)
        ? 'UNAVAILABLE'
        : null
  if (known === null) log.error({ err: error, route: routePathOf(c), traceId: traceOf(c) }, 'a page failed')
  else if (ERRORS[known].status >= 500) log.warn({ err: error, traceId: traceOf(c) }, 'a page cannot be answered now')
  return refuse(options, known ?? 'INTERNAL', known === 'UNAVAILABLE' ? { 'Retry-After': '5' } : {})
}

/** The pattern, never the path itself: a path can hold the token of a mailed link. Empty where there is no page. */
function routePathOf(c: HonoContext<Bindings>): string {
  const path = routePath(c, -1)
  return path === '/*' ? '' : path
}

function traceOf(c: HonoContext<Bindings>): string | undefined {
  return traceIdOf(c.req.header('traceparent'))
}

function allowed(methods: readonly string[]): string {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}
