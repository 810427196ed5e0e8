import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { readAudit } from '../../src/app/audit-log.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import type { CaseName } from '../../src/domain/case.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { addressOfCase } from '../../src/web/staff/case-address.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { signUp, Visitor } from '../support/visitor.ts'
import { claim } from '../site/links.ts'

const LIST = '/staff/reconciliation'

describe('the reconciliation on the desk', () => {
  let site: TestSite
  let viewer: DeskVisitor
  let operator: DeskVisitor
  before(async () => {
    site = await openSite()
    viewer = await joinStaff(site, 'viewer')
    operator = await joinStaff(site, 'operator')
  })
  after(() => site.close())

  const hoursAgo = (hours: number): Instant => plus(site.context.now(), -hours * MICROSECONDS_PER_HOUR)
  const parked = (about: string): CaseName => ({
    kind: 'parked user id',
    workProviderId: site.workProviderId,
    about,
    claimant: '',
  })
  const wordCase = (kind: CaseName['kind'], about: string): CaseName => ({
    kind,
    workProviderId: site.workProviderId,
    about,
    claimant: '',
  })

  async function shift(id: string, from: number, to: number): Promise<string> {
    const tell = async (kind: 'login' | 'logout', hours: number): Promise<string> => {
      const response = await fetch(`${site.url}/v1/shift/${kind}`, {
        method: 'POST',
        headers: { Authorization: site.key },
        body: JSON.stringify({ workProviderUserId: id, timestamp: formatInstant(hoursAgo(hours)) }),
      })
      assert.equal(response.status, 202)
      return response.headers.get('request-id')!
    }
    const login = await tell('login', from)
    await tell('logout', to)
    await site.settle()
    return login
  }

  async function outcomeOf(request: string): Promise<string> {
    const response = await fetch(`${site.url}/v1/requests/${request}`, { headers: { Authorization: site.key } })
    const { items } = (await response.json()) as { items: { outcome: string }[] }
    return items[0]!.outcome
  }

  async function match(customerNumber: string, success: boolean): Promise<void> {
    const response = await fetch(`${site.url}/v1/match`, {
      method: 'POST',
      headers: { Authorization: site.key },
      body: JSON.stringify({ customerNumber, success }),
    })
    assert.equal(response.status, 202)
  }

  const linked = async (customerNumber: string, workProviderUserId?: string): Promise<void> => {
    await createCustomer(site.context, {
      email: `${customerNumber}@example.com`,
      customerNumber,
      name: `Name ${customerNumber}`,
    })
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber,
      workProviderUserId,
      consentedAt: hoursAgo(100),
    })
  }

  async function driver(email: string): Promise<{ visitor: Visitor; number: string }> {
    const visitor = new Visitor(site)
    await signUp(site, visitor, email, { name: `Driver ${email.split('@')[0]}` })
    const { rows } = await sql<{ number: string }>`
      select customer_number as number from customer where email_key = ${email}
    `.execute(site.context.db)
    return { visitor, number: rows[0]!.number }
  }

  /** All that a case is made of, and what was done: what a refused form must leave alone. */
  async function facts(): Promise<string> {
    const tables = ['binding', 'release', 'link', 'shift', 'case_word', 'reconciliation_case', 'audit']
    const counts = await Promise.all(
      tables.map((table) =>
        sql<{ all: string }>`
        select coalesce(string_agg(t::text, ';' order by t::text), '') as all from ${sql.table(table)} t
      `.execute(site.context.db),
      ),
    )
    return counts.map(({ rows }) => rows[0]!.all).join('\n')
  }

  const seenOf = (text: string): string => /name="seen" value="(-?\d+)"/.exec(text)![1]!

  it('lists each kind of case with its age and who it is about, and leads to each', async () => {
    await shift('kind-parked', 3, 2)
    await createCustomer(site.context, { email: 'wait@example.com', customerNumber: 'KINDWAIT' })
    await match('KINDFAIL', false)
    await match('KINDUNKNOWN', true)
    await match('KINDWAIT', true)
    await linked('KINDHOLDER', 'kind-held')
    const claimant = await driver('kind.claimant@example.com')
    await claim(claimant.visitor, { id: 'kind-held' })
    const { text } = await viewer.visitor.get(LIST)
    const cases: CaseName[] = [
      parked('kind-parked'),
      wordCase('failed match', 'KINDFAIL'),
      wordCase('unknown customer number', 'KINDUNKNOWN'),
      wordCase('waiting for consent', 'KINDWAIT'),
      { ...wordCase('conflicting claim', 'kind-held'), claimant: claimant.number },
    ]
    const csv = await viewer.visitor.get(`${LIST}.csv`)
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8')
    for (const name of cases) {
      assert.ok(text.includes(`href="${addressOfCase(name)}"`), name.kind)
      const shown = await viewer.visitor.get(addressOfCase(name))
      assert.equal(shown.status, 200, name.kind)
      assert.match(shown.text, /What Courier Ltd said/)
      assert.match(shown.text, /What we know/)
      assert.match(shown.text, /What to do/)
      assert.ok(csv.text.includes(`${name.kind},Courier Ltd,${name.about},${name.claimant}`), name.kind)
    }
    assert.match(text, /under 1 h/)
    const filtered = await viewer.visitor.get(`${LIST}?kind=failed+match&workProvider=${site.workProviderId}`)
    assert.ok(filtered.text.includes('KINDFAIL') && !filtered.text.includes('kind-parked'))
  })

  it('shows both sides: the last requests with their ids, who held the id, and in a conflict both customers', async () => {
    const request = await shift('sides-parked', 3, 2)
    const { text } = await viewer.visitor.get(addressOfCase(parked('sides-parked')))
    assert.ok(text.includes(request))
    assert.match(text, /nobody ever held or claimed it/)
    await linked('SIDESHOLDER', 'sides-held')
    const { visitor, number } = await driver('sides.claimant@example.com')
    await claim(visitor, { id: 'sides-held' })
    const conflict = await viewer.visitor.get(
      addressOfCase({ ...wordCase('conflicting claim', 'sides-held'), claimant: number }),
    )
    for (const one of ['SIDESHOLDER', number]) assert.ok(conflict.text.includes(`href="/staff/customers/${one}"`), one)
  })

  it('binds a parked id at once, after showing whose it becomes: shifts are there, and requests are opened', async () => {
    await linked('BINDME')
    const request = await shift('bind-id', 6, 4)
    const address = addressOfCase(parked('bind-id'))
    assert.equal(await outcomeOf(request), 'parked')
    const before = await facts()
    const confirm = await operator.visitor.get(`${address}/bind?customer=bindme`)
    assert.match(confirm.text, /Name BINDME/)
    assert.equal(await facts(), before, 'looking changes nothing')
    const done = await operator.visitor.post(`${address}/bind`, { customer: 'BINDME' })
    assert.equal(done.status, 200)
    assert.match(done.text, /One shift came of it/)
    assert.equal(await outcomeOf(request), 'opened')
    const settled = await operator.visitor.get(address)
    assert.match(settled.text, /Settled/)
    assert.match(settled.text, /Customer BINDME holds it now/)
    assert.ok(!settled.text.includes('<form method="post" action="/staff'), 'nothing to do any more')
    assert.ok(!(await operator.visitor.get(`${LIST}?kind=parked`)).text.includes(address))
    const lines = await readAudit(site.context, { by: operator.email, limit: 100 })
    const line = lines.findLast(({ action }) => action === 'user id bound')!
    assert.deepEqual([line.customerNumber, line.details], ['BINDME', { userId: 'bind-id' }])
  })

  it('warns before it binds to a customer who does not agree to share', async () => {
    await createCustomer(site.context, { email: 'noconsent@example.com', customerNumber: 'NOCONSENT' })
    await shift('no-consent-id', 6, 4)
    const address = addressOfCase(parked('no-consent-id'))
    assert.match((await operator.visitor.get(`${address}/bind?customer=NOCONSENT`)).text, /does not agree to share/)
    assert.match((await operator.visitor.post(`${address}/bind`, { customer: 'NOCONSENT' })).text, /One shift/)
  })

  it('links the customer of a parked number, and nobody else', async () => {
    await createCustomer(site.context, { email: 'own@example.com', customerNumber: 'OWNNUMBER' })
    await createCustomer(site.context, { email: 'other@example.com', customerNumber: 'OTHERNUMBER' })
    await site.report('login', { customerNumber: 'OWNNUMBER', timestamp: formatInstant(hoursAgo(2)) })
    await site.settle()
    const address = addressOfCase(wordCase('parked customer number', 'OWNNUMBER'))
    const shown = await operator.visitor.get(address)
    assert.match(shown.text, /Link customer OWNNUMBER/)
    assert.equal((await operator.visitor.post(`${address}/bind`, { customer: 'OTHERNUMBER' })).status, 422)
    assert.match((await operator.visitor.post(`${address}/bind`, { customer: 'OWNNUMBER' })).text, /One shift/)
  })

  it('refuses what cannot be bound, in words and with nothing changed', async () => {
    await linked('REFUSED')
    await shift('refuse-id', 6, 4)
    const address = addressOfCase(parked('refuse-id'))
    const before = await facts()
    for (const customer of ['', 'NOBODYATALL', 'not a number', '<script>', `${'A'.repeat(300)}`]) {
      const shown = await operator.visitor.get(`${address}/bind?${new URLSearchParams({ customer })}`)
      assert.equal(shown.status, 422, customer)
      assert.equal((await operator.visitor.post(`${address}/bind`, { customer })).status, 422, customer)
    }
    assert.equal(await facts(), before)
    await operator.visitor.post(`${address}/bind`, { customer: 'REFUSED' })
    const again = await operator.visitor.post(`${address}/bind`, { customer: 'REFUSED' })
    assert.equal(again.status, 422)
    assert.match(again.text, /already holds the id/)
  })

  it('keeps notes, lets a case be done with one, and be opened again; each leaves a line', async () => {
    await shift('words-id', 3, 2)
    const name = parked('words-id')
    const address = addressOfCase(name)
    const say = async (what: string, note: string): Promise<string | null> => {
      const { text } = await operator.visitor.get(address)
      const answered = await operator.visitor.post(`${address}/${what}`, { note, seen: seenOf(text) })
      assert.equal(answered.status, 303, answered.text)
      return answered.location
    }
    const lists = async () => ({
      open: (await viewer.visitor.get(`${LIST}?kind=parked`)).text.includes(`"${address}"`),
      done: (await viewer.visitor.get(`${LIST}?kind=parked&state=done`)).text.includes(`"${address}"`),
    })
    assert.equal(await say('note', 'Asked <Courier> & co.'), address)
    assert.ok((await viewer.visitor.get(address)).text.includes('Asked &lt;Courier&gt; &amp; co.'))
    assert.deepEqual(await lists(), { open: true, done: false })
    await say('done', 'A test account of theirs')
    assert.deepEqual(await lists(), { open: false, done: true })
    await shift('words-id', 1, 0.5)
    assert.deepEqual(await lists(), { open: false, done: true })
    assert.match((await viewer.visitor.get(address)).text, /2 events were\s+received since/)
    await say('undo', '')
    assert.deepEqual(await lists(), { open: true, done: false })
    assert.match((await viewer.visitor.get(address)).text, /Open again/)
    const lines = (await readAudit(site.context, { by: operator.email, limit: 100 })).filter(
      ({ subject }) => subject === 'words-id',
    )
    assert.deepEqual(
      lines.map(({ action, details }) => [action, details]),
      ['case noted', 'case done', 'case opened again'].map((action) => [action, { case: 'parked user id' }]),
    )
  })

  it('does not let a case be done by who has not seen the last word, and keeps what was typed', async () => {
    await match('LATEWORD', false)
    const address = addressOfCase(wordCase('failed match', 'LATEWORD'))
    const seen = seenOf((await operator.visitor.get(address)).text)
    await match('LATEWORD', false)
    const refused = await operator.visitor.post(`${address}/done`, { note: 'typed before', seen })
    assert.equal(refused.status, 422)
    assert.match(refused.text, /something new came in/)
    assert.match(refused.text, /typed before/)
    for (const fields of [
      { note: '', seen },
      { note: 'x'.repeat(2_001), seen },
    ]) {
      assert.equal((await operator.visitor.post(`${address}/note`, fields)).status, 422)
    }
  })

  it('says of a settled word why there is nothing to do', async () => {
    await match('SETTLES', true)
    const unknown = addressOfCase(wordCase('unknown customer number', 'SETTLES'))
    assert.match((await viewer.visitor.get(unknown)).text, /Nobody has this number/)
    await createCustomer(site.context, { email: 'settles@example.com', customerNumber: 'SETTLES' })
    assert.match((await viewer.visitor.get(unknown)).text, /Settled[^]*is customer SETTLES’s now/)
    const waiting = addressOfCase(wordCase('waiting for consent', 'SETTLES'))
    assert.match((await viewer.visitor.get(waiting)).text, /has not agreed|not linked/)
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: 'SETTLES',
      consentedAt: hoursAgo(1),
    })
    assert.match((await viewer.visitor.get(waiting)).text, /Settled[^]*has answered/)
    await match('SETTLES', false)
    const failed = addressOfCase(wordCase('failed match', 'SETTLES'))
    assert.match((await viewer.visitor.get(failed)).text, /What to do/)
    await match('SETTLES', true)
    assert.match((await viewer.visitor.get(failed)).text, /Settled[^]*last word is a good one/)
  })

  it('moves a claimed id after a confirmation, with a reason; what was before stays with the holder', async () => {
    await linked('MOVEHOLDER', 'move-id')
    await shift('move-id', 10, 9)
    const { visitor, number } = await driver('move.claimant@example.com')
    await claim(visitor, { id: 'move-id' })
    await shift('move-id', 3, 2)
    const address = addressOfCase({ ...wordCase('conflicting claim', 'move-id'), claimant: number })
    const confirm = await operator.visitor.get(`${address}/move`)
    assert.match(confirm.text, /Name MOVEHOLDER/)
    assert.match(confirm.text, /Driver move\.claimant/)
    const before = await facts()
    const fields = { holder: 'MOVEHOLDER', reason: 'Courier confirmed it', from: formatInstant(hoursAgo(5)) }
    for (const wrong of [
      { reason: ' ' },
      { reason: 'x'.repeat(2_001) },
      { holder: 'SOMEBODYELSE' },
      { from: 'yesterday' },
    ]) {
      assert.equal((await operator.visitor.post(`${address}/move`, { ...fields, ...wrong })).status, 422)
    }
    assert.equal(await facts(), before)
    const moved = await operator.visitor.post(`${address}/move`, fields)
    assert.equal(moved.status, 200, moved.text)
    assert.match(moved.text, /One shift came of it/)
    const { rows } = await sql<{ number: string; shifts: number }>`
      select l.customer_number as number, count(*)::int as shifts from shift s join link l on l.id = s.link_id
      where l.customer_number in ('MOVEHOLDER', ${number}) group by 1
    `.execute(site.context.db)
    assert.deepEqual(
      new Map(rows.map((row) => [row.number, row.shifts])),
      new Map([
        ['MOVEHOLDER', 1],
        [number, 1],
      ]),
    )
    const settled = await viewer.visitor.get(address)
    assert.match(settled.text, /Settled[^]*who claimed the id holds it now/)
    assert.match(settled.text, /Courier confirmed it/)
    const actions = (await readAudit(site.context, { by: operator.email, limit: 4 })).map(({ action }) => action)
    assert.deepEqual(actions, ['case done', 'user id released', 'link created', 'user id bound'])
    for (const [who, other] of [
      ['MOVEHOLDER@example.com', number],
      ['move.claimant@example.com', 'MOVEHOLDER'],
    ] as const) {
      for (const mail of await site.mailsTo(who)) assert.ok(!`${mail.subject} ${mail.body}`.includes(other), who)
    }
  })

  it('opens a done conflict again when the claim is made once more', async () => {
    await linked('AGAINHOLDER', 'again-id')
    const { visitor, number } = await driver('again.claimant@example.com')
    await claim(visitor, { id: 'again-id' })
    const address = addressOfCase({ ...wordCase('conflicting claim', 'again-id'), claimant: number })
    const { text } = await operator.visitor.get(address)
    await operator.visitor.post(`${address}/done`, { note: '', seen: seenOf(text) })
    assert.ok(!(await viewer.visitor.get(`${LIST}?kind=conflicting+id`)).text.includes(`"${address}"`))
    await claim(visitor, { id: 'again-id' })
    assert.match((await viewer.visitor.get(address)).text, /Open again/)
    assert.ok((await viewer.visitor.get(`${LIST}?kind=conflicting+id`)).text.includes(`"${address}"`))
  })

  it('shows a viewer no form, and refuses every one of them with nothing changed', async () => {
    await shift('viewer-id', 3, 2)
    await linked('VIEWERS')
    await linked('VIEWERHOLDER', 'viewer-held')
    const { visitor, number } = await driver('viewer.claimant@example.com')
    await claim(visitor, { id: 'viewer-held' })
    const address = addressOfCase(parked('viewer-id'))
    const conflict = addressOfCase({ ...wordCase('conflicting claim', 'viewer-held'), claimant: number })
    const shown = await viewer.visitor.get(address)
    assert.ok(!/<form[^>]*action="\/staff/.test(shown.text) && !shown.text.includes('<textarea'))
    const seen = seenOf((await operator.visitor.get(address)).text)
    const before = await facts()
    for (const [path, fields] of [
      [`${address}/note`, { note: 'x', seen }],
      [`${address}/done`, { note: '', seen }],
      [`${address}/undo`, { note: '', seen }],
      [`${address}/bind`, { customer: 'VIEWERS' }],
      [`${conflict}/done`, { note: '', seen }],
      [`${conflict}/move`, { holder: 'VIEWERHOLDER', reason: 'because', from: '' }],
    ] as const) {
      assert.equal((await viewer.visitor.post(path, fields)).status, 403, path)
    }
    assert.equal((await viewer.visitor.get(`${address}/bind?customer=VIEWERS`)).status, 403)
    assert.equal((await viewer.visitor.get(`${conflict}/move`)).status, 403)
    assert.equal(await facts(), before)
  })

  it('shows, opens and binds ids of any text, as text', async () => {
    await linked('HOSTILE')
    const ids = [
      'a/b//c',
      '50%',
      '%2F',
      '.',
      '..',
      '~..',
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '🛵'.repeat(255),
      'é'.normalize('NFD'),
      '?x=1#y',
      '=1+1',
      'line\nbreak',
      ' ',
    ]
    for (const id of ids) await shift(id, 3, 2)
    const list = await viewer.visitor.get(`${LIST}?kind=parked`)
    assert.ok(!list.text.includes('<script>alert') && !list.text.includes('<img src=x'))
    for (const id of ids) {
      const address = addressOfCase(parked(id))
      assert.ok(list.text.includes(`href="${address}"`), id)
      const shown = await operator.visitor.get(address)
      assert.equal(shown.status, 200, id)
      assert.ok(!shown.text.includes('<script>alert') && !shown.text.includes('<img src=x'), id)
      const noted = await operator.visitor.post(`${address}/note`, { note: 'seen', seen: seenOf(shown.text) })
      assert.equal(noted.status, 303, id)
      assert.match((await operator.visitor.get(noted.location!)).text, /seen/)
      assert.match((await operator.visitor.post(`${address}/bind`, { customer: 'HOSTILE' })).text, /shift/, id)
    }
    const { rows } = await sql<{ identity: string }>`
      select identity from binding b join link l on l.id = b.link_id
      where l.customer_number = 'HOSTILE' and identity_kind = 'user_id'
    `.execute(site.context.db)
    assert.deepEqual(new Set(rows.map(({ identity }) => identity)), new Set(ids))
    const csv = await viewer.visitor.get(`${LIST}.csv`)
    assert.ok(!/(^|,)=/m.test(csv.text))
  })

  it('has nothing at addresses of what never was a case, or cannot be one', async () => {
    const other = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001'
    for (const path of [
      addressOfCase(parked('never-reported')),
      addressOfCase(wordCase('failed match', 'NEVERSAID')),
      addressOfCase({ ...wordCase('conflicting claim', 'never-claimed'), claimant: 'NOBODY' }),
      addressOfCase({ ...parked('kind-parked'), workProviderId: other }),
      `${LIST}/parked/nobody/user_id/x`,
      `${LIST}/parked/${site.workProviderId}/e-mail/x`,
      `${LIST}/parked/${site.workProviderId}/customer_number/not-a-number`,
      `${LIST}/parked/${site.workProviderId}/user_id/${'x'.repeat(256)}`,
      `${LIST}/parked/${site.workProviderId}/user_id/%00`,
    ]) {
      assert.equal((await operator.visitor.get(path)).status, 404, path)
      assert.equal((await operator.visitor.post(`${path}/note`, { note: 'x', seen: '0' })).status, 404, path)
    }
  })

  it('takes any address of the list as well as it can', async () => {
    for (const query of [
      'kind=nothing&workProvider=x&age=old&state=x&after=x',
      'after=e30',
      `after=${Buffer.from(JSON.stringify([1, 'failed match', site.workProviderId, '\0', ''])).toString('base64url')}`,
      `after=${Buffer.from(JSON.stringify([8e15, 'failed match', site.workProviderId, 'x', ''])).toString('base64url')}`,
      'kind=toString&age=constructor',
    ]) {
      assert.equal((await viewer.visitor.get(`${LIST}?${query}`)).status, 200, query)
    }
  })

  it('leads through more cases than a page holds', async () => {
    for (let n = 0; n < 60; n++) await match(`PAGED${n}`, false)
    const seen = new Set<string>()
    let at: string | null = `${LIST}?kind=failed+match`
    while (at !== null) {
      const { text }: { text: string } = await viewer.visitor.get(at)
      for (const [, number] of text.matchAll(/failed-match\/[^/]+\/(PAGED\d+)"/g)) seen.add(number!)
      at = /href="([^"]+after=[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? null
    }
    assert.equal(seen.size, 60)
  })
})
