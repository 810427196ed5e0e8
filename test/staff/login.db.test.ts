import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { disablePerson, inviteStaff, inviteToWorkProvider, takeSecondFactorAway } from '../../src/app/desk-people.ts'
import { readAudit } from '../../src/app/audit-log.ts'
import { codeOf, type DeskVisitor, forgetCodes, joinStaff, joinWorkProvider, setUpApp } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { type Answer, PASSWORD, signUp, Visitor } from '../support/visitor.ts'

const STAFF_PAGE = '/staff/audit'

describe('an account of the desk', () => {
  let site: TestSite
  let admin: DeskVisitor
  before(async () => {
    site = await openSite()
    admin = await joinStaff(site, 'admin')
  })
  after(() => site.close())

  const invited = async (email: string): Promise<string> =>
    (await inviteStaff(site.context, { email, role: 'viewer' })).url

  it('begins with an invitation, and the mail holds the same link', async () => {
    const url = await invited('mailed@insurer.example')
    assert.equal(await site.linkMailedTo('mailed@insurer.example'), url)
    assert.equal((await new Visitor(site).get(url)).status, 200)
    assert.equal((await new Visitor(site).get(`${url}x`)).status, 404)
  })

  it('is made once by an invitation: the link is not good any more', async () => {
    const url = await invited('once@insurer.example')
    const fields = { name: 'Once', password: PASSWORD }
    assert.equal((await new Visitor(site).post(url, fields)).location, '/desk/second-factor')
    const again = await new Visitor(site).post(url, fields)
    assert.equal(again.status, 404)
    assert.equal(again.location, null)
  })

  it('is made by the newest invitation only', async () => {
    const old = await invited('newest@insurer.example')
    const newest = await invited('newest@insurer.example')
    assert.equal((await new Visitor(site).get(old)).status, 404)
    assert.equal((await new Visitor(site).get(newest)).status, 200)
  })

  it('opens nothing but the page of the second factor until that is set', async () => {
    const url = await invited('half@insurer.example')
    const visitor = new Visitor(site)
    await visitor.post(url, { name: 'Half', password: PASSWORD })
    assert.equal((await visitor.get(STAFF_PAGE)).location, '/desk/second-factor')
    const again = new Visitor(site)
    const logIn = await again.post('/desk/login', { email: 'half@insurer.example', password: PASSWORD })
    assert.equal(logIn.location, '/desk/second-factor')
    assert.equal((await again.get('/work-provider')).location, '/desk/second-factor')
  })

  it('is logged in by password and code, and by neither alone', async () => {
    const visitor = new Visitor(site)
    const first = await visitor.post('/desk/login', { email: admin.email, password: PASSWORD, next: STAFF_PAGE })
    assert.match(first.location ?? '', /^\/desk\/login\/code\?next=/)
    assert.match((await visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const wrong = await visitor.post('/desk/login/code', { code: '000000' })
    assert.equal(wrong.status, 422)
    assert.match((await visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const done = await visitor.post('/desk/login/code', { code: await admin.code(), next: STAFF_PAGE })
    assert.equal(done.location, STAFF_PAGE)
    assert.equal((await visitor.get(STAFF_PAGE)).status, 200)
    const codeAlone = await new Visitor(site).post('/desk/login/code', { code: await admin.code() })
    assert.equal(codeAlone.location, '/desk/login')
  })

  it('takes a code once: whoever saw it typed cannot use it', async () => {
    const code = await admin.code()
    const logIn = async (): Promise<{ visitor: Visitor; location: string | null }> => {
      const visitor = new Visitor(site)
      await visitor.post('/desk/login', { email: admin.email, password: PASSWORD })
      return { visitor, location: (await visitor.post('/desk/login/code', { code })).location }
    }
    assert.equal((await logIn()).location, '/desk')
    const second = await logIn()
    assert.equal(second.location, null)
    assert.match((await second.visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
  })

  it('takes each backup code once', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'backup@insurer.example' })
    const [first = ''] = person.backupCodes
    const logIn = async (code: string): Promise<string | null> => {
      const visitor = new Visitor(site)
      await visitor.post('/desk/login', { email: person.email, password: PASSWORD })
      return (await visitor.post('/desk/login/code', { code })).location
    }
    assert.equal(await logIn(first), '/desk')
    assert.equal(await logIn(first), null)
  })

  it('leads back to where somebody wanted to go, on our own pages only', async () => {
    const asked = await new Visitor(site).get('/staff/audit?by=me')
    assert.equal(asked.location, '/desk/login?next=%2Fstaff%2Faudit%3Fby%3Dme')
    for (const next of [
      '//evil.example',
      'https://evil.example',
      '/staff//evil\\',
      '/home',
      '/staff@evil',
      'javascript:1',
    ]) {
      const visitor = new Visitor(site)
      await visitor.post('/desk/login', { email: admin.email, password: PASSWORD })
      assert.equal((await visitor.post('/desk/login/code', { code: await admin.code(), next })).location, '/desk', next)
    }
  })

  it('is logged out by logging out, and at once when somebody is shut out', async () => {
    const person = await joinStaff(site, 'operator', { email: 'out@insurer.example' })
    const cookies = new Map(person.visitor.cookies)
    await person.visitor.post('/desk/logout')
    const old = new Visitor(site)
    for (const [name, value] of cookies) old.cookies.set(name, value)
    assert.match((await old.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)

    const other = await joinStaff(site, 'operator', { email: 'shut@insurer.example' })
    await disablePerson(site.context, other.email, true)
    assert.match((await other.visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const again = new Visitor(site)
    await again.post('/desk/login', { email: other.email, password: PASSWORD })
    assert.equal((await again.post('/desk/login/code', { code: await other.code() })).location, null)
    assert.match((await again.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    await disablePerson(site.context, other.email, false)
    const back = new Visitor(site)
    await back.post('/desk/login', { email: other.email, password: PASSWORD })
    assert.equal((await back.post('/desk/login/code', { code: await other.code() })).location, '/desk')
  })

  it('sets up a new app after the second factor was taken away, and its old codes are worth nothing', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'lost@insurer.example' })
    await takeSecondFactorAway(site.context, person.email)
    assert.match((await person.visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const visitor = new Visitor(site)
    const logIn = await visitor.post('/desk/login', { email: person.email, password: PASSWORD })
    assert.equal(logIn.location, '/desk/second-factor')
    const { secret } = await setUpApp(visitor)
    const stale = await visitor.post('/desk/second-factor/code', { code: await person.code() })
    assert.equal(stale.status, 422)
    const fresh = await visitor.post('/desk/second-factor/code', { code: codeOf(secret, Date.now()) })
    assert.equal(fresh.location, '/desk')
    assert.equal((await visitor.get(STAFF_PAGE)).status, 200)
  })

  it('has a new password by a mailed link; every session ends, and the code is still needed', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'forgot@insurer.example' })
    await new Visitor(site).post('/desk/reset', { email: person.email })
    const link = await site.linkMailedTo(person.email)
    const done = await new Visitor(site).post(link, { password: 'another three words' })
    assert.equal(done.status, 200)
    assert.equal((await site.mailsTo(person.email)).at(-1)!.kind, 'password changed')
    const line = (await readAudit(site.context, { by: person.email, limit: 1 }))[0]!
    assert.deepEqual([line.action, line.subject], ['password changed', person.email])
    assert.match((await person.visitor.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const visitor = new Visitor(site)
    const logIn = await visitor.post('/desk/login', { email: person.email, password: 'another three words' })
    assert.equal(logIn.location, '/desk/login/code')
    assert.equal((await new Visitor(site).get(link)).status, 404)
  })

  it('is no account of a driver, and a driver’s is none of the desk', async () => {
    const driver = new Visitor(site)
    await signUp(site, driver, 'dana@example.com')
    assert.match((await driver.get(STAFF_PAGE)).location ?? '', /^\/desk\/login/)
    const asStaff = await new Visitor(site).post('/desk/login', { email: 'dana@example.com', password: PASSWORD })
    assert.equal(asStaff.status, 422)
    assert.equal((await admin.visitor.get('/home')).location, '/login')
    assert.equal((await new Visitor(site).post('/login', { email: admin.email, password: PASSWORD })).status, 422)
  })

  it('is slowed when its password is guessed', async () => {
    const visitor = new Visitor(site, { address: '198.51.100.7' })
    const statuses = new Set<number>()
    for (let guess = 0; guess < 12; guess++) {
      statuses.add((await visitor.post('/desk/login', { email: admin.email, password: `wrong ${guess} guess` })).status)
    }
    assert.deepEqual([...statuses], [422, 429])
  })

  it('is shut for a while to whoever has its password and guesses codes, and says how long', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'guessed@insurer.example' })
    let answer: Answer | null = null
    for (let guess = 0; guess < 30 && answer?.status !== 429; guess++) {
      // A few guesses end a login, and from the next on it is the account that counts them.
      const visitor = new Visitor(site)
      await visitor.post('/desk/login', { email: person.email, password: PASSWORD })
      answer = await visitor.post('/desk/login/code', { code: `wrong ${guess}` })
    }
    assert.equal(answer!.status, 429)
    assert.equal(answer!.headers.get('retry-after'), '900')
    assert.match(answer!.text, /too many wrong codes for this account. Wait a quarter of an hour/)
    assert.doesNotMatch(answer!.text, /another connection/)
  })

  it('begins anew with the password after a few wrong codes', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'fumbles@insurer.example' })
    const visitor = new Visitor(site)
    await visitor.post('/desk/login', { email: person.email, password: PASSWORD })
    let answer = await visitor.post('/desk/login/code', { code: 'wrong' })
    for (let guess = 0; guess < 8 && answer.status === 422; guess++) {
      answer = await visitor.post('/desk/login/code', { code: `wrong ${guess}` })
    }
    assert.equal(answer.location, '/desk/login')
  })

  it('leaves a line for the invitation, for joining, for the second factor and for each login', async () => {
    const person = await joinStaff(site, 'viewer', { email: 'lines@insurer.example' })
    await forgetCodes(site)
    await person.visitor.post('/desk/login', { email: person.email, password: PASSWORD })
    const visitor = new Visitor(site)
    await visitor.post('/desk/login', { email: person.email, password: PASSWORD })
    await visitor.post('/desk/login/code', { code: await person.code() })
    const lines = await readAudit(site.context, { limit: 1_000 })
    const own = lines.filter((line) => line.subject === person.email)
    assert.deepEqual(
      own.map((line) => line.action),
      ['person invited', 'person joined', 'second factor set', 'logged in'],
    )
    assert.deepEqual(own[1]!.by, { kind: 'staff', name: person.email })
  })

  it('keeps no code and no key of an app as it is', async () => {
    const { rows } = await sql<{ secret: string; codes: string }>`
      select secret, backup_codes as codes from desk_second_factor
    `.execute(site.context.db)
    assert.ok(rows.length > 0)
    for (const code of admin.backupCodes) assert.ok(!rows.some((row) => row.codes.includes(code)))
  })
})

describe('whom a page of the desk is for', () => {
  let site: TestSite
  const visitors = new Map<string, DeskVisitor>()
  before(async () => {
    site = await openSite()
    for (const role of ['viewer', 'operator', 'admin'] as const) visitors.set(role, await joinStaff(site, role))
    visitors.set('work provider', await joinWorkProvider(site))
  })
  after(() => site.close())

  for (const [path, allowed] of [
    ['/staff', ['viewer', 'operator', 'admin']],
    ['/staff/audit', ['viewer', 'operator', 'admin']],
    ['/staff/audit.csv', ['viewer', 'operator', 'admin']],
    ['/staff/reconciliation', ['viewer', 'operator', 'admin']],
    ['/staff/reconciliation.csv', ['viewer', 'operator', 'admin']],
    ['/staff/live', ['viewer', 'operator', 'admin']],
    ['/staff/people', ['admin']],
    ['/staff/outbox', ['admin']],
    ['/work-provider', ['work provider']],
    ['/desk/account', ['viewer', 'operator', 'admin', 'work provider']],
  ] as const) {
    it(`${path}: ${allowed.join(', ')}; nobody else`, async () => {
      for (const [role, { visitor }] of visitors) {
        const { status, location } = await visitor.get(path)
        const isAllowed = (allowed as readonly string[]).includes(role)
        const refused = role === 'work provider' ? [404] : [403, 303]
        assert.ok(isAllowed ? status === 200 : refused.includes(status), `${role}: ${status} ${location}`)
      }
      assert.match((await new Visitor(site).get(path)).location ?? '', /^\/desk\/login/)
    })
  }

  it('who was invited again is told that there is an account', async () => {
    await assert.rejects(
      inviteStaff(site.context, { email: 'viewer@insurer.example', role: 'admin' }),
      /has an account/,
    )
    const twice = inviteToWorkProvider(site.context, { email: 'admin@insurer.example', workProvider: 'Courier Ltd' })
    await assert.rejects(twice, /has an account/)
  })

  it('an administrator invites, changes roles and shuts out, each with a code; nobody changes themselves', async () => {
    const { visitor, code } = visitors.get('admin')!
    const fields = { email: 'new@insurer.example', role: 'operator', workProvider: '' }
    assert.equal((await visitor.post('/staff/people', { ...fields, code: '' })).status, 422)
    const done = await visitor.post('/staff/people', { ...fields, code: await code() })
    assert.equal(done.status, 200)
    assert.match(done.text, /\/desk\/join\//)

    const idOf = async (email: string): Promise<string> => {
      const { rows } = await sql<{ id: string }>`select id from desk_account where email = ${email}`.execute(
        site.context.db,
      )
      return rows[0]!.id
    }
    const operator = `/staff/people/${await idOf('operator@insurer.example')}`
    assert.equal((await visitor.post(`${operator}/role`, { role: 'viewer', code: '' })).status, 422)
    const changed = await visitor.post(`${operator}/role`, { role: 'viewer', code: await code() })
    assert.equal(changed.location, operator)
    const own = `/staff/people/${await idOf('admin@insurer.example')}`
    assert.equal((await visitor.post(`${own}/disable`, { code: await code() })).status, 422)
    const lines = await readAudit(site.context, { by: 'admin@insurer.example', limit: 100 })
    const last = lines.at(-1)!
    assert.equal(last.action, 'person changed')
    assert.deepEqual(last.details, { before: { role: 'operator' }, after: { role: 'viewer' } })
    await visitor.post(`${operator}/role`, { role: 'operator', code: await code() })
  })
})
