import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { zegoHere } from '../cli/command.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkIn, POST_PATTERNS } from './driver-world.ts'
import { assertSame, contentsOf } from './tables.ts'

const SESSION = 'zego.session_token'
/** The one that test sites sign with. */
const SECRET = 'a secret for tests that is long enough'
const NEW_PASSWORD = 'four words put together'

describe('a session', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
    await signUp(site, new Visitor(site), 'sam@example.com', { name: 'Sam Session' })
  })
  after(() => site.close())

  let networks = 0
  const newVisitor = (): Visitor => new Visitor(site, { address: `192.0.2.${++networks}` })

  async function loggedIn(email = 'sam@example.com', password = PASSWORD): Promise<Visitor> {
    const visitor = newVisitor()
    const answer = await logIn(visitor, email, password)
    assert.equal(answer.location, '/home', `the login of ${email}: ${answer.status}`)
    return visitor
  }

  async function newDriver(email: string): Promise<Visitor> {
    const visitor = newVisitor()
    await signUp(site, visitor, email, { name: 'Nadia New' })
    return visitor
  }

  function withCookie(value: string): Visitor {
    const visitor = newVisitor()
    visitor.cookies.set(SESSION, value)
    return visitor
  }

  async function assertIn(visitor: Visitor): Promise<void> {
    assert.equal((await visitor.get('/home')).status, 200)
  }

  /** The cookie as somebody keeps it who copied it, whatever the answers since say. */
  async function assertRefused(cookie: string, what: string): Promise<void> {
    for (const path of ['/home', '/account', '/account/my-data.json', '/account/my-shifts.csv', '/account/close']) {
      const answer = await withCookie(cookie).get(path)
      assert.equal(answer.location, '/login', `${what}: ${path} answers ${answer.status}`)
      assert.equal(answer.text, '')
    }
    const posted = await withCookie(cookie).post('/account/details', { name: 'Mallory', phone: '' })
    assert.equal(posted.location, '/login', what)
  }

  const cookieOf = (visitor: Visitor): string => visitor.cookies.get(SESSION)!
  const signed = (token: string, secret = SECRET): string =>
    encodeURIComponent(`${token}.${createHmac('sha256', secret).update(token).digest('base64')}`)

  it('is made by a login alone: a planted cookie is refused and changes nothing', async () => {
    const visitor = await loggedIn()
    const [token = ''] = decodeURIComponent(cookieOf(visitor)).split('.')
    assert.equal(signed(token), cookieOf(visitor), 'this test signs as the site does')
    const earlier = await contentsOf(site.context)
    const planted: Record<string, string> = {
      unsigned: token,
      'with an empty signature': `${token}.`,
      'signed with another secret': signed(token, 'another secret that is long enough too'),
      'with the signature of another session': `${token}x.${decodeURIComponent(signed(token)).split('.')[1]!}`,
      'of no session': signed('this-session-does-not-exist-at-all'),
      'that is empty, signed': signed(''),
      'made up': 'x'.repeat(64),
      'with NUL': 'a%00b.c%00d',
      'that is no percent-encoding': '%zz.%zz',
      'with SQL': signed(`' or '1'='1`),
      'very long': 'x'.repeat(8_000),
    }
    for (const [what, cookie] of Object.entries(planted)) await assertRefused(cookie, `a cookie ${what}`)
    for (const name of [
      '__Secure-zego.session_token',
      'session_token',
      'zego.session_data',
      'better-auth.session_token',
    ]) {
      const other = newVisitor()
      other.cookies.set(name, cookieOf(visitor))
      assert.equal((await other.get('/home')).location, '/login', name)
    }
    assertSame(await contentsOf(site.context), earlier, 'a planted cookie')
    await assertIn(visitor)
  })

  it('is held by a cookie that scripts and other sites do not get', async () => {
    const answer = await logIn(newVisitor(), 'sam@example.com')
    const line = answer.headers.getSetCookie().find((one) => one.startsWith(`${SESSION}=`))!
    assert.match(line, /; *HttpOnly/i)
    assert.match(line, /; *SameSite=(?:Lax|Strict)/i)
    assert.match(line, /; *Path=\//i)
    assert.doesNotMatch(line, /; *Domain=/i)
  })

  it('is never one that was there before the login', async () => {
    const attacker = await newDriver('attacker@example.com')
    const planted = cookieOf(attacker)
    for (const before of [planted, signed('a-session-that-the-attacker-chose'), 'chosen-by-the-attacker']) {
      const victim = withCookie(before)
      await logIn(victim, 'sam@example.com')
      assert.notEqual(cookieOf(victim), before)
      const holder = await withCookie(before).get('/home')
      assert.ok(!holder.text.includes('Sam Session'), 'whoever planted the cookie is logged in as the victim')
    }
    const twice = await loggedIn()
    const first = cookieOf(twice)
    await logIn(twice, 'sam@example.com')
    assert.notEqual(cookieOf(twice), first)
  })

  it('is never one that was there before the sign-up', async () => {
    const planted = cookieOf(await newDriver('attacker-2@example.com'))
    const victim = withCookie(planted)
    await signUp(site, victim, 'fixed@example.com', { name: 'Vic Fixed' })
    assert.notEqual(cookieOf(victim), planted)
    assert.ok(!(await withCookie(planted).get('/home')).text.includes('Vic Fixed'))
  })

  it('is over with the logout: the browser forgets it, and the old cookie is refused', async () => {
    const [visitor, another] = [await loggedIn(), await loggedIn()]
    const old = cookieOf(visitor)
    assert.equal((await visitor.post('/logout')).location, '/')
    assert.ok(!visitor.cookies.has(SESSION))
    await assertRefused(old, 'after the logout')
    await assertIn(another)
  })

  it('of every browser is over with "log out everywhere"', async () => {
    const visitors = [await loggedIn(), await loggedIn(), await loggedIn()]
    const cookies = visitors.map(cookieOf)
    assert.equal((await visitors[0]!.post('/account/logout-everywhere')).location, '/login')
    for (const cookie of cookies) await assertRefused(cookie, 'after "log out everywhere"')
  })

  it('of every browser is over with "zego customer logout", which is in the audit log; nobody else is logged out', async () => {
    const bystander = await newDriver('bystander@example.com')
    const visitors = [await newDriver('stolen@example.com'), await loggedIn('stolen@example.com')]
    const customer = (
      await sql<{ number: string }>`
      select customer_number as number from customer where email = 'stolen@example.com'
    `.execute(site.context.db)
    ).rows[0]!
    const { code, out } = await zegoHere(site, ['customer', 'logout', customer.number.toLowerCase(), '--json'])
    assert.equal(code, 0)
    assert.deepEqual(JSON.parse(out), { customerNumber: customer.number, sessions: 2 })
    for (const visitor of visitors) await assertRefused(cookieOf(visitor), 'after "zego customer logout"')
    await assertIn(bystander)
    await loggedIn('stolen@example.com')
    const audit = await zegoHere(site, ['audit', '--customer', customer.number])
    assert.match(audit.out, /sessions ended/)
    const nobody = await zegoHere(site, ['customer', 'logout', 'NOBODY1'])
    assert.deepEqual([nobody.code, nobody.err], [1, 'zego: there is no customer NOBODY1\n'])
  })

  it('is over with a new password: every old cookie is refused, and this browser has a new one', async () => {
    const here = await newDriver('changes@example.com')
    const elsewhere = await loggedIn('changes@example.com')
    const cookies = [cookieOf(here), cookieOf(elsewhere)]
    const changed = await here.post('/account/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD })
    assert.equal(changed.location, '/account?done=password')
    await assertIn(here)
    for (const cookie of cookies) await assertRefused(cookie, 'after a new password')
    assert.equal((await logIn(newVisitor(), 'changes@example.com')).status, 422, 'the old password')
    await loggedIn('changes@example.com', NEW_PASSWORD)
  })

  it('is over with a reset of the password, also that of the browser that resets it', async () => {
    const here = await newDriver('resets@example.com')
    const elsewhere = await loggedIn('resets@example.com')
    const cookies = [cookieOf(here), cookieOf(elsewhere)]
    await here.post('/reset', { email: 'resets@example.com' })
    const page = await site.linkMailedTo('resets@example.com')
    assert.equal((await here.post(page, { password: NEW_PASSWORD })).status, 200)
    for (const cookie of cookies) await assertRefused(cookie, 'after a reset')
    assert.equal((await logIn(newVisitor(), 'resets@example.com')).status, 422, 'the old password')
    await loggedIn('resets@example.com', NEW_PASSWORD)
  })

  it('is over with the account: every cookie is refused, and so is the password', async () => {
    const here = await newDriver('closes@example.com')
    const elsewhere = await loggedIn('closes@example.com')
    const cookies = [cookieOf(here), cookieOf(elsewhere)]
    const closed = await here.post('/account/close', { password: PASSWORD })
    assert.match(closed.text, /Your account is closed/)
    for (const cookie of cookies) await assertRefused(cookie, 'of a closed account')
    assert.equal((await logIn(newVisitor(), 'closes@example.com')).status, 422)
  })

  it('is over when its time is up', async () => {
    const visitor = await newDriver('sleepy@example.com')
    await sql`
      update driver_session set expires_at = clock_timestamp() - interval '1 second'
      where account_id = (select id from driver_account where email = 'sleepy@example.com')
    `.execute(site.context.db)
    await assertRefused(cookieOf(visitor), 'of a session that ran out')
  })

  it('is needed by every form of a driver: without one, or with an old one, it leads to the login', async () => {
    const old = await loggedIn()
    const cookie = cookieOf(old)
    await old.post('/logout')
    const earlier = await contentsOf(site.context)
    const open = ['/login', '/signup', '/reset', '/logout', '/:token']
    for (const pattern of POST_PATTERNS.filter((path) => !open.some((end) => path.endsWith(end)))) {
      const path = pattern.replaceAll(/:\w+/g, '1')
      for (const visitor of [newVisitor(), withCookie(cookie)]) {
        const { location } = await visitor.post(path, { password: PASSWORD, decision: 'yes', name: 'Mallory' })
        assert.equal(location, '/login', path)
      }
    }
    assertSame(await contentsOf(site.context), earlier, 'a form of nobody')
  })

  for (const mended of ['/reset', '/account/password'] as const) {
    it(`that was stolen leaves nothing behind once the owner has a new password (by ${mended})`, async () => {
      const email = `robbed-by${mended.replaceAll('/', '-')}@example.com`
      const owner = await newDriver(email)
      const thief = await loggedIn(email)
      // The thief knows the old password, and asks for the account to be theirs. The owner is told, and told what to do.
      const newEmail = `thief-of-${email}`
      const asked = await thief.post('/account/email', { newEmail, emailPassword: PASSWORD })
      assert.equal(asked.location, '/account?done=email')
      const confirm = await site.linkMailedTo(newEmail)
      assert.match((await site.mailsTo(email)).at(-1)!.body, /If it was not you, set a new password at once/)
      if (mended === '/reset') {
        await owner.post('/reset', { email })
        const page = linkIn((await site.mailsTo(email)).at(-1)!.body, '/reset/')
        assert.equal((await owner.post(page, { password: NEW_PASSWORD })).status, 200)
      } else {
        await owner.post('/account/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD })
      }
      await newVisitor().post(confirm)
      await thief.post(confirm)
      const { rows } = await sql<{ email: string }>`
        select email from driver_account where email in (${email}, ${newEmail})
      `.execute(site.context.db)
      assert.deepEqual(rows, [{ email }], 'the thief has taken the account over')
      await loggedIn(email, NEW_PASSWORD)
    })
  }

  it('and its mails leave no old way in: a reset link mailed before a new password was set is dead', async () => {
    const owner = await newDriver('two-resets@example.com')
    const links = []
    for (let time = 0; time < 2; time++) {
      await owner.post('/reset', { email: 'two-resets@example.com' })
      links.push(await site.linkMailedTo('two-resets@example.com'))
    }
    assert.equal((await owner.post(links[1]!, { password: NEW_PASSWORD })).status, 200)
    for (const link of links) {
      assert.equal((await newVisitor().post(link, { password: 'five words of a thief now' })).status, 404)
    }
    await loggedIn('two-resets@example.com', NEW_PASSWORD)
  })
})
