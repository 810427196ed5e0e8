import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createKey, createTestKey } from '../../src/app/api-keys.ts'
import { countShifts } from '../../src/app/count-shifts.ts'
import { countDay, dueDays } from '../../src/app/count-quality.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { tellOfMatches, watchShifts } from '../../src/app/notices.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { search } from '../../src/app/search.ts'
import { addEndpoint } from '../../src/app/webhooks.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, fromTemporal, type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { lastReceived, readInbox, readRefusals, receivedLately } from '../../src/storage/live.ts'
import type { Route } from '../../src/web/kit/route.ts'
import { STAFF_PAGES } from '../../src/web/staff/pages.ts'
import { WORK_PROVIDER_PAGES } from '../../src/web/work-provider/pages.ts'
import { zegoHere } from '../cli/command.ts'
import { ONLY_READ } from '../cli/only-read.ts'
import { type DeskVisitor, joinStaff, joinWorkProvider } from '../support/desk.ts'
import { turnFeed } from '../support/feed.ts'
import { MARKS, TABLE } from '../support/sandbox-table.ts'
import { METRICS_TOKEN, openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { signUp, Visitor } from '../support/visitor.ts'
import { type DriverWorld, GET_PATTERNS, openDriverWorld } from './driver-world.ts'
import { claim } from './links.ts'
import { contentsOf } from './tables.ts'

/*
 * Whoever does real work sees nothing of the sandbox. Every page, command, figure and table of that is read whole before
 * there is a sandbox, and again after it was busy. Pages and commands are taken from their lists: one that is added is
 * held without anybody telling of it here, or fails until it is told what to be asked for.
 */

type Outputs = ReadonlyMap<string, string>

/** When real people worked, and, under the same names, the sandbox's. */
const DAY = '2025-07-06'
const AT = [`${DAY}T10:00:00Z`, `${DAY}T12:30:00Z`] as const
const OWNER = 'owner@example.com'

/** What each command is asked; null: it is told below why it may differ, or is no question. */
const QUESTIONS: Readonly<Record<string, readonly string[] | null>> = {
  serve: null,
  migrate: null,
  // It recomputes all that there is.
  check: null,
  reconciliation: [],
  refusals: ['--work-provider', 'Courier Ltd'],
  'work-provider list': [],
  'staff list': [],
  // It tells of test keys, and says so of each.
  'key list': null,
  'customer show': ['WORKS1'],
  'link url': ['--work-provider', 'Courier Ltd', '--work-provider-user-id', 'u1'],
  'link-secret list': [],
  feed: ['--work-provider', 'Courier Ltd'],
  'webhook list': [],
  // It posts to somebody; what was told is compared by the pages.
  'webhook test': null,
  'webhook log': null,
  'terms list': [],
  events: ['--customer', 'WORKS1'],
  shifts: ['--customer', 'WORKS1'],
  anomalies: ['--customer', 'WORKS1'],
  cover: ['--customer', 'WORKS1', '--at', AT[0]],
  usage: ['--month', DAY.slice(0, 7)],
  quality: ['--work-provider', 'Courier Ltd'],
  // Who made a test key is told as of any key.
  audit: null,
}

/** Pages that are not compared, and why. */
const APART: Readonly<Record<string, string>> = {
  '/staff/audit': 'who made a test key is told',
  '/staff/audit.csv': 'who made a test key is told',
  '/staff/live': 'its figures are compared, as of one instant',
  '/staff/live/events': 'its figures are compared, as of one instant',
}

/** Times of day that go on meanwhile, and what is new in every answer. */
function steady(text: string): string {
  return text
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => (time.startsWith(DAY) ? time : '<time>'))
    .replaceAll(/\b\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\b/g, '<clock>')
    .replaceAll(/link=[0-9a-f-]{36}/g, 'link=<intent>')
    .replaceAll(/<line class="now"[^>]*>/g, '<now>')
}

onEachEngine('whoever does real work', (engine) => {
  let site: TestSite
  let admin: DeskVisitor
  let integrator: DeskVisitor
  let world: DriverWorld
  let places: Readonly<Record<string, string>>
  let now: Instant
  let earlier: Outputs
  before(async () => {
    site = await openSite(engine)
    admin = await joinStaff(site, 'admin')
    integrator = await joinWorkProvider(site)
    await makeRealWork()
    now = await databaseNow(site.context.db)
    earlier = await outputs()
  })
  after(() => site.close())

  const post = async (path: string, body: unknown, key = site.key): Promise<Response> =>
    fetch(`${site.url}${path}`, {
      method: 'POST',
      headers: { Authorization: key },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const get = (path: string, key: string): Promise<Response> =>
    fetch(`${site.url}${path}`, { headers: { Authorization: key } })
  const idOf = (answer: Response): string => answer.headers.get('request-id')!

  /** Customers in every state; words, reports, refusals; and all of it about the sandbox's numbers too, who are nobody. */
  async function makeRealWork(): Promise<void> {
    const { context } = site
    const url = 'https://hooks.example/'
    const { id: endpoint } = await addEndpoint(context, { workProvider: 'Courier Ltd', url })
    await createWorkProvider(context, 'Rival Ltd')
    await createKey(context, 'Rival Ltd')
    world = await openDriverWorld(site, OWNER)
    const claimant = new Visitor(site, { address: '192.0.2.77' })
    await signUp(site, claimant, 'claimant@example.com')
    await claim(claimant, { id: 'world-1' })
    for (const customerNumber of ['WORKS1', 'WAITS1', 'FREE1', 'ONSHIFT1']) {
      await createCustomer(context, { email: `${customerNumber}@example.com`, customerNumber, name: 'Test Worker' })
    }
    const consentedAt = fromTemporal(Temporal.Instant.from('2025-01-01T00:00:00Z'))
    await createLink(context, {
      workProvider: 'Courier Ltd',
      customerNumber: 'WORKS1',
      workProviderUserId: 'u1',
      consentedAt,
    })
    const policy = { classOfUse: 'Courier', coverLevel: 'TPO', from: consentedAt, vehicleRegistration: 'AB12 CDE' }
    await createPolicy(context, { customerNumber: 'WORKS1', ...policy })
    await createLink(context, { workProvider: 'Courier Ltd', customerNumber: 'ONSHIFT1', consentedAt })
    for (const name of [{ customerNumber: 'WORKS1' }, ...TABLE.map(({ customerNumber }) => ({ customerNumber }))]) {
      await post('/v1/shift/login', { ...name, timestamp: AT[0] })
      await post('/v1/shift/logout', { ...name, timestamp: AT[1] })
    }
    for (const { userId } of TABLE) await post('/v1/shift/login', { workProviderUserId: userId, timestamp: AT[0] })
    for (const customerNumber of ['WAITS1', 'NOBODY1', 'TESTENABLED', 'TESTDISABLED']) {
      await post('/v1/match', { customerNumber, success: customerNumber !== 'TESTDISABLED' })
    }
    await post('/v1/match', { policyId: 'FREE1', success: false })
    await post('/v1/shift/login', '{')
    const taken = await post('/v1/shift/login', { customerNumber: 'ONSHIFT1', timestamp: nowText(-2) })
    await site.settle()
    await notedOf(site.workProviderId, { refusals: 1 })
    await background()
    const one = async (query: ReturnType<typeof sql<{ id: string }>>): Promise<string> =>
      (await query.execute(context.db)).rows[0]!.id
    const page = await admin.visitor.get(`/staff/customers/WORKS1?on=${DAY}`)
    places = {
      endpoint,
      customer: 'WORKS1',
      number: 'WORKS1',
      workProvider: site.workProviderId,
      person: await one(sql`select id from desk_account where role = 'admin'`),
      mail: await one(sql`select id from outbox order by id limit 1`),
      request: idOf(taken),
      policy: await one(sql`select id from policy where customer_number = 'WORKS1'`),
      link: await one(sql`select id::text as id from link where customer_number = 'WORKS1'`),
      event: /events\/([^"?]+)/.exec(page.text)![1]!,
      claimant: await one(sql`select customer_number as id from link_conflict`),
      kind: 'customer_number',
      identity: 'TESTENABLED',
    }
  }

  function nowText(hours: number): string {
    return formatInstant(plus(site.context.now(), hours * MICROSECONDS_PER_HOUR))
  }

  /** Waits for what is stored every few seconds: refusals, deprecated fields, when keys were used. */
  async function notedOf(workProviderId: string, { refusals }: { refusals: number }): Promise<void> {
    for (;;) {
      const { rows } = await sql<{ isNoted: boolean }>`
        select (select coalesce(sum(refusals), 0) from refusal_count where work_provider_id = ${workProviderId})
            >= ${refusals}
          and exists (select from deprecated_use where work_provider_id = ${workProviderId})
          and exists (select from key_use u join api_key k on k.id = u.key_id where work_provider_id = ${workProviderId})
          as "isNoted"
      `.execute(site.context.db)
      if (rows[0]!.isNoted) return
    }
  }

  /** All that is done in the background. */
  async function background(): Promise<void> {
    const { context } = site
    const at = await databaseNow(context.db)
    for (const day of await dueDays(context, at)) await countDay(context, day, at)
    const watch = watchShifts(context)
    for (const later of [0, 1, 2]) await watch(plus(at, later * 0.2 * MICROSECONDS_PER_HOUR))
    await tellOfMatches(context, plus(at, -24 * MICROSECONDS_PER_HOUR), at)
    await turnFeed(context)
  }

  /** Each once for each address that it is asked at. */
  function addressesOf({ path }: Route): string[] {
    if (path === '/staff') {
      const texts = [...TABLE.flatMap((row) => [row.customerNumber, row.userId, row.email ?? '']), 'Test', 'TE57 ZGO']
      return [path, ...texts.map((text) => `${path}?${new URLSearchParams({ q: text }).toString()}`)]
    }
    if (path === '/staff/customers/:number') {
      const others = TABLE.map((row) => `/staff/customers/${row.customerNumber}`)
      return [`/staff/customers/WORKS1?on=${DAY}`, `/staff/customers/WAITS1?on=${DAY}`, ...others]
    }
    if (path.startsWith('/staff/reconciliation/') && path.endsWith('/:workProvider/:number')) {
      const at = (number: string): string => fill(path.replace(':number', number))
      return ['TESTENABLED', 'TESTDISABLED', 'WAITS1', 'FREE1'].map(at)
    }
    if (path.startsWith('/staff/reconciliation/conflict/')) {
      return [fill(path.replace(':identity', 'world-1').replace(':number', ':claimant'))]
    }
    if (path.startsWith('/staff/reconciliation/parked/')) {
      const bound = ['TESTENABLED', 'WORKS1'].map((customer) => `${fill(path)}?customer=${customer}`)
      return [fill(path), fill(path).replace('customer_number/TESTENABLED', 'user_id/test-enabled'), ...bound]
    }
    if (path.endsWith('/webhooks/log')) return [`${fill(path)}?endpoint=${places['endpoint']}`]
    if (path.endsWith('.csv') && path.includes(':number/')) return [`${fill(path)}?on=${DAY}`]
    return [fill(path)]
  }

  function fill(path: string): string {
    return path.replaceAll(/:(\w+)/g, (_, name: string) => {
      const place = places[name]
      if (place === undefined) throw new Error(`${path}: say what :${name} is to be`)
      return place
    })
  }

  /** All that anybody sees, and all that is worked out, by what it is. */
  async function outputs(): Promise<Outputs> {
    const all = new Map<string, string>()
    const pages: readonly (readonly [DeskVisitor, readonly Route[]])[] = [
      [admin, STAFF_PAGES],
      [integrator, WORK_PROVIDER_PAGES],
    ]
    for (const [{ visitor }, routes] of pages) {
      for (const route of routes) {
        if (route.method !== 'GET' || route.path in APART || isOfTwin(route)) continue
        for (const address of addressesOf(route)) {
          const { status, text } = await visitor.get(address)
          assert.ok(status < 500, `${address}: ${status}`)
          all.set(`page ${address}`, steady(`${status} ${text}`))
        }
      }
    }
    for (const pattern of GET_PATTERNS) {
      const { status, text, location } = await world.browser.get(world.pathOf(pattern))
      all.set(`page ${pattern}`, steady(`${status} ${location} ${text}`))
    }
    for (const name of ONLY_READ) {
      const question = QUESTIONS[name]
      assert.notEqual(question, undefined, `say what "zego ${name}" is to be asked`)
      if (question === null || question === undefined) continue
      for (const form of [[], ['--json']]) {
        const { code, out, err } = await zegoHere(site.store, [...name.split(' '), ...question, ...form])
        assert.equal(code, 0, err)
        all.set(`zego ${name} ${form.join()}`, steady(out))
      }
    }
    for (const [name, figure] of Object.entries(await figures())) all.set(`live ${name}`, JSON.stringify(figure))
    all.set('metrics', await metricsOfWorkProviders())
    const contents = await contentsOf(site.context)
    for (const table of ['reconciliation_case', 'case_word', 'link_conflict', 'notice', 'outbox', 'match_decline']) {
      all.set(`table ${table}`, contents[table]!)
    }
    return all
  }

  function isOfTwin({ path }: Route): boolean {
    return /\/test(?:\/|$)/.test(path)
  }

  /** What the live page shows, as of one instant: nothing of it changes by waiting. */
  async function figures(): Promise<Readonly<Record<string, unknown>>> {
    const { context } = site
    const counting = countShifts(context, now)
    let step = await counting.next()
    while (step.done !== true) step = await counting.next()
    return {
      inbox: await readInbox(context.db, { ofReal: true }),
      rate: await receivedLately(context.db, now),
      received: await lastReceived(context.db, now, 20),
      refusals: await readRefusals(context.db, now),
      shifts: step.value,
    }
  }

  async function metricsOfWorkProviders(): Promise<string> {
    const answer = await fetch(`${site.url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })
    const lines = (await answer.text()).split('\n').filter((line) => line.includes('work_provider="'))
    assert.ok(lines.length > 0)
    return lines.join('\n')
  }

  function assertSame(found: Outputs, what: string): void {
    const changed = [...earlier].filter(([name, text]) => found.get(name) !== text)
    const told = changed.map(([name, text]) => `${name}:\n${firstDifference(text, found.get(name) ?? 'nothing')}`)
    assert.deepEqual(told, [], what)
    assert.equal(found.size, earlier.size)
  }

  function firstDifference(left: string, right: string): string {
    const at = [...left].findIndex((character, index) => character !== right[index])
    const near = (text: string): string => text.slice(Math.max(0, at - 60), at + 120)
    return `  ${near(left)}\n  ${near(right)}`
  }

  it('sees what there is: each page is there, and two looks are the same', async () => {
    assertSame(await outputs(), 'looking')
    const missing = [...earlier].filter(([name, text]) => name.startsWith('page /') && text.startsWith('404'))
    // Nobody has the numbers of the sandbox, and what is wrong with a link is said as 404.
    const expected = /customers\/TEST|link-problem/
    assert.deepEqual(
      missing.map(([name]) => name).filter((name) => !expected.test(name)),
      [],
    )
  })

  it('sees the same after the sandbox was made and was busy, before and after it is derived', async () => {
    const { context } = site
    const { key } = await createTestKey(context, 'Courier Ltd')
    const requests = await beBusy(key)
    for (const [name, figure] of Object.entries(await figures())) {
      assert.equal(JSON.stringify(figure), earlier.get(`live ${name}`), `live ${name}, not derived yet`)
    }
    await site.settle()
    const { rows } = await sql<{ id: string }>`
      select id from work_provider where test_of = ${site.workProviderId}
    `.execute(context.db)
    const twin = rows[0]!.id
    await notedOf(twin, { refusals: 2 })
    await background()

    assertSame(await outputs(), 'a busy sandbox')

    for (const requestId of requests) {
      assert.deepEqual((await search(context, requestId)).hits, [], 'its requests are not found')
      assert.equal((await admin.visitor.get(`/staff/requests/${requestId}`)).status, 404)
    }
    for (const path of ['', '/requests', '/test']) {
      assert.equal((await admin.visitor.get(`/staff/work-providers/${twin}${path}`)).status, 404, 'nor is the twin')
    }
    for (const path of ['/staff/live', '/staff/work-providers', '/home']) {
      const { text } = path === '/home' ? await world.browser.get(path) : await admin.visitor.get(path)
      assert.doesNotMatch(text.replaceAll(/customer_number\/TEST\w+|>TEST\w+</g, ''), /\(test\)|test-twin/, path)
    }
    // Without this the test would pass if nothing had happened.
    const shown = await integrator.visitor.get('/work-provider/test')
    assert.match(shown.text, MARKS)
    assert.match(shown.text, /last report came/)
    assert.match((await integrator.visitor.get('/work-provider/test/requests.csv')).text, /opened/)
    for (const table of [
      'shift',
      'event',
      'report',
      'match',
      'refusal',
      'quality_day',
      'feed_entry',
      'webhook_endpoint',
    ]) {
      assert.ok((await rowsOfTwin(table, twin)) > 0, `the sandbox was busy: ${table}`)
    }
    assert.match((await zegoHere(site.store, ['audit'])).out, /sandbox made/)
    assert.match((await zegoHere(site.store, ['key', 'list'])).out, / test /)
    assert.match((await zegoHere(site.store, ['check'])).out, /no difference|are as/i)
  })

  async function rowsOfTwin(table: string, twin: string): Promise<number> {
    const isTwins =
      table === 'shift'
        ? sql`link_id in (select id from link where work_provider_id = ${twin})`
        : sql`work_provider_id = ${twin}`
    const { rows } = await sql<{ rows: number }>`
      select count(*) as rows from ${sql.table(table)} where ${isTwins}
    `.execute(site.context.db)
    return rows[0]!.rows
  }

  /** All that a test key can do, about its own people, real ones and nobody. The ids of what was accepted and refused. */
  async function beBusy(key: string): Promise<string[]> {
    const said: Response[] = []
    await get('/v1/feed', key)
    await zegoHere(site.store, [
      'webhook',
      'add',
      '--work-provider',
      'Courier Ltd',
      '--test',
      '--url',
      'https://t.example',
    ])
    const say = async (path: string, body: unknown): Promise<void> => void said.push(await post(path, body, key))
    const people = [
      ...TABLE.flatMap(({ customerNumber, userId }) => [{ customerNumber }, { workProviderUserId: userId }]),
      { customerNumber: 'WORKS1' },
      { customerNumber: world.customerNumber },
      { workProviderUserId: 'world-1' },
      { workProviderUserId: 'a stranger of the sandbox' },
    ]
    for (const name of people) {
      // A shift of then, one that ended by its cap, one that is on, with its end known or not.
      await say('/v1/batch/login', [
        { ...name, timestamp: AT[0] },
        { ...name, timestamp: nowText(-20) },
        { ...name, timestamp: nowText(-2) },
      ])
      await say('/v1/shift/logout', { ...name, timestamp: AT[1] })
      await say('/v1/shift/logout', { ...name, timestamp: AT[1] })
    }
    await say('/v1/shift/logout', { customerNumber: 'TESTNOVEHICLE', timestamp: nowText(3) })
    for (const customerNumber of ['TESTENABLED', 'TESTUNKNOWN', 'WORKS1', 'WAITS1', 'FREE1', world.customerNumber]) {
      for (const success of [false, true]) await say('/v1/match', { policyId: customerNumber, success })
    }
    await say('/v1/shift/login', '{')
    await say('/v1/match', { driverId: 'x', success: true })
    for (const { customerNumber, userId } of TABLE) {
      await get(`/v1/user/status?policyId=${customerNumber}`, key)
      await get(`/v1/user/status?driverId=${userId}`, key)
      await get(`/v1/validate/customer-number/${customerNumber}`, key)
    }
    assert.deepEqual([...new Set(said.map(({ status }) => status))].sort(), [202, 400])
    return said.map(idOf)
  }
})
