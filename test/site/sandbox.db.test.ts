import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createKey, createTestKey, TEST_KEY_PREFIX } from '../../src/app/api-keys.ts'
import { check } from '../../src/app/check.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createDemo } from '../../src/app/demo.ts'
import { inviteStaff } from '../../src/app/desk-people.ts'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { importCustomer } from '../../src/app/import-customers.ts'
import { recordConsent } from '../../src/app/links.ts'
import { recordMatch } from '../../src/app/match.ts'
import { cancelPolicy, createPolicy } from '../../src/app/policies.ts'
import { testTwin } from '../../src/app/sandbox.ts'
import { reconciliation } from '../../src/app/reconciliation.ts'
import { makeSimulation } from '../../src/app/simulate.ts'
import { hashOf, newToken } from '../../src/app/tokens.ts'
import { verifySimulation } from '../../src/app/verify-simulation.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { emailKey } from '../../src/domain/customer.ts'
import { plus } from '../../src/domain/instant.ts'
import { claimCustomerByEmail } from '../../src/storage/customers.ts'
import { insertMailLink } from '../../src/storage/mail-links.ts'
import { findTestTwin } from '../../src/storage/sandbox.ts'
import { insertLink } from '../../src/storage/links.ts'
import { zegoHere } from '../cli/command.ts'
import { type DeskVisitor, joinStaff, joinWorkProvider } from '../support/desk.ts'
import { MARKS, TABLE } from '../support/sandbox-table.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkTo } from './links.ts'
import { contentsOf } from './tables.ts'

const PEOPLE = TABLE.filter((row) => row.email !== null)

onEachEngine('making a sandbox', (engine) => {
  let store: Store
  beforeEach(async () => {
    store = await openStore(engine)
    await createWorkProvider(store.context, 'Courier Ltd')
  })
  afterEach(() => store.close())

  it('happens with the first test key of a work provider, once, however many ask at once', async () => {
    const { context } = store
    await createWorkProvider(context, 'Rival Ltd')
    const names = ['Courier Ltd', 'Rival Ltd', 'courier  LTD', 'Rival Ltd', 'Courier Ltd']
    const keys = await Promise.all(names.map((name) => createTestKey(context, name)))
    assert.equal(new Set(keys.map(({ key }) => key)).size, names.length)
    for (const { key, workProvider } of keys) {
      assert.ok(key.startsWith(TEST_KEY_PREFIX))
      assert.match(workProvider, /^(?:Courier|Rival) Ltd$/)
    }
    const { rows } = await sql<{ name: string }>`
      select w.name from work_provider w where test_of is not null order by name
    `.execute(context.db)
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['Courier Ltd (test)', 'Rival Ltd (test)'],
    )
    const { rows: people } = await sql<{ number: string; links: number }>`
      select customer_number as number, count(*) as links from customer join link using (customer_number)
      where is_test group by 1 order by 1
    `.execute(context.db)
    assert.deepEqual(
      people,
      PEOPLE.map(({ customerNumber }) => ({ number: customerNumber, links: 2 })).sort((a, b) =>
        a.number < b.number ? -1 : 1,
      ),
    )
    assert.equal((await testTwin(context, 'Courier Ltd')).name, 'Courier Ltd (test)')
    assert.deepEqual((await check(context)).differences, [])
  })

  it('takes no name away, and does not mind that somebody has it', async () => {
    const { context } = store
    await createWorkProvider(context, 'Courier Ltd (test)')
    await createTestKey(context, 'Courier Ltd')
    await createTestKey(context, 'Courier Ltd (test)')
    await createWorkProvider(context, 'Courier Ltd (test) (test)')
    const link = await zegoHere(store, ['work-provider', 'list', '--json'])
    const names = (JSON.parse(link.out) as { name: string }[]).map(({ name }) => name)
    assert.deepEqual(names, ['Courier Ltd', 'Courier Ltd (test)', 'Courier Ltd (test) (test)'])
  })

  for (const [what, make] of [
    [
      'a number of the sandbox',
      (number: string) => sql`
        insert into customer (customer_number, email, email_key) values (${number}, 'a@b.example', 'a@b.example')`,
    ],
    [
      'an address of the sandbox',
      (_: string, email: string) => sql`
        insert into customer (customer_number, email, email_key) values ('REAL1', ${email}, ${emailKey(email)})`,
    ],
    [
      'an account with an address of the sandbox',
      (_: string, email: string) => sql`
        insert into driver_account (id, name, email, email_verified, created_at, updated_at)
        values (gen_random_uuid(), 'x', ${email}, true, now(), now())`,
    ],
  ] as const) {
    it(`is impossible where somebody real has ${what}: nothing is made`, async () => {
      const { context } = store
      await make('TESTDISABLED', 'test-disabled@example.com').execute(context.db)
      const before = await contentsOf(context)
      const made = await zegoHere(store, ['key', 'create', '--work-provider', 'Courier Ltd', '--test'])
      assert.equal(made.code, 1)
      assert.match(made.err, /no sandbox can be made here: .*(?:TESTDISABLED|test-disabled@example\.com)/)
      assert.deepEqual(await contentsOf(context), before)
    })
  }

  it('is impossible where somebody real is nobody: TESTUNKNOWN', async () => {
    await sql`
      insert into customer (customer_number, email, email_key) values ('TESTUNKNOWN', 'a@b.example', 'a@b.example')
    `.execute(store.context.db)
    await assert.rejects(createTestKey(store.context, 'Courier Ltd'), /a real customer has the number TESTUNKNOWN/)
  })

  it('leaves its people as other data to erasure, on the machine; afterwards there is no new twin', async () => {
    const { context } = store
    await createTestKey(context, 'Courier Ltd')
    await createWorkProvider(context, 'Rival Ltd')
    await eraseCustomer(context, 'TESTDISABLED', 'a test')
    await assert.rejects(eraseCustomer(context, 'TESTENABLED', 'a test'), /is not over: cancel it first/)
    const { rows } = await sql<{ id: string }>`
      select id from policy where customer_number = 'TESTENABLED'
    `.execute(context.db)
    await cancelPolicy(context, rows[0]!.id)
    await eraseCustomer(context, 'TESTENABLED', 'a test')
    await createTestKey(context, 'Courier Ltd')
    await assert.rejects(createTestKey(context, 'Rival Ltd'), /there is no sandbox any more/)
  })

  it('is no hindrance to a simulation, which it leaves as it is', async () => {
    const empty = await openStore(engine)
    const { context } = empty
    await createDemo(context)
    await createTestKey(context, 'Courier Ltd')
    const twin = await testTwin(context, 'Courier Ltd')
    const word = { workProviderId: twin.id, customerNumber: 'NOBODY1', success: false, isTest: true }
    await recordMatch(context, { requestId: context.newId(), ...word })
    await makeSimulation(context, { drivers: 3, days: 1, seed: 1 })
    assert.equal((await verifySimulation(context, {})).different, 0)
    const { rows } = await sql`
      select from reconciliation_case where work_provider_id in (select id from work_provider where test_of is not null)
    `.execute(context.db)
    assert.equal(rows.length, 0)
    await empty.close()
  })
})

onEachEngine('the numbers and addresses of the sandbox', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
    await createTestKey(site.context, 'Courier Ltd')
  })
  after(() => site.close())

  const zego = (args: readonly string[], input = '') => zegoHere(site.store, args, input)
  const mails = async (): Promise<number> =>
    (await sql<{ count: number }>`select count(*) as count from outbox`.execute(site.context.db)).rows[0]!.count

  it('are given to no customer: by the command, in small letters, by an import, or tried only', async () => {
    const before = await contentsOf(site.context)
    for (const { customerNumber, email } of TABLE) {
      for (const number of [customerNumber, customerNumber.toLowerCase()]) {
        const made = await zego(['customer', 'create', '--email', 'real@example.com', '--customer-number', number])
        assert.deepEqual([made.code, made.err.includes('is a number for tests')], [1, true], made.err)
      }
      for (const isTrial of [true, false]) {
        const row = { customerNumber, email: 'real@example.com', name: undefined, policy: null, link: null }
        await assert.rejects(importCustomer(site.context, row, isTrial), /is a number for tests/)
      }
      if (email === null) continue
      for (const address of [email, ` ${email.toUpperCase()} `]) {
        const made = await zego(['customer', 'create', '--email', address])
        assert.deepEqual([made.code, made.err.includes('is an address for tests')], [1, true], made.err)
      }
    }
    assert.deepEqual(await contentsOf(site.context), before)
  })

  it('are insured, linked, bound and moved by nobody', async () => {
    const before = await contentsOf(site.context)
    for (const { customerNumber } of PEOPLE) {
      const tried = [
        ['policy', 'create', '--customer', customerNumber, '--class-of-use', 'x', '--cover-level', 'x'],
        ['link', 'create', '--work-provider', 'Courier Ltd', '--customer', customerNumber],
        ['link', 'consent', '--work-provider', 'Courier Ltd', '--customer', customerNumber],
        ['link', 'withdraw', '--work-provider', 'Courier Ltd', '--customer', customerNumber],
      ]
      for (const args of tried) {
        const { code, err } = await zego(args)
        assert.deepEqual([code, /is a test customer: only test keys see it/.test(err)], [1, true], err)
      }
    }
    for (const args of [
      ['link', 'create', '--work-provider', 'Courier Ltd (test)', '--customer', 'TESTENABLED'],
      ['link', 'release', '--work-provider', 'Courier Ltd (test)', '--work-provider-user-id', 'test-enabled'],
      ['work-provider', 'set', 'Courier Ltd (test)', '--cap', 'PT1H'],
      ['work-provider', 'invite', 'Courier Ltd (test)', 'x@y.example'],
      ['link-secret', 'create', '--work-provider', 'Courier Ltd (test)'],
      ['key', 'create', '--work-provider', 'Courier Ltd (test)'],
      ['key', 'create', '--work-provider', 'Courier Ltd (test)', '--test'],
      ['quality', '--work-provider', 'Courier Ltd (test)'],
    ]) {
      const { code, err } = await zego(args)
      assert.deepEqual([code, /there is no work provider named/.test(err)], [1, true], err)
    }
    assert.deepEqual(await contentsOf(site.context), before)
  })

  it('are linked to nothing across the wall, whoever tries: the statement itself refuses', async () => {
    const { context, workProviderId } = site
    const twin = (await findTestTwin(context.db, workProviderId))!
    const { customerNumber } = await createCustomer(context, { email: 'wall@example.com' })
    const trx = context.db as Parameters<typeof insertLink>[0]
    await assert.rejects(insertLink(trx, workProviderId, 'TESTENABLED'), /both of the sandbox or neither/)
    await assert.rejects(insertLink(trx, twin.id, customerNumber), /both of the sandbox or neither/)
    await assert.rejects(
      recordConsent(context, { workProvider: 'Courier Ltd', customerNumber: 'TESTENABLED' }, true),
      /is a test customer/,
    )
    await assert.rejects(
      createPolicy(context, { customerNumber, classOfUse: 'x', coverLevel: 'x', workProvider: twin.name }),
      /there is no work provider named/,
    )
  })

  it('have no account and get no mail, whatever is asked for in their name', async () => {
    const visitor = new Visitor(site, { address: '192.0.2.90' })
    const driver = new Visitor(site, { address: '192.0.2.91' })
    await signUp(site, driver, 'driver@example.com')
    const sent = await mails()
    for (const { email } of PEOPLE) {
      const shown = await visitor.post('/signup', { email: email! })
      const other = await visitor.post('/signup', { email: `x-${email}` })
      assert.deepEqual([shown.status, shown.location], [other.status, other.location], 'as for anybody')
      await visitor.post('/reset', { email: email! })
      const change = await driver.post('/account/email', { newEmail: email!, emailPassword: PASSWORD })
      assert.notEqual(change.status, 500)
      await assert.rejects(inviteStaff(site.context, { email: email!, role: 'viewer' }), /is not an e-mail address/)
      assert.deepEqual(await site.mailsTo(email!), [])
      assert.equal(await claimCustomerByEmail(site.context.db, randomUUID(), email!), null, 'nor is one taken over')
    }
    // To strangers who signed up, and to the driver, whose address was to change.
    assert.equal((await mails()) - sent, 2 * PEOPLE.length)
    const { rows } = await sql`
      select from driver_account where email like 'test-%' union all select from customer where is_test and account_id is not null
    `.execute(site.context.db)
    assert.equal(rows.length, 0)
  })

  it('are nobody’s to staff, when a real work provider speaks of them: as any number that nobody has', async () => {
    const people = [...TABLE.map(({ customerNumber }) => customerNumber), 'NOBODY1']
    const post = (path: string, body: object): Promise<Response> =>
      fetch(`${site.url}${path}`, {
        method: 'POST',
        headers: { Authorization: site.key },
        body: JSON.stringify(body),
      })
    const casesOf = async (): Promise<string[]> => {
      const all = (await Array.fromAsync(reconciliation(site.context))).flat()
      return all.map((one) => `${one.kind} ${one.kind === 'parked' ? one.identity : one.customerNumber}`).sort()
    }
    for (const customerNumber of people) {
      await post('/v1/match', { customerNumber, success: true })
      await post('/v1/shift/login', { customerNumber, timestamp: '2025-07-06T10:00:00Z' })
    }
    const each = (kind: string): string[] => people.map((number) => `${kind} ${number}`)
    assert.deepEqual(await casesOf(), [...each('parked'), ...each('unknown customer number')].sort())
    const staff = await joinStaff(site, 'operator')
    const parked = `/staff/reconciliation/parked/${site.workProviderId}/customer_number`
    /** A page about a number, without the number, and without when and by which request it was told of. */
    const plain = async (path: string, number: string): Promise<string> =>
      (await staff.visitor.get(path.replaceAll('*', number))).text
        .replaceAll(number, '<number>')
        .replaceAll(/<time [\s\S]*?<\/time>|[0-9a-f]{8}-[0-9a-f-]{27}|"\d{16}"/g, '')
    for (const path of [`${parked}/*`, `${parked}/*/bind?customer=*`]) {
      const nobody = await plain(path, 'NOBODY1')
      assert.match(nobody, /<number>/)
      for (const number of people) assert.equal(await plain(path, number), nobody, number)
    }
    const bound = await staff.visitor.post(`${parked}/TESTENABLED/bind`, { customer: 'TESTENABLED' })
    assert.equal(bound.status, 422)
    for (const number of people) await post('/v1/match', { customerNumber: number, success: false })
    assert.deepEqual(await casesOf(), [...each('parked'), ...each('failed match')].sort())
  })

  it('are led nowhere by a link: a twin is no work provider to drivers', async () => {
    for (const name of ['Courier Ltd (test)', (await findTestTwin(site.context.db, site.workProviderId))!.id]) {
      const { location } = await new Visitor(site).get(linkTo({ id: 'test-enabled', workProvider: name }))
      const { location: unknown } = await new Visitor(site).get(linkTo({ id: 'test-enabled', workProvider: 'None' }))
      assert.equal(location, unknown)
    }
  })
})

describe('before there is a sandbox', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
  })
  after(() => site.close())

  it('nobody becomes who its customers will be: by a sign-up that was mailed, or by a change of the address', async () => {
    const { context } = site
    const email = 'test-enabled@example.com'
    for (const [address, status] of [
      [email, 404],
      ['other@example.com', 200],
    ] as const) {
      const token = newToken(context)
      const data = { email: address, intentId: null }
      const expiresAt = plus(context.now(), 3_600_000_000)
      await insertMailLink(context.db, { hash: hashOf(token), purpose: 'sign up', data, expiresAt })
      assert.equal((await new Visitor(site).get(`/signup/${token}`)).status, status, address)
    }
    const driver = new Visitor(site)
    await signUp(site, driver, 'driver@example.com')
    await driver.post('/account/email', { newEmail: email, emailPassword: PASSWORD })
    const { rows } = await sql<{ verification: string }>`
      select data ->> 'verification' as verification from mail_link where purpose = 'change e-mail'
    `.execute(context.db)
    assert.deepEqual(rows, [{ verification: '' }], 'as to an address that somebody has')
    await createTestKey(context, 'Courier Ltd')
  })
})

describe('a test key at the desk', () => {
  let site: TestSite
  let admin: DeskVisitor
  let viewer: DeskVisitor
  let integrator: DeskVisitor
  before(async () => {
    site = await openSite()
    admin = await joinStaff(site, 'admin')
    viewer = await joinStaff(site, 'viewer')
    integrator = await joinWorkProvider(site)
  })
  after(() => site.close())

  const secretOf = (text: string): string => /class="secret">([^<]+)</.exec(text)![1]!
  const status = async (key: string, number: string): Promise<number> =>
    (await fetch(`${site.url}/v1/user/status?customerNumber=${number}`, { headers: { Authorization: key } })).status

  it('is told of before there is one, with the table, and nothing else is there', async () => {
    for (const [visitor, at] of [
      [integrator.visitor, '/work-provider'],
      [viewer.visitor, `/staff/work-providers/${site.workProviderId}`],
    ] as const) {
      const { status: shown, text } = await visitor.get(`${at}/test`)
      assert.equal(shown, 200)
      for (const row of TABLE) assert.ok(text.includes(row.customerNumber) && text.includes(row.userId))
      for (const path of ['/test/requests', '/test/requests.csv', '/test/quality.csv', '/test/refusals.csv']) {
        assert.equal((await visitor.get(`${at}${path}`)).status, 404, path)
      }
    }
  })

  it('is made by an administrator and by the work provider’s own people, after a code', async () => {
    const staffAt = `/staff/work-providers/${site.workProviderId}`
    assert.equal((await integrator.visitor.post('/work-provider/keys/test', { code: '' })).status, 422)
    assert.equal((await viewer.visitor.post(`${staffAt}/keys/test`, { code: await viewer.code() })).status, 403)
    assert.equal(await findTestTwin(site.context.db, site.workProviderId), null)
    for (const [person, at] of [
      [integrator, '/work-provider'],
      [admin, staffAt],
    ] as const) {
      assert.match((await person.visitor.get(at)).text, /Make a test key/)
      const made = await person.visitor.post(`${at}/keys/test`, { code: await person.code() })
      assert.equal(made.status, 200)
      const key = secretOf(made.text)
      assert.ok(key.startsWith('zego_test_'))
      assert.deepEqual([await status(key, 'TESTENABLED'), await status(site.key, 'TESTENABLED')], [200, 404])
    }
  })

  it('is rotated and revoked on the page of test keys, where no real key is', async () => {
    const page = await integrator.visitor.get('/work-provider/test')
    const ids = [...page.text.matchAll(/<option value="([0-9a-f-]{36})"/g)].map(([, id]) => id!)
    assert.equal(ids.length, 2)
    const real = await createKey(site.context, 'Courier Ltd')
    const at = '/work-provider/test/keys'
    const foreign = { key: real.id, overlap: '1', code: await integrator.code() }
    assert.equal((await integrator.visitor.post(`${at}/rotate`, foreign)).status, 422)
    const wrong = { key: ids[0]!, overlap: '1', code: await integrator.code() }
    assert.equal((await integrator.visitor.post('/work-provider/keys/revoke', wrong)).status, 422)
    const rotated = await integrator.visitor.post(`${at}/rotate`, { ...wrong, code: await integrator.code() })
    const next = secretOf(rotated.text)
    assert.ok(next.startsWith('zego_test_'), 'a test key is replaced by one')
    assert.equal(await status(next, 'TESTENABLED'), 200)
    const [newest] = [
      ...(await integrator.visitor.get('/work-provider/test')).text.matchAll(/<option value="([^"]+)"/g),
    ]
    const revoke = { key: newest![1]!, code: await integrator.code() }
    assert.equal((await integrator.visitor.post(`${at}/revoke`, revoke)).status, 200)
    assert.equal(await status(next, 'TESTENABLED'), 401)
    assert.equal(await status(real.key, 'NOBODY'), 404)
  })

  it('shows what was sent with it on a page of its own, to its people and to staff, and on no other', async () => {
    const { key } = await createTestKey(site.context, 'Courier Ltd')
    const accepted = await fetch(`${site.url}/v1/shift/login`, {
      method: 'POST',
      headers: { Authorization: key },
      body: JSON.stringify({ workProviderUserId: 'test-enabled', timestamp: '2025-07-06T10:00:00Z' }),
    })
    const id = accepted.headers.get('request-id')!
    await site.settle()
    for (const [visitor, at] of [
      [integrator.visitor, '/work-provider'],
      [viewer.visitor, `/staff/work-providers/${site.workProviderId}`],
    ] as const) {
      assert.ok((await visitor.get(`${at}/test/requests`)).text.includes(id))
      assert.ok(!(await visitor.get(`${at}/requests`)).text.includes(id))
      assert.match((await visitor.get(`${at}/test/requests.csv`)).text, new RegExp(`${id},.*,login,1,opened`))
      assert.doesNotMatch((await visitor.get(at)).text.replaceAll('/test"', ''), MARKS)
    }
    const other = await joinWorkProvider(site, (await createWorkProvider(site.context, 'Rival Ltd')).name, {
      email: 'rival@example.com',
    })
    assert.ok(!(await other.visitor.get('/work-provider/test/requests')).text.includes(id))
    assert.equal((await other.visitor.get('/work-provider/test/requests')).status, 404)
  })

  it('is listed as one by the command, whose JSON names the fixed numbers when it is made', async () => {
    const made = await zegoHere(site.store, ['key', 'create', '--work-provider', 'Courier Ltd', '--test', '--json'])
    const told = JSON.parse(made.out) as Record<string, unknown>
    assert.deepEqual(Object.keys(told), ['id', 'key', 'workProvider', 'test', 'customers'])
    assert.deepEqual(
      [told['workProvider'], told['test'], told['customers']],
      [
        'Courier Ltd',
        true,
        TABLE.map(({ customerNumber, userId, email }, index) => ({
          customerNumber,
          workProviderUserId: userId,
          email,
          is: ['enabled, with a vehicle', 'enabled, without a vehicle', 'linked, and not insured', 'unknown'][index],
        })),
      ],
    )
    const plain = await zegoHere(site.store, ['key', 'create', '--work-provider', 'Courier Ltd', '--test'])
    for (const { customerNumber, userId } of TABLE) {
      assert.match(plain.out, new RegExp(`${customerNumber}\\s+${userId}\\s`))
    }
    const listed = JSON.parse((await zegoHere(site.store, ['key', 'list', '--json'])).out) as {
      id: string
      workProvider: string
      test: boolean
    }[]
    assert.deepEqual(listed.find(({ id }) => id === told['id'])?.test, true)
    assert.ok(listed.some(({ test }) => !test))
    const kept = await zegoHere(
      site.store,
      ['key', 'import', '--work-provider', 'Courier Ltd', '--key-stdin'],
      'zego_test_mine',
    )
    assert.deepEqual([kept.code, /is a test key/.test(kept.err)], [1, true])
    const real = await zegoHere(site.store, ['key', 'create', '--work-provider', 'Courier Ltd', '--json'])
    assert.deepEqual(Object.keys(JSON.parse(real.out) as object), ['id', 'key', 'workProvider'])
  })
})
