import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createPolicy } from '../../src/app/policies.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, type Answer, finishSignUp, logIn, PASSWORD, Visitor } from '../support/visitor.ts'
import { GET_PATTERNS, openDriverWorld, POST_PATTERNS, stayLoggedIn } from './driver-world.ts'
import { assertGuarded } from './guarded.ts'
import { linkTo } from './links.ts'
import { sendRaw } from './raw.ts'

describe('every page and every redirect', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
  })
  after(() => site.close())

  it('is in nobody else’s frame, is what it says it is, tells no other site where it was, and is kept by no cache', async () => {
    const world = await openDriverWorld(site, 'heads@example.com')
    const stranger = new Visitor(site, { address: '192.0.2.2' })
    const link = linkTo({ id: 'heads-2' })
    const targets = [
      ...GET_PATTERNS.map((pattern) => world.pathOf(pattern)),
      link,
      '/nothing-here',
      '/link/nothing',
      '/%zz',
    ]
    for (const visitor of [stranger, world.browser]) {
      for (const target of targets) {
        const answer = await visitor.get(target)
        assertGuarded(answer.headers, target)
        if (/^(?:4|2)/.test(String(answer.status))) assert.ok(answer.headers.get('content-type'), target)
      }
    }
    for (const pattern of POST_PATTERNS) {
      await stayLoggedIn(world)
      const path = world.pathOf(pattern)
      // Empty, from another site, of another type, too large: whatever is wrong, and what is right.
      assertGuarded((await world.browser.postAs(path, {}, { Origin: 'https://evil.example' })).headers, `403 ${path}`)
      const type = { 'Content-Type': 'text/plain' }
      assertGuarded((await world.browser.post(path, { a: 'b' }, type)).headers, `400 ${path}`)
      assertGuarded((await world.browser.post(path, { a: 'x'.repeat(70_000) })).headers, `413 ${path}`)
      assertGuarded((await world.browser.post(path)).headers, `POST ${path}`)
      assertGuarded((await stranger.post(path)).headers, `POST ${path} as a stranger`)
    }
    for (const target of ['/login', '/nothing-here', '/home']) {
      for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
        const { headers } = await sendRaw(site, target, { method })
        assertGuarded({ get: (name) => headers[name]?.toString() ?? null }, `${method} ${target}`)
      }
    }
    for (let index = 0; index < 11; index++) await logIn(stranger, 'heads@example.com', 'a guess')
    const slowed = await logIn(stranger, 'heads@example.com', 'a guess')
    assert.equal(slowed.status, 429)
    assertGuarded(slowed.headers, '429')
  })

  it('of style is what it says it is', async () => {
    const { text } = await new Visitor(site).get('/')
    const sheet = await new Visitor(site).get(/rel="stylesheet" href="([^"]+)"/.exec(text)![1]!)
    assert.equal(sheet.status, 200)
    assert.match(sheet.headers.get('content-type')!, /^text\/css/)
    assert.equal(sheet.headers.get('x-content-type-options'), 'nosniff')
  })
})

describe('the address bar, the history and the logs of a proxy', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
  })
  after(() => site.close())

  const EMAIL = 'wilhelmina.quartz@example.com'
  const NEXT_EMAIL = 'mina.onyx@example.org'
  const NAME = 'Wilhelmina Quartz'
  const PHONE = '07700 900123'
  const USER_ID = 'courier-user-88123'

  it('hold nothing personal after the first redirect: no address, name, number or id is in any URL', async () => {
    const urls = new Set<string>()
    /** A browser whose every answer is looked through for addresses. */
    class Watched extends Visitor {
      override async get(target: string, headers?: Record<string, string>): Promise<Answer> {
        if (!target.startsWith('/link-work-provider')) urls.add(target)
        return kept(await super.get(target, headers))
      }
      override async post(target: string, fields?: Record<string, string>): Promise<Answer> {
        urls.add(target)
        return kept(await super.post(target, fields))
      }
    }
    const kept = (answer: Answer): Answer => {
      if (answer.location !== null) urls.add(answer.location)
      for (const [, url = ''] of answer.text.matchAll(/\s(?:href|action|src|formaction)="([^"]*)"/g)) urls.add(url)
      return answer
    }
    const openAll = async (browser: Visitor): Promise<void> => {
      for (const path of ['/home', '/account', '/account/close', '/', '/terms']) await browser.get(path)
      const home = await browser.get('/home')
      for (const [, path = ''] of home.text.matchAll(/href="(\/(?:withdraw|terms|share)[^"]*)"/g))
        await browser.get(path)
    }

    const browser = new Watched(site)
    const opened = await browser.get(linkTo({ id: USER_ID, email: EMAIL }))
    const intentId = opened.location!.split('link=')[1]!
    for (const path of ['/signup', '/login', '/welcome']) await browser.get(`${path}?link=${intentId}`)
    await browser.post('/signup', { email: 'not an address', link: intentId })
    await browser.post('/signup', { email: EMAIL, link: intentId })
    const page = await site.linkMailedTo(EMAIL)
    await browser.post(page, { name: NAME, password: 'short', phone: PHONE })
    await finishSignUp(browser, page, NAME)
    await browser.post('/account/details', { name: NAME, phone: PHONE })
    await agree(browser, `/link/${intentId}`)
    await browser.get(`/link/${intentId}`)
    const { rows } = await sql<{ number: string }>`
      select customer_number as number from customer where email_key = ${EMAIL}
    `.execute(site.context.db)
    const customerNumber = rows[0]!.number
    const vehicle = 'QX71 ZYW'
    await createPolicy(site.context, {
      customerNumber,
      classOfUse: 'Delivery',
      coverLevel: 'Third Party (TPO)',
      vehicleRegistration: vehicle,
    })
    await openAll(browser)
    await browser.post('/logout')
    await browser.post('/login', { email: EMAIL, password: 'wrong password' })
    await browser.post('/reset', { email: EMAIL })
    const reset = await site.linkMailedTo(EMAIL)
    await browser.get(reset)
    await browser.post(reset, { password: PASSWORD })
    // The second link of the same driver: an address that is known, then one who is logged in.
    const second = new Watched(site)
    const known = await second.get(linkTo({ id: `${USER_ID}-2`, email: EMAIL }))
    await logIn(second, EMAIL, PASSWORD, known.location!.split('link=')[1]!)
    await second.get(linkTo({ id: `${USER_ID}-3`, email: EMAIL }))
    await second.post('/account/email', { newEmail: NEXT_EMAIL, emailPassword: PASSWORD })
    const confirm = await site.linkMailedTo(NEXT_EMAIL)
    await second.get(confirm)
    await second.post(confirm)
    const withdraw = /href="(\/withdraw\/\d+)"/.exec((await second.get('/home')).text)![1]!
    await second.post(withdraw)
    await openAll(second)
    await second.get('/link-work-provider?work_provider=Nobody&email=wilhelmina.quartz%40example.com')
    const close = await second.post('/account/close', { password: PASSWORD })
    assert.match(close.text, /closed/)
    const { rows: mails } = await sql<{ body: string }>`select body from outbox`.execute(site.context.db)
    for (const { body } of mails) for (const url of body.match(/https?:\/\/\S+/g) ?? []) urls.add(url)

    assert.ok(urls.size > 30, `only ${urls.size} addresses were seen`)
    const personal = [EMAIL, NEXT_EMAIL, 'wilhelmina', 'quartz', 'mina.onyx', PHONE, customerNumber, USER_ID, vehicle]
    for (const url of urls) {
      for (const reading of readings(url)) {
        const squeezed = reading.toLowerCase().replaceAll(/[\s+]/g, '')
        for (const word of personal) {
          assert.ok(!squeezed.includes(word.toLowerCase().replaceAll(/[\s+]/g, '')), `${url} holds ${word}`)
        }
        assert.doesNotMatch(reading, /[\w.]+@[\w-]+\.[a-z]{2,}/i, `${url} holds an address`)
      }
    }
  })

  it('would be caught by this test if they did', () => {
    const hidden = [
      `/x?e=${encodeURIComponent(EMAIL)}`,
      `/x/${Buffer.from(EMAIL).toString('base64url')}`,
      `/x/${Buffer.from(EMAIL).toString('base64')}`,
      `/x/${Buffer.from(EMAIL).toString('hex')}`,
      `/x/aGVhZA.${Buffer.from(JSON.stringify({ email: EMAIL })).toString('base64url')}.c2ln`,
      `/x/${encodeURIComponent(encodeURIComponent(EMAIL))}`,
    ]
    for (const url of hidden)
      assert.ok(
        readings(url).some((reading) => reading.includes(EMAIL)),
        url,
      )
  })
})

/** A URL, and all that its parts could be read as: percent-encoding, base64, hex, the pieces of a JWT. */
function readings(url: string): string[] {
  const all = new Set([url])
  for (const text of all) {
    try {
      all.add(decodeURIComponent(text))
    } catch {
      // Not percent-encoded: there is nothing to read.
    }
    if (all.size > 200) break
  }
  for (const text of Array.from(all)) {
    for (const part of text.split(/[/?&=.#:]+/)) {
      if (/^[\w+/-]{8,}={0,2}$/.test(part)) {
        all.add(Buffer.from(part, 'base64url').toString('utf8'))
        all.add(Buffer.from(part, 'base64').toString('latin1'))
      }
      if (/^(?:[0-9a-f]{2}){4,}$/i.test(part)) all.add(Buffer.from(part, 'hex').toString('utf8'))
    }
  }
  return [...all]
}
