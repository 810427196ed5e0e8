import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { type Case, reconciliation } from '../../src/app/reconciliation.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { agree, signUp, Visitor } from '../support/visitor.ts'
import { claim, openIntent } from './links.ts'

/* Whose id it is, only the work provider knows: a link is a claim, and the first holder keeps the id until staff decide. */

type Person = { readonly visitor: Visitor; readonly email: string; readonly name: string; readonly number: string }

onEachEngine('a work provider user id that another customer holds', (engine) => {
  let site: TestSite
  let holder: Person
  let claimant: Person
  before(async () => {
    site = await openSite(engine)
    holder = await newPerson('holda.original@example.com', 'Holda Original')
    claimant = await newPerson('clay.newcomer@example.net', 'Clay Newcomer')
  })
  after(() => site.close())

  async function newPerson(email: string, name: string): Promise<Person> {
    const visitor = new Visitor(site)
    await signUp(site, visitor, email, { name })
    const { rows } = await sql<{ number: string }>`
      select customer_number as number from customer where email_key = ${email}
    `.execute(site.context.db)
    return { visitor, email, name, number: rows[0]!.number }
  }

  /** The cases of staff's work list about one id. */
  async function casesOf(id: string): Promise<Case[]> {
    const all = await Array.fromAsync(reconciliation(site.context))
    return all.flat().filter((one) => one.kind === 'conflicting claim' && one.identity === id)
  }

  async function heldBy(id: string): Promise<string[]> {
    const { rows } = await sql<{ number: string }>`
      select l.customer_number as number from binding b join link l on l.id = b.link_id
      where b.identity_kind = 'user_id' and b.identity = ${id}
    `.execute(site.context.db)
    return rows.map((row) => row.number)
  }

  async function conflictMails(person: Person, id: string) {
    return (await site.mailsTo(person.email)).filter((mail) => mail.kind === 'link conflict' && mail.body.includes(id))
  }

  it('stays with its holder: the claim becomes one case for staff that names the claimant', async () => {
    await claim(holder.visitor, { id: 'wp-held-1' })
    assert.equal((await site.status('workProviderUserId=wp-held-1')).status, 200)
    const { intentId, answer } = await claim(claimant.visitor, { id: 'wp-held-1' })
    assert.equal(answer.location, `/link/${intentId}`)
    assert.deepEqual(await heldBy('wp-held-1'), [holder.number])
    const status = await site.status('workProviderUserId=wp-held-1')
    assert.equal(status.body['customer_number'], holder.number)
    assert.equal(
      (await site.status(`customerNumber=${claimant.number}`)).status,
      404,
      'the claimant is not linked by it',
    )
    const cases = await casesOf('wp-held-1')
    assert.equal(cases.length, 1)
    const [{ since, ...conflict }] = cases as [Case]
    assert.ok(since <= site.context.now())
    assert.deepEqual(conflict, {
      kind: 'conflicting claim',
      workProvider: 'Courier Ltd',
      customerNumber: claimant.number,
      identity: 'wp-held-1',
      done: false,
    })
  })

  it('costs nobody a link: what the claimant shares with the work provider under another id stays, too', async () => {
    await claim(holder.visitor, { id: 'wp-held-2' })
    await claim(claimant.visitor, { id: 'wp-own-2' })
    await claim(claimant.visitor, { id: 'wp-held-2' })
    assert.deepEqual(await heldBy('wp-held-2'), [holder.number])
    assert.deepEqual(await heldBy('wp-own-2'), [claimant.number])
    assert.equal((await site.status('workProviderUserId=wp-own-2')).body['customer_number'], claimant.number)
    assert.equal((await site.status('workProviderUserId=wp-held-2')).body['customer_number'], holder.number)
  })

  it('is told to both in one mail each, with the work provider and the id, and nothing of the other person', async () => {
    await claim(holder.visitor, { id: 'wp-held-3' })
    await claim(claimant.visitor, { id: 'wp-held-3' })
    for (const [one, other] of [
      [holder, claimant],
      [claimant, holder],
    ] as const) {
      const mails = await conflictMails(one, 'wp-held-3')
      assert.equal(mails.length, 1, `mails to ${one.name}`)
      const text = `${mails[0]!.subject}\n${mails[0]!.body}`
      assert.match(text, /Courier Ltd/)
      assert.match(text, /wp-held-3/)
      for (const word of [other.email, other.number, ...other.name.split(' ')]) {
        assert.ok(!text.toLowerCase().includes(word.toLowerCase()), `the mail to ${one.name} tells ${word}`)
      }
    }
  })

  it('shows the claimant nothing of the holder, on any page', async () => {
    await claim(holder.visitor, { id: 'wp-held-4' })
    const { intentId } = await claim(claimant.visitor, { id: 'wp-held-4' })
    for (const path of [`/link/${intentId}`, '/home', '/account', '/account/my-data.json']) {
      const { status, text } = await claimant.visitor.get(path)
      assert.equal(status, 200)
      for (const word of [holder.email, holder.number, holder.name]) assert.ok(!text.includes(word), `${path}: ${word}`)
    }
  })

  it('makes no second case and no second mail when it is claimed again', async () => {
    await claim(holder.visitor, { id: 'wp-held-5' })
    const first = await claim(claimant.visitor, { id: 'wp-held-5' })
    await claim(claimant.visitor, { id: 'wp-held-5' })
    await agree(claimant.visitor, `/link/${first.intentId}`)
    assert.equal((await casesOf('wp-held-5')).length, 1)
    assert.equal((await conflictMails(claimant, 'wp-held-5')).length, 1)
    assert.equal((await conflictMails(holder, 'wp-held-5')).length, 1)
  })

  it('stays with a holder who withdrew: a claim is a case then, too', async () => {
    await claim(holder.visitor, { id: 'wp-held-6' })
    const home = await holder.visitor.get('/home')
    const withdraw = /href="(\/withdraw\/\d+)"/.exec(home.text)![1]!
    await holder.visitor.post(withdraw)
    await claim(claimant.visitor, { id: 'wp-held-6' })
    assert.deepEqual(await heldBy('wp-held-6'), [holder.number])
    assert.equal((await site.status('workProviderUserId=wp-held-6')).status, 404)
    assert.equal((await casesOf('wp-held-6')).length, 1)
    await claim(holder.visitor, { id: 'wp-held-6' })
    assert.equal((await site.status('workProviderUserId=wp-held-6')).body['customer_number'], holder.number)
  })

  it('is byte for byte: another letter case is another id, and no conflict', async () => {
    await claim(holder.visitor, { id: 'wp-Case' })
    await claim(claimant.visitor, { id: 'wp-case' })
    assert.deepEqual(await heldBy('wp-case'), [claimant.number])
    assert.deepEqual(await casesOf('wp-case'), [])
  })

  it('claimed by two customers at the same instant: one holds it, the other has one case, never both or neither', async () => {
    const rounds = Array.from({ length: 5 }, (_, round) => `wp-race-${round}`)
    for (const id of rounds) {
      const people = [holder, claimant]
      const pages = await Promise.all(people.map(async ({ visitor }) => `/link/${await openIntent(visitor, { id })}`))
      await Promise.all(people.map(({ visitor }, index) => agree(visitor, pages[index]!)))
      const holders = await heldBy(id)
      assert.equal(holders.length, 1, `${id} is held by ${holders.join(' and ')}`)
      const loser = people.find((person) => person.number !== holders[0])!
      const cases = await casesOf(id)
      assert.deepEqual(
        cases.map((one) => (one.kind === 'conflicting claim' ? one.customerNumber : one.kind)),
        [loser.number],
      )
      const mails = await Promise.all(people.map((person) => conflictMails(person, id)))
      assert.deepEqual(
        mails.map((ofPerson) => ofPerson.length),
        [1, 1],
      )
      assert.equal((await site.status(`workProviderUserId=${id}`)).body['customer_number'], holders[0])
    }
  })

  it('agreed to twice at the same instant by one customer: one binding, one consent and one receipt', async () => {
    const page = `/link/${await openIntent(claimant.visitor, { id: 'wp-twice' })}`
    const consents = async () =>
      (await sql<{ n: number }>`select count(*)::int as n from consent where given`.execute(site.context.db)).rows[0]!.n
    const earlier = await consents()
    await Promise.all([1, 2, 3, 4].map(() => agree(claimant.visitor, page)))
    assert.deepEqual(await heldBy('wp-twice'), [claimant.number])
    assert.equal(await consents(), earlier + 1)
    const receipts = (await site.mailsTo(claimant.email)).filter((mail) => mail.body.includes('wp-twice'))
    assert.equal(receipts.length, 1)
  })
})
