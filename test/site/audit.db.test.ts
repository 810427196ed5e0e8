import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { listAudit } from '../../src/storage/audit.ts'
import { onEachEngine } from '../support/stores.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, finishSignUp, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkIn, openDriverWorld, POST_PATTERNS } from './driver-world.ts'
import { claim, openIntent } from './links.ts'
import { contentsOf } from './tables.ts'

onEachEngine('what drivers do', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
  })
  after(() => site.close())

  /** What a step leaves in the audit log: each action with the customer number of who did it. */
  async function leaves(step: () => Promise<unknown>): Promise<string[]> {
    const seen = (await listAudit(site.context.db, {}, 1)).at(-1)?.seq ?? 0
    await step()
    const lines = (await listAudit(site.context.db, {}, 1_000)).filter(({ seq }) => seq > seen)
    for (const { by, customerNumber } of lines) assert.deepEqual(by, { kind: 'driver', name: customerNumber })
    return lines.map(({ action }) => action)
  }

  it('leaves a line each in the audit log, and every form of the pages is looked at', async () => {
    const browser = new Visitor(site)
    const email = 'dana@example.com'
    const mailed = async (to: string, beginning: string): Promise<string> =>
      linkIn((await site.mailsTo(to)).at(-1)!.body, beginning)
    const looked = new Set<string>()
    const check = async (pattern: string, expected: readonly string[], step: () => Promise<unknown>): Promise<void> => {
      looked.add(pattern)
      assert.deepEqual(await leaves(step), expected, pattern)
    }
    await check('/signup', [], () => browser.post('/signup', { email }))
    const page = await mailed(email, '/signup/')
    await check('/signup/:token', ['customer created', 'account opened', 'terms agreed'], () =>
      finishSignUp(browser, page),
    )
    const linked = ['link created', 'user id bound', 'consent given']
    const first = await openIntent(browser, { id: 'dana-1' })
    await check('/link/:intent', linked, () => agree(browser, `/link/${first}`))
    const undo = await mailed(email, '/undo/')
    await check('/undo/:token', ['consent withdrawn'], () => browser.post(undo))
    const second = await openIntent(browser, { id: 'dana-2' })
    await check('/link/:intent', [], () => browser.post(`/link/${second}`, { decision: 'no' }))
    const third = await openIntent(browser, { id: 'dana-1' })
    await check('/link/:intent', ['consent given'], () => agree(browser, `/link/${third}`))
    await check('/link/:intent/not-me', [], async () =>
      browser.post(`/link/${await openIntent(browser, { id: 'dana-3' })}/not-me`),
    )
    await check('/login', [], () => logIn(browser, email))
    const { rows } = await sql<{ id: number }>`select id::int as id from link`.execute(site.context.db)
    await check('/withdraw/:link', ['consent withdrawn'], () => browser.post(`/withdraw/${rows[0]!.id}`))
    await check('/share/:workProvider', [], () => browser.post(`/share/${site.workProviderId}`))
    const details = { name: 'Dana Doe', phone: '' }
    await check('/account/details', ['customer changed'], () => browser.post('/account/details', details))
    await check('/account/details', [], () => browser.post('/account/details', details))
    const change = { newEmail: 'dana.doe@example.com', emailPassword: PASSWORD }
    await check('/account/email', [], () => browser.post('/account/email', change))
    const confirm = await mailed(change.newEmail, '/email/')
    await check('/email/:token', ['e-mail changed'], () => browser.post(confirm))
    const password = 'another three words'
    const changed = { currentPassword: PASSWORD, newPassword: password }
    await check('/account/password', ['password changed'], () => browser.post('/account/password', changed))
    await check('/reset', [], () => browser.post('/reset', { email: change.newEmail }))
    const reset = await mailed(change.newEmail, '/reset/')
    await check('/reset/:token', ['password changed'], () => browser.post(reset, { password: PASSWORD }))
    await logIn(browser, change.newEmail)
    await check('/account/logout-everywhere', [], () => browser.post('/account/logout-everywhere'))
    await logIn(browser, change.newEmail)
    await check('/logout', [], () => browser.post('/logout'))
    await logIn(browser, change.newEmail)
    await claim(browser, { id: 'dana-1' })
    await check('/account/close', ['consent withdrawn', 'account closed'], () =>
      browser.post('/account/close', { password: PASSWORD }),
    )
    assert.deepEqual([...looked].sort(), [...new Set(POST_PATTERNS)].sort())
  })

  it('names the customer whose claim of an id was refused', async () => {
    const [holder, claimant] = [new Visitor(site), new Visitor(site)]
    await signUp(site, holder, 'holder@example.com')
    await signUp(site, claimant, 'claimant@example.com')
    await claim(holder, { id: 'wanted' })
    assert.deepEqual(await leaves(() => claim(claimant, { id: 'wanted' })), ['claim refused'])
  })
})

describe('a driver who is erased', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
  })
  after(() => site.close())

  it('is nowhere in the database by name or address, and can neither log in nor be mailed', async () => {
    const email = 'erika.muster@example.com'
    const world = await openDriverWorld(site, email, { name: 'Erika Muster', userId: 'erika' })
    await site.report('login', { workProviderUserId: 'erika', timestamp: '2026-11-01T10:00:00Z' })
    await site.settle()
    // Asks of another address make traces of their own, which go by themselves within days.
    await sql`delete from mail_link where lower(data ->> 'email') = ${`new-${email}`}`.execute(site.context.db)
    await sql`delete from outbox where to_address in (${`new-${email}`}, ${`next-${email}`})`.execute(site.context.db)
    assert.match(JSON.stringify(await contentsOf(site.context)), /erika\.muster|Muster/i)

    await eraseCustomer(site.context, world.customerNumber, 'asked by letter')
    const contents = await contentsOf(site.context)
    const telling = Object.keys(contents).filter((table) => /erika\.muster|Muster/i.test(contents[table]!))
    assert.deepEqual(telling, [])
    assert.notEqual(contents['event'], '[]', 'the record stays')
    assert.equal((await world.browser.get('/home')).location, '/login')
    assert.equal((await logIn(new Visitor(site), email)).status, 422)
    assert.equal((await site.status('workProviderUserId=erika')).status, 404)
    const validate = await fetch(`${site.url}/v1/validate/customer-number/${world.customerNumber}`, {
      headers: { Authorization: site.key },
    })
    assert.deepEqual([validate.status, await validate.text()], [404, '{"error":"INVALID_CUSTOMER"}'])
    for (const pattern of ['/undo/:token', '/reset/:token', '/email/:token']) {
      assert.equal((await new Visitor(site).get(world.pathOf(pattern))).status, 404, pattern)
    }
  })

  it('may come back with the same address, as somebody new', async () => {
    const { customerNumber } = await createCustomer(site.context, { email: 'back@example.com' })
    await eraseCustomer(site.context, customerNumber, 'asked by letter')
    const again = new Visitor(site)
    await signUp(site, again, 'back@example.com', { name: 'New Person' })
    const home = await again.get('/home')
    assert.ok(!home.text.includes(customerNumber))
  })
})
