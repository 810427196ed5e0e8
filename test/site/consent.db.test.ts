import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createLinkSecret, linkUrl } from '../../src/app/link-secrets.ts'
import { recordMatch } from '../../src/app/match.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { SHARED_FIELDS } from '../../src/domain/shared-fields.ts'
import { currentTerms } from '../../src/storage/terms.ts'
import { onEachEngine } from '../support/stores.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, signUp, Visitor } from '../support/visitor.ts'

type Stored = {
  given: boolean
  signed: boolean
  cameBy: string
  fields: string[] | null
  termsId: string | null
  isNow: boolean
}

onEachEngine('consent', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
  })
  after(() => site.close())

  const link = (id: string): string => `/link-work-provider?wp=Courier%20Ltd&wp_id=${id}`

  async function consentsOf(email: string): Promise<Stored[]> {
    const { rows } = await sql<Stored>`
      select given, signed, came_by as "cameBy", fields, terms_id as "termsId",
        effective_at between now() - interval '1 minute' and now() as "isNow"
      from consent join link on link.id = link_id join customer using (customer_number)
      where email = ${email} order by seq
    `.execute(site.context.db)
    return rows
  }

  async function driver(email: string): Promise<Visitor> {
    const visitor = new Visitor(site)
    await signUp(site, visitor, email)
    return visitor
  }

  it('keeps what was agreed to: which terms, which fields, when, and how the driver came', async () => {
    const visitor = await driver('kept@example.com')
    const page = (await visitor.get(link('kept'))).location!
    await agree(visitor, page)
    const terms = await currentTerms(site.context.db, 'link', site.workProviderId)
    assert.deepEqual(await consentsOf('kept@example.com'), [
      { given: true, signed: false, cameBy: 'link', fields: [...SHARED_FIELDS], termsId: terms.id, isNow: true },
    ])
    const data = JSON.parse((await visitor.get('/account/my-data.json')).text) as {
      consents: { termsVersion: string; termsHash: string; fields: string[] }[]
    }
    assert.equal(data.consents[0]!.termsVersion, terms.version)
    assert.equal(data.consents[0]!.termsHash, terms.hash)
    assert.deepEqual(data.consents[0]!.fields, [...SHARED_FIELDS])
  })

  it('is not taken to terms that are no longer the newest, nor without a yes', async () => {
    const visitor = await driver('careful@example.com')
    const page = (await visitor.get(link('careful'))).location!
    const old = await visitor.post(page, { termsId: '00000000-0000-4000-8000-000000000000', decision: 'yes' })
    assert.equal(old.status, 422)
    assert.match(old.text, /terms have just changed/)
    assert.equal((await visitor.post(page, { decision: 'no' })).location, page)
    assert.deepEqual(await consentsOf('careful@example.com'), [])
    const again = await agree(visitor, page)
    assert.equal(again.location, page)
    assert.match((await visitor.get(page)).text, /You said no/)
    assert.deepEqual(await consentsOf('careful@example.com'), [])
  })

  it('is told by a receipt, whose link undoes it only when its page is sent', async () => {
    const visitor = await driver('receipt@example.com')
    await agree(visitor, (await visitor.get(link('receipt'))).location!)
    const mail = (await site.mailsTo('receipt@example.com')).find((one) => one.kind === 'consent receipt')!
    for (const field of SHARED_FIELDS) assert.ok(mail.body.includes(field))
    const undo = new RegExp(`${site.url}/undo/[\\w-]+`).exec(mail.body)![0]
    const anywhere = new Visitor(site)
    assert.match((await anywhere.get(undo)).text, /Stop sharing with Courier Ltd\?/)
    assert.equal((await site.status('workProviderUserId=receipt')).status, 200)
    assert.equal((await anywhere.post(undo)).status, 200)
    assert.equal((await site.status('workProviderUserId=receipt')).status, 404)
    const [, withdrawn] = await consentsOf('receipt@example.com')
    assert.deepEqual([withdrawn!.given, withdrawn!.cameBy], [false, 'mail'])
  })

  it('ends in two clicks from home, and can be given again there', async () => {
    const visitor = await driver('two@example.com')
    await agree(visitor, (await visitor.get(link('two'))).location!)
    const home = await visitor.get('/home')
    const withdrawPage = /href="(\/withdraw\/\d+)"/.exec(home.text)![1]!
    await visitor.get(withdrawPage)
    assert.equal((await site.status('workProviderUserId=two')).status, 200)
    assert.equal((await visitor.post(withdrawPage)).location, '/home')
    assert.equal((await site.status('workProviderUserId=two')).status, 404)
    const share = /action="(\/share\/[^"]+)"/.exec((await visitor.get('/home')).text)![1]!
    await agree(visitor, (await visitor.post(share)).location!)
    assert.equal((await site.status('workProviderUserId=two')).status, 200)
    assert.deepEqual(
      (await consentsOf('two@example.com')).map((one) => [one.given, one.cameBy]),
      [
        [true, 'link'],
        [false, 'home'],
        [true, 'home'],
      ],
    )
    assert.equal((await new Visitor(site).post(withdrawPage)).location, '/login')
    const stranger = await driver('stranger@example.com')
    assert.equal((await stranger.post(withdrawPage)).status, 404)
    assert.equal((await site.status('workProviderUserId=two')).status, 200)
  })

  it('completes a match that waits for it', async () => {
    const visitor = await driver('match@example.com')
    const number = /<strong>([A-Z0-9]{8})<\/strong>/.exec((await visitor.get('/home')).text)![1]!
    const { context, workProviderId } = site
    await recordMatch(context, { requestId: context.newId(), workProviderId, customerNumber: number, success: true })
    assert.equal((await site.status(`customerNumber=${number}`)).status, 404)
    const home = (await visitor.get('/home')).text
    assert.match(home, /Courier Ltd says that you work with them/)
    const page = (await visitor.post(/action="(\/share\/[^"]+)"/.exec(home)![1]!)).location!
    assert.match((await visitor.get(page)).text, /says that you work with them/)
    await agree(visitor, page)
    assert.equal((await site.status(`customerNumber=${number}`)).status, 200)
    assert.equal((await consentsOf('match@example.com'))[0]!.cameBy, 'match')
    assert.doesNotMatch((await visitor.get('/home')).text, /says that you work with them/)
  })

  it('that is refused to a match is not asked for again', async () => {
    const visitor = await driver('no-match@example.com')
    const number = /<strong>([A-Z0-9]{8})<\/strong>/.exec((await visitor.get('/home')).text)![1]!
    const { context, workProviderId } = site
    const word = () =>
      recordMatch(context, { requestId: context.newId(), workProviderId, customerNumber: number, success: true })
    await word()
    const share = /action="(\/share\/[^"]+)"/.exec((await visitor.get('/home')).text)![1]!
    const page = (await visitor.post(share)).location!
    assert.equal((await visitor.post(page, { decision: 'no' })).location, '/home')
    await word()
    assert.doesNotMatch((await visitor.get('/home')).text, /says that you work with them/)
    assert.equal((await visitor.post(share)).status, 404)
  })

  it('ends once, with one mail, however often the button is pressed', async () => {
    const visitor = await driver('presses@example.com')
    await agree(visitor, (await visitor.get(link('presses'))).location!)
    const page = /href="(\/withdraw\/\d+)"/.exec((await visitor.get('/home')).text)![1]!
    await Promise.all(Array.from({ length: 8 }, () => visitor.post(page)))
    assert.deepEqual(
      (await consentsOf('presses@example.com')).map((one) => one.given),
      [true, false],
    )
    const mails = (await site.mailsTo('presses@example.com')).filter((mail) => mail.kind === 'consent withdrawn')
    assert.equal(mails.length, 1)
  })

  it('is asked for after the login again when the session ended on its page', async () => {
    const visitor = await driver('ended@example.com')
    const page = (await visitor.get(link('ended'))).location!
    visitor.cookies.delete('zego.session_token')
    const intentId = page.slice('/link/'.length)
    assert.equal((await visitor.post(page, { decision: 'yes' })).location, `/login?link=${intentId}`)
    assert.equal((await visitor.post(`${page}/not-me`)).location, `/login?link=${intentId}`)
  })

  it('by a signed link meets a work provider that requires one; by an unsigned one the page says what is missing', async () => {
    const { context } = site
    const { id } = await createWorkProvider(context, 'Strict Ltd')
    await changeSettings(context, 'Strict Ltd', { linkRequires: 'signature' })
    await createLinkSecret(context, 'Strict Ltd')
    const visitor = await driver('signed@example.com')
    const isActive = async (): Promise<boolean> =>
      !/the link is not complete yet/.test((await visitor.get('/home')).text)
    const request = { workProvider: 'Strict Ltd', workProviderUserId: 's1' }
    const unsigned = (await visitor.get(await linkUrl(context, request))).location!
    assert.match((await visitor.get(unsigned)).text, /also asks that you come by a link from its own app/)
    await agree(visitor, unsigned)
    assert.equal(await isActive(), false)
    const signedUntil = plus(context.now(), MICROSECONDS_PER_HOUR)
    const signed = (await visitor.get(await linkUrl(context, { ...request, signedUntil }))).location!
    await agree(visitor, signed)
    assert.equal(await isActive(), true)
    assert.deepEqual(
      (await consentsOf('signed@example.com')).map((one) => [one.signed, one.cameBy]),
      [
        [false, 'link'],
        [true, 'signed link'],
      ],
    )
    assert.ok(id !== site.workProviderId)
  })

  it('that is there already is not asked for again', async () => {
    const visitor = await driver('already@example.com')
    await agree(visitor, (await visitor.get(link('already'))).location!)
    const again = await visitor.follow(link('already'))
    assert.match(again.text, /You were linked before/)
    assert.equal((await consentsOf('already@example.com')).length, 1)
  })
})
