import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink, releaseUserId } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant } from '../../src/domain/instant.ts'
import { joinStaff } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import type { Answer, Visitor } from '../support/visitor.ts'
import { assertInert, elementsOf, textOf } from '../site/markup.ts'

const HOSTILE = `<img src=x onerror=alert(1)> "'&`

onEachEngine('the search of the desk', (engine) => {
  let site: TestSite
  let visitor: Visitor
  before(async () => {
    site = await openSite(engine)
    ;({ visitor } = await joinStaff(site, 'viewer'))
    const { context } = site
    await createWorkProvider(context, 'Bolt Food')
    for (const [customerNumber, email, name] of [
      ['ANNE1', 'anne@example.com', 'Anne-Marie O’Neill'],
      ['JOSE1', 'jose.garcia@example.com', 'José García'],
      ['JOHN1', 'john@example.com', 'John Smith'],
      ['JOHN2', 'john.smith@example.com', 'Smith, John'],
      ['EVIL1', 'evil@example.com', HOSTILE],
    ] as const) {
      await createCustomer(context, { customerNumber, email, name })
    }
  })
  after(() => site.close())

  const look = (text: string): Promise<Answer> => visitor.get(`/staff?${new URLSearchParams({ q: text }).toString()}`)
  const leadsTo = async (text: string): Promise<string | null> => (await look(text)).location
  /** The customers that are listed, and what else; not a redirect. */
  const listed = async (text: string): Promise<string[]> => {
    const { status, text: page } = await look(text)
    assert.equal(status, 200, text)
    assertInert(page, text)
    return elementsOf(page)
      .filter(
        ({ name, attributes }) =>
          name === 'a' && /^\/staff\/(customers|reconciliation|requests)\/./.test(attributes.get('href') ?? ''),
      )
      .map(({ attributes }) => attributes.get('href')!.replace('/staff/customers/', ''))
  }

  it('says at first what can be looked for', async () => {
    const { status, text } = await visitor.get('/staff')
    assert.equal(status, 200)
    assert.match(textOf(text), /customer number, an e-mail address or its beginning/)
  })

  it('leads straight to the customer of a number or an e-mail address, in any case and with spaces around', async () => {
    for (const text of ['ANNE1', 'anne1', '  Anne1 ', 'anne@example.com', ' ANNE@Example.com ']) {
      assert.equal(await leadsTo(text), '/staff/customers/ANNE1', text)
    }
  })

  it('lists who has words in the name that begin so, in any order, and says what matched', async () => {
    assert.deepEqual((await listed('jo smi')).sort(), ['JOHN1', 'JOHN2'])
    assert.deepEqual((await listed('smith john')).sort(), ['JOHN1', 'JOHN2'])
    assert.deepEqual(await listed('garc josé'), ['JOSE1'])
    assert.deepEqual(await listed('anne-ma'), ['ANNE1'])
    assert.deepEqual(await listed('john smithers'), [])
    assert.match(textOf((await look('jo smi')).text), /name/)
  })

  it('lists whose e-mail address begins so, with underscores and percent signs as they are', async () => {
    assert.deepEqual(await listed('jose.g'), ['JOSE1'])
    assert.match(textOf((await look('jose.g')).text), /beginning of the e-mail address/)
    assert.deepEqual((await listed('john')).sort(), ['JOHN1', 'JOHN2'])
    for (const text of ['jose.%', 'j_hn', 'jose_g']) assert.deepEqual(await listed(text), [], text)
  })

  it('leads to whoever holds a user id at any work provider, byte for byte; the one who held it is listed', async () => {
    const { context } = site
    const at = { workProvider: 'Bolt Food', workProviderUserId: 'Rider 7/é' }
    await createLink(context, { ...at, customerNumber: 'JOHN1' })
    assert.equal(await leadsTo('Rider 7/é'), '/staff/customers/JOHN1')
    assert.deepEqual(await listed('rider 7/é'), [])
    await createLink(context, { ...at, workProvider: 'Courier Ltd', customerNumber: 'JOHN2' })
    assert.deepEqual((await listed('Rider 7/é')).sort(), ['JOHN1', 'JOHN2'])
    await releaseUserId(context, at)
    await createLink(context, { ...at, customerNumber: 'JOHN2' })
    const page = textOf((await look('Rider 7/é')).text).replaceAll(/\s+/g, ' ')
    assert.match(page, /JOHN1 John Smith john@example\.com user id at Bolt Food, released from/)
    assert.match(page, /user id at Courier Ltd; user id at Bolt Food|user id at Bolt Food; user id at Courier Ltd/)
  })

  it('leads from a user id, or a customer number, that was reported and is nobody’s to its case', async () => {
    const timestamp = formatInstant(site.context.now())
    await site.report('login', { workProviderUserId: 'nobody/1 ?', timestamp })
    await site.report('login', { customerNumber: 'nobody2', timestamp })
    await site.settle()
    const cases = `/staff/reconciliation/parked/${site.workProviderId}`
    assert.equal(await leadsTo('nobody/1 ?'), `${cases}/user_id/nobody%2F1%20%3F`)
    assert.equal(await leadsTo('NoBody2'), `${cases}/customer_number/NOBODY2`)
    // Two ids, though one is the other behind the sign that addresses put before some.
    for (const id of ['~1686', '1686', '..']) {
      await site.report('login', { workProviderUserId: id, timestamp })
      await site.settle()
      const { text } = await visitor.get((await leadsTo(id))!)
      assert.match(textOf(text), new RegExp(`id\\s+${id.replaceAll('.', '\\.')}\\s`), id)
    }
    const bicycles = '🚴'.repeat(130)
    await site.report('login', { workProviderUserId: bicycles, timestamp })
    await site.settle()
    assert.equal(await leadsTo(bicycles), `${cases}/user_id/${encodeURIComponent(bicycles)}`)
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: 'JOSE1',
      workProviderUserId: 'nobody/1 ?',
    })
    assert.equal(await leadsTo('nobody/1 ?'), '/staff/customers/JOSE1')
  })

  it('leads from a vehicle’s registration to who is insured with it, whatever its spaces and case', async () => {
    const policy = { classOfUse: 'Delivery', coverLevel: 'TPO', vehicleRegistration: 'AB12 cde' }
    await createPolicy(site.context, { ...policy, customerNumber: 'JOSE1' })
    await createPolicy(site.context, { ...policy, customerNumber: 'JOSE1' })
    for (const text of ['ab12cde', 'AB12 CDE', 'a b 1 2 c d e'])
      assert.equal(await leadsTo(text), '/staff/customers/JOSE1')
    await createPolicy(site.context, { ...policy, customerNumber: 'ANNE1' })
    assert.deepEqual((await listed('AB12CDE')).sort(), ['ANNE1', 'JOSE1'])
  })

  it('leads from a request id to what became of it and whose it is: taken, a match, refused', async () => {
    const send = async (path: string, body: unknown): Promise<string> => {
      const headers = { Authorization: site.key }
      const response = await fetch(`${site.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return response.headers.get('Request-Id')!
    }
    const open = async (id: string): Promise<string> => {
      assert.equal(await leadsTo(id.toUpperCase()), `/staff/requests/${id}`)
      const { status, text } = await visitor.get(`/staff/requests/${id}`)
      assert.equal(status, 200)
      assertInert(text, id)
      return textOf(text).replaceAll(/\s+/g, ' ')
    }
    const timestamp = formatInstant(site.context.now())
    const items = [
      { customerNumber: 'JOSE1', timestamp },
      { workProviderUserId: HOSTILE, timestamp },
    ]
    const batch = await send('/v1/batch/login', items)
    assert.match(await open(batch), /Courier Ltd .* customer number JOSE1 .* pending .* pending/)
    await site.settle()
    const taken = await open(batch)
    assert.match(taken, /customer number JOSE1 JOSE1 login/)
    assert.ok(taken.includes(`user id ${HOSTILE} nobody’s yet login`), taken)
    const match = await send('/v1/match', { customerNumber: 'JOSE1', success: false })
    assert.match(await open(match), /It does not recognise customer number JOSE1 : failed/)
    const refused = await send('/v1/shift/login', { customerNumber: 'JOSE1', timestamp: 'yesterday' })
    await refusalOf(refused)
    assert.match(await open(refused), /400 INVALID_DATA: timestamp is not ISO 8601/)
    assert.equal((await visitor.get(`/staff/requests/${site.context.newId()}`)).status, 404)
    assert.equal((await visitor.get('/staff/requests/nothing')).status, 404)
  })

  /** Refusals are noted a little after they were answered. */
  async function refusalOf(id: string): Promise<void> {
    for (;;) {
      const { rows } = await sql`select from refusal where request_id = ${id}`.execute(site.context.db)
      if (rows.length > 0) return
    }
  }

  it('lists 50 and says so when there are more', async () => {
    const many = Array.from({ length: 51 }, (_, index) => `MANY${index}`)
    await sql`
      insert into customer (customer_number, email, email_key, name)
      select number, lower(number) || '@many.example', lower(number) || '@many.example', 'Zebedee'
      from unnest(${many}::text[]) number
    `.execute(site.context.db)
    const found = await look('zebed')
    assert.match(textOf(found.text), /the first 50; there are more/)
    assert.equal((await listed('zebed')).length, 50)
    await sql`delete from customer where customer_number = 'MANY50'`.execute(site.context.db)
    assert.doesNotMatch(textOf((await look('zebed')).text), /there are more/)
  })

  it('says what can be looked for when nothing is found, and one letter is not looked for', async () => {
    for (const text of ['nobody at all', 'j', 'x'.repeat(300), '0190f5fe-7c00-7a00-8000-000000000000']) {
      assert.deepEqual(await listed(text), [], text)
      assert.match(textOf((await look(text)).text), /These can be looked for/)
    }
  })

  it('takes hostile text for text, whatever it is', async () => {
    assert.deepEqual(await listed('evil@'), ['EVIL1'])
    assert.ok(textOf((await look('evil@')).text).includes(HOSTILE))
    for (const text of [
      HOSTILE,
      `' or 1=1 --`,
      `a':* | 'b`,
      `anne & !john`,
      `\\'`,
      `\\`,
      `''`,
      '%',
      '$1',
      '\u{10ffff}\u{10ffff}',
      `${'w '.repeat(120)}`,
      'a\tb',
      '(((((',
      '!',
    ]) {
      assert.ok((await look(text)).status < 400, text)
      if ((await leadsTo(text)) === null) await listed(text)
    }
    for (const query of ['q=%00', 'q=a%00b', 'q=%ff%fe', 'q=%ud800', 'q=a&q=b', 'q[]=a', '%']) {
      const { status, text } = await visitor.get(`/staff?${query}`)
      assert.equal(status, 200, query)
      assertInert(text, query)
    }
  })

  it('answers hostile filters of the audit log, as a page and as a file', async () => {
    for (const query of ['by=%00', 'workProvider=%00', 'customer=%00', 'workProvider=nobody', 'customer=nobody']) {
      for (const path of ['/staff/audit', '/staff/audit.csv']) {
        const { status, text } = await visitor.get(`${path}?${query}`)
        assert.ok(status < 500, `${status} for ${path}?${query}`)
        if (query.endsWith('nobody')) assert.match(text, /^<!doctype html>[^]*nobody/i)
      }
    }
  })

  it('finds an erased customer by number, and by nothing that was erased', async () => {
    await createCustomer(site.context, { customerNumber: 'GONE1', email: 'gone@example.com', name: 'Gone Girl' })
    await eraseCustomer(site.context, 'GONE1', 'asked to')
    assert.equal(await leadsTo('gone1'), '/staff/customers/GONE1')
    for (const text of ['gone@example.com', 'gone g', 'gone1@']) assert.deepEqual(await listed(text), [], text)
  })
})
