import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, finishSignUp, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkIn } from './driver-world.ts'
import { claim, openIntent } from './links.ts'
import { sendRaw } from './raw.ts'
import { assertSame, contentsOf } from './tables.ts'

const NEW_PASSWORD = 'four words put together'

/* Mail servers open the links in a mail before its reader does, some of them more than once and in a real browser. */

describe('a mail scanner that opens every link of every mail', () => {
  let site: TestSite
  let driver: Visitor
  before(async () => {
    site = await openSite()
    driver = new Visitor(site, { address: '192.0.2.1' })
    await signUp(site, driver, 'mia@example.com', { name: 'Mia Mailed' })
  })
  after(() => site.close())

  /** The links to the site in all mails so far. */
  async function links(): Promise<string[]> {
    const { rows } = await sql<{ body: string }>`select body from outbox`.execute(site.context.db)
    const found = rows.flatMap(({ body }) => body.match(/https?:\/\/[^\s<>"]+/g) ?? [])
    return [...new Set(found)]
  }

  /** Opens all links, more than once, as a scanner does: from elsewhere, with and without cookies of earlier visits. */
  async function scan(): Promise<string[]> {
    const all = await links()
    const earlier = await contentsOf(site.context)
    const scanner = new Visitor(site, { address: '203.0.113.9' })
    // Some ask once with each of their names.
    const agents = ['Mozilla/5.0 (scanner)', 'curl/8']
    for (const link of all) {
      assert.ok(link.startsWith(`${site.url}/`), `a mail leads elsewhere: ${link}`)
      const target = link.slice(site.url.length)
      for (const agent of agents) {
        const answer = await scanner.get(link, { 'User-Agent': agent })
        assert.ok(answer.status < 500, link)
        if (answer.status === 200) assertNoSelfSubmission(answer.text)
        const head = await sendRaw(site, target, { method: 'HEAD', headers: { 'User-Agent': agent } })
        assert.equal(head.status, answer.status, `HEAD ${link}`)
        assert.equal(head.text, '')
      }
      await scanner.follow(`${link}/`)
    }
    assert.ok(!scanner.cookies.has('zego.session_token'), 'a link logs in whoever opens it')
    assertSame(await contentsOf(site.context), earlier, 'opening the links')
    return all
  }

  it('uses up no sign-up: its holder finishes it afterwards', async () => {
    const browser = new Visitor(site, { address: '192.0.2.2' })
    const intentId = await openIntent(browser, { id: 'scan-1', email: 'scan-1@example.com' })
    await browser.post('/signup', { email: 'scan-1@example.com', link: intentId })
    const link = await site.linkMailedTo('scan-1@example.com')
    assert.ok((await scan()).includes(link))
    const led = await finishSignUp(new Visitor(site), link)
    assert.equal(led, `/link/${intentId}`)
  })

  it('uses up no password reset, and sets no password', async () => {
    await driver.post('/reset', { email: 'mia@example.com' })
    const link = await site.linkMailedTo('mia@example.com')
    assert.ok((await scan()).includes(link))
    assert.equal((await logIn(new Visitor(site), 'mia@example.com')).location, '/home', 'the old password still counts')
    assert.equal((await new Visitor(site).post(link, { password: NEW_PASSWORD })).status, 200)
    assert.equal((await logIn(driver, 'mia@example.com', NEW_PASSWORD)).location, '/home')
    assert.equal((await new Visitor(site).post(link, { password: PASSWORD })).status, 404, 'it works once')
  })

  it('confirms no new address: its holder does afterwards, and not before', async () => {
    await driver.post('/account/email', { newEmail: 'mia.new@example.com', emailPassword: NEW_PASSWORD })
    const link = await site.linkMailedTo('mia.new@example.com')
    assert.ok((await scan()).includes(link))
    assert.equal((await logIn(new Visitor(site), 'mia.new@example.com', NEW_PASSWORD)).status, 422)
    assert.match((await driver.post(link)).text, /Your address is changed/)
    assert.equal((await logIn(new Visitor(site), 'mia.new@example.com', NEW_PASSWORD)).location, '/home')
  })

  it('undoes no consent: the receipt undoes it when its holder says so', async () => {
    await claim(driver, { id: 'scan-2' })
    assert.equal((await site.status('workProviderUserId=scan-2')).status, 200)
    const undo = linkIn((await site.mailsTo('mia.new@example.com')).at(-1)!.body, '/undo/')
    assert.ok((await scan()).includes(`${site.url}${undo}`))
    assert.equal((await site.status('workProviderUserId=scan-2')).status, 200, 'still shared')
    assert.equal((await new Visitor(site).post(undo)).status, 200)
    assert.equal((await site.status('workProviderUserId=scan-2')).status, 404)
  })

  it('links nobody, whatever else it finds: links of a work provider in a mail change nothing but intents', async () => {
    const scanner = new Visitor(site, { address: '203.0.113.10' })
    const earlier = await contentsOf(site.context)
    const intentId = await openIntent(scanner, { id: 'scan-3', email: 'mia.new@example.com' })
    for (const path of [`/link/${intentId}`, `/login?link=${intentId}`, `/signup?link=${intentId}`]) {
      await scanner.follow(path)
    }
    assertSame(await contentsOf(site.context), earlier, 'the scanner', ['link_intent', 'attempt'])
    await claim(driver, { id: 'scan-3' })
    assert.equal((await site.status('workProviderUserId=scan-3')).status, 200)
  })

  it('in the browser of somebody who is logged in does no more than that', async () => {
    await driver.post('/reset', { email: 'mia.new@example.com' })
    await driver.post('/account/email', { newEmail: 'mia.third@example.com', emailPassword: NEW_PASSWORD })
    const intentId = await openIntent(driver, { id: 'scan-4' })
    const earlier = await contentsOf(site.context)
    for (const link of await links()) await driver.get(link)
    const home = await driver.get('/home')
    for (const [, path = ''] of home.text.matchAll(/href="(\/[^"]*)"/g)) await driver.get(path)
    await driver.get(`/link/${intentId}`)
    assertSame(await contentsOf(site.context), earlier, 'opening every link while logged in')
    assert.equal((await agree(driver, `/link/${intentId}`)).status, 303)
  })

  it('finds no link but such as begin with the address of the site', async () => {
    for (const link of await links()) assert.ok(link.startsWith(`${site.url}/`), link)
  })
})

/** A page that sends its own form would be used up by a scanner that runs scripts. */
function assertNoSelfSubmission(page: string): void {
  assert.doesNotMatch(page, /<script|http-equiv|onload=/i)
}
