import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { insertMail } from '../../src/storage/outbox.ts'
import { textOf } from '../site/markup.ts'
import { joinStaff } from '../support/desk.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import type { Visitor } from '../support/visitor.ts'

onEachEngine('the outbox beside a mail server', (engine) => {
  let site: TestSite
  let admin: Visitor
  before(async () => {
    site = await openSite(engine, {}, undefined, undefined, { keepsMails: false })
    ;({ visitor: admin } = await joinStaff(site, 'admin'))
  })
  after(() => site.close())

  it('says what became of each mail, in the words of the mail server, and shows the text of none', async () => {
    const { context } = site
    const mails: string[] = []
    for (const to of ['sent', 'waits', 'tried', 'refused']) {
      const id = context.newId()
      await insertMail(context.db, id, {
        to: `${to}@example.com`,
        subject: `To ${to}`,
        body: 'secret text',
        kind: 'test',
      })
      mails.push(id)
    }
    const [sent, , tried, refused] = mails
    await sql`update outbox set sent_at = now(), attempts = 1 where id = ${sent!}`.execute(context.db)
    await sql`update outbox set attempts = 3, last_error = 'greylisted <b>' where id = ${tried!}`.execute(context.db)
    await sql`
      update outbox set failed_at = now(), attempts = 1, last_error = '550 no such user' where id = ${refused!}
    `.execute(context.db)
    const { status, text } = await admin.get('/staff/outbox')
    assert.equal(status, 200)
    const words = textOf(text).replaceAll(/\s+/g, ' ')
    assert.match(words, /refused@example\.com To refused given up: 550 no such user/)
    assert.match(words, /tried@example\.com To tried waits, tried 3 times: greylisted/)
    assert.match(words, /waits@example\.com To waits waits /)
    assert.match(words, /sent@example\.com To sent sent /)
    assert.ok(!text.includes('secret text') && !text.includes('greylisted <b>'))
    for (const id of mails) assert.equal((await admin.get(`/staff/outbox/${id}`)).status, 404)
  })
})
