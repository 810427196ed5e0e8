import assert from 'node:assert/strict'
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createKey, revokeKey } from '../../src/app/api-keys.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { ROUTES } from '../../src/http/api.ts'
import { DRIVER_PAGES } from '../../src/web/driver/pages.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { type DriverWorld, openDriverWorld, stayLoggedIn } from './driver-world.ts'
import { assertSame, changedTables, contentsOf, NOTED_LATER } from './tables.ts'

/*
 * T1: every route that takes an id, with somebody else's id and every other kind of caller. The answer is that to an id
 * which nobody has, and nothing of the owner changes. A route that is not told of here fails the first two tests.
 */

const OWNER = 'owner@example.com'
const OTHER = 'other@example.com'

/** What an id in a page's path is. `token`: whoever holds it may; `public`: it is for everybody. */
const PAGES: Readonly<Record<string, 'own' | 'token' | 'public'>> = {
  '/link/:intent': 'own',
  '/link/:intent/not-me': 'own',
  '/withdraw/:link': 'own',
  '/share/:workProvider': 'own',
  '/signup/:token': 'token',
  '/reset/:token': 'token',
  '/email/:token': 'token',
  '/undo/:token': 'token',
  '/terms/:terms': 'public',
  '/link-problem/:problem': 'public',
}

/** Pages that take the id of an intent in their query. */
const WITH_LINK = ['/login', '/signup', '/welcome']

/** What an id is in a path, a query or a body of the API. */
const API: Readonly<Record<string, 'none' | 'request' | 'query' | 'number' | 'report' | 'match'>> = {
  '/v1/shift/login': 'report',
  '/v1/shift/logout': 'report',
  '/v1/batch/login': 'report',
  '/v1/batch/logout': 'report',
  '/v1/match': 'match',
  '/v1/user/match': 'match',
  '/v1/user/status': 'query',
  '/v1/status': 'query',
  '/v1/validate/customer-number': 'none',
  '/v1/validate/customer-number/*': 'number',
  '/v1/requests/*': 'request',
  '/v1/feed': 'none',
  '/livez': 'none',
  '/readyz': 'none',
  '/openapi.json': 'none',
}

/** Where reports and words of a work provider about people go, whoever they are: nothing of it is another's. */
const OWN_REPORTS = /^(inbox|report|event|identity|match|reconciliation|request)/

/** Status, headers and body without what differs between any two answers; the id asked for is `<asked>`. */
type Shown = { readonly status: number; readonly headers: readonly string[]; readonly text: string }

function shown(answer: { status: number; headers: Headers; text: string }, id: string): Shown {
  const requestId = answer.headers.get('request-id') ?? 'no Request-Id'
  // An id can be one digit: within a longer word, the name of the stylesheet say, it is none.
  const asked = new RegExp(`(?<!\\w)${RegExp.escape(id)}(?!\\w)`, 'g')
  const plain = (text: string): string => text.replaceAll(requestId, '<request>').replaceAll(asked, '<asked>')
  const headers = [...answer.headers]
    .filter(([name]) => name !== 'request-id' && name !== 'date' && name !== 'content-length')
    .map(([name, value]) => plain(`${name}: ${value}`))
  return { status: answer.status, headers, text: plain(answer.text) }
}

describe('T1 the matrix of access', () => {
  let site: TestSite
  let world: DriverWorld
  let other: Visitor
  let ownersOtherBrowser: Visitor
  let keys: Readonly<Record<string, string | null>>
  let shiftId: string
  let matchId: string
  let termsId: string
  before(async () => {
    site = await openSite()
    world = await openDriverWorld(site, OWNER)
    other = new Visitor(site, { address: '192.0.2.21' })
    await signUp(site, other, OTHER, { name: 'Otto Other' })
    ownersOtherBrowser = new Visitor(site, { address: '192.0.2.22' })
    await createWorkProvider(site.context, 'Rival Ltd')
    const revoked = await createKey(site.context, 'Courier Ltd')
    keys = {
      'no key': null,
      'a wrong key': 'zego_wrong',
      'a revoked key': revoked.key,
      "another work provider's key": (await createKey(site.context, 'Rival Ltd')).key,
    }
    await revokeKey(site.context, revoked.id)
    const timestamp = '2025-07-06T10:00:00Z'
    shiftId = await accepted('/v1/shift/login', { workProviderUserId: 'world-1', timestamp })
    matchId = await accepted('/v1/match', { customerNumber: world.customerNumber, success: true })
    await site.settle()
    const { rows } = await sql<{ id: string }>`select id from terms where about = 'link'`.execute(site.context.db)
    termsId = rows[0]!.id
  })
  after(() => site.close())

  async function call(key: string | null, target: string, body?: unknown) {
    const response = await fetch(site.url + target, {
      ...(key === null ? {} : { headers: { Authorization: key } }),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  async function accepted(path: string, body: unknown): Promise<string> {
    const answer = await call(site.key, path, body)
    assert.equal(answer.status, 202, answer.text)
    return answer.headers.get('request-id')!
  }

  it('has every route of the API', () => assert.deepEqual([...ROUTES.keys()].sort(), Object.keys(API).sort()))

  it('has every page with an id in its path', () => {
    const withId = DRIVER_PAGES.map(({ path }) => path).filter((path) => path.includes(':'))
    assert.deepEqual([...new Set(withId)].sort(), Object.keys(PAGES).sort())
  })

  it('is about ids that are good: their owner is answered', async () => {
    assert.equal((await call(site.key, `/v1/requests/${shiftId}`)).status, 200)
    assert.equal((await call(site.key, `/v1/requests/${matchId}`)).status, 200)
    assert.equal((await call(site.key, `/v1/status?customerNumber=${world.customerNumber}`)).status, 200)
    assert.equal((await call(site.key, '/v1/status?workProviderUserId=world-1')).status, 200)
    assert.equal((await call(site.key, `/v1/validate/customer-number/${world.customerNumber}`)).status, 204)
    for (const [pattern] of Object.entries(PAGES).filter(([pattern]) => hasPage('GET', pattern))) {
      const { status } = await world.browser.get(world.pathOf(pattern))
      assert.equal(status, pattern === '/link-problem/:problem' ? 404 : 200, pattern)
    }
  })

  /** For each id of the owner: what is asked, and the same of one that nobody has. */
  function asked(route: string): readonly { id: string; unknown: string; ask: (id: string) => [string, unknown?] }[] {
    const path = route.replace('*', '')
    const unknown = { number: 'NOBODY1', userId: 'nobody-1', request: randomUUIDv7() }
    const timestamp = '2025-07-06T12:00:00Z'
    const people = [
      { name: 'customerNumber', id: world.customerNumber, unknown: unknown.number },
      { name: 'policyId', id: world.customerNumber, unknown: unknown.number },
      { name: 'workProviderUserId', id: 'world-1', unknown: unknown.userId },
      { name: 'driverId', id: 'world-1', unknown: unknown.userId },
    ]
    const matched = people.slice(0, 2)
    switch (API[route]) {
      case 'request':
        return [shiftId, matchId].map((id) => ({ id, unknown: unknown.request, ask: (one) => [path + one] }))
      case 'number':
        return [{ id: world.customerNumber, unknown: unknown.number, ask: (one) => [path + one] }]
      case 'query':
        return people.map(({ name, ...ids }) => ({ ...ids, ask: (one) => [`${path}?${name}=${one}`] }))
      case 'report':
        return people.map(({ name, ...ids }) => {
          const body = (one: string) => ({ [name]: one, timestamp })
          return { ...ids, ask: (one) => [path, path.includes('batch') ? [body(one)] : body(one)] }
        })
      case 'match':
        return matched.map(({ name, ...ids }) => ({ ...ids, ask: (one) => [path, { [name]: one, success: false }] }))
      default:
        return []
    }
  }

  for (const [route, kind] of Object.entries(API).filter(([, kind]) => kind !== 'none')) {
    for (const who of ['no key', 'a wrong key', 'a revoked key', "another work provider's key"]) {
      const isOther = who.startsWith('another')
      const tells = kind === 'number' && isOther ? 'the contract gives it to every key' : 'as of what nobody has'
      it(`${route} with ${who}: ${tells}; nothing of the owner changes`, async () => {
        const key = keys[who]!
        const before = await contentsOf(site.context)
        const read = await call(site.key, `/v1/requests/${shiftId}`)
        for (const { id, unknown, ask } of asked(route)) {
          const answer = await call(key, ...ask(id))
          if (kind === 'number' && isOther) {
            assert.equal(answer.status, 204)
            continue
          }
          assert.deepEqual(shown(answer, id), shown(await call(key, ...ask(unknown)), unknown))
          const expected = !isOther ? 401 : kind === 'report' || kind === 'match' ? 202 : 404
          assert.equal(answer.status, expected)
        }
        await site.settle()
        const changed = changedTables(before, await contentsOf(site.context)).filter(
          (name) => !NOTED_LATER.includes(name),
        )
        const isReport = isOther && (kind === 'report' || kind === 'match')
        assert.deepEqual(isReport ? changed.filter((name) => !OWN_REPORTS.test(name)) : changed, [])
        const again = await call(site.key, `/v1/requests/${shiftId}`)
        assert.equal(again.text, read.text)
      })
    }
  }

  const fields = () => ({
    decision: 'yes',
    termsId,
    agree: 'yes',
    name: 'Eve Other',
    phone: '',
    password: 'four other words together',
    newPassword: 'four other words together',
  })

  function hasPage(method: 'GET' | 'POST', pattern: string): boolean {
    return DRIVER_PAGES.some((route) => route.method === method && route.path === pattern)
  }

  /** The id in the path of a page, and one of the same form that nobody has. */
  function idsOf(pattern: string): { path: (id: string) => string; id: string; unknown: string } {
    const at = pattern.split('/').findIndex((part) => part.startsWith(':'))
    const parts = world.pathOf(pattern).split('/')
    const id = parts[at]!
    const unknown = /^\d+$/.test(id)
      ? '999999'
      : /^[0-9a-f-]{36}$/.test(id)
        ? randomUUID()
        : [...id].toReversed().join('')
    return { id, unknown, path: (one) => parts.with(at, one).join('/') }
  }

  const visitors: Readonly<Record<string, () => Promise<Visitor>>> = {
    nobody: async () => new Visitor(site, { address: '192.0.2.23' }),
    'another driver': async () => {
      if ((await other.get('/home')).status !== 200) await logIn(other, OTHER)
      return other
    },
    'the same driver in another browser': async () => {
      if ((await ownersOtherBrowser.get('/home')).status !== 200) await logIn(ownersOtherBrowser, OWNER, PASSWORD)
      return ownersOtherBrowser
    },
  }

  for (const { method, path: pattern } of DRIVER_PAGES.filter(({ path }) => PAGES[path] === 'own')) {
    const isIntent = pattern.startsWith('/link/')
    for (const who of ['nobody', 'another driver', ...(isIntent ? ['the same driver in another browser'] : [])]) {
      it(`${method} ${pattern} of another by ${who}: as of one that does not exist; nothing changes`, async () => {
        const { id, unknown, path } = idsOf(pattern)
        const seen: Shown[] = []
        for (const one of [id, unknown]) {
          const visitor = await visitors[who]!()
          const before = await contentsOf(site.context)
          const target = path(one)
          const answer = method === 'GET' ? await visitor.get(target) : await visitor.post(target, fields())
          seen.push(shown(answer, one))
          // Who says "not me" is logged out, whatever they say it of.
          const ignored = pattern.endsWith('/not-me') ? ['driver_session', 'driver_rate_limit'] : []
          assertSame(await contentsOf(site.context), before, `${method} ${pattern}`, ignored)
        }
        assert.deepEqual(withoutCookies(seen[0]!), withoutCookies(seen[1]!))
        assert.ok([303, 404].includes(seen[0]!.status), `${seen[0]!.status}`)
      })
    }
  }

  for (const page of WITH_LINK) {
    for (const who of ['nobody', 'another driver', 'the same driver in another browser']) {
      it(`GET ${page}?link=<intent> of another by ${who}: as of one that does not exist`, async () => {
        const { id, unknown } = idsOf('/link/:intent')
        const visitor = await visitors[who]!()
        const before = await contentsOf(site.context)
        const [real, none] = [await visitor.get(`${page}?link=${id}`), await visitor.get(`${page}?link=${unknown}`)]
        assert.deepEqual(withoutCookies(shown(real, id)), withoutCookies(shown(none, unknown)))
        assertSame(await contentsOf(site.context), before, page)
      })
    }
  }

  for (const { method, path: pattern } of DRIVER_PAGES.filter(({ path }) => PAGES[path] === 'token')) {
    it(`${method} ${pattern} with a token that is nearly right, or of another kind: as with one that does not exist`, async () => {
      const { id, unknown, path } = idsOf(pattern)
      const kinds = Object.keys(PAGES).filter((one) => PAGES[one] === 'token' && one !== pattern)
      const last = id.at(-1) === 'A' ? 'B' : 'A'
      const wrong = [id.slice(0, -1) + last, id.slice(0, -1), `${id}A`, ...kinds.map((kind) => idsOf(kind).id)]
      for (const who of ['nobody', 'another driver']) {
        const send = async (one: string) => {
          const visitor = await visitors[who]!()
          const target = path(one)
          const answer = method === 'GET' ? await visitor.get(target) : await visitor.post(target, fields())
          return withoutCookies(shown(answer, one))
        }
        const none = await send(unknown)
        assert.equal(none.status, 404)
        for (const one of wrong) {
          const before = await contentsOf(site.context)
          assert.deepEqual(await send(one), none, `${who}, ${one}`)
          assertSame(await contentsOf(site.context), before, `${method} ${pattern}`)
        }
      }
    })
  }

  it('leaves the owner everything: logged in, linked, and every id still good', async () => {
    await stayLoggedIn(world)
    assert.equal((await call(site.key, '/v1/status?workProviderUserId=world-1')).status, 200)
    for (const pattern of Object.keys(PAGES).filter((one) => PAGES[one] !== 'public' && hasPage('GET', one))) {
      assert.equal((await world.browser.get(world.pathOf(pattern))).status, 200, pattern)
    }
  })
})

/** Cookies hold random values: who is given which is told by their names. */
function withoutCookies({ headers, ...rest }: Shown): Shown {
  return { ...rest, headers: headers.map((line) => line.replace(/^(set-cookie: [^=]+=)[^;]*/, '$1')) }
}
