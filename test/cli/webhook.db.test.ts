import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deliverDue } from '../../src/app/deliver.ts'
import { turnFeed } from '../support/feed.ts'
import { openReceiver, type Receiver } from '../support/receiver.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { zegoHere } from './command.ts'

let site: TestSite
let receiver: Receiver
before(async () => {
  site = await openSite()
  receiver = await openReceiver()
})
after(async () => {
  receiver.close()
  await site.close()
})

async function run<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await zegoHere(site, [...args, '--json'])
  assert.equal(code, 0, err)
  return JSON.parse(out) as T
}
async function fails(pattern: RegExp, ...args: string[]): Promise<void> {
  const { code, out, err } = await zegoHere(site, args)
  assert.equal(code, 1, out + err)
  assert.match(out + err, pattern)
}
const courier = ['--work-provider', 'Courier Ltd']

test('a work provider’s webhooks and feed, by the command line', async () => {
  type Feed = { entries: { number: number; type: string }[]; last: number }
  assert.deepEqual(await run<Feed>('feed', ...courier), { entries: [], last: 0 })
  await fails(/none of customer.signed_up/, 'webhook', 'add', ...courier, '--url', receiver.url, '--type', 'x')
  const types = ['--type', 'report.parked', 'link.created']
  const made = await run<{ id: string; secret: string }>('webhook', 'add', ...courier, '--url', receiver.url, ...types)
  assert.match(made.secret, /^whsec_/)
  const listed = await zegoHere(site, ['webhook', 'list'])
  assert.match(listed.out, new RegExp(`Courier Ltd +${made.id} +${receiver.url} +report.parked link.created +live`))
  assert.ok(!listed.out.includes(made.secret))

  assert.deepEqual(await run('webhook', 'test', made.id), { kind: 'answered', status: 204, body: '' })
  receiver.answers(() => ({ status: 500 }))
  await fails(/It answered 500: that is not a 2xx/, 'webhook', 'test', made.id)

  await site.report('login', { workProviderUserId: 'stranger', timestamp: new Date().toISOString() })
  await site.settle()
  await turnFeed(site.context)
  await deliverDue(site.context)
  const { entries } = await run<Feed>('feed', ...courier)
  assert.deepEqual(
    entries.map(({ number, type }) => [number, type]),
    [[1, 'report.parked']],
  )
  await fails(/after is beyond the last entry, which is 1/, 'feed', ...courier, '--after', '2')
  type Log = { deliveries: { state: string; tries: { status: number }[]; nextTryAt: string | null }[] }
  const log = await run<Log>('webhook', 'log', made.id)
  assert.deepEqual(
    log.deliveries.map(({ state, tries }) => [state, tries.map(({ status }) => status)]),
    [['waiting', [500]]],
  )
  assert.match((await zegoHere(site, ['webhook', 'log', made.id])).out, /report\.parked +waiting +1 +500, again 20/)

  receiver.answers(() => ({ status: 410 }))
  assert.deepEqual(await run('webhook', 'replay', made.id, '--after', '0'), { id: made.id, after: 0, to: 1 })
  await fails(/there is nothing after the entry 1/, 'webhook', 'replay', made.id, '--after', '1')
  await run('webhook', 'rotate', made.id, '--overlap', '2')
  await fails(/is not disabled/, 'webhook', 'enable', made.id)
  await run('webhook', 'remove', made.id)
  await fails(/no webhook endpoint/, 'webhook', 'log', made.id)
  await fails(/no webhook endpoint/, 'webhook', 'test', 'x')
})
