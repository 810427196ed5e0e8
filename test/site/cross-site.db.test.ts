import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openSite, type TestSite } from '../support/site.ts'
import { PASSWORD } from '../support/visitor.ts'
import { type DriverWorld, linkIn, openDriverWorld, POST_PATTERNS, stayLoggedIn } from './driver-world.ts'
import { FOREIGN } from './foreign.ts'
import { FORM, sendRaw } from './raw.ts'
import { assertSame, changedTables, contentsOf } from './tables.ts'

const EMAIL = 'cross@example.com'
const NEW_PASSWORD = 'four words put together'

/** Bodies that a form of ours never has; an empty one with a type that is no form's. */
const TYPES: readonly { readonly type: string; readonly isEmpty?: boolean }[] = [
  { type: 'text/plain' },
  { type: 'multipart/form-data; boundary=x' },
  { type: 'application/json' },
  { type: 'application/octet-stream' },
  { type: 'text/plain', isEmpty: true },
  { type: 'application/json', isEmpty: true },
  { type: 'application/octet-stream', isEmpty: true },
]

describe('a form that was not sent from our own pages', () => {
  let site: TestSite
  let world: DriverWorld
  before(async () => {
    site = await openSite()
    world = await openDriverWorld(site, EMAIL)
  })
  after(() => site.close())

  /** Valid for every form there is. */
  async function fields(): Promise<Record<string, string>> {
    const { rows } = await sql<{ id: string; about: string }>`select id, about from terms`.execute(site.context.db)
    const termsId = (about: string): string => rows.find((row) => row.about === about)!.id
    return {
      email: 'victim@example.com',
      password: PASSWORD,
      currentPassword: PASSWORD,
      newPassword: NEW_PASSWORD,
      newEmail: 'thief@example.com',
      emailPassword: PASSWORD,
      name: 'Mallory',
      phone: '07700 900123',
      decision: 'yes',
      agree: 'yes',
      termsId: termsId('account'),
    }
  }

  /** Where the general fields are not those that the form takes. */
  async function fieldsOf(pattern: string): Promise<Record<string, string>> {
    const general = await fields()
    if (pattern === '/link/:intent') {
      const { rows } = await sql<{ id: string }>`select id from terms where about = 'link'`.execute(site.context.db)
      return { ...general, termsId: rows[0]!.id }
    }
    if (pattern === '/login') return { ...general, email: EMAIL }
    if (pattern === '/reset/:token') return { password: NEW_PASSWORD }
    return general
  }

  for (const pattern of POST_PATTERNS) {
    it(`POST ${pattern}: 403 with a page that says so, and nothing changed`, async () => {
      await stayLoggedIn(world)
      const body = new URLSearchParams(await fieldsOf(pattern)).toString()
      const earlier = await contentsOf(site.context)
      for (const [name, headersOf] of Object.entries(FOREIGN)) {
        for (const [as, text] of [
          [world.browser, body],
          [world.browser, ''],
          [undefined, body],
        ] as const) {
          const answer = await sendRaw(site, world.pathOf(pattern), {
            method: 'POST',
            headers: { ...headersOf(site.url), ...(text === '' ? {} : { 'Content-Type': FORM }) },
            body: text,
            ...(as === undefined ? {} : { as }),
          })
          assert.equal(answer.status, 403, `${name}, ${text === '' ? 'no fields' : 'with fields'}`)
          assert.match(answer.text, /came from another site/, name)
          assert.equal(answer.headers['set-cookie'], undefined, name)
        }
      }
      assertSame(await contentsOf(site.context), earlier, `POST ${pattern}`)
    })

    it(`POST ${pattern} is not done with a body of another type, from another site or our own`, async () => {
      await stayLoggedIn(world)
      const text = new URLSearchParams(await fieldsOf(pattern)).toString()
      for (const { type, isEmpty = false } of TYPES) {
        for (const isOwn of [false, true]) {
          // A button alone is sent with no fields: from our own pages that is no fault, whatever its type.
          if (isOwn && isEmpty) continue
          const headers: Record<string, string> = { 'Content-Type': type }
          if (!isOwn) Object.assign(headers, { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' })
          const body = isEmpty ? '' : bodyOf(type, text)
          const earlier = await contentsOf(site.context)
          const answer = await sendRaw(site, world.pathOf(pattern), {
            method: 'POST',
            as: world.browser,
            isOwn,
            headers,
            body,
          })
          const what = `${type}${isEmpty ? ', empty,' : ''} from ${isOwn ? 'our own pages' : 'another site'}`
          assertSame(await contentsOf(site.context), earlier, what)
          assert.equal(answer.status, isOwn ? 400 : 403, what)
        }
      }
    })
  }

  async function mailedReset(email: string): Promise<string> {
    await world.browser.post('/reset', { email })
    return linkIn((await site.mailsTo(email)).at(-1)!.body, '/reset/')
  }

  // Without this the tests above would pass if nothing worked at all. In an order in which each still can.
  const LAST = [
    '/reset/:token',
    '/account/password',
    '/login',
    '/account/logout-everywhere',
    '/logout',
    '/account/close',
  ]
  const ORDER = [...POST_PATTERNS.filter((pattern) => !LAST.includes(pattern)), ...LAST]
  it('is done when the same is sent from our own', async () => {
    let [email, password] = [EMAIL, PASSWORD]
    for (const pattern of ORDER) {
      // Anew: a form before may have logged in somebody else, or nobody.
      world.browser.cookies.delete('zego.session_token')
      if (pattern !== '/login') await stayLoggedIn(world, { email, password })
      // The link that was mailed before ended with the change of the address.
      const path = pattern === '/reset/:token' ? await mailedReset(email) : world.pathOf(pattern)
      const given = await fieldsOf(pattern)
      if (pattern !== '/reset/:token' && pattern !== '/signup/:token') given['password'] = password
      if (pattern === '/login') given['email'] = email
      given['currentPassword'] = password
      given['emailPassword'] = password
      const earlier = await contentsOf(site.context)
      const answer = await world.browser.post(path, given)
      assert.ok(answer.status < 400, `${pattern}: ${answer.status} ${answer.text}`)
      const changed = changedTables(earlier, await contentsOf(site.context))
      assert.notDeepEqual(changed, [], `${pattern} changed nothing: give it valid fields here`)
      if (pattern === '/email/:token') email = `next-${EMAIL}`
      if (pattern === '/reset/:token' || pattern === '/account/password') password = NEW_PASSWORD
    }
  })
})

function bodyOf(type: string, form: string): string {
  const fields = [...new URLSearchParams(form)]
  if (type === 'application/json') return JSON.stringify(Object.fromEntries(fields))
  if (!type.startsWith('multipart/')) return form
  const parts = fields.map(
    ([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--x--\r\n`
}
