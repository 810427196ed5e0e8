import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import { sql } from 'kysely'
import { Webhook } from 'standardwebhooks'
import { deliverDue, startDeliverer, tryEndpoint } from '../../src/app/deliver.ts'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { keepAnswer } from '../../src/app/webhook-answers.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import {
  addEndpoint,
  dropEndpoint,
  enableAgain,
  type NewEndpoint,
  readDeliveries,
  replay,
  rotateSecret,
  type Secret,
} from '../../src/app/webhooks.ts'
import { Impossible } from '../../src/domain/errors.ts'
import { CONTACT_FIELD } from '../../src/domain/shared-fields.ts'
import { databaseNow, inTransaction } from '../../src/storage/database.ts'
import { type Delivery, leaseDeliveries, replayPiece } from '../../src/storage/webhook-deliveries.ts'
import { findEndpoint } from '../../src/storage/webhooks.ts'
import { openOutgoing } from '../../src/outgoing.ts'
import { waitFor } from '../faults/harness.ts'
import { readFeed, turnFeed, type WireEntry, tellNews } from '../support/feed.ts'
import { openReceiver, type Receiver, type ReceiverAnswer } from '../support/receiver.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { agree, signUp, Visitor } from '../support/visitor.ts'

onEachEngine('webhooks', (engine) => {
  let site: TestSite
  let receiver: Receiver
  let endpoint: Secret

  before(async () => {
    site = await openSite(engine)
    receiver = await openReceiver()
  })
  after(async () => {
    receiver.close()
    await site.close()
  })
  beforeEach(async () => {
    await sql`update webhook_endpoint set removed_at = now()`.execute(site.context.db)
    await turnFeed(site.context)
    receiver.received.length = 0
    receiver.answers(() => ({ status: 204 }))
    endpoint = await add()
  })

  const add = (more: Partial<NewEndpoint & { workProvider: string }> = {}): Promise<Secret> =>
    addEndpoint(site.context, { workProvider: 'Courier Ltd', url: `${receiver.url}/hooks`, ...more })

  const tell = (count = 1): Promise<void> => tellNews(site.context, site.workProviderId, count)
  async function deliver(): Promise<void> {
    while ((await deliverDue(site.context)) > 0) continue
  }
  const log = async (id = endpoint.id): ReturnType<typeof readDeliveries> =>
    readDeliveries(site.context, id, { before: null, state: null, limit: 100 })
  const makeDue = (): Promise<unknown> =>
    sql`update webhook_delivery set next_try_at = now() where state = 'waiting'`.execute(site.context.db)

  it('brings what is in the feed, signed so that the package of Standard Webhooks takes it', async () => {
    await tell()
    await deliver()
    const [one] = receiver.received
    assert.equal(receiver.received.length, 1)
    assert.equal(one!.path, '/hooks')
    assert.equal(one!.headers['content-type'], 'application/json')
    const headers = one!.headers as Record<string, string>
    const verified = new Webhook(endpoint.secret).verify(one!.body, headers) as WireEntry
    const { feed } = await readFeed(site)
    assert.deepEqual(verified, feed.entries.at(-1), 'the entry is the same in the feed and by webhook')
    assert.equal(one!.headers['webhook-id'], verified.id)
    assert.throws(() => new Webhook(endpoint.secret).verify(`${one!.body} `, headers))
    const [listed] = (await log()).deliveries
    assert.deepEqual([listed!.state, listed!.tries.map(({ status }) => status)], ['delivered', [204]])
    await deliver()
    assert.equal(receiver.received.length, 1, 'what was delivered is not brought again')
  })

  it('signs with the old secret too while it is being rotated, and not longer', async () => {
    const rotated = await rotateSecret(site.context, endpoint.id, 1)
    await tell()
    await deliver()
    const check = (secret: string, place: number): unknown => {
      const { body, headers } = receiver.received[place]!
      return new Webhook(secret).verify(body, headers as Record<string, string>)
    }
    check(endpoint.secret, 0)
    check(rotated.secret, 0)
    const third = await rotateSecret(site.context, endpoint.id, 0)
    await tell()
    await deliver()
    check(third.secret, 1)
    assert.throws(() => check(endpoint.secret, 1))
    assert.throws(() => check(rotated.secret, 1))
  })

  it('tries again for days, later each time, and then gives up and says so', async () => {
    const people = await deskPerson('days@courier.example')
    receiver.answers(() => ({ status: 500 }))
    await tell()
    const waits: number[] = []
    for (let tries = 1; tries <= 10; tries++) {
      assert.equal(await deliverDue(site.context), 1)
      const [one] = (await log()).deliveries
      assert.equal(one!.tries.length, tries)
      if (one!.state === 'waiting') waits.push((one!.nextTryAt - (await databaseNow(site.context.db))) / 1e6)
      assert.equal(await deliverDue(site.context), 0, 'it rests between')
      await makeDue()
    }
    const planned = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 86_400]
    assert.equal(waits.length, planned.length)
    for (const [index, seconds] of planned.entries()) {
      assert.ok(waits[index]! > seconds - 5 && waits[index]! < seconds * 1.1 + 1, `${waits[index]} of ${seconds} s`)
    }
    assert.equal((await log()).deliveries[0]!.state, 'failed')
    assert.equal(receiver.received.length, 10)
    assert.deepEqual(
      (await site.mailsTo(people)).map(({ subject }) => subject),
      ['Webhooks do not reach you'],
    )
    receiver.answers(() => ({ status: 200 }))
    await replay(site.context, endpoint.id, { after: 0, failedOnly: true })
    await deliver()
    const [again] = (await log()).deliveries
    assert.deepEqual([again!.state, again!.tries.length], ['delivered', 11])
  })

  it('is disabled by 410: nothing more is sent, its people are told, and a replay brings all of it', async () => {
    const people = await deskPerson('gone@courier.example')
    receiver.answers(() => ({ status: 410 }))
    await tell(40)
    await deliver()
    const sent = receiver.received.length
    assert.ok(sent <= 16, `${sent} were on their way at once`)
    await tell()
    await deliver()
    assert.equal(receiver.received.length, sent)
    const found = await findEndpoint(site.context.db, endpoint.id)
    assert.equal(found!.disabledBecause, 'it answered 410')
    assert.equal((await site.mailsTo(people)).length, 1)
    await assert.rejects(replay(site.context, endpoint.id, { after: 0 }), Impossible)
    await enableAgain(site.context, endpoint.id)
    receiver.answers(() => ({ status: 200 }))
    const { feed } = await readFeed(site)
    receiver.received.length = 0
    assert.equal(await replay(site.context, endpoint.id, { after: feed.last - 41 }), feed.last)
    await deliver()
    const numbers = receiver.received.map(({ body }) => (JSON.parse(body) as WireEntry).number)
    assert.deepEqual(
      [...new Set(numbers)].sort((a, b) => a - b),
      feed.entries.slice(-41).map(({ number }) => number),
    )
  })

  it('keeps none waiting for another that is slow, and gives back what it was about when it stops', async () => {
    const slow = await openReceiver()
    slow.answers(null)
    const slowEndpoint = await add({ url: slow.url })
    const deliverer = startDeliverer(site.context)
    try {
      await tell(3)
      deliverer.nudge()
      await waitFor('the slow one to be asked', () => slow.received.length === 3)
      await tell(3)
      deliverer.nudge()
      // Noted too: what is under way when it stops is given back, though it may have arrived.
      await waitFor('the other to have all', async () => {
        const { deliveries } = await log()
        return deliveries.filter(({ state }) => state === 'delivered').length === 6
      })
      assert.equal(receiver.received.length, 6)
      assert.equal(slow.received.length, 3)
    } finally {
      await deliverer.stop()
      slow.close()
    }
    const { deliveries } = await log(slowEndpoint.id)
    assert.deepEqual(
      deliveries.map(({ state, tries }) => [state, tries.length]),
      Array.from({ length: 6 }, () => ['waiting', 0]),
    )
    assert.ok(
      (await leaseDeliveries(site.context.db, { except: [], each: 100, limit: 100, leaseSeconds: 1 })).length === 6,
    )
  })

  it('is brought again after a process died with it, and by one process at a time', async () => {
    await tell(5)
    const lease = (leaseSeconds: number): Promise<Delivery[]> =>
      leaseDeliveries(site.context.db, { except: [], each: 3, limit: 100, leaseSeconds })
    const both = await Promise.all([lease(60), lease(60)])
    const ids = both.flat().map(({ entryId }) => entryId)
    assert.equal(new Set(ids).size, ids.length)
    await deliver()
    await makeDue() // As when the lease of a dead one is over.
    await deliver()
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 5)
  })

  it('tells an endpoint of the types that it asked for only, from when it was added on', async () => {
    await dropEndpoint(site.context, endpoint.id)
    await tell()
    const parked = await add({ types: ['report.parked'] })
    await tell()
    await site.report('login', { workProviderUserId: 'stranger', timestamp: new Date().toISOString() })
    await site.settle()
    await turnFeed(site.context)
    await deliver()
    assert.deepEqual(
      receiver.received.map(({ body }) => (JSON.parse(body) as WireEntry).type),
      ['report.parked'],
    )
    assert.equal((await log(parked.id)).deliveries.length, 1)
  })

  it('posts a message to try an endpoint, and says what came of it', async () => {
    receiver.answers(() => ({ status: 418, body: 'no' }))
    assert.deepEqual(await tryEndpoint(site.context, endpoint.id), { kind: 'answered', status: 418, body: 'no' })
    const [one] = receiver.received
    const sent = new Webhook(endpoint.secret).verify(one!.body, one!.headers as Record<string, string>)
    assert.equal((sent as { type: string }).type, 'webhook.test')
    assert.deepEqual((await log()).deliveries, [])
    const guarded = { ...site.context, outgoing: openOutgoing([]) }
    assert.deepEqual(await tryEndpoint(guarded, endpoint.id), {
      kind: 'failed',
      why: 'its address is not one that may be reached',
    })
  })

  it('refuses addresses that it cannot or must not use', async () => {
    for (const url of [
      '',
      'x',
      'ftp://a.example',
      'https://u:p@a.example',
      'https://a.example/#x',
      `https://a.example/${'x'.repeat(2_000)}`,
    ]) {
      await assert.rejects(add({ url }), Impossible, url)
    }
    const plain = { workProvider: 'Courier Ltd', url: 'http://a.example' }
    await assert.rejects(
      addEndpoint({ ...site.context, outgoing: openOutgoing([]) }, plain),
      /does not begin with https/,
    )
    await assert.rejects(add({ url: `${receiver.url}/hooks` }), /there already/)
    await assert.rejects(add({ url: 'https://a.example', types: ['shift.begun'] }), /none of/)
    for (let count = 1; count < 5; count++) await add({ url: `${receiver.url}/${count}` })
    await assert.rejects(add({ url: `${receiver.url}/6` }), /has 5 addresses already/)
  })

  /** The address of somebody who belongs to Courier Ltd. */
  async function deskPerson(email: string): Promise<string> {
    await sql`
      insert into desk_account (id, name, email, email_verified, role, work_provider_id, created_at, updated_at)
      values (gen_random_uuid(), 'Pat', ${email}, true, 'work provider', ${site.workProviderId}, now(), now())
      on conflict do nothing
    `.execute(site.context.db)
    return email
  }

  /** A driver who shares with Courier Ltd, by their own page, without an id of its. */
  async function driver(email: string): Promise<{ visitor: Visitor; number: string; consentPage: string }> {
    const visitor = new Visitor(site)
    await signUp(site, visitor, email)
    const number = /Customer number<\/dt>\s*<dd><strong>([A-Z0-9]+)/.exec((await visitor.get('/home')).text)![1]!
    const body = JSON.stringify({ customerNumber: number, success: true })
    await fetch(`${site.url}/v1/match`, { method: 'POST', headers: { Authorization: site.key }, body })
    const share = /action="(\/share\/[^"]+)"/.exec((await visitor.get('/home')).text)![1]!
    const page = (await visitor.post(share)).location!
    const consentPage = (await visitor.get(page)).text
    await agree(visitor, page)
    await turnFeed(site.context)
    return { visitor, number, consentPage }
  }
  const ofType = (type: string): WireEntry[] =>
    receiver.received.map(({ body }) => JSON.parse(body) as WireEntry).filter((one) => one.type === type)
  const answerSignUp = (answer: ReceiverAnswer): void =>
    receiver.answers(({ body }) =>
      (JSON.parse(body) as WireEntry).type === 'customer.signed_up' ? answer : { status: 204 },
    )
  async function lastWord(number: string): Promise<{ words: boolean[]; kinds: string[] }> {
    const words = await sql<{ success: boolean }>`
      select success from match where customer_number = ${number} order by received_at
    `.execute(site.context.db)
    const cases = await sql<{ kind: string }>`
      select kind from reconciliation_case where ${number} in (about, claimant)
    `.execute(site.context.db)
    return { words: words.rows.map(({ success }) => success), kinds: cases.rows.map(({ kind }) => kind) }
  }

  it('tells who signed up, as they agreed, and keeps 204 as a match', async () => {
    answerSignUp({ status: 204 })
    const email = `matched-${engine}@example.com`
    const { number, consentPage } = await driver(email)
    assert.ok(consentPage.includes(CONTACT_FIELD))
    await deliver()
    assert.deepEqual(
      ofType('customer.signed_up').map(({ data }) => data),
      [{ customerNumber: number, email }],
    )
    assert.deepEqual(await lastWord(number), { words: [true, true], kinds: [] })
    const receipt = (await site.mailsTo(email)).find(({ kind }) => kind === 'consent receipt')
    assert.ok(receipt!.body.includes(CONTACT_FIELD))
  })

  it('binds the id that is answered, and what was reported under it counts', async () => {
    const userId = `answered-${engine}`
    const timestamp = new Date(Date.now() - 3_600_000).toISOString()
    await site.report('login', { workProviderUserId: userId, timestamp })
    await site.settle()
    answerSignUp({ status: 200, body: JSON.stringify({ workProviderUserId: userId }) })
    const { number } = await driver(`bound-${engine}@example.com`)
    await deliver()
    const { body } = await site.status(`workProviderUserId=${userId}`)
    assert.equal(body['customer_number'], number)
    assert.deepEqual((await lastWord(number)).words, [true, true])
    await turnFeed(site.context)
    await deliver()
    const opened = ofType('shift.opened').filter(({ data }) => data['customerNumber'] === number)
    assert.deepEqual(
      opened.map(({ data }) => data['workProviderUserIds']),
      [[userId]],
    )
  })

  it('is heard before a withdrawal or after it, and never in the middle: neither ends the other', async () => {
    for (let round = 0; round < 8; round++) {
      const userId = `raced-${engine}-${round}`
      await site.report('login', { workProviderUserId: userId, timestamp: new Date(Date.now() - 60_000).toISOString() })
      await site.settle()
      const { number } = await driver(`raced-${engine}-${round}@example.com`)
      const answer = {
        workProviderId: site.workProviderId,
        customerNumber: number,
        askedAt: await databaseNow(site.context.db),
        isMatched: true,
        workProviderUserId: userId,
      }
      const name = { workProvider: 'Courier Ltd', customerNumber: number }
      const [note] = await Promise.all([
        inTransaction(site.context.db, (trx) => keepAnswer(site.context, trx, answer)),
        recordConsent(site.context, name, false),
      ])
      const { rows } = await sql<{ isBound: boolean; isBoundLater: boolean }>`
        select count(b.id) > 0 as "isBound", coalesce(bool_or(b.recorded_at > c.recorded_at), false) as "isBoundLater"
        from consent c left join binding b on b.link_id = c.link_id and b.identity = ${userId}
        where not c.given
          and c.link_id = (select id from link where customer_number = ${number})
      `.execute(site.context.db)
      assert.deepEqual(rows, [
        { isBound: note !== 'the customer does not share any more: nothing was done', isBoundLater: false },
      ])
    }
  })

  it('makes a case of an id that another customer holds, and takes nothing over', async () => {
    const holder = await driver(`holder-${engine}@example.com`)
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: holder.number,
      workProviderUserId: `held-${engine}`,
    })
    answerSignUp({ status: 200, body: JSON.stringify({ workProviderUserId: `held-${engine}` }) })
    const { number } = await driver(`claimant-${engine}@example.com`)
    await makeDue()
    await deliver()
    assert.deepEqual((await lastWord(number)).kinds, ['conflicting claim'])
    const { body } = await site.status(`workProviderUserId=held-${engine}`)
    assert.equal(body['customer_number'], holder.number)
    const { deliveries } = await log()
    assert.ok(deliveries.some(({ tries }) => tries.some(({ note }) => note.includes('another customer holds'))))
  })

  it('makes a case of 404, and tells the driver', async () => {
    answerSignUp({ status: 404 })
    const email = `unknown-${engine}@example.com`
    const { number } = await driver(email)
    await deliver()
    assert.deepEqual(await lastWord(number), { words: [true, false], kinds: ['failed match'] })
    assert.ok((await site.mailsTo(email)).some(({ subject }) => subject === 'Courier Ltd does not find you'))
  })

  it('does not let another address overturn what was answered, and asks it about nobody who was found', async () => {
    answerSignUp({ status: 204 })
    const askedAt = await databaseNow(site.context.db)
    const email = `found-${engine}@example.com`
    const { number } = await driver(email)
    await deliver()
    const { workProviderId } = site
    const answer = { workProviderId, customerNumber: number, askedAt, isMatched: false, workProviderUserId: null }
    const note = await inTransaction(site.context.db, (trx) => keepAnswer(site.context, trx, answer))
    assert.match(note, /not recognised here, but elsewhere/)
    assert.deepEqual(await lastWord(number), { words: [true, true], kinds: [] })
    assert.ok(!(await site.mailsTo(email)).some(({ kind }) => kind === 'not recognised'))

    const sink = await openReceiver()
    sink.answers(() => ({ status: 404 }))
    const { id } = await add({ url: sink.url })
    await replay(site.context, id, { after: 0 })
    await deliver()
    assert.ok(sink.received.some(({ body }) => body.includes(number)))
    assert.ok(!sink.received.some(({ body }) => body.includes('customer.signed_up') && body.includes(number)))
    assert.deepEqual((await lastWord(number)).words, [true, true])
    sink.close()
  })

  it('sends a long feed again in pieces, each short', async () => {
    await tell(250)
    await deliver()
    const { feed } = await readFeed(site, `?after=${(await readFeed(site)).feed.last}`)
    receiver.received.length = 0
    await replay(site.context, endpoint.id, { after: feed.last - 250 })
    const inOne = await inTransaction(site.context.db, (trx) => replayPiece(trx, 100))
    assert.equal(inOne, true)
    const waiting = await readDeliveries(site.context, endpoint.id, { before: null, state: 'waiting', limit: 200 })
    assert.equal(waiting.deliveries.length, 100)
    await deliver()
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 250)
  })

  it('takes an answer that says nothing of the person for what it is', async () => {
    for (const [index, answer] of [
      { status: 200, body: 'ok' },
      { status: 200, body: '{"workProviderUserId":7}' },
      { status: 202 },
    ].entries()) {
      answerSignUp(answer)
      const { number } = await driver(`vague-${engine}-${index}@example.com`)
      await deliver()
      assert.deepEqual((await lastWord(number)).words, [true])
    }
    answerSignUp({ status: 200, body: JSON.stringify({ workProviderUserId: 'x'.repeat(300) }) })
    const { number } = await driver(`long-${engine}@example.com`)
    await deliver()
    assert.deepEqual((await lastWord(number)).words, [true])
  })

  it('lets nobody know how to reach a customer who withdrew, or was erased', async () => {
    answerSignUp({ status: 204 })
    const withdrawn = await driver(`withdrawn-${engine}@example.com`)
    const linkId = /\/withdraw\/(\d+)/.exec((await withdrawn.visitor.get('/home')).text)![1]!
    await withdrawn.visitor.post(`/withdraw/${linkId}`)
    const erased = await driver(`erased-${engine}@example.com`)
    await eraseCustomer(site.context, erased.number, 'asked for it')
    await deliver()
    const numbers = [withdrawn.number, erased.number]
    const sent = receiver.received.filter(({ body }) => body.includes('customer.signed_up'))
    assert.ok(!sent.some(({ body }) => numbers.some((number) => body.includes(number))))
    const { rows } = await sql<{ data: string }>`select data::text as data from feed_entry`.execute(site.context.db)
    assert.ok(!rows.some(({ data }) => data.includes(`withdrawn-${engine}@`) || data.includes(`erased-${engine}@`)))
    const { deliveries } = await log()
    const dropped = deliveries.filter(({ state }) => state === 'dropped')
    assert.equal(dropped.length, 2)
  })

  it('is each work provider’s own', async () => {
    await createWorkProvider(site.context, 'Other Ltd')
    const other = await add({ workProvider: 'Other Ltd', url: `${receiver.url}/other` })
    await tell()
    await deliver()
    assert.deepEqual(
      receiver.received.map(({ path }) => path),
      ['/hooks'],
    )
    assert.deepEqual((await log(other.id)).deliveries, [])
  })
})
