import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { openSite, type TestSite } from '../support/site.ts'
import { ENGINES, onEachEngine } from '../support/stores.ts'
import { type Answer, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'

const MAX_FAILURES = 10
const MAX_NETWORK_FAILURES = 100
const OWNER = 'owner@example.com'

onEachEngine('guessing a password', (engine) => {
  let site: TestSite
  let owner: Visitor
  before(async () => {
    site = await openSite(engine)
    owner = new Visitor(site, { address: '203.0.113.1' })
    await signUp(site, owner, OWNER)
  })
  after(() => site.close())

  const guess = (address: string, index: number, email = OWNER): Promise<Answer> =>
    logIn(new Visitor(site, { address }), email, `guess number ${index}`)

  async function guesses(address: string, count: number, email = OWNER): Promise<number[]> {
    const statuses: number[] = []
    for (let index = 1; index <= count; index++) statuses.push((await guess(address, index, email)).status)
    return statuses
  }

  async function assertSlowed(answer: Answer, what: string): Promise<void> {
    assert.equal(answer.status, 429, what)
    assert.match(answer.text, /too many/i, what)
    assert.match(answer.text, /wait/i, what)
    assert.deepEqual(answer.headers.getSetCookie(), [], what)
  }

  it('is slowed after ten failures from one network, with words, even for the right one; its owner gets in from elsewhere', async () => {
    const network = '198.51.100.1'
    assert.deepEqual(
      await guesses(network, MAX_FAILURES),
      Array.from({ length: MAX_FAILURES }, () => 422),
    )
    const slowed = await guess(network, MAX_FAILURES + 1)
    await assertSlowed(slowed, 'the eleventh')
    assert.match(slowed.headers.get('retry-after') ?? '', /^\d+$/)
    await assertSlowed(await logIn(new Visitor(site, { address: network }), OWNER), 'the right one')
    assert.equal((await logIn(new Visitor(site, { address: '198.51.100.2' }), OWNER)).location, '/home')
    await assertStays(owner)
    // Who waits gets in again.
    await sql`update attempt set at = at - interval '15 minutes'`.execute(site.context.db)
    assert.equal((await logIn(new Visitor(site, { address: network }), OWNER)).location, '/home')
  })

  it('is slowed for an address that has no account as for one that has: the limit tells nothing', async () => {
    const network = '198.51.100.3'
    const statuses = await guesses(network, MAX_FAILURES + 1, 'nobody@example.com')
    assert.deepEqual(statuses, [...Array.from({ length: MAX_FAILURES }, () => 422), 429])
  })

  it('fifty times at once counts every one: at most ten are looked at, however the address is written', async () => {
    const network = '198.51.100.4'
    const written = [OWNER, OWNER.toUpperCase(), ` ${OWNER}`, 'Owner@Example.Com']
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => guess(network, index, written[index % written.length])),
    )
    const statuses = answers.map((answer) => answer.status)
    assert.equal(statuses.filter((status) => status === 429).length, 50 - MAX_FAILURES)
    assert.equal(statuses.filter((status) => status === 422).length, MAX_FAILURES)
    await assertSlowed(await logIn(new Visitor(site, { address: network }), OWNER), 'the right one')
  })

  it('from an IPv6 /64 is guessing from one network', async () => {
    const answers = []
    for (let index = 0; index <= MAX_FAILURES; index++) answers.push(await guess(`2001:db8:5:5::${index + 1}`, index))
    await assertSlowed(answers[MAX_FAILURES]!, 'the eleventh')
    assert.equal((await logIn(new Visitor(site, { address: '2001:db8:5:6::1' }), OWNER)).location, '/home')
  })

  it('is not what a right password is: it does not count as a failure', async () => {
    const network = '198.51.100.6'
    await guesses(network, MAX_FAILURES - 1)
    for (let time = 0; time < 4; time++) {
      assert.equal((await logIn(new Visitor(site, { address: network }), OWNER)).location, '/home')
    }
    assert.equal((await guess(network, MAX_FAILURES)).status, 422, 'the tenth failure')
    assert.equal((await guess(network, MAX_FAILURES + 1)).status, 429)
  })

  // Counted as the tests above show for each engine; once is enough, for it takes its time.
  if (engine === ENGINES.at(-1)) {
    it('over many accounts from one network is slowed, and from another it is not', async () => {
      const network = '198.51.100.7'
      const statuses: number[] = []
      for (let piece = 0; piece < 4; piece++) {
        const answers = await Promise.all(
          Array.from({ length: 26 }, (_, index) => guess(network, 1, `courier-${piece}-${index}@example.com`)),
        )
        statuses.push(...answers.map((answer) => answer.status))
      }
      assert.ok(statuses.every((status) => status === 422 || status === 429))
      assert.ok(statuses.filter((status) => status === 422).length <= MAX_NETWORK_FAILURES)
      assert.ok(statuses.includes(429))
      await assertSlowed(await guess(network, 1, 'courier-of-the-end@example.com'), 'afterwards')
      assert.equal((await guess('198.51.100.8', 1, 'courier-of-the-end@example.com')).status, 422)
      assert.equal((await logIn(new Visitor(site, { address: '198.51.100.8' }), OWNER)).location, '/home')
    })
  }

  const FORMS: Readonly<Record<string, (visitor: Visitor, password: string) => Promise<Answer>>> = {
    '/account/password': (visitor, password) =>
      visitor.post('/account/password', { currentPassword: password, newPassword: 'four words put together' }),
    '/account/email': (visitor, password) =>
      visitor.post('/account/email', { newEmail: 'thief@example.com', emailPassword: password }),
    '/account/close': (visitor, password) => visitor.post('/account/close', { password }),
  }

  it('in a browser that somebody left open is slowed at every form that asks for it, together with the login', async () => {
    const network = '198.51.100.9'
    const thief = new Visitor(site, { address: network })
    thief.cookies.set('zego.session_token', owner.cookies.get('zego.session_token')!)
    const forms = Object.entries(FORMS)
    await guesses(network, MAX_FAILURES - forms.length * 2)
    for (const [path, send] of [...forms, ...forms]) assert.equal((await send(thief, 'a guess')).status, 422, path)
    for (const [path, send] of forms) {
      await assertSlowed(await send(thief, 'a guess'), path)
      await assertSlowed(await send(thief, PASSWORD), `${path}, the right one`)
    }
    assert.equal((await guess(network, 12)).status, 429, 'at the login')
    await assertStays(owner)
  })

  it('fifty times at once at /account/password looks at ten at most', async () => {
    const network = '198.51.100.10'
    const thief = new Visitor(site, { address: network })
    thief.cookies.set('zego.session_token', owner.cookies.get('zego.session_token')!)
    const send = FORMS['/account/password']!
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => send(thief, `guess number ${index}`)))
    assert.equal(answers.filter((answer) => answer.status === 422).length, MAX_FAILURES)
    assert.equal(answers.filter((answer) => answer.status === 429).length, 50 - MAX_FAILURES)
    await assertStays(owner)
  })

  async function assertStays(visitor: Visitor): Promise<void> {
    assert.equal((await visitor.get('/home')).status, 200, 'the owner is logged out')
  }
})
