import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { freePort } from '../../scripts/cluster.ts'
import { addEndpoint } from '../../src/app/webhooks.ts'
import { ENGINES } from '../support/stores.ts'
import { logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { type Server, startServer, waitFor } from './harness.ts'
import { type ChildStore, openChildStore } from './store.ts'

/* T13 and B5: what the program logs, with everything going wrong, at the level that logs most. */

const EMAIL = 'dana@example.com'
/** As a name, an id, a header, a query and a path: what would forge a line of the log, or speak to a terminal. */
const FORGED = '\r\n{"level":"fatal","msg":"forged"}\n\u001b[31mforged\u2028forged'
const WRONG_KEY = 'zego_wrong-and-still-not-to-be-told'
const WRONG_PASSWORD = 'wrong and still not to be told'
const WEBHOOK_PATH = 'path-of-a-webhook-that-only-two-know'
const PARKED = 'a person named by a report'

/** What is logged is the same on both; a server is the faster to break. */
const engine = ENGINES.at(-1)!

describe(`T13 logs, errors and pages (${engine})`, () => {
  let store: ChildStore
  let server: Server
  let secrets: Map<string, string>
  let shown: string[]
  before(async () => {
    let webhookSecret = ''
    store = await openChildStore(engine, async (context) => {
      // Nobody is there: it is tried again and again.
      const url = `http://127.0.0.1:${await freePort()}/${WEBHOOK_PATH}`
      webhookSecret = (await addEndpoint(context, { workProvider: 'Courier Ltd', url })).secret
    })
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const environment = {
      ...store.environment,
      PORT: String(port),
      PUBLIC_URL: url,
      LOG_LEVEL: 'trace',
      WEBHOOK_NETWORKS: '127.0.0.1',
      AUTH_SECRET: 'a secret of this test that is long enough',
      // Nobody is there: mails stay, and what their failing logs is looked at too.
      SMTP_URL: `smtp://mail:password-of-the-mail-server@127.0.0.1:${await freePort()}`,
    }
    server = await startServer(environment)
    secrets = new Map([
      ['the key', store.key],
      ['the secret of a webhook', webhookSecret],
      ['the path of a webhook, which may be one', WEBHOOK_PATH],
      ['a wrong key', WRONG_KEY],
      ['the password', PASSWORD],
      ['a wrong password', WRONG_PASSWORD],
      ['the secret of sessions', environment.AUTH_SECRET],
      ['the password of the mail server', 'password-of-the-mail-server'],
    ])
    shown = []
    const visitor = await tryEverything(url)
    await breakTables()
    await useAgain(url, visitor)
    await waitFor('errors in the log', () => (server.stderr().match(/"level":"error"/g)?.length ?? 0) > 2)
  })
  after(async () => {
    await server.kill()
    await store.remove()
  })

  async function linkMailedTo(address: string): Promise<string> {
    const { context, close } = store.connect()
    const { rows } = await sql<{ body: string }>`
        select body from outbox where lower(to_address) = ${address} order by id desc limit 1
      `.execute(context.db)
    await close()
    const link = /https?:\/\/\S+\/signup\/\S+/.exec(rows[0]?.body ?? '')?.[0]
    if (link === undefined) throw new Error(`nothing was mailed to ${address}`)
    secrets.set('the token of a mail', link.split('/').at(-1)!)
    return link
  }

  async function call(url: string, target: string, key: string, body?: string): Promise<number> {
    const response = await fetch(url + target, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { Authorization: key, 'User-Agent': encodeURIComponent(FORGED), Accept: 'application/problem+json' },
      ...(body === undefined ? {} : { body }),
    })
    shown.push(await response.text(), JSON.stringify([...response.headers]))
    return response.status
  }

  async function callEverything(url: string): Promise<void> {
    const forged = encodeURIComponent(FORGED)
    for (const key of [store.key, `Bearer ${store.key}`, WRONG_KEY]) {
      await call(url, `/v1/status?workProviderUserId=${forged}`, key)
      await call(url, `/v1/status?customerNumber=${encodeURIComponent(store.key)}`, key)
      await call(url, `/v1/validate/customer-number/${forged}?email=${forged}`, key)
      await call(url, `/v1/requests/${forged}`, key)
      await call(url, `/v1/${forged}`, key)
      for (const userId of [FORGED, PARKED, 'u0']) {
        const report = { workProviderUserId: userId, timestamp: '2026-01-01T10:00:00Z' }
        await call(url, '/v1/shift/login', key, JSON.stringify(report))
      }
      await call(url, '/v1/shift/login', key, `${FORGED}${WRONG_PASSWORD}`)
      await call(url, '/v1/match', key, '{"customerNumber":"ABC123","success":true}')
    }
  }

  async function tryEverything(url: string): Promise<Visitor> {
    await callEverything(url)
    const visitor = new Visitor({ url })
    await signUp({ linkMailedTo }, visitor, EMAIL, { name: `Dana ${FORGED}`.replaceAll(/\s+/g, ' ') })
    await logIn(new Visitor({ url }), EMAIL, WRONG_PASSWORD)
    await logIn(new Visitor({ url }), `${FORGED}@example.com`, WRONG_PASSWORD)
    await visitor.post('/reset', { email: EMAIL })
    await visitor.get(
      `/link-work-provider?work_provider=Courier%20Ltd&work_provider_user_id=${encodeURIComponent(FORGED)}`,
    )
    for (const [name, value] of visitor.cookies) secrets.set(`the cookie ${name}`, value)
    return visitor
  }

  /** From here on nearly every statement fails. */
  async function breakTables(): Promise<void> {
    const { context, close } = store.connect()
    for (const table of ['link', 'binding', 'customer', 'driver_session', 'driver_account', 'link_intent', 'inbox']) {
      await sql`alter table ${sql.table(table)} rename to ${sql.table(`${table}_gone`)}`.execute(context.db)
    }
    await close()
  }

  async function useAgain(url: string, visitor: Visitor): Promise<void> {
    await callEverything(url)
    const pages = ['/home', '/account', '/', '/login', `/signup/${secrets.get('the token of a mail')}`]
    const answers = await Promise.all(pages.map((page) => visitor.get(page)))
    answers.push(await logIn(visitor, EMAIL), await logIn(visitor, EMAIL, WRONG_PASSWORD))
    shown.push(...answers.map(({ text }) => text))
    assert.ok(
      answers.some(({ status }) => status === 500),
      answers.map(({ status }) => status).join(' '),
    )
  }

  test('never tell a key, a password, a cookie or the token of a mail', () => {
    for (const [name, secret] of secrets) {
      for (const form of new Set([secret, decodeURIComponent(secret)])) {
        assert.ok(!server.stderr().includes(form), `${name} is in the log`)
        assert.ok(!server.stdout().includes(form), `${name} is on the terminal`)
      }
    }
    for (const name of ['the password', 'a wrong password', 'a wrong key', 'the secret of sessions', 'the key']) {
      assert.ok(!shown.some((text) => text.includes(secrets.get(name)!)), `${name} is in an answer`)
    }
  })

  test('tell nobody by what a statement was given: no person is named in an error', () => {
    for (const text of [PARKED, EMAIL]) assert.ok(!server.stderr().includes(text), text)
  })

  test('are one line of JSON each, which nothing that was sent can break or forge', () => {
    const lines = server
      .stderr()
      .split('\n')
      .filter((line) => line !== '')
    for (const line of lines) {
      const entry = JSON.parse(line) as Record<string, unknown>
      assert.equal(typeof entry['level'], 'string', line)
      assert.equal(typeof entry['time'], 'string', line)
      assert.notEqual(entry['msg'], 'forged')
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(line, /[\u0000-\u001f]/)
    }
    assert.ok(
      lines.some((line) => line.includes('"error"')),
      'nothing failed: this test sees nothing',
    )
  })
})
