import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, afterEach, before, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { startMailer } from '../../src/app/mailer.ts'
import { readConfig } from '../../src/config.ts'
import { openMailTransport } from '../../src/mail-transport.ts'
import { insertMail } from '../../src/storage/outbox.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

type Row = { attempts: number; sent: boolean; failed: boolean; body: string; lastError: string | null }

/** A mail server that takes what it is given, or answers the recipient as a test says. */
async function startSmtp(answerTo: (recipient: string) => string): Promise<{
  url: string
  messages: string[]
  stop(): Promise<void>
}> {
  const messages: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    let data: string[] | null = null
    let rest = ''
    socket.write('220 test\r\n')
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      const lines = (rest + bytes.toString('utf8')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (data !== null && line !== '.') data.push(line)
        else if (data !== null) {
          messages.push(data.join('\n'))
          data = null
          socket.write('250 taken\r\n')
        } else if (/^data/i.test(line)) {
          data = []
          socket.write('354 go on\r\n')
        } else if (/^rcpt/i.test(line)) socket.write(`${answerTo(line)}\r\n`)
        else if (/^quit/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

onEachEngine('the outbox', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())
  afterEach(() => sql`delete from outbox`.execute(store.context.db))

  const queue = async (to: string): Promise<string> => {
    const id = store.context.newId()
    await insertMail(store.context.db, id, { to, subject: 'Grüße', body: 'A link:\n\nhttp://x/y', kind: 'test' })
    return id
  }
  async function until(id: string, isIt: (row: Row) => boolean): Promise<Row> {
    for (let tries = 0; tries < 500; tries++) {
      const { rows } = await sql<Row>`
        select attempts, sent_at is not null as sent, failed_at is not null as failed, body, last_error as "lastError"
        from outbox where id = ${id}
      `.execute(store.context.db)
      if (isIt(rows[0]!)) return rows[0]!
      await delay(10)
    }
    throw new Error('it never came to that')
  }

  it('is sent by SMTP, from MAIL_FROM, and the text does not stay behind', async () => {
    const smtp = await startSmtp(() => '250 ok')
    const config = readConfig({ SMTP_URL: smtp.url, MAIL_FROM: 'Insurer <insurer@example.com>' })
    const id = await queue('driver@example.com')
    const mailer = startMailer(store.context, await openMailTransport(config, () => {}))
    const row = await until(id, (one) => one.sent)
    await mailer.stop()
    await smtp.stop()
    assert.equal(row.body, '')
    assert.equal(smtp.messages.length, 1)
    assert.match(smtp.messages[0]!, /^From: Insurer <insurer@example.com>$/m)
    assert.match(smtp.messages[0]!, /^To: driver@example.com$/m)
    assert.match(smtp.messages[0]!, /http:\/\/x\/y/)
  })

  it('is tried again after a mail server that is away, and given up where it refuses for good', async () => {
    const config = readConfig({ SMTP_URL: 'smtp://127.0.0.1:1' })
    const id = await queue('driver@example.com')
    const away = startMailer(store.context, await openMailTransport(config, () => {}))
    const row = await until(id, (one) => one.lastError !== null)
    await away.stop()
    assert.deepEqual([row.sent, row.failed, row.attempts], [false, false, 1])
    assert.notEqual(row.body, '')

    const smtp = await startSmtp((line) => (line.includes('nobody') ? '550 no such mailbox' : '250 ok'))
    await sql`update outbox set next_try_at = now()`.execute(store.context.db)
    const refused = await queue('nobody@example.com')
    const mailer = startMailer(store.context, await openMailTransport(readConfig({ SMTP_URL: smtp.url }), () => {}))
    assert.ok((await until(id, (one) => one.sent)).attempts === 2)
    assert.match((await until(refused, (one) => one.failed)).lastError ?? '', /no such mailbox/)
    await mailer.stop()
    await smtp.stop()
  })

  it('is tried again after a mail server that says nothing, however long it would go on', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const config = readConfig({ SMTP_URL: `smtp://127.0.0.1:${(silent.address() as AddressInfo).port}` })
    const id = await queue('driver@example.com')
    const mailer = startMailer(store.context, await openMailTransport(config, () => {}, 200))
    const row = await until(id, (one) => one.lastError !== null)
    await mailer.stop()
    assert.deepEqual([row.sent, row.failed, row.attempts], [false, false, 1])
    for (const socket of sockets) socket.destroy()
    silent.close()
    await once(silent, 'close')
  })

  it('is printed on the terminal without SMTP, and stays readable', async () => {
    const said: string[] = []
    const id = await queue('driver@example.com')
    const transport = await openMailTransport(readConfig({}), (line) => said.push(line))
    const mailer = startMailer(store.context, transport)
    const row = await until(id, (one) => one.sent)
    await mailer.stop()
    assert.match(said.join('\n'), /To: driver@example.com\nSubject: Grüße\n\nA link:\n\nhttp:\/\/x\/y/)
    assert.match(row.body, /http:\/\/x\/y/)
  })

  it('is sent once by several processes, and again when one died with it', async () => {
    const sent: string[] = []
    const transport = { keepsBody: true, send: async (mail: { to: string }) => void sent.push(mail.to) }
    const ids = await Promise.all(Array.from({ length: 30 }, (_, index) => queue(`d${index}@example.com`)))
    const mailers = Array.from({ length: 3 }, () => startMailer(store.context, transport))
    for (const id of ids) await until(id, (one) => one.sent)
    for (const mailer of mailers) await mailer.stop()
    assert.equal(sent.length, 30)
    assert.equal(new Set(sent).size, 30)

    // Leased by a process that is no more: the lease runs out.
    const lost = await queue('lost@example.com')
    await sql`update outbox set attempts = 1, next_try_at = now() - interval '1 second' where id = ${lost}`.execute(
      store.context.db,
    )
    const mailer = startMailer(store.context, transport)
    assert.equal((await until(lost, (one) => one.sent)).attempts, 2)
    await mailer.stop()
  })
})
