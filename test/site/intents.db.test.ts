import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, finishSignUp, logIn, signUp, Visitor } from '../support/visitor.ts'
import { GET_PATTERNS, POST_PATTERNS } from './driver-world.ts'
import { openIntent } from './links.ts'
import { sendRaw } from './raw.ts'
import { assertSame, contentsOf } from './tables.ts'

/* A company, an id and an address that no page shows but one about this very link. */
const COMPANY = 'Velvet Parcels'
const SECRETS = [COMPANY, 'vp-4711', 'vera.owner@example.com']
const UNKNOWN = '0d9f1c52-1111-4222-8333-444455556666'

describe('a link intent', () => {
  let site: TestSite
  /** The one whom the links are for. */
  let owner: Visitor
  let other: Visitor
  before(async () => {
    site = await openSite()
    await createWorkProvider(site.context, COMPANY)
    owner = new Visitor(site, { address: '192.0.2.11' })
    other = new Visitor(site, { address: '192.0.2.12' })
    await signUp(site, owner, 'owner@example.com', { name: 'Olive Owner' })
    await signUp(site, other, 'other@example.com', { name: 'Otto Other' })
  })
  after(() => site.close())

  const open = (visitor: Visitor, id = 'vp-4711'): Promise<string> =>
    openIntent(visitor, { id, email: 'vera.owner@example.com', workProvider: COMPANY })

  const pagesOf = (id: string): string[] => [
    `/link/${id}`,
    ...['/login', '/signup', '/welcome', '/reset', '/home', '/account'].map((path) => `${path}?link=${id}`),
  ]

  async function intentRow(id: string) {
    const { rows } = await sql<{ outcome: string | null; account: string | null }>`
      select outcome, account_id::text as account from link_intent where id = ${id}
    `.execute(site.context.db)
    return rows[0]!
  }

  async function consentCount(): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from consent`.execute(site.context.db)
    return rows[0]!.n
  }

  /** That somebody is shown no more than of an intent that does not exist. */
  async function assertShowsNothing(visitor: Visitor, id: string): Promise<void> {
    for (const [page, unknown] of pagesOf(id).map((page, index) => [page, pagesOf(UNKNOWN)[index]!] as const)) {
      const [shown, empty] = [await visitor.get(page), await visitor.get(unknown)]
      for (const secret of SECRETS) assert.ok(!shown.text.includes(secret), `${page} shows ${secret}`)
      assert.equal(shown.status, empty.status, page)
      assert.equal(shown.location?.replace(id, UNKNOWN), empty.location ?? undefined, page)
      assert.equal(shown.text.replaceAll(id, UNKNOWN), empty.text, page)
    }
  }

  for (const who of ['a stranger', 'another account'] as const) {
    it(`of a browser shows ${who} nothing: neither the company, nor the id, nor the address`, async () => {
      const id = await open(new Visitor(site))
      await assertShowsNothing(who === 'a stranger' ? new Visitor(site) : other, id)
    })

    it(`that an account took up shows ${who} nothing`, async () => {
      const browser = new Visitor(site)
      const id = await open(browser)
      await logIn(browser, 'owner@example.com', undefined, id)
      await assertShowsNothing(who === 'a stranger' ? new Visitor(site) : other, id)
    })
  }

  it('of a browser shows itself there: the tests above look at the right pages', async () => {
    const browser = new Visitor(site)
    const id = await open(browser)
    for (const page of ['/login', '/signup']) {
      const { text } = await browser.get(`${page}?link=${id}`)
      for (const secret of SECRETS) assert.ok(text.includes(secret), `${page} does not show ${secret}`)
    }
  })

  it('of another is not decided, left or taken up by an account that only knows its id', async () => {
    const browser = new Visitor(site)
    const id = await open(browser)
    const earlier = await contentsOf(site.context)
    const { rows } = await sql<{ id: string }>`select id from terms where about = 'link'`.execute(site.context.db)
    for (const decision of ['yes', 'no']) {
      const answer = await other.post(`/link/${id}`, { decision, termsId: rows[0]!.id })
      assert.equal(answer.status, 404)
      for (const secret of SECRETS) assert.ok(!answer.text.includes(secret))
    }
    assertSame(await contentsOf(site.context), earlier, 'a decision of another')
    const thief = new Visitor(site, { address: '192.0.2.13' })
    const loggedIn = await logIn(thief, 'other@example.com', undefined, id)
    assert.equal(loggedIn.location, '/home', 'logging in with an id of another leads to no link')
    await thief.post(`/link/${id}/not-me`)
    await signUp(site, new Visitor(site, { address: '192.0.2.14' }), 'thief@example.com', { link: id })
    assert.deepEqual(await intentRow(id), { outcome: null, account: null })
    assert.equal((await logIn(browser, 'owner@example.com', undefined, id)).location, `/link/${id}`)
    await agree(browser, `/link/${id}`)
    assert.equal((await intentRow(id)).outcome, 'linked')
  })

  it('completes in any browser, for the account that took it up and for no other', async () => {
    const telephone = new Visitor(site)
    const id = await open(telephone, 'vp-any-browser')
    await telephone.post('/signup', { email: 'any@example.com', link: id })
    const mailApp = new Visitor(site)
    assert.equal(await finishSignUp(mailApp, await site.linkMailedTo('any@example.com')), `/link/${id}`)
    // The browser that opened it has it no more, whoever logs in there.
    await assertShowsNothing(telephone, id)
    assert.equal((await logIn(telephone, 'other@example.com', undefined, id)).location, '/home')
    assert.equal((await telephone.post(`/link/${id}`, { decision: 'no' })).status, 404)
    const third = new Visitor(site)
    assert.equal((await third.get(`/link/${id}`)).location, `/login?link=${id}`)
    assert.equal((await logIn(third, 'any@example.com', undefined, id)).location, `/link/${id}`)
    await agree(third, `/link/${id}`)
    assert.equal((await intentRow(id)).outcome, 'linked')
  })

  it('of a browser that two accounts log in with at once belongs to one of them', async () => {
    const browser = new Visitor(site)
    const id = await open(browser, 'vp-at-once')
    const cookie = browser.cookies.get('zego.browser')!
    const twins = ['twin-1@example.com', 'twin-2@example.com']
    for (const email of twins) await signUp(site, new Visitor(site, { address: '192.0.2.16' }), email)
    const both = twins.map(async (email) => {
      const tab = new Visitor(site)
      tab.cookies.set('zego.browser', cookie)
      await logIn(tab, email, undefined, id)
      return tab
    })
    const tabs = await Promise.all(both)
    for (const tab of tabs) await agree(tab, `/link/${id}`)
    const { rows } = await sql<{ email: string }>`
      select c.email from binding b join link l on l.id = b.link_id join customer c using (customer_number)
      where b.identity = 'vp-at-once'
    `.execute(site.context.db)
    assert.equal(rows.length, 1)
    const { rows: accounts } = await sql<{ email: string }>`
      select a.email from driver_account a join link_intent i on i.account_id = a.id where i.id = ${id}
    `.execute(site.context.db)
    assert.deepEqual(rows, accounts, 'it was linked for another account than took it up')
  })

  for (const who of ['the browser it was opened in', 'the account that took it up'] as const) {
    it(`that ran out changes nothing for ${who}`, async () => {
      const browser = new Visitor(site)
      const id = await open(browser, 'vp-late')
      const page = `/link/${id}`
      if (who === 'the account that took it up') await logIn(browser, 'owner@example.com', undefined, id)
      const termsId = who === 'the account that took it up' ? await termsOn(browser, page) : ''
      await sql`update link_intent set expires_at = clock_timestamp() - interval '1 second' where id = ${id}`.execute(
        site.context.db,
      )
      if (who === 'the browser it was opened in') await logIn(browser, 'owner@example.com', undefined, id)
      const shown = await browser.get(page)
      assert.equal(shown.status, 404)
      assert.doesNotMatch(shown.text, /name="decision"/)
      const earlier = await contentsOf(site.context)
      for (const decision of ['yes', 'no']) await browser.post(page, { decision, termsId })
      assertSame(await contentsOf(site.context), earlier, 'an intent that ran out')
      assert.equal((await site.status('workProviderUserId=vp-late')).status, 404)
    })
  }

  for (const outcome of ['linked', 'declined'] as const) {
    it(`that was ${outcome} is decided: sent again, yes or no, it changes nothing`, async () => {
      const browser = new Visitor(site)
      const id = await open(browser, `vp-${outcome}`)
      const page = `/link/${id}`
      await logIn(browser, 'owner@example.com', undefined, id)
      const termsId = await termsOn(browser, page)
      await browser.post(page, { termsId, decision: outcome === 'linked' ? 'yes' : 'no' })
      assert.equal((await intentRow(id)).outcome, outcome)
      const earlier = await contentsOf(site.context)
      const consents = await consentCount()
      for (const decision of ['yes', 'no', 'yes']) await browser.post(page, { termsId, decision })
      assert.equal(await consentCount(), consents)
      assertSame(await contentsOf(site.context), earlier, 'a replay')
      await assertShowsNothing(other, id)
    })
  }

  it('that one account completed in a browser tells nothing to the next who logs in there', async () => {
    const browser = new Visitor(site)
    await logIn(browser, 'owner@example.com')
    const id = await open(browser, 'vp-shared-browser')
    await agree(browser, `/link/${id}`)
    await browser.post('/logout')
    await logIn(browser, 'other@example.com', undefined, id)
    const { text } = await browser.get(`/link/${id}`)
    assert.doesNotMatch(text, /You are linked to/, 'another account is told that it is linked')
    await assertShowsNothing(browser, id)
  })

  it('that one account declined in a browser cannot be said yes to by the next who logs in there', async () => {
    const browser = new Visitor(site)
    await logIn(browser, 'owner@example.com')
    const id = await open(browser, 'vp-declined-browser')
    const page = `/link/${id}`
    const termsId = await termsOn(browser, page)
    await browser.post(page, { termsId, decision: 'no' })
    await browser.post('/logout')
    await logIn(browser, 'other@example.com', undefined, id)
    await browser.post(page, { termsId, decision: 'yes' })
    assert.equal((await site.status('workProviderUserId=vp-declined-browser')).status, 404)
  })

  it('needs a decision: a form without one, or with another word, links nobody', async () => {
    await logIn(owner, 'owner@example.com')
    const id = await open(owner, 'vp-no-decision')
    const page = `/link/${id}`
    const termsId = await termsOn(owner, page)
    for (const fields of [{ termsId }, { termsId, decision: '' }, { termsId, decision: 'maybe' }]) {
      await owner.post(page, fields)
    }
    assert.equal((await site.status('workProviderUserId=vp-no-decision')).status, 404)
  })

  const EVIL = [
    '//evil.example',
    '//evil.example/%2f..',
    String.raw`/\evil.example`,
    String.raw`\\evil.example`,
    'https://evil.example/',
    'https:evil.example',
    'javascript:alert(1)',
    '/%0d%0aLocation:%20https://evil.example',
    ' //evil.example',
    '..//evil.example',
    '/link/../../evil.example',
  ]
  const NAMES = ['next', 'link', 'redirect', 'redirectTo', 'callbackURL', 'returnTo', 'continue', 'url', 'done']

  it('or any other parameter or field leads nowhere but to paths of our own', async () => {
    // Each name with some of the values everywhere, `link` and `next` with each of them where they are read.
    for (let round = 0; round < 3; round++) {
      const asked = Object.fromEntries(NAMES.map((name, index) => [name, EVIL[(index + round * 4) % EVIL.length]!]))
      const query = new URLSearchParams(asked).toString()
      for (const pattern of GET_PATTERNS)
        assertOwn(await owner.get(`${filled(pattern)}?${query}`), `${pattern}?${query}`)
      for (const pattern of POST_PATTERNS) {
        const path = `${filled(pattern)}?${query}`
        assertOwn(await new Visitor(site).post(path, asked), `POST ${path}`)
      }
    }
    for (const evil of EVIL) {
      const query = new URLSearchParams({ link: evil, next: evil }).toString()
      for (const visitor of [new Visitor(site), owner]) {
        for (const path of ['/login', '/signup', '/welcome']) assertOwn(await visitor.get(`${path}?${query}`), query)
      }
    }
    for (const evil of EVIL) {
      const asked = Object.fromEntries(NAMES.map((name) => [name, evil]))
      const { link, ...rest } = asked
      const visitor = new Visitor(site, { address: '192.0.2.15' })
      const answer = await visitor.post('/login', {
        ...rest,
        link: link!,
        email: 'owner@example.com',
        password: 'three words together',
      })
      assert.equal(answer.location, '/home', evil)
    }
  })

  it('of a link whose parameters name another site leads to paths of our own', async () => {
    for (const evil of EVIL) {
      const visitor = new Visitor(site)
      const query = new URLSearchParams({
        work_provider: COMPANY,
        work_provider_user_id: evil,
        email: evil,
        next: evil,
      })
      const { location } = await visitor.get(`/link-work-provider?${query.toString()}`)
      assert.match(location!, /^\/(?:login|signup|welcome)\?link=[0-9a-f-]{36}$/)
    }
  })

  it('is not led elsewhere by what a path, a Host or a forwarded host says', async () => {
    for (const target of [
      '//evil.example/login',
      '//evil.example/..',
      '/login//evil.example',
      '//evil.example/home/',
      '/home//',
      'http://evil.example/home',
      '/%2f%2fevil.example/home',
      String.raw`/\evil.example/home`,
    ]) {
      const { headers, status } = await sendRaw(site, target)
      assert.ok(status < 500, `${target}: ${status}`)
      if (headers.location !== undefined) assertOwnPath(headers.location, target)
    }
    for (const headers of [
      { Host: 'evil.example' },
      { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
      { Forwarded: 'host=evil.example' },
    ]) {
      for (const target of ['/home', `/link/${UNKNOWN}`, '/login', '/docs']) {
        const answer = await sendRaw(site, target, { headers })
        if (answer.headers.location !== undefined) assertOwnPath(answer.headers.location, target)
        assert.ok(!answer.text.includes('evil.example'), `${target} takes over the host`)
      }
      const body = 'email=host%40example.com'
      const own = { method: 'POST', isOwn: true, body }
      await sendRaw(site, '/signup', { ...own, headers: { ...headers, 'Sec-Fetch-Site': 'same-origin' } })
    }
    for (const mail of await site.mailsTo('host@example.com')) assert.ok(!mail.body.includes('evil.example'), mail.body)
  })

  async function termsOn(visitor: Visitor, page: string): Promise<string> {
    const { text } = await visitor.get(page)
    const id = /name="termsId" value="([^"]+)"/.exec(text)?.[1]
    if (id === undefined) throw new Error(`no terms on ${page}`)
    return id
  }
})

function filled(pattern: string): string {
  return pattern.replaceAll(/:\w+/g, UNKNOWN)
}

function assertOwn(answer: { location: string | null; text: string }, what: string): void {
  if (answer.location !== null) assertOwnPath(answer.location, what)
  for (const [, address = ''] of answer.text.matchAll(/\s(?:href|action|src|formaction)="([^"]*)"/g)) {
    if (!address.startsWith('#') && address !== 'data:,') assertOwnPath(address, what)
  }
  assert.doesNotMatch(answer.text, /http-equiv/i)
}

function assertOwnPath(location: string, what: string): void {
  assert.match(location, /^\/(?![/\\])[^\s\\]*$/, `${what} leads to ${location}`)
  assert.equal(new URL(location, 'https://own.example').origin, 'https://own.example', what)
}
