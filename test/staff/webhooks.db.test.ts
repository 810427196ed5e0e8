import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { deliverDue } from '../../src/app/deliver.ts'
import { addEndpoint } from '../../src/app/webhooks.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { FEED_TYPES } from '../../src/domain/feed.ts'
import { endpointsOf } from '../../src/storage/webhooks.ts'
import { type DeskVisitor, joinStaff, joinWorkProvider } from '../support/desk.ts'
import { tellNews } from '../support/feed.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { openSite, type TestSite } from '../support/site.ts'

describe('the pages of webhooks', () => {
  let site: TestSite
  let receiver: Receiver
  let own: DeskVisitor
  let viewer: DeskVisitor
  const at = '/work-provider/webhooks'
  before(async () => {
    site = await openSite()
    receiver = await openReceiver()
    own = await joinWorkProvider(site, 'Courier Ltd')
    viewer = await joinStaff(site, 'viewer')
  })
  after(async () => {
    receiver.close()
    await site.close()
  })

  const form = async (path: string, fields: Record<string, string>): ReturnType<DeskVisitor['visitor']['post']> =>
    own.visitor.post(`${at}${path}`, fields)
  const endpoints = (): ReturnType<typeof endpointsOf> => endpointsOf(site.context.db, site.workProviderId)
  async function tell(): Promise<void> {
    await tellNews(site.context, site.workProviderId)
    while ((await deliverDue(site.context)) > 0) continue
  }

  it('add an address after a code, show its secret once, and post a message to try it', async () => {
    const url = `${receiver.url}/a?b="<`
    assert.equal((await form('', { url, types: 'link.created', code: '000000' })).status, 422)
    assert.deepEqual(await endpoints(), [])
    const wrong = await form('', { url: 'ftp://x', types: 'link.created', code: await own.code() })
    assert.match(wrong.text, /the address does not begin with https/)
    assert.match(wrong.text, /value="ftp:\/\/x"/, 'what was typed is still there')
    const made = await form('', { url, types: 'link.created', code: await own.code() })
    const secret = /class="secret">(whsec_[^<]+)</.exec(made.text)![1]!
    const [endpoint] = await endpoints()
    assert.deepEqual(endpoint!.types, ['link.created'])
    const shown = await own.visitor.get(at)
    assert.ok(!shown.text.includes(secret), 'shown once')
    assert.ok(shown.text.includes('/a?b=&quot;&lt;') || shown.text.includes('/a?b=&#34;&lt;'), shown.text)
    const tested = await form('/test', { endpoint: endpoint!.id })
    assert.match(tested.text, /answered\s+<strong>204<\/strong>/)
    const [one] = receiver.received
    new Webhook(secret).verify(one!.body, one!.headers as Record<string, string>)
  })

  it('show what was told, with each try, and send it again', async () => {
    const [endpoint] = await endpoints()
    receiver.answers(() => ({ status: 503 }))
    await tell()
    const log = `${at}/log?endpoint=${endpoint!.id}`
    assert.match((await own.visitor.get(log)).text, /answered 503/)
    receiver.answers(() => ({ status: 200 }))
    await tell()
    receiver.received.length = 0
    const again = await form('/replay', { endpoint: endpoint!.id, after: '1', to: '2' })
    assert.equal(again.location, log)
    while ((await deliverDue(site.context)) > 0) continue
    assert.deepEqual(
      receiver.received.map(({ body }) => (JSON.parse(body) as { number: number }).number),
      [2],
    )
    assert.match((await own.visitor.get(`${log}&state=delivered`)).text, /link\.created/)
    assert.match((await own.visitor.get(`${log}&state=failed`)).text, /<p>Nothing\.<\/p>/)
    const wrong = await form('/replay', { endpoint: endpoint!.id, after: 'x' })
    assert.equal(wrong.status, 422)
    assert.match(wrong.text, /Enter the number of an entry/)
  })

  it('say that an address was disabled, and enable it', async () => {
    const [endpoint] = await endpoints()
    receiver.answers(() => ({ status: 410 }))
    await tell()
    assert.match((await own.visitor.get(at)).text, /it answered 410/)
    assert.equal((await form('/replay', { endpoint: endpoint!.id, after: '0' })).status, 422)
    assert.equal((await form('/enable', { endpoint: endpoint!.id })).status, 303)
    assert.equal((await endpoints())[0]!.disabledAt, null)
    assert.equal((await form('/enable', { endpoint: endpoint!.id })).status, 422)
  })

  it('make a new secret, and remove an address, after a code', async () => {
    const [endpoint] = await endpoints()
    const code = `code-${endpoint!.id}`
    for (const path of ['/rotate', '/remove']) {
      assert.equal((await form(path, { endpoint: endpoint!.id, overlap: '1', [code]: '1' })).status, 422)
    }
    const late = await form('/rotate', { endpoint: endpoint!.id, overlap: '1000', [code]: await own.code() })
    assert.match(late.text, /an overlap is from 0 to 168 hours/)
    const rotated = await form('/rotate', { endpoint: endpoint!.id, overlap: '1', [code]: await own.code() })
    assert.match(rotated.text, /class="secret">whsec_/)
    assert.equal((await form('/remove', { endpoint: endpoint!.id, [code]: await own.code() })).status, 303)
    assert.deepEqual(await endpoints(), [])
  })

  it('keep to the work provider whose they are; staff who may only look see no form', async () => {
    const other = await createWorkProvider(site.context, 'Other Ltd')
    const { id } = await addEndpoint(site.context, { workProvider: 'Other Ltd', url: `${receiver.url}/other` })
    assert.equal((await own.visitor.get(`${at}/log?endpoint=${id}`)).status, 404)
    for (const path of ['/test', '/enable']) assert.equal((await form(path, { endpoint: id })).status, 422)
    assert.equal((await form('/replay', { endpoint: id, after: '0' })).status, 404)
    for (const path of ['/rotate', '/remove']) {
      const fields = { endpoint: id, overlap: '1', [`code-${id}`]: await own.code() }
      assert.match((await form(path, fields)).text, /choose one of the addresses/)
    }
    assert.equal((await endpointsOf(site.context.db, other.id)).length, 1)
    const staffAt = `/staff/work-providers/${other.id}/webhooks`
    const seen = await viewer.visitor.get(staffAt)
    assert.equal(seen.status, 200)
    assert.ok(seen.text.includes('/other') && !seen.text.includes('<form method="post" action="/staff/work'))
    assert.equal((await viewer.visitor.post(`${staffAt}/test`, { endpoint: id })).status, 403)
    assert.equal((await viewer.visitor.get(`${staffAt}/log?endpoint=${id}`)).status, 200)
  })

  it('offer all types at first', async () => {
    const { text } = await own.visitor.get(at)
    for (const type of FEED_TYPES) assert.ok(text.includes(`value="${type}"`))
    assert.equal(text.match(/name="types"[^>]*checked/gs)?.length, FEED_TYPES.length)
  })
})
