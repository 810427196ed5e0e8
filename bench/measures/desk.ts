import { createTestKey } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { workProviderOrTwin } from '../../src/app/sandbox.ts'
import { addEndpointOf } from '../../src/app/webhooks.ts'
import type { Route } from '../../src/web/kit/route.ts'
import { CONFLICT_PATH, PARKED_PATH } from '../../src/web/staff/case-address.ts'
import { STAFF_PAGES } from '../../src/web/staff/pages.ts'
import { WORK_PROVIDER_PAGES } from '../../src/web/work-provider/pages.ts'
import { joinStaff, joinWorkProvider } from '../../test/support/desk.ts'
import type { Visitor } from '../../test/support/visitor.ts'
import { type Bench, beside, median, milliseconds, ratioOf, type Row } from '../bench.ts'
import { customerNumberOf, userIdOf } from '../load/job.ts'
import { nameOf, registrationOf, WORK_PROVIDER } from '../seed.ts'
import { analyzeGrown, growCases, growHistory, idsOfDesk } from '../statements.ts'
import type { Server } from '../store.ts'

/** Whose pages are opened: a courier who worked twice a day for a year. */
const COURIER = 0
const PAIRS = 700
/** A page that reads nothing but who asks: what the others are compared with. */
const PLAIN = '/staff'
/** A user id that nobody is linked by, and one that another is linked by: the first of those claimed in `growCases`. */
const PARKED = 'nobody-knows'
const CLAIMED = userIdOf(1)
/** So long ago the customer is looked at. */
const LOOKED_AT_MS = 48 * 3_600_000
const WARM_UP_MS = 500
const VISITS_MS = 2_000
/** Where webhooks go: nowhere, since a private address is not sent to. */
const ENDPOINT_URL = 'https://127.0.0.1/told'
/** The live page's events never end. */
const ENDLESS = '/staff/live/events'

/** How long each page of the desk takes, on every route there is, asked one after another by one reader. */
export async function deskPages(bench: Bench): Promise<Row[]> {
  const { store } = bench
  await connected(bench, async (context) => {
    await growHistory(context, store.workProviderId, { first: COURIER, couriers: 1, pairs: PAIRS })
    await growCases(context, store.workProviderId)
    await analyzeGrown(context)
  })
  return beside(store.serve(), (server) => connected(bench, (context) => measurePages(bench, server, context)))
}

async function connected<T>({ store }: Bench, work: (context: Context) => Promise<T>): Promise<T> {
  const { context, close } = await store.connect()
  try {
    return await work(context)
  } finally {
    await close()
  }
}

type Place = { readonly what: string; readonly visitor: Visitor; readonly path: string }

async function measurePages(bench: Bench, { port }: Server, context: Context): Promise<Row[]> {
  const url = `http://127.0.0.1:${port}`
  const site = { url, context: { ...context, publicUrl: url } }
  const { visitor: admin } = await joinStaff(site, 'admin')
  const { visitor: integrator } = await joinWorkProvider(site, WORK_PROVIDER)
  const requestId = await report(url, bench.store.key)
  const parameters = await parametersOf(bench, context, admin, requestId)
  const endpoints = await addEndpoints(context)
  const on = (routes: readonly Route[], visitor: Visitor): Place[] =>
    routes
      .filter(({ method, path }) => method === 'GET' && path !== ENDLESS)
      .map(({ path }) => ({
        what: path,
        visitor,
        path:
          filledIn(path, path.startsWith(CONFLICT_PATH) ? { ...parameters, identity: CLAIMED } : parameters) +
          queryOf(path, endpoints),
      }))
  const plain = await visit(bench, url, { what: PLAIN, visitor: admin, path: PLAIN })
  const rows: Row[] = []
  const week = {
    what: "a customer's week, with an instant chosen",
    visitor: admin,
    path: weekOf(customerNumberOf(COURIER)),
  }
  for (const place of [
    ...searches(admin, requestId),
    week,
    ...on(STAFF_PAGES, admin),
    ...on(WORK_PROVIDER_PAGES, integrator),
  ]) {
    const took = await visit(bench, url, place)
    rows.push({
      what: `${place.what}${isTable(place.path) ? ', its first lines' : ''}, ${bench.customers.toLocaleString('en-GB')} customers`,
      engine: bench.store.engine,
      measured: milliseconds(took),
      baseline: `a page that reads nothing ${milliseconds(plain)}`,
      ratio: ratioOf(took, plain),
      target: 'no target',
      isMet: null,
    })
  }
  return rows
}

/** Where a work provider and its test twin are told what happened. */
type Endpoints = { readonly own: string; readonly test: string }

async function addEndpoints(context: Context): Promise<Endpoints> {
  await createTestKey(context, WORK_PROVIDER)
  const add = async (isTest: boolean): Promise<string> => {
    const workProvider = await workProviderOrTwin(context, WORK_PROVIDER, isTest)
    return (await addEndpointOf(context, workProvider, { url: ENDPOINT_URL })).id
  }
  return { own: await add(false), test: await add(true) }
}

/** Of pages that are nothing without. */
function queryOf(path: string, { own, test }: Endpoints): string {
  if (path === `${PARKED_PATH}/bind`) return `?customer=${customerNumberOf(2)}`
  if (path.endsWith('/test/webhooks/log')) return `?endpoint=${test}`
  return path.endsWith('/webhooks/log') ? `?endpoint=${own}` : ''
}

function searches(visitor: Visitor, requestId: string): Place[] {
  const number = customerNumberOf(COURIER)
  const texts = {
    'customer number': number,
    'e-mail': `${number}@example.com`,
    name: nameOf(COURIER),
    'user id': userIdOf(COURIER),
    'vehicle registration': registrationOf(COURIER),
    'request id': requestId,
    'what nobody has': 'Nobody of this name',
  }
  return Object.entries(texts).map(([by, text]) => ({
    what: `search by ${by}`,
    visitor,
    path: `${PLAIN}?q=${encodeURIComponent(text)}`,
  }))
}

/** The page of a customer who worked then. */
function weekOf(customerNumber: string): string {
  const at = new Date(Date.now() - LOOKED_AT_MS).toISOString()
  return `/staff/customers/${customerNumber}?${new URLSearchParams({ span: 'week', at })}`
}

/** Milliseconds from sending to the last byte, of a table to its first lines; the median of some visits. */
async function visit({ isQuick }: Bench, url: string, { what, visitor, path }: Place): Promise<number> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const open = async (): Promise<number> => {
    const sent = performance.now()
    const response = await fetch(new URL(path, url), {
      redirect: 'manual',
      headers: { Accept: 'text/html', Cookie: cookie },
    })
    if (response.status >= 400) throw new Error(`${what} (${path}) answers ${response.status}`)
    if (isTable(path)) await firstLines(response)
    else await response.arrayBuffer()
    return performance.now() - sent
  }
  const warmUntil = performance.now() + WARM_UP_MS
  do await open()
  while (performance.now() < warmUntil)
  const took: number[] = []
  const until = performance.now() + (isQuick ? WARM_UP_MS : VISITS_MS)
  do took.push(await open())
  while (performance.now() < until)
  return median(took)
}

/** A whole table has no end that says how fast the page is. */
function isTable(path: string): boolean {
  return new URL(path, 'http://localhost').pathname.endsWith('.csv')
}

async function firstLines({ body }: Response): Promise<void> {
  const reader = body!.getReader()
  await reader.read()
  await reader.cancel()
}

/** A report of somebody whom nobody knows, so that there is a request and a parked person. */
async function report(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/v1/shift/login`, {
    method: 'POST',
    headers: { Authorization: key },
    body: JSON.stringify({ workProviderUserId: PARKED, timestamp: new Date().toISOString() }),
  })
  if (response.status !== 202) throw new Error(`a report is answered ${response.status}`)
  return response.headers.get('request-id')!
}

type Parameters = Readonly<Record<string, string>>

/** What stands in the paths. */
async function parametersOf(
  { store }: Bench,
  context: Context,
  admin: Visitor,
  requestId: string,
): Promise<Parameters> {
  const number = customerNumberOf(COURIER)
  return {
    ...(await idsOfDesk(context, number)),
    number,
    customer: number,
    workProvider: store.workProviderId,
    request: requestId,
    event: /\/events\/([^"?]+)/.exec((await admin.get(weekOf(number))).text)?.[1] ?? 'none',
    kind: 'user_id',
    identity: PARKED,
  }
}

function filledIn(path: string, parameters: Parameters): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = parameters[name]
    if (value === undefined) throw new Error(`nothing is known for ${name} in ${path}`)
    return encodeURIComponent(value)
  })
}
