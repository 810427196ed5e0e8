import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { CAP_GRACE, tellOfMatches, watchShifts } from '../../src/app/notices.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { addTerms } from '../../src/app/terms.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { createKey } from '../../src/app/api-keys.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { type Answer, logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkIn } from './driver-world.ts'
import { claim, openIntent } from './links.ts'
import { assertInert, textOf } from './markup.ts'
import { dangerousCells, parseCsv } from '../support/csv.ts'

/** The one of the documents. */
const OWN_SCRIPT = /<script type="module" src="\/assets\/docs-[0-9a-f]+\.js"><\/script>/
const SCRIPT = '<script>alert(1)</script>'
const IMAGE = '"><img src=x onerror=alert(1)>'
const TEMPLATE = "{{7919*6101}}${7919*6101}<%= 7919*6101 %>' onmouseover='alert(1)"
const LINES = 'Ace\r\nBcc: victim@example.com\r\n\r\nhttps://evil.example'
const TURNED = '\u202Egnp.exe\u2066 \u200F\u2028next\u0085line\u001b[31m'
const HOSTILE = [SCRIPT, IMAGE, TEMPLATE, LINES, TURNED]
/** Names that a spreadsheet would take for a formula, at once or after it split the cell. */
const FORMULAS = ['=HYPERLINK("https://evil.example","x")', '+1+1', '-1+1', '@SUM(1)', 'A;=1+1', 'B\t=1+1', 'C\n=1+1']

describe('what others write', () => {
  let site: TestSite
  let driver: Visitor
  const intents: string[] = []
  const pages = new Map<string, Answer>()
  const EMAIL = 'plain@example.com'

  before(async () => {
    site = await openSite()
    driver = new Visitor(site)
    await signUp(site, driver, EMAIL, { name: SCRIPT })
    const holder = new Visitor(site, { address: '192.0.2.2' })
    await signUp(site, holder, 'holder@example.com', { name: IMAGE })
    for (const [index, name] of HOSTILE.entries()) {
      await createWorkProvider(site.context, name)
      await addTerms(site.context, {
        about: 'link',
        workProvider: name,
        version: name.replaceAll(/\p{Cc}/gu, ' ').slice(0, 50),
        text: `${oneLine(name)}\n\n${name}`,
      })
      intents.push((await claim(driver, { id: name, workProvider: name })).intentId)
      // A conflict about the same text, and a question that is still open.
      await claim(holder, { id: `held ${name}`, workProvider: name })
      intents.push((await claim(driver, { id: `held ${name}`, workProvider: name })).intentId)
      intents.push(await openIntent(driver, { id: `open ${name}`, workProvider: name }))
      await createPolicy(site.context, {
        customerNumber: await numberOf(EMAIL),
        classOfUse: `${name} use`,
        coverLevel: `${name} level`,
        vehicleRegistration: `${name} vehicle`,
        workProvider: name,
        // Of the second there is none that is valid now, so that its driver is told.
        ...(index === 1 ? { from: plus(site.context.now(), MICROSECONDS_PER_HOUR) } : {}),
      })
    }
    await createWorkProvider(site.context, `waits ${SCRIPT}`)
    for (const name of FORMULAS) {
      await createWorkProvider(site.context, name)
      await claim(driver, { id: `csv ${name}`, workProvider: name })
    }
    for (const name of [...HOSTILE, ...FORMULAS]) await work(name, HOSTILE.includes(name) ? name : `csv ${name}`)
    await match(`waits ${SCRIPT}`)
    await site.settle()
    const now = site.context.now()
    const look = watchShifts(site.context)
    await look(now)
    await look(plus(now, CAP_GRACE))
    await tellOfMatches(site.context, plus(now, -MICROSECONDS_PER_HOUR), now)
    await visitEverything(holder)
  })
  after(() => site.close())

  async function numberOf(email: string): Promise<string> {
    const { rows } = await sql<{ number: string }>`
      select customer_number as number from customer where email_key = ${email}
    `.execute(site.context.db)
    return rows[0]!.number
  }

  async function post(workProvider: string, path: string, body: unknown): Promise<void> {
    const { key } = await createKey(site.context, workProvider)
    const response = await fetch(`${site.url}${path}`, {
      method: 'POST',
      headers: { Authorization: key },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 202, await response.text())
  }

  const work = (workProvider: string, workProviderUserId: string) =>
    post(workProvider, '/v1/shift/login', {
      workProviderUserId,
      timestamp: Temporal.Now.instant().subtract({ hours: 1 }).toString(),
    })
  const match = async (workProvider: string) =>
    post(workProvider, '/v1/match', { customerNumber: await numberOf(EMAIL), success: true })

  async function visitEverything(holder: Visitor): Promise<void> {
    const keep = async (name: string, answer: Promise<Answer>) => pages.set(name, await answer)
    const home = await driver.get('/home')
    for (const path of ['/home', '/account', '/account/close', '/terms', '/docs', '/nothing-here']) {
      await keep(path, driver.get(path))
      await keep(`${path} of the holder`, holder.get(path))
    }
    for (const [, path = ''] of home.text.matchAll(/href="(\/withdraw\/\d+)"/g)) await keep(path, driver.get(path))
    for (const intent of intents) await keep(`/link/${intent}`, driver.get(`/link/${intent}`))
    for (const { id } of (await sql<{ id: string }>`select id from terms`.execute(site.context.db)).rows) {
      await keep(`/terms/${id}`, driver.get(`/terms/${id}`))
    }
    for (const mail of (await site.mailsTo(EMAIL)).filter((one) => one.kind === 'consent receipt')) {
      const path = linkIn(mail.body, '/undo/')
      await keep(path, new Visitor(site).get(path))
    }
    const stranger = new Visitor(site, { address: '192.0.2.3' })
    await driver.post('/reset', { email: EMAIL })
    const reset = await site.linkMailedTo(EMAIL)
    await stranger.post('/signup', { email: 'typed@example.com' })
    const finish = await site.linkMailedTo('typed@example.com')
    for (const [index, text] of HOSTILE.entries()) {
      const browser = new Visitor(site, { address: `192.0.2.${10 + index}` })
      const intent = await openIntent(browser, { id: text, workProvider: text, email: `${oneLine(text)}@x.example` })
      for (const path of ['/login', '/signup', '/welcome']) {
        await keep(`${path} ${index}`, browser.get(`${path}?link=${intent}`))
        const query = new URLSearchParams({ link: text, email: text, done: text, [text]: text })
        await keep(`${path}?${index}`, browser.get(`${path}?${query.toString()}`))
      }
      // Typed wrongly, and shown again.
      for (const [path, fields] of Object.entries({
        '/login': { email: text, password: PASSWORD },
        '/signup': { email: text, link: text },
        '/reset': { email: text },
        [new URL(reset).pathname]: { password: text.slice(0, 5) },
        [new URL(finish).pathname]: { name: text, password: '', phone: text, termsId: text },
      })) {
        await keep(`POST ${path} ${index}`, browser.post(path, { ...fields, [text]: text }))
      }
      await keep(`POST /account/details ${index}`, driver.post('/account/details', { name: text, phone: text }))
      await keep(`POST /account/email ${index}`, driver.post('/account/email', { newEmail: text, emailPassword: '' }))
      await keep(`/link-problem ${index}`, browser.get(`/link-problem/${encodeURIComponent(text)}`))
      await keep(`/terms ${index}`, browser.get(`/terms/${encodeURIComponent(text)}`))
      await keep(`/${index}`, browser.get(`/${encodeURIComponent(text)}`))
      await keep(`/signup/ ${index}`, browser.get(`/signup/${encodeURIComponent(text)}`))
      await driver.post('/account/details', { name: text, phone: '' })
      await keep(`/home as ${index}`, driver.get('/home'))
      await keep(`/account as ${index}`, driver.get('/account'))
      await keep(`/link as ${index}`, driver.get(`/link/${intents[index * 3 + 2]!}`))
    }
  }

  it('is text on every page: no element, attribute or address comes of it', () => {
    assert.ok(pages.size > 100)
    for (const [name, { text, headers, location, status }] of pages) {
      assert.ok(status < 500, `${name}: ${status}`)
      if (location !== null) continue
      assert.match(headers.get('content-type')!, /^text\/html; charset=utf-8$/i, name)
      assertInert(text.replace(OWN_SCRIPT, ''), name)
      assert.ok(!text.includes(String(7919 * 6101)), `${name} has worked out a template`)
    }
  })

  it('is shown as it was written, on the pages that are about it', () => {
    const home = textOf(pages.get('/home')!.text)
    for (const written of HOSTILE) {
      for (const text of [written, `${written} use`, `${written} level`, `${written} vehicle`]) {
        assert.ok(squeezed(home).includes(squeezed(text)), `/home does not show ${JSON.stringify(text)}`)
      }
    }
    assert.ok(home.includes(`Hello, ${SCRIPT}`))
    assert.ok(home.includes(`waits ${SCRIPT}`))
    for (const [index, written] of HOSTILE.entries()) {
      for (const page of intents.slice(index * 3, index * 3 + 3)) {
        assert.ok(squeezed(textOf(pages.get(`/link/${page}`)!.text)).includes(squeezed(written)), page)
      }
      const account = pages.get(`/account as ${index}`)!.text
      assert.ok(squeezed(textOf(account.replaceAll(/ value="([^"]*)"/g, '>$1<'))).includes(squeezed(written.trim())))
    }
  })

  it('meets a policy without unsafe-* on every page', () => {
    for (const [name, { headers }] of pages) {
      const policy = headers.get('content-security-policy') ?? ''
      assert.match(policy, /(?:^|; *)default-src 'none'(?:;|$)/, name)
      assert.doesNotMatch(policy, /unsafe-|\*|https?:/, name)
      // The documents may run a script of ours; no page of a driver runs any.
      const scripts = name.startsWith('/docs') ? /script-src(?! 'self'(?:;|$))/ : /script-src(?! 'none')/
      assert.doesNotMatch(policy, scripts, name)
    }
  })

  it('is on one line in mails: it starts no line, no header and no terminal sequence', async () => {
    const { rows: mails } = await sql<{ to: string; subject: string; body: string; kind: string }>`
      select to_address as to, subject, body, kind from outbox
    `.execute(site.context.db)
    for (const { to, subject, body, kind } of mails) {
      assert.doesNotMatch(to, /[\p{Cc}\p{Cf}\u2028\u2029,;<>"]/u, kind)
      assert.doesNotMatch(subject, /[\p{Cc}\p{Cf}\u2028\u2029]/u, kind)
      assert.doesNotMatch(body, /[^\P{Cc}\n]|[\p{Cf}\u2028\u2029]/u, `${kind}: ${JSON.stringify(body)}`)
      for (const line of body.split('\n')) assert.doesNotMatch(line, /^\s*(?:Bcc:|https:\/\/evil|next|line)/i, kind)
    }
    const kinds = new Set(mails.map((mail) => mail.kind))
    for (const kind of ['consent receipt', 'link conflict', 'no cover', 'match']) assert.ok(kinds.has(kind), kind)
    const receipts = mails.filter((mail) => mail.kind === 'consent receipt').map((mail) => mail.subject)
    for (const written of [SCRIPT, IMAGE])
      assert.ok(
        receipts.some((subject) => subject.includes(written)),
        'as text',
      )
  })

  it('is no formula in a spreadsheet, however that splits its cells', async () => {
    const { text, headers } = await driver.get('/account/my-shifts.csv')
    assert.match(headers.get('content-type')!, /^text\/csv/)
    assert.match(headers.get('content-disposition')!, /^attachment/)
    const rows = parseCsv(text)
    assert.equal(rows.length, 1 + HOSTILE.length + FORMULAS.length)
    for (const row of rows) assert.equal(row.length, 6)
    assert.deepEqual(dangerousCells(rows), [])
    const names = rows.map((row) => row[0]!.value.replace(/^'/, ''))
    for (const name of [...HOSTILE, ...FORMULAS]) assert.ok(names.includes(name), JSON.stringify(name))
  })

  it('is data in the JSON, which no browser takes for a page', async () => {
    const { text, headers } = await driver.get('/account/my-data.json')
    assert.match(headers.get('content-type')!, /^application\/json/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.match(headers.get('content-disposition')!, /^attachment/)
    const data = JSON.parse(text) as { links: { workProvider: string }[] }
    assert.deepEqual(data.links.map((link) => link.workProvider).sort(), [...HOSTILE, ...FORMULAS].sort())
  })

  it('is no header: nothing of it is in the headers of an answer', () => {
    for (const [name, { headers }] of pages) {
      for (const [header, value] of headers)
        assert.doesNotMatch(value, /alert\(|evil\.example|victim@/i, `${name}: ${header}`)
    }
  })

  it('does not reach whoever logs in with it as an address', async () => {
    for (const text of HOSTILE) {
      const answer = await logIn(new Visitor(site, { address: '192.0.2.99' }), `${text}@example.com`)
      assert.equal(answer.status, 422)
      assertInert(answer.text, text)
    }
  })
})

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}

/** Browsers show any white space as one space. */
function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
