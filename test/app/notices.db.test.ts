import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { createKey } from '../../src/app/api-keys.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { recordMatch } from '../../src/app/match.ts'
import { CAP_GRACE, tellOfMatches, watchShifts } from '../../src/app/notices.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { onEachEngine } from '../support/stores.ts'
import { openSite, type TestSite } from '../support/site.ts'

const HOUR = MICROSECONDS_PER_HOUR
const DAY = 24 * HOUR

onEachEngine('drivers are told', (engine) => {
  let site: TestSite
  let now: Instant
  let look: (at: Instant) => Promise<void>
  before(async () => {
    site = await openSite(engine)
    now = await databaseNow(site.context.db)
    look = watchShifts(site.context)
  })
  after(() => site.close())

  /** A linked customer whose number is also the user id. */
  async function linked(number: string, { hasPolicy = false } = {}): Promise<void> {
    await createCustomer(site.context, { email: `${number}@example.com`, customerNumber: number })
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: number,
      workProviderUserId: number,
      consentedAt: plus(now, -30 * DAY),
    })
    if (!hasPolicy) return
    const from = plus(now, -30 * DAY)
    await createPolicy(site.context, { customerNumber: number, classOfUse: 'Delivery', coverLevel: 'TPO', from })
  }

  async function told(kind: string, number: string): Promise<string[]> {
    return (await site.mailsTo(`${number}@example.com`)).filter((mail) => mail.kind === kind).map((mail) => mail.body)
  }

  const report = async (kind: 'login' | 'logout', number: string, at: Instant): Promise<void> => {
    await site.report(kind, { workProviderUserId: number, timestamp: formatInstant(at) })
    await site.settle()
  }

  it('that they are on shift without cover: at once, and again only after a day', async () => {
    await linked('NOCOVER')
    await linked('INSURED', { hasPolicy: true })
    await report('login', 'NOCOVER', plus(now, -HOUR))
    await report('login', 'INSURED', plus(now, -HOUR))
    await look(now)
    assert.equal((await told('no cover', 'NOCOVER')).length, 1)
    assert.match((await told('no cover', 'NOCOVER'))[0]!, /Courier Ltd reports that you have been on shift since/)
    assert.deepEqual(await told('no cover', 'INSURED'), [])
    await look(now)
    await report('logout', 'NOCOVER', plus(now, -HOUR / 2))
    await report('login', 'NOCOVER', plus(now, -HOUR / 4))
    await look(now)
    assert.equal((await told('no cover', 'NOCOVER')).length, 1)
    await sql`update notice set recorded_at = recorded_at - interval '25 hours'`.execute(site.context.db)
    await look(now)
    assert.equal((await told('no cover', 'NOCOVER')).length, 2)
  })

  it('nothing about shifts of a link that is not active, or in the time to come', async () => {
    await linked('GONE')
    await recordConsent(site.context, { workProvider: 'Courier Ltd', customerNumber: 'GONE' }, false)
    await report('login', 'GONE', plus(now, -HOUR))
    await linked('LATER')
    await report('login', 'LATER', plus(now, 2 * HOUR))
    await look(await databaseNow(site.context.db))
    assert.deepEqual(await site.mailsTo('GONE@example.com'), [])
    assert.deepEqual(await site.mailsTo('LATER@example.com'), [])
  })

  it('that they are on shift and agreed, but the link is not complete', async () => {
    await createWorkProvider(site.context, 'Strict Ltd')
    await changeSettings(site.context, 'Strict Ltd', { linkRequires: 'match' })
    const { key } = await createKey(site.context, 'Strict Ltd')
    await createCustomer(site.context, { email: 'UNMET@example.com', customerNumber: 'UNMET' })
    const from = plus(now, -30 * DAY)
    await createPolicy(site.context, { customerNumber: 'UNMET', classOfUse: 'Delivery', coverLevel: 'TPO', from })
    const at = await databaseNow(site.context.db)
    await createLink(site.context, { workProvider: 'Strict Ltd', customerNumber: 'UNMET', consentedAt: at })
    await fetch(`${site.url}/v1/shift/login`, {
      method: 'POST',
      headers: { Authorization: key },
      body: JSON.stringify({ customerNumber: 'UNMET', timestamp: formatInstant(at) }),
    })
    await site.settle()
    await look(await databaseNow(site.context.db))
    assert.match((await told('no cover', 'UNMET'))[0] ?? '', /the link is not complete/)
  })

  it('once that a shift ended by its cap, unless its logout comes some minutes after, or it is long ago', async () => {
    await linked('FORGOT', { hasPolicy: true })
    await linked('TIDY', { hasPolicy: true })
    await linked('BACKLOG', { hasPolicy: true })
    await linked('HISTORY', { hasPolicy: true })
    await report('login', 'FORGOT', plus(now, -15 * HOUR))
    await report('login', 'TIDY', plus(now, -15 * HOUR))
    await report('logout', 'TIDY', plus(now, -3 * HOUR))
    await report('login', 'BACKLOG', plus(now, -16 * HOUR))
    await report('login', 'HISTORY', plus(now, -10 * DAY))
    await look(now)
    await report('logout', 'BACKLOG', plus(now, -8 * HOUR))
    await look(plus(now, CAP_GRACE - 1))
    assert.deepEqual(await told('shift ended by itself', 'FORGOT'), [])
    await look(plus(now, CAP_GRACE))
    await look(plus(now, 2 * CAP_GRACE))
    const mails = await told('shift ended by itself', 'FORGOT')
    assert.equal(mails.length, 1)
    assert.match(mails[0]!, /never told us that you stopped/)
    for (const number of ['TIDY', 'BACKLOG', 'HISTORY']) {
      assert.deepEqual(await told('shift ended by itself', number), [], number)
    }
  })

  it('that a word waits for theirs which came before they were a customer', async () => {
    const { workProviderId, context } = site
    await recordMatch(context, { requestId: context.newId(), workProviderId, customerNumber: 'EARLY', success: true })
    await sql`update match set received_at = received_at - interval '2 days' where customer_number = 'EARLY'`.execute(
      context.db,
    )
    const since = plus(now, -HOUR)
    await tellOfMatches(context, since, now)
    await createCustomer(context, { email: 'EARLY@example.com', customerNumber: 'EARLY' })
    await tellOfMatches(context, since, await databaseNow(context.db))
    await tellOfMatches(context, since, await databaseNow(context.db))
    assert.equal((await told('match', 'EARLY')).length, 1)
  })

  it('once a week that a work provider’s word waits for theirs, and not once they have answered', async () => {
    const { workProviderId, context } = site
    await createCustomer(context, { email: 'ASKED@example.com', customerNumber: 'ASKED' })
    const word = (customerNumber: string, success = true) =>
      recordMatch(context, { requestId: context.newId(), workProviderId, customerNumber, success })
    await word('ASKED')
    await word('ASKED')
    await linked('ANSWERED')
    await word('ANSWERED')
    await createCustomer(context, { email: 'NOTTHEM@example.com', customerNumber: 'NOTTHEM' })
    await word('NOTTHEM')
    await word('NOTTHEM', false)
    await word('NOBODY')
    const since = plus(now, -HOUR)
    await tellOfMatches(context, since, now)
    await tellOfMatches(context, since, plus(now, HOUR))
    assert.equal((await told('match', 'ASKED')).length, 1)
    assert.match((await told('match', 'ASKED'))[0]!, /Courier Ltd told us that you work with them/)
    assert.deepEqual(await told('match', 'ANSWERED'), [])
    assert.deepEqual(await told('match', 'NOTTHEM'), [])
    await sql`update notice set recorded_at = recorded_at - interval '8 days'`.execute(context.db)
    await tellOfMatches(context, since, plus(now, 2 * HOUR))
    assert.equal((await told('match', 'ASKED')).length, 2)
  })

  it('each thing once, however many processes look', async () => {
    await linked('CROWD')
    await report('login', 'CROWD', plus(now, -HOUR))
    await Promise.all(Array.from({ length: 6 }, () => watchShifts(site.context)(now)))
    assert.equal((await told('no cover', 'CROWD')).length, 1)
  })
})
