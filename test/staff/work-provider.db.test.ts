import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { readAudit } from '../../src/app/audit-log.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { settingsAt } from '../../src/domain/work-provider.ts'
import { newestApiKeys } from '../../src/storage/api-keys.ts'
import { settingsOf } from '../../src/storage/work-providers.ts'
import { type DeskVisitor, joinStaff, joinWorkProvider } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import type { Answer } from '../support/visitor.ts'

/** The secret that a page shows once. */
function secretOf({ text, status }: Answer): string {
  const secret = /class="secret">([^<]+)</.exec(text)?.[1]
  if (secret === undefined) throw new Error(`no secret on the page: ${status}`)
  return secret
}

describe('the page of a work provider', () => {
  let site: TestSite
  let at: string
  let admin: DeskVisitor
  let viewer: DeskVisitor
  let operator: DeskVisitor
  before(async () => {
    site = await openSite()
    at = `/staff/work-providers/${site.workProviderId}`
    admin = await joinStaff(site, 'admin')
    viewer = await joinStaff(site, 'viewer')
    operator = await joinStaff(site, 'operator')
  })
  after(() => site.close())

  const statusWith = async (key: string): Promise<number> =>
    (await fetch(`${site.url}/v1/user/status?customerNumber=NOBODY`, { headers: { Authorization: key } })).status
  const keysOf = () => newestApiKeys(site.context.db, site.workProviderId, 100)

  it('is for every role, and does not exist for an id that is none', async () => {
    for (const { visitor } of [admin, viewer, operator]) assert.equal((await visitor.get(at)).status, 200)
    for (const id of ['00000000-0000-7000-8000-000000000000', 'x', '%00']) {
      assert.equal((await admin.visitor.get(`/staff/work-providers/${id}`)).status, 404)
    }
  })

  it('makes a key that works, after a code', async () => {
    const count = (await keysOf()).length
    assert.equal((await admin.visitor.post(`${at}/keys`, { code: '' })).status, 422)
    assert.equal((await admin.visitor.post(`${at}/keys`, { code: '000000' })).status, 422)
    assert.equal((await keysOf()).length, count)
    const key = secretOf(await admin.visitor.post(`${at}/keys`, { code: await admin.code() }))
    assert.equal(await statusWith(key), 404)
    assert.ok(!(await admin.visitor.get(at)).text.includes(key), 'shown once')
  })

  it('rotates a key with an overlap, and revokes one at once', async () => {
    const made = secretOf(await admin.visitor.post(`${at}/keys`, { code: await admin.code() }))
    const [old] = await keysOf()
    const fields = { key: old!.id, overlap: '72' }
    const rotated = await admin.visitor.post(`${at}/keys/rotate`, { ...fields, code: await admin.code() })
    const next = secretOf(rotated)
    assert.match(rotated.text, /The old one works until <time datetime=/)
    assert.match((await admin.visitor.get(at)).text, /live until <time datetime=/)
    assert.deepEqual([await statusWith(made), await statusWith(next)], [404, 404])
    await admin.visitor.post(`${at}/keys/revoke`, { key: old!.id, code: await admin.code() })
    assert.deepEqual([await statusWith(made), await statusWith(next)], [401, 404])
    const actions = (await readAudit(site.context, { by: admin.email, limit: 100 })).map((line) => line.action)
    assert.deepEqual(actions.slice(-3), ['key created', 'key rotated', 'key revoked'])
  })

  it('takes no key of another work provider', async () => {
    const other = await createWorkProvider(site.context, 'Other')
    const foreign = await createKey(site.context, 'Other')
    const answer = await admin.visitor.post(`${at}/keys/revoke`, { key: foreign.id, code: await admin.code() })
    assert.equal(answer.status, 422)
    assert.equal(await statusWith(foreign.key), 404)
    assert.equal((await newestApiKeys(site.context.db, other.id, 1))[0]!.revokedAt, null)
  })

  it('refuses an overlap that is none, with words', async () => {
    const [key] = (await keysOf()).filter((one) => one.revokedAt === null)
    for (const overlap of ['-1', '1e9', 'abc', '1.5', '', ' ', '72h', '2161']) {
      const answer = await admin.visitor.post(`${at}/keys/rotate`, { key: key!.id, overlap, code: await admin.code() })
      assert.equal(answer.status, 422, overlap)
      assert.match(answer.text, /an overlap is from 0 to/)
    }
  })

  it('changes settings from now on, with a line of what was before', async () => {
    const done = await admin.visitor.post(`${at}/settings`, { cap: '10', linkRequires: 'match' })
    assert.equal(done.location, at)
    const settings = (await settingsOf(site.context.db, [site.workProviderId])).get(site.workProviderId)!
    const inForce = settingsAt(settings, site.context.now())
    assert.deepEqual(inForce, { cap: 10 * 3_600_000_000, linkRequires: 'match' })
    const line = (await readAudit(site.context, { by: admin.email, limit: 1 }))[0]!
    assert.deepEqual(line.details, {
      before: { capMinutes: 840, linkRequires: 'nothing' },
      after: { capMinutes: 600, linkRequires: 'match' },
    })
    for (const cap of ['0', '49', 'x']) {
      assert.equal((await admin.visitor.post(`${at}/settings`, { cap, linkRequires: 'match' })).status, 422, cap)
    }
    assert.equal((await admin.visitor.post(`${at}/settings`, { cap: '10', linkRequires: 'a wish' })).status, 422)
  })

  it('adds terms of its own', async () => {
    const done = await admin.visitor.post(`${at}/terms`, {
      version: '2',
      text: 'Sharing <b>with</b> Courier\nWe share.',
    })
    assert.equal(done.location, at)
    const { text } = await admin.visitor.get(at)
    assert.ok(text.includes('Version 2: Sharing &lt;b&gt;with&lt;/b&gt; Courier'))
    assert.equal((await admin.visitor.post(`${at}/terms`, { version: '2', text: 'x' })).status, 422)
    const long = `Sharing\r\n${'We share 配.\r\n'.repeat(4_000)}`
    assert.equal((await admin.visitor.post(`${at}/terms`, { version: '3', text: long })).location, at)
    assert.equal((await admin.visitor.post(`${at}/terms`, { version: '4', text: 'x'.repeat(50_001) })).status, 422)
  })

  it('makes a link with a QR code, signed by a secret that it made', async () => {
    const secret = await admin.visitor.post(`${at}/link-secrets`, { secretCode: await admin.code() })
    assert.equal(secretOf(secret).length, 43)
    const link = await admin.visitor.post(`${at}/link`, { userId: 'a&b <i>', email: 'new@example.com', signedFor: '1' })
    const url = new URL(secretOf(link).replaceAll('&amp;', '&'))
    assert.equal(url.searchParams.get('work_provider_user_id'), 'a&b <i>')
    assert.match(url.searchParams.get('sig') ?? '', /^[0-9a-f]{64}$/)
    assert.ok(/<svg\s+class="qr"/.test(link.text))
    // More than a QR code holds, in a link that is good.
    const long = await admin.visitor.post(`${at}/link`, { userId: '配'.repeat(255) })
    assert.equal(
      new URL(secretOf(long).replaceAll('&amp;', '&')).searchParams.get('work_provider_user_id')!.length,
      255,
    )
    assert.ok(!/<svg\s+class="qr"/.test(long.text))
    assert.equal((await admin.visitor.post(`${at}/link`, { userId: 'x'.repeat(3_000) })).status, 422)
    assert.equal((await admin.visitor.post(`${at}/link`, { userId: '' })).status, 422)
  })

  it('says in the form of link secrets, and nowhere else, that its code is wrong', async () => {
    const { status, text } = await admin.visitor.post(`${at}/link-secrets`, { secretCode: '000000' })
    assert.equal(status, 422)
    const forms = [...text.matchAll(/<details ([^>]*)>\s*<summary>([^<]+)</g)].map(([, open, what]) => [
      what,
      open?.trim(),
    ])
    assert.deepEqual(
      forms.filter(([, open]) => open === 'open'),
      [['Make or revoke', 'open']],
    )
    assert.equal(text.match(/That code is not right/g)?.length, 2, 'in the summary, and beside its field')
  })

  it('refuses what a viewer and an operator may not, and changes nothing', async () => {
    const count = (await keysOf()).length
    for (const { visitor, code } of [viewer, operator]) {
      for (const path of ['/keys', '/keys/rotate', '/keys/revoke', '/link-secrets', '/settings', '/terms']) {
        const answer = await visitor.post(`${at}${path}`, {
          code: await code(),
          secretCode: await code(),
          cap: '5',
          linkRequires: 'nothing',
        })
        assert.equal(answer.status, 403, path)
      }
      assert.ok(!(await visitor.get(at)).text.includes('Make a key'))
    }
    assert.equal((await keysOf()).length, count)
  })

  it('shows refused requests with why, and what became of the accepted ones', async () => {
    const headers = { Authorization: site.key }
    await fetch(`${site.url}/v1/shift/login`, { method: 'POST', headers, body: '{"timestamp":"yesterday"}' })
    await site.report('login', { workProviderUserId: 'parked <b>', timestamp: new Date().toISOString() })
    await site.settle()
    const shown = await untilShown(viewer, at, /no identity is given/)
    assert.match(shown, /\/v1\/shift\/login/)
    const requests = await viewer.visitor.get(`${at}/requests`)
    assert.match(requests.text, /parked/)
    for (const [file, text] of [
      ['requests.csv', /^request,received,kind,items,outcome\r\n[0-9a-f-]{36},/],
      ['refusals.csv', /^at,request,method,path,status,error,detail\r\n/],
      ['quality.csv', /^day,reports,/],
    ] as const) {
      const csv = await viewer.visitor.get(`${at}/${file}`)
      assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8')
      assert.match(csv.text, text)
    }
  })

  it('lists the work providers, and makes one', async () => {
    assert.match((await viewer.visitor.get('/staff/work-providers')).text, /Courier Ltd/)
    assert.match((await viewer.visitor.get('/staff/work-providers.csv')).text, /^work provider,id,last report/)
    const made = await admin.visitor.post('/staff/work-providers', { name: '<script>alert(1)</script>' })
    assert.match(made.location ?? '', /^\/staff\/work-providers\/[0-9a-f-]{36}$/)
    assert.ok(!(await admin.visitor.get(made.location!)).text.includes('<script>alert'))
    assert.equal((await admin.visitor.post('/staff/work-providers', { name: 'courier  LTD' })).status, 422)
    assert.equal((await operator.visitor.post('/staff/work-providers', { name: 'No' })).status, 403)
  })
})

describe('a work provider’s own page', () => {
  let site: TestSite
  let person: DeskVisitor
  before(async () => {
    site = await openSite()
    person = await joinWorkProvider(site)
  })
  after(() => site.close())

  it('has its keys, requests, refusals and data quality, and makes keys after a code', async () => {
    const { text, status } = await person.visitor.get('/work-provider')
    assert.equal(status, 200)
    for (const heading of ['Data quality', 'Refused requests', 'Keys', 'Link secrets', 'A link for a driver']) {
      assert.ok(text.includes(heading), heading)
    }
    for (const heading of ['Settings', 'Its people']) assert.ok(!text.includes(`>${heading}<`), heading)
    assert.equal((await person.visitor.post('/work-provider/keys', { code: '' })).status, 422)
    const made = await person.visitor.post('/work-provider/keys', { code: await person.code() })
    assert.match(secretOf(made), /^zego_/)
    const line = (await readAudit(site.context, { by: person.email, limit: 1 }))[0]!
    assert.deepEqual([line.action, line.by.kind, line.workProvider], ['key created', 'work provider', 'Courier Ltd'])
  })

  it('has nothing of another work provider, whatever is asked for', async () => {
    const other = await createWorkProvider(site.context, 'Other')
    const foreign = await createKey(site.context, 'Other')
    const response = await fetch(`${site.url}/v1/shift/login`, {
      method: 'POST',
      headers: { Authorization: foreign.key },
      body: JSON.stringify({ workProviderUserId: 'theirs', timestamp: new Date().toISOString() }),
    })
    const requestId = response.headers.get('request-id')!
    await site.settle()
    for (const path of [
      '/work-provider',
      '/work-provider/requests',
      `/work-provider/requests?before=${requestId.replace(/.$/, 'f')}`,
      '/work-provider/requests.csv',
      '/work-provider/refusals.csv',
    ]) {
      const { text } = await person.visitor.get(path)
      assert.ok(![requestId, foreign.id, 'theirs', other.id].some((secret) => text.includes(secret)), path)
    }
    for (const path of ['/keys/revoke', '/keys/rotate']) {
      const fields = { key: foreign.id, overlap: '0', code: await person.code() }
      assert.equal((await person.visitor.post(`/work-provider${path}`, fields)).status, 422)
    }
    assert.equal((await newestApiKeys(site.context.db, other.id, 10)).filter((key) => key.revokedAt === null).length, 1)
    for (const path of [`/staff/work-providers/${other.id}`, '/staff/work-providers', '/staff', '/staff/audit']) {
      assert.equal((await person.visitor.get(path)).status, 404, path)
    }
  })
})

/** Refusals are stored a few times a second: waits until one is on the page. */
async function untilShown({ visitor }: DeskVisitor, path: string, wanted: RegExp): Promise<string> {
  for (let asked = 0; asked < 500; asked++) {
    const { text } = await visitor.get(path)
    if (wanted.test(text)) return text
  }
  throw new Error(`${path} never shows ${wanted}`)
}
