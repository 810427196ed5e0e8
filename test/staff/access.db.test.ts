import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { inviteStaff } from '../../src/app/desk-people.ts'
import { createLink } from '../../src/app/links.ts'
import { type DeskRole, mayAs } from '../../src/domain/desk.ts'
import { DESK_PAGES } from '../../src/web/desk/pages.ts'
import { isDeskPath, type Route } from '../../src/web/kit/route.ts'
import { STAFF_PAGES } from '../../src/web/staff/pages.ts'
import { WORK_PROVIDER_PAGES } from '../../src/web/work-provider/pages.ts'
import { FOREIGN } from '../site/foreign.ts'
import { assertGuarded } from '../site/guarded.ts'
import { assertSame, contentsOf } from '../site/tables.ts'
import { joinStaff, joinWorkProvider } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { PASSWORD, signUp, Visitor } from '../support/visitor.ts'

/*
 * The matrix of access of the desk: every route that there is, taken from the lists themselves, with every kind of caller.
 * A route that is added is held without anybody telling of it here.
 */

const PAGES: readonly Route[] = [...DESK_PAGES, ...STAFF_PAGES, ...WORK_PROVIDER_PAGES]
const POSTS = PAGES.filter((route) => route.method === 'POST')
/** How people come in who are not logged in: the only pages of the desk that are for everybody. */
const FOR_EVERYBODY = [
  '/desk/login',
  '/desk/login/code',
  '/desk/logout',
  '/desk/join/:token',
  '/desk/reset',
  '/desk/reset/:token',
]

type Caller = 'nobody' | 'a driver' | 'somebody without a second factor' | DeskRole
type Shown = {
  readonly status: number
  readonly headers: Headers
  readonly location: string | null
  readonly text: string
}
type Sent = { readonly form?: Readonly<Record<string, string>>; readonly headers?: Readonly<Record<string, string>> }

const OWN = { 'Sec-Fetch-Site': 'same-origin' }
/** What the forms of the desk ask for, and more: a form that takes some of it would do something. */
const FIELDS = {
  email: 'mallory@example.com',
  name: 'Mallory',
  password: 'four words put together',
  currentPassword: PASSWORD,
  newPassword: 'four words put together',
  role: 'admin',
  reason: 'a test',
  note: 'a test',
  word: 'done',
  workProvider: 'Courier Ltd',
  customerNumber: 'DANA1',
}

/** Everybody who may call, and something behind each path. */
class Desk {
  readonly callers = new Map<Caller, Visitor>()
  readonly site: TestSite
  readonly #places: ReadonlyMap<string, string>

  private constructor(site: TestSite, places: ReadonlyMap<string, string>) {
    this.site = site
    this.#places = places
  }

  static async open(site: TestSite): Promise<Desk> {
    const { context } = site
    const one = async (query: ReturnType<typeof sql<{ id: string }>>): Promise<string> =>
      (await query.execute(context.db)).rows[0]!.id
    const callers = new Map<Caller, Visitor>([['nobody', new Visitor(site)]])
    for (const role of ['viewer', 'operator', 'admin'] as const)
      callers.set(role, (await joinStaff(site, role)).visitor)
    callers.set('work provider', (await joinWorkProvider(site)).visitor)
    const half = new Visitor(site)
    const { url } = await inviteStaff(context, { email: 'half@insurer.example', role: 'admin' })
    await half.post(url, { name: 'Half', password: PASSWORD })
    callers.set('somebody without a second factor', half)
    const driver = new Visitor(site)
    await signUp(site, driver, 'driver@example.com')
    callers.set('a driver', driver)

    const userId = 'u1'
    await createCustomer(context, { email: 'dana@example.com', customerNumber: 'DANA1' })
    await createLink(context, { workProvider: 'Courier Ltd', customerNumber: 'DANA1', workProviderUserId: userId })
    await site.report('login', { workProviderUserId: userId, timestamp: '2026-01-01T10:00:00Z' })
    await site.settle()
    const invited = await inviteStaff(context, { email: 'invited@insurer.example', role: 'viewer' })
    const number = 'DANA1'
    const places = new Map(
      Object.entries({
        number,
        customer: number,
        workProvider: site.workProviderId,
        person: await one(sql`select id from desk_account where role = 'operator'`),
        mail: await one(sql`select id from outbox limit 1`),
        key: await one(sql`select id from api_key limit 1`),
        request: await one(sql`select request_id as id from report limit 1`),
        token: new URL(invited.url).pathname.split('/').at(-1)!,
      }),
    )
    const desk = new Desk(site, places)
    for (const [name, visitor] of callers) desk.callers.set(name, visitor)
    return desk
  }

  /** A name that nobody told this file of stands for itself. */
  pathOf({ path }: Route): string {
    return path.replaceAll(/:(\w+)/g, (_, name: string) => this.#places.get(name) ?? name)
  }

  /** Asks as a caller does, who takes no cookies; of a page that never ends the beginning is enough. */
  async ask(caller: Caller, route: Route, { form = {}, headers = OWN }: Sent = {}): Promise<Shown> {
    const cookie = [...this.callers.get(caller)!.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(this.pathOf(route), this.site.url), {
      method: route.method,
      redirect: 'manual',
      headers: { Accept: 'text/html', ...(cookie === '' ? {} : { Cookie: cookie }), ...headers },
      ...(route.method === 'POST' ? { body: new URLSearchParams(form) } : {}),
    })
    const isPage = response.headers.get('content-type')?.startsWith('text/html') === true
    const text = isPage ? await response.text() : ''
    if (!isPage) await response.body?.cancel()
    return { status: response.status, headers: response.headers, location: response.headers.get('location'), text }
  }
}

/** Who is kept from a page, and how they are told. */
function refusalOf(route: Route, caller: Caller): { status: number; location: RegExp | null } | null {
  const needed = route.for ?? 'everybody'
  if (needed === 'everybody') return null
  if (caller === 'nobody' || caller === 'a driver') return { status: 303, location: /^\/desk\/login(?:\?next=|$)/ }
  if (needed === 'desk') return null
  if (caller === 'somebody without a second factor') return { status: 303, location: /^\/desk\/second-factor$/ }
  if (needed === 'work providers') return caller === 'work provider' ? null : { status: 303, location: /^\/staff$/ }
  if (caller === 'work provider') return { status: 404, location: null }
  return needed === 'drivers' || !mayAs(caller, needed) ? { status: 403, location: null } : null
}

/** Somebody whom a page is for, and may do no more than it asks. */
function callerFor(route: Route): Caller {
  switch (route.for) {
    case undefined:
    case 'everybody':
    case 'drivers':
      return 'nobody'
    case 'desk':
      return 'viewer'
    case 'work providers':
      return 'work provider'
    default:
      return route.for
  }
}

describe('the matrix of access of the desk', () => {
  let site: TestSite
  let desk: Desk
  before(async () => {
    site = await openSite()
    desk = await Desk.open(site)
  })
  after(() => site.close())

  it('has no page for everybody but those by which people come in', () => {
    const open = PAGES.filter((route) => route.for === undefined || route.for === 'everybody')
    assert.deepEqual([...new Set(open.map((route) => route.path))].sort(), FOR_EVERYBODY.toSorted())
    for (const route of STAFF_PAGES) assert.match(route.for ?? '', /^(?:viewer|operator|admin)$/, route.path)
    for (const route of WORK_PROVIDER_PAGES) assert.equal(route.for, 'work providers', route.path)
    for (const route of PAGES) assert.ok(isDeskPath(route.path), route.path)
  })

  it('has no form of staff that a viewer may send', () => {
    for (const { path, for: needed } of STAFF_PAGES.filter((route) => route.method === 'POST')) {
      assert.notEqual(needed, 'viewer', path)
    }
  })

  for (const route of PAGES.filter((one) => one.for !== undefined && one.for !== 'everybody')) {
    it(`${route.method} ${route.path}: for ${route.for}; whoever else asks is refused, and changes nothing`, async () => {
      const before = await contentsOf(site.context)
      let refused = 0
      for (const caller of desk.callers.keys()) {
        const refusal = refusalOf(route, caller)
        if (refusal === null) continue
        refused += 1
        const { status, location, headers } = await desk.ask(caller, route, { form: FIELDS })
        assert.equal(status, refusal.status, caller)
        if (refusal.location === null) assert.equal(location, null, caller)
        else assert.match(location ?? '', refusal.location, caller)
        assert.deepEqual(headers.getSetCookie(), [], caller)
      }
      assert.ok(refused >= 2, 'neither strangers nor drivers are refused')
      assertSame(await contentsOf(site.context), before, 'refusing')
    })
  }

  it('tells a work provider of a page of staff what it tells of a page that is not there', async () => {
    const nowhere: Route = { method: 'GET', path: '/staff/nowhere', page: () => new Response() }
    const plain = ({ text }: Shown): string => text.replaceAll(/\s+/g, ' ')
    const missing = await desk.ask('work provider', nowhere)
    for (const route of STAFF_PAGES.filter((one) => one.method === 'GET')) {
      const shown = await desk.ask('work provider', route)
      assert.match(plain(shown), /There is nothing here/, route.path)
      assert.equal(shown.status, missing.status, route.path)
    }
  })

  for (const route of POSTS) {
    it(`POST ${route.path} from another site: 403 with a page that says so, and nothing changed`, async () => {
      const before = await contentsOf(site.context)
      for (const [name, headersOf] of Object.entries(FOREIGN)) {
        for (const caller of new Set<Caller>([callerFor(route), 'admin', 'nobody'])) {
          const shown = await desk.ask(caller, route, { form: FIELDS, headers: headersOf(site.url) })
          assert.equal(shown.status, 403, `${name}, ${caller}`)
          assert.match(shown.text, /came from another site/, `${name}, ${caller}`)
          assert.deepEqual(shown.headers.getSetCookie(), [], `${name}, ${caller}`)
        }
      }
      assertSame(await contentsOf(site.context), before, `POST ${route.path}`)
    })
  }

  it('shows every page in nobody else’s frame, as what it says it is, kept by no cache, to whoever asks', async () => {
    for (const route of PAGES) {
      for (const caller of new Set<Caller>(['nobody', 'viewer', callerFor(route)])) {
        // A form that is not filled in: its page is shown again.
        const { headers, status } = await desk.ask(caller, route.method === 'GET' ? route : { ...route, method: 'GET' })
        assertGuarded(headers, `${route.path} to ${caller}`)
        const scripts = /script-src ([^;]*)/.exec(headers.get('content-security-policy') ?? '')?.[1]
        assert.equal(scripts?.trim(), "'self'", route.path)
        if (status !== 303) assert.ok(headers.get('content-type'), route.path)
      }
    }
  })

  // Without this the tests above would pass if nobody were let in at all. Last: some of it logs people out.
  it('lets in everybody whom a page is for, and no form that is sent empty fails', async () => {
    const last = PAGES.filter((route) => route.path === '/desk/logout')
    for (const route of [...PAGES.filter((one) => !last.includes(one)), ...last]) {
      for (const caller of desk.callers.keys()) {
        if (refusalOf(route, caller) !== null) continue
        const { status, location, text, headers } = await desk.ask(caller, route)
        const what = `${route.method} ${route.path} as ${caller}: ${status}`
        assert.ok(status < 500 && status !== 403 && status !== 405, what)
        if (route.for !== undefined && route.for !== 'everybody')
          assert.doesNotMatch(location ?? '', /^\/desk\/login/, what)
        assert.doesNotMatch(text, /came from another site|role does not allow/, what)
        assertGuarded(headers, what)
      }
    }
  })
})
