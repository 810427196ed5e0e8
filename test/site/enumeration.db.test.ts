import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { openSite, type TestSite } from '../support/site.ts'
import { ENGINES, onEachEngine } from '../support/stores.ts'
import { agree, type Answer, finishSignUp, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkTo } from './links.ts'
import { sendRaw } from './raw.ts'
import { statementsOf } from './statements.ts'

/* Whoever has a list of addresses must not learn here which of them are couriers. */

const KNOWN = 'known@example.com'
const FREE = 20

onEachEngine('whether an address has an account', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
    await signUp(site, new Visitor(site, { address: '203.0.113.250' }), KNOWN)
  })
  after(() => site.close())

  /** Where a link with an address leads a browser from a network. */
  async function led(address: string, email: string | undefined, prefix = ''): Promise<string> {
    const link = linkTo({ id: 'x-1', ...(email === undefined ? {} : { email }) })
    const { location } = await new Visitor(site, { address }).get(`${prefix}${link}`)
    return location!.replace(/\?link=[0-9a-f-]{36}$/, '')
  }

  const someone = (index: number): string => `someone-${index}@example.com`

  /** Asks about distinct addresses that have no account. */
  async function askAbout(address: string, count: number): Promise<string[]> {
    const answers: string[] = []
    for (let index = 1; index <= count; index++) answers.push(await led(address, someone(index)))
    return answers
  }

  it('is told by the redirect of a link up to the 20th address of an hour, and by none from the 21st on', async () => {
    const network = '198.51.100.1'
    assert.equal(await led(network, KNOWN), '/login')
    assert.deepEqual(
      await askAbout(network, FREE - 1),
      Array.from({ length: FREE - 1 }, () => '/signup'),
    )
    assert.equal(await led(network, KNOWN), '/login', 'the 20 are 20 distinct ones')
    assert.equal(await led(network, someone(FREE)), '/welcome')
    for (const email of [KNOWN, someone(1), someone(FREE), someone(FREE + 1), undefined]) {
      assert.equal(await led(network, email), '/welcome', `${email} afterwards`)
    }
    assert.equal(await led(network, KNOWN, '/v1'), '/welcome')
    const head = await sendRaw(site, linkTo({ id: 'x-1', email: KNOWN }), {
      method: 'HEAD',
      headers: { 'X-Forwarded-For': network },
    })
    assert.match(head.headers.location ?? '', /^\/welcome\?/)
    assert.equal(await led('198.51.100.2', KNOWN), '/login', 'another network')
  })

  it('is told for 20 addresses besides links that name none, and however an address is written', async () => {
    const network = '198.51.100.3'
    assert.equal(await led(network, undefined), '/signup')
    assert.equal(await led(network, 'no address at all'), '/signup')
    for (const email of [KNOWN, KNOWN.toUpperCase(), ` ${KNOWN} `]) assert.equal(await led(network, email), '/login')
    assert.deepEqual(new Set(await askAbout(network, FREE - 1)), new Set(['/signup']))
    assert.equal(await led(network, KNOWN), '/login')
    assert.equal(await led(network, someone(FREE)), '/welcome')
  })

  it('is told to an IPv4 address as to one network when it is written as IPv6, and apart from its neighbours', async () => {
    // By the test above.
    for (const address of ['198.51.100.3', '::ffff:198.51.100.3', '::FFFF:198.51.100.3', '::ffff:c633:6403']) {
      assert.equal(await led(address, KNOWN), '/welcome', address)
    }
    for (const address of ['::ffff:198.51.100.7', '198.51.100.7', '::ffff:c633:6407', '::ffff:c633:6408']) {
      assert.equal(await led(address, KNOWN), '/login', address)
    }
  })

  /** A network that asked too much: by the first of these tests. */
  const SPENT = '198.51.100.5'
  // A thousand takes its time: once is enough.
  const asked = engine === ENGINES.at(-1) ? 1_000 : 50
  it(`is told for at most 20 of ${asked} addresses, many of them asked about at once`, async () => {
    const answers: string[] = []
    while (answers.length < asked) {
      const piece = Array.from({ length: 50 }, (_, index) => led(SPENT, someone(answers.length + index)))
      answers.push(...(await Promise.all(piece)))
    }
    assert.equal(answers.filter((answer) => answer === '/signup').length, FREE)
    assert.equal(answers.filter((answer) => answer === '/welcome').length, asked - FREE)
  })

  it('is told to an IPv6 /64 as to one network, however its addresses are written, and to another anew', async () => {
    const written = [
      '2001:db8:0:7::1',
      '2001:DB8:0:7:ffff:ffff:ffff:ffff',
      '2001:0db8:0000:0007:0000:0000:0000:0003',
      '2001:db8::7:1:2:3:4',
      '2001:db8:0:7::192.0.2.1',
    ]
    for (let index = 1; index <= FREE; index++) {
      assert.equal(await led(written[index % written.length]!, someone(index)), '/signup', String(index))
    }
    for (const address of written) assert.equal(await led(address, KNOWN), '/welcome', address)
    assert.equal(await led('2001:db8:0:8::1', KNOWN), '/login', 'the next /64')
    assert.equal(await led('2001:db8:1:7::1', KNOWN), '/login', 'another /48')
  })

  it('is told to nobody by an address that a client makes up for itself', async () => {
    assert.equal(await led(SPENT, KNOWN), '/welcome')
    // A proxy of ours adds the true one at the end.
    const { headers } = await sendRaw(site, linkTo({ id: 'x-1', email: KNOWN }), {
      headers: { 'X-Forwarded-For': `203.0.113.77, ${SPENT}` },
    })
    assert.match(headers.location!, /^\/welcome\?/)
  })

  it('does not matter on /welcome: the same intent completes by the login and by the sign-up', async () => {
    for (const email of [KNOWN, 'late@example.com']) {
      const browser = new Visitor(site, { address: SPENT })
      const { location } = await browser.get(linkTo({ id: `welcome-${email}`, email }))
      const intentId = /^\/welcome\?link=(.+)$/.exec(location!)![1]!
      const page = await browser.get(location!)
      for (const path of ['/login', '/signup']) assert.ok(page.text.includes(`href="${path}?link=${intentId}"`), path)
      if (email === KNOWN) {
        assert.equal((await logIn(browser, email, undefined, intentId)).location, `/link/${intentId}`)
      } else {
        await browser.post('/signup', { email, link: intentId })
        assert.equal(await finishSignUp(browser, await site.linkMailedTo(email)), `/link/${intentId}`)
      }
      await agree(browser, `/link/${intentId}`)
      assert.equal((await site.status(`workProviderUserId=welcome-${email}`)).status, 200)
    }
  })

  it('does not show on /welcome: the page is the same for a known and an unknown address', async () => {
    const shown = async (email: string): Promise<string> => {
      const browser = new Visitor(site, { address: SPENT })
      const { location } = await browser.get(linkTo({ id: 'x-2', email }))
      const { text } = await browser.get(location!)
      return text.replaceAll(location!.split('=')[1]!, 'INTENT').replaceAll(email, 'ADDRESS')
    }
    assert.equal(await shown(KNOWN), await shown('unknown@example.com'))
  })

  /** What somebody outside can see of an answer, and what was done for it inside. */
  async function observed(ask: () => Promise<Answer>, email: string) {
    const mails = async () =>
      (await sql<{ n: number }>`select count(*)::int as n from outbox`.execute(site.context.db)).rows[0]!.n
    const before = await mails()
    let answer!: Answer
    const statements = await statementsOf(async () => {
      answer = await ask()
    })
    const headers = Object.fromEntries(
      [...answer.headers].filter(([name]) => !['request-id', 'date', 'content-length'].includes(name)),
    )
    return {
      seen: {
        status: answer.status,
        headers,
        text: answer.text.replaceAll(email, 'ADDRESS').replaceAll(email.toUpperCase(), 'ADDRESS'),
        mails: (await mails()) - before,
      },
      done: statements.map((text) => text.replaceAll(/\$\d+/g, '?')),
    }
  }

  const FORMS: Readonly<Record<string, (visitor: Visitor, email: string) => Promise<Answer>>> = {
    'the login with a wrong password': (visitor, email) => logIn(visitor, email, 'not the password'),
    'the sign-up': (visitor, email) => visitor.post('/signup', { email }),
    'the password reset': (visitor, email) => visitor.post('/reset', { email }),
  }

  /** Only so many mails go to an address in an hour. */
  const forgetMails = () => sql`delete from attempt where scope like 'mail%'`.execute(site.context.db)

  let networks = 0
  for (const [form, ask] of Object.entries(FORMS)) {
    it(`is not told by ${form}: same status, headers, body and number of mails`, async () => {
      await forgetMails()
      const address = (): string => `203.0.113.${++networks}`
      for (const known of [KNOWN, KNOWN.toUpperCase()]) {
        const unknown = known.replace(/known/i, (word) => (word === 'known' ? 'strange' : 'STRANGE'))
        const [one, other] = [address(), address()]
        const ofKnown = await observed(() => ask(new Visitor(site, { address: one }), known), known)
        const ofUnknown = await observed(() => ask(new Visitor(site, { address: other }), unknown), unknown)
        assert.deepEqual(ofKnown.seen, ofUnknown.seen, known)
      }
    })

    it(`is not told by how long ${form} takes: the same statements are sent`, async () => {
      await forgetMails()
      await ask(new Visitor(site, { address: `203.0.113.${++networks}` }), 'first@example.com')
      const ofKnown = await observed(() => ask(new Visitor(site, { address: `203.0.113.${++networks}` }), KNOWN), KNOWN)
      const ofUnknown = await observed(
        () => ask(new Visitor(site, { address: `203.0.113.${++networks}` }), 'stranger@example.com'),
        'stranger@example.com',
      )
      assert.deepEqual(ofKnown.done, ofUnknown.done)
    })
  }

  for (const form of ['the sign-up', 'the password reset']) {
    it(`is not told by ${form} once no more mails go to an address: same answer, no mail`, async () => {
      const seen = []
      for (const email of ['often@example.com', 'seldom@example.com']) {
        if (email === 'often@example.com') {
          await signUp(site, new Visitor(site, { address: `203.0.113.${++networks}` }), email)
        }
        await forgetMails()
        const asked = () => FORMS[form]!(new Visitor(site, { address: `203.0.113.${++networks}` }), email)
        const answers = []
        for (let time = 1; time <= 7; time++) answers.push((await observed(asked, email)).seen)
        assert.deepEqual(
          answers.map(({ mails }) => mails),
          [1, 1, 1, 1, 1, 0, 0],
        )
        assert.deepEqual({ ...answers[6], mails: 1 }, answers[0], 'whoever asks sees no difference')
        seen.push(answers)
        await sql`delete from driver_account where email = ${email}`.execute(site.context.db)
      }
      assert.deepEqual(seen[0], seen[1])
    })
  }

  it('is not told by the change of an address: same answer, and the mail goes to the address alone', async () => {
    const browser = new Visitor(site, { address: '203.0.113.251' })
    await signUp(site, browser, 'changing@example.com')
    const ask = (newEmail: string) => browser.post('/account/email', { newEmail, emailPassword: PASSWORD })
    await ask('warm@example.com')
    const ofKnown = await observed(() => ask(KNOWN), KNOWN)
    const ofUnknown = await observed(() => ask('nobody-yet@example.com'), 'nobody-yet@example.com')
    assert.deepEqual(ofKnown.seen, ofUnknown.seen)
    assert.equal(ofKnown.seen.status, 303)
  })
})
