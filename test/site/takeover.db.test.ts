import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { finishSignUp, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkIn } from './driver-world.ts'
import { openIntent } from './links.ts'
import { assertSame, contentsOf } from './tables.ts'

const OTHER_PASSWORD = 'a password of the attacker'

describe("a sign-up with somebody else's address", () => {
  let site: TestSite
  let attacker: Visitor
  before(async () => {
    site = await openSite()
    attacker = newVisitor()
    await signUp(site, attacker, 'attacker@example.com', { name: 'Max Attacker' })
  })
  after(() => site.close())

  let networks = 0
  function newVisitor(): Visitor {
    return new Visitor(site, { address: `192.0.2.${++networks}` })
  }

  async function signUpLinks(email: string): Promise<string[]> {
    const mails = await site.mailsTo(email)
    return mails.filter((mail) => /\/signup\/\S/.test(mail.body)).map((mail) => linkIn(mail.body, '/signup/'))
  }

  async function accountsOf(email: string): Promise<{ id: string; name: string }[]> {
    const { rows } = await sql<{ id: string; name: string }>`
      select id::text, name from driver_account where email = ${email}
    `.execute(site.context.db)
    return rows
  }

  /** Everything that could be handed in with a sign-up. */
  const claimed = (email: string): Record<string, string> => ({
    email,
    name: 'Max Attacker',
    password: OTHER_PASSWORD,
    agree: 'yes',
    emailVerified: 'true',
  })

  it('makes no account, no session and no password: only a mail to the address', async () => {
    const stranger = newVisitor()
    const earlier = await contentsOf(site.context)
    const answer = await stranger.post('/signup', claimed('vic-1@example.com'))
    assert.equal(answer.status, 200)
    assertSame(await contentsOf(site.context), earlier, 'the sign-up', ['mail_link', 'outbox', 'attempt'])
    assert.equal(stranger.cookies.size, 0)
    assert.doesNotMatch(answer.text, /\/signup\/[\w-]/, 'the page tells the link')
    assert.equal((await stranger.get('/home')).location, '/login')
    assert.equal((await logIn(stranger, 'vic-1@example.com', OTHER_PASSWORD)).status, 422)
  })

  it('is finished by the holder of the address, by that very mail: then the account is theirs alone', async () => {
    const stranger = newVisitor()
    await stranger.post('/signup', claimed('vic-2@example.com'))
    const victim = newVisitor()
    const [link] = await signUpLinks('vic-2@example.com')
    assert.equal(await finishSignUp(victim, link!, 'Vicky Victim'), '/home')
    const home = await victim.get('/home')
    assert.match(home.text, /Vicky Victim/)
    assert.ok(!home.text.includes('Attacker'))
    assert.equal((await stranger.get('/home')).location, '/login')
    assert.equal((await logIn(stranger, 'vic-2@example.com', OTHER_PASSWORD)).status, 422)
    assert.equal((await logIn(newVisitor(), 'vic-2@example.com')).location, '/home')
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from driver_session s join driver_account a on a.id = s.account_id
      where a.email = 'vic-2@example.com'
    `.execute(site.context.db)
    assert.equal(rows[0]!.n, 2, 'sessions of the victim: the sign-up and the login')
  })

  it('brings no link of the attacker along without the explicit yes of the holder', async () => {
    const stranger = newVisitor()
    const intentId = await openIntent(stranger, { id: 'attackers-id-3', email: 'vic-3@example.com' })
    await stranger.post('/signup', { ...claimed('vic-3@example.com'), link: intentId })
    const victim = newVisitor()
    const [link] = await signUpLinks('vic-3@example.com')
    const led = await finishSignUp(victim, link!, 'Vicky Victim')
    const linked = async () => (await site.status('workProviderUserId=attackers-id-3')).status
    assert.equal(await linked(), 404)
    // What it is about is shown before anything is done, and a visit of the page does nothing.
    const page = await victim.get(led)
    assert.match(page.text, /attackers-id-3/)
    assert.match(page.text, /vic-3@example\.com/)
    assert.equal(await linked(), 404)
    // Once it is the victim's question it is not the attacker's any more.
    assert.equal((await stranger.get(`/link/${intentId}`)).location, `/login?link=${intentId}`)
    assert.ok(!(await stranger.get(`/login?link=${intentId}`)).text.includes('attackers-id-3'))
    await victim.post(led, { decision: 'no' })
    assert.equal(await linked(), 404)
    const { rows } = await sql`select from link l join customer c using (customer_number)
      where c.email_key = 'vic-3@example.com'`.execute(site.context.db)
    assert.equal(rows.length, 0)
  })

  it('does not stand in the way of the holder: their own sign-up is of their own, without a link of the attacker', async () => {
    const stranger = newVisitor()
    const intentId = await openIntent(stranger, { id: 'attackers-id-4' })
    await stranger.post('/signup', { ...claimed('vic-4@example.com'), link: intentId })
    const victim = newVisitor()
    await victim.post('/signup', { email: 'vic-4@example.com' })
    const [attackers, own] = await signUpLinks('vic-4@example.com')
    assert.notEqual(attackers, own)
    assert.equal(await finishSignUp(victim, own!, 'Vicky Victim'), '/home')
    const { rows } = await sql<{ account: string | null }>`
      select account_id::text as account from link_intent where id = ${intentId}
    `.execute(site.context.db)
    assert.deepEqual(rows, [{ account: null }])
  })

  it('leaves two mails: finished by the one, the other says that there is an account, and changes nothing', async () => {
    for (let time = 0; time < 2; time++) await newVisitor().post('/signup', { email: 'vic-5@example.com' })
    const [first, second] = await signUpLinks('vic-5@example.com')
    const page = await newVisitor().get(second!)
    const termsId = /name="termsId" value="([^"]+)"/.exec(page.text)![1]!
    await finishSignUp(newVisitor(), first!, 'Vicky Victim')
    const accounts = await accountsOf('vic-5@example.com')
    assert.equal(accounts.length, 1)
    const late = newVisitor()
    const answer = await late.post(second!, { name: 'Max', password: OTHER_PASSWORD, phone: '', termsId, agree: 'yes' })
    assert.match(answer.text, /You have an account already/)
    assert.equal((await late.get('/home')).location, '/login')
    assert.deepEqual(await accountsOf('vic-5@example.com'), accounts)
    assert.equal((await logIn(newVisitor(), 'vic-5@example.com', OTHER_PASSWORD)).status, 422)
    assert.equal((await logIn(newVisitor(), 'vic-5@example.com', PASSWORD)).location, '/home')
  })

  it('works once: the link of a finished sign-up is dead', async () => {
    await newVisitor().post('/signup', { email: 'vic-6@example.com' })
    const [link] = await signUpLinks('vic-6@example.com')
    const page = await newVisitor().get(link!)
    const termsId = /name="termsId" value="([^"]+)"/.exec(page.text)![1]!
    await finishSignUp(newVisitor(), link!, 'Vicky Victim')
    const earlier = await contentsOf(site.context)
    const late = newVisitor()
    assert.equal((await late.get(link!)).status, 404)
    const fields = { name: 'Max', password: OTHER_PASSWORD, phone: '', termsId, agree: 'yes' }
    assert.equal((await late.post(link!, fields)).status, 404)
    assertSame(await contentsOf(site.context), earlier, 'a used link')
  })

  it('finished by several at the same instant makes one account, with the name and password of one of them', async () => {
    for (let time = 0; time < 2; time++) await newVisitor().post('/signup', { email: 'vic-7@example.com' })
    const links = await signUpLinks('vic-7@example.com')
    const { text } = await newVisitor().get(links[0]!)
    const termsId = /name="termsId" value="([^"]+)"/.exec(text)![1]!
    const people = [0, 1, 2, 3].map((index) => ({
      visitor: newVisitor(),
      link: links[index % 2]!,
      name: `Number ${index}`,
      password: `the password of ${index}`,
    }))
    const answers = await Promise.all(
      people.map(({ visitor, link, name, password }) =>
        visitor.post(link, { name, password, phone: '', termsId, agree: 'yes' }),
      ),
    )
    for (const { status } of answers) assert.ok(status < 500, String(status))
    const [account, ...more] = await accountsOf('vic-7@example.com')
    assert.deepEqual(more, [])
    const winners = people.filter((_, index) => answers[index]!.location !== null)
    assert.deepEqual(
      winners.map((winner) => winner.name),
      [account!.name],
    )
    for (const { visitor, password } of people) {
      const isWinner = password === winners[0]!.password
      assert.equal((await visitor.get('/home')).status, isWinner ? 200 : 303, password)
      assert.equal((await logIn(newVisitor(), 'vic-7@example.com', password)).status, isWinner ? 303 : 422, password)
    }
  })

  it('in another letter case is the same address: no second account beside it', async () => {
    await signUp(site, newVisitor(), 'vic-8@example.com', { name: 'Vicky Victim' })
    await newVisitor().post('/signup', { email: 'VIC-8@Example.com' })
    const mails = await site.mailsTo('vic-8@example.com')
    assert.match(mails.at(-1)!.subject, /already have an account/)
    assert.equal((await signUpLinks('vic-8@example.com')).length, 1)
  })

  it('does not give the customer whom staff know by it: only the mail to the address does', async () => {
    await createCustomer(site.context, { email: 'vic-9@example.com', customerNumber: 'VIC9', name: 'Vicky Victim' })
    const stranger = newVisitor()
    await stranger.post('/signup', claimed('vic-9@example.com'))
    assert.equal((await stranger.get('/home')).location, '/login')
    const victim = newVisitor()
    await finishSignUp(victim, (await signUpLinks('vic-9@example.com'))[0]!, 'Vicky Victim')
    assert.match((await victim.get('/home')).text, /VIC9/)
  })

  it('by a change to it neither takes it, nor keeps its holder out, nor counts once they have an account', async () => {
    const asked = await attacker.post('/account/email', { newEmail: 'vic-10@example.com', emailPassword: PASSWORD })
    assert.equal(asked.location, '/account?done=email')
    const confirm = linkIn((await site.mailsTo('vic-10@example.com')).at(-1)!.body, '/email/')
    assert.deepEqual(await accountsOf('vic-10@example.com'), [])
    const victim = newVisitor()
    assert.equal(await signUp(site, victim, 'vic-10@example.com', { name: 'Vicky Victim' }), '/home')
    assert.equal((await newVisitor().post(confirm)).status, 404)
    assert.equal((await attacker.post(confirm)).status, 404)
    assert.deepEqual(
      (await accountsOf('vic-10@example.com')).map(({ name }) => name),
      ['Vicky Victim'],
    )
    assert.equal((await logIn(newVisitor(), 'attacker@example.com')).location, '/home', 'the attacker is who he was')
  })

  it('by a change to the address of a customer whom staff know does not take that customer', async () => {
    await createCustomer(site.context, { email: 'vic-11@example.com', customerNumber: 'VIC11', name: 'Vicky Victim' })
    await attacker.post('/account/email', { newEmail: 'vic-11@example.com', emailPassword: PASSWORD })
    const mails = await site.mailsTo('vic-11@example.com')
    assert.ok(mails.every((mail) => !/\/email\//.test(mail.body)))
    assert.ok(!(await attacker.get('/home')).text.includes('VIC11'))
  })
})
