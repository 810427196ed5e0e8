import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import {
  BrokenConnectionError,
  type ClientOptions,
  type FeedEntry,
  linkUrl,
  PartlyAcceptedError,
  RefusedError,
  type Report,
  type RequestItem,
  signedLinkUrl,
  TimedOutError,
  verifyWebhook,
  WebhookError,
  WorkProviderClient,
  ZegoError,
} from '../../clients/typescript/src/index.ts'
import { freePort } from '../../scripts/cluster.ts'
import { type Instant, MICROSECONDS_PER_MILLISECOND } from '../../src/domain/instant.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { Visitor } from '../support/visitor.ts'
import { openWorld, type World } from './world.ts'

const PACKAGE = new URL('../../clients/typescript/', import.meta.url)
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const hour = (hours: string) => `2025-07-06T${hours}:00Z`

/** A client that waits for nobody, and the waits that it asked for. */
function openClient(options: Pick<ClientOptions, 'key' | 'baseUrl'> & Partial<ClientOptions>): {
  client: WorkProviderClient
  waits: number[]
} {
  const waits: number[] = []
  const sleep = async (ms: number): Promise<void> => void waits.push(ms)
  return { client: new WorkProviderClient({ sleep, random: () => 0.5, ...options }), waits }
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (answer) => assert.fail(`it was answered: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
}

async function refusalOf(call: Promise<unknown>): Promise<RefusedError> {
  const error = await failureOf(call)
  assert.ok(error instanceof RefusedError, inspect(error))
  return error
}

async function all(items: AsyncIterable<RequestItem>): Promise<RequestItem[]> {
  const got: RequestItem[] = []
  for await (const item of items) got.push(item)
  return got
}

describe('the TypeScript client', () => {
  let world: World
  let client: WorkProviderClient
  let count = 0
  before(async () => {
    world = await openWorld()
    client = openClient({ key: world.site.key, baseUrl: world.site.url }).client
  })
  after(() => world.close())

  /** A client behind the front, which does what the plan says. */
  function behind(plan: string, options: Partial<ClientOptions> = {}) {
    const baseUrl = `${world.front.url}/${plan}/typescript-${++count}`
    return {
      ...openClient({ key: world.site.key, baseUrl, ...options }),
      seen: () => world.front.seen(baseUrl),
      baseUrl,
    }
  }
  const reportOf = (workProviderUserId: string): Report => ({ workProviderUserId, timestamp: hour('10:00') })

  describe('every call', () => {
    it('shiftLogin and shiftLogout, by either identity: told, and read back as one shift', async () => {
      const login = await client.shiftLogin({ workProviderUserId: '1686', timestamp: hour('10:00') })
      const logout = await client.shiftLogout({ customerNumber: 'ABC123', timestamp: hour('12:30') })
      await world.site.settle()
      const items = [
        ...(await all(client.requestItems(login.requestId))),
        ...(await all(client.requestItems(logout.requestId))),
      ]
      const shift = {
        startedAt: hour('10:00'),
        endedAt: hour('12:30'),
        capAt: '2025-07-07T00:00:00Z',
        endReason: 'logout',
      }
      assert.deepEqual(items, [
        { index: 0, kind: 'login', at: hour('10:00'), outcome: 'opened', shift, duplicateOf: null },
        { index: 0, kind: 'logout', at: hour('12:30'), outcome: 'closed', shift, duplicateOf: null },
      ])
    })

    it('every kind of timestamp: kept to the microsecond, whatever the offset', async () => {
      const zoned = Temporal.ZonedDateTime.from('2025-07-06T12:00:00.000001+01:00[Europe/London]')
      const instant = Temporal.Instant.from('2025-07-06T11:00:00.123456789Z')
      const timestamps = [zoned, instant, new Date('2025-07-06T11:00:00.250Z'), '2025-07-06T13:00:00.5+02:00']
      const accepted = await client.batchLogin(
        timestamps.map((timestamp) => ({ workProviderUserId: 'when', timestamp })),
      )
      const items = await all(client.requestItems(accepted.parts[0]!.requestId))
      assert.deepEqual(
        items.map((item) => item.at),
        ['000001', '123456', '250000', '500000'].map((fraction) => `2025-07-06T11:00:00.${fraction}Z`),
      )
    })

    it('batchLogin and batchLogout: one request for what one can hold', async () => {
      const reports: Report[] = [reportOf('batch 1'), { customerNumber: 'DEF456', timestamp: hour('10:00') }]
      for (const accepted of [await client.batchLogin(reports), await client.batchLogout(reports)]) {
        const { requestId } = accepted.parts[0]!
        assert.match(requestId, UUID)
        assert.deepEqual(accepted.parts, [{ requestId, firstItem: 0, itemCount: 2 }])
      }
      assert.deepEqual(await world.stored('batch 1'), { events: 2, reports: 2 })
    })

    it('an empty batch: nothing is sent', async () => {
      const { client, seen } = behind('pass')
      assert.deepEqual(await client.batchLogin([]), { parts: [] })
      assert.equal(seen(), 0)
    })

    it('a batch of more than 10,000 items: several requests, and every page of what became of them', async () => {
      const reports = Array.from({ length: 10_001 }, () => reportOf('many'))
      const { parts } = await client.batchLogout(reports)
      assert.deepEqual(
        parts.map(({ firstItem, itemCount }) => [firstItem, itemCount]),
        [
          [0, 10_000],
          [10_000, 1],
        ],
      )
      const items = await all(client.requestItems(parts[0]!.requestId))
      assert.deepEqual(
        items.map((item) => item.index),
        Array.from({ length: 10_000 }, (_, index) => index),
      )
      const page = await client.readRequest(parts[0]!.requestId, { from: 9_500 })
      assert.ok('items' in page)
      assert.deepEqual([page.items[0]!.index, page.items.length, page.nextItem], [9_500, 500, null])
    })

    it('a batch of more than 4 MiB: several requests, each as large as the server takes', async () => {
      const { client, seen } = behind('pass')
      const reports = Array.from({ length: 5_500 }, () => reportOf('€'.repeat(255)))
      const { parts } = await client.batchLogin(reports)
      assert.equal(
        parts.reduce((sum, part) => sum + part.itemCount, 0),
        5_500,
      )
      assert.equal(seen(), 2)
    })

    it('match: told, and read back', async () => {
      for (const [success, outcome] of [
        [true, 'matched'],
        [false, 'failed'],
      ] as const) {
        const { requestId } = await client.match('ABC123', success)
        const state = await client.readRequest(requestId)
        assert.ok('match' in state)
        assert.deepEqual(state.match, { success, outcome })
        await assert.rejects(all(client.requestItems(requestId)), TypeError)
      }
    })

    it('userStatus: enabled with and without a vehicle, and disabled, by either identity', async () => {
      const enabled = {
        status: 'ENABLED',
        customerNumber: 'ABC123',
        coverClassOfUse: 'Carriage of Goods for Hire & Reward',
        coverLevel: 'Third Party (TPO)',
        vehicleRegistration: 'VY7 JC3',
      }
      assert.deepEqual(await client.userStatus({ workProviderUserId: '1686' }), enabled)
      const onFoot = { ...enabled, customerNumber: 'DEF456', vehicleRegistration: null }
      assert.deepEqual(await client.userStatus({ customerNumber: 'def456' }), onFoot)
      const disabled = { status: 'DISABLED', customerNumber: 'GHI789' }
      assert.deepEqual(await client.userStatus({ workProviderUserId: '3001 / ü&?' }), disabled)
    })

    it('validateCustomerNumber: with and without an e-mail address', async () => {
      await client.validateCustomerNumber('ABC123')
      await client.validateCustomerNumber('ABC123', { email: 'abc123@example.com' })
    })
  })

  describe('links for couriers', () => {
    const link = { workProvider: 'Courier Ltd', workProviderUserId: 'link ü/1', email: 'new+1@example.com' }
    const open = async (url: string) => {
      const { location } = await new Visitor(world.site).get(url)
      return location
    }
    const intents = async () => {
      const { rows } = await sql<{ user_id: string; email: string; came_by: string }>`
        select user_id, email, came_by from link_intent order by recorded_at desc limit 1
      `.execute(world.site.context.db)
      return rows[0]
    }
    const expiresAt = () => new Date(Date.now() + 3_600_000)

    it('linkUrl: the server takes the claim as it was meant', async () => {
      assert.match((await open(linkUrl({ ...link, baseUrl: world.site.url })))!, /^\/signup\?link=/)
      assert.deepEqual(await intents(), { user_id: 'link ü/1', email: 'new+1@example.com', came_by: 'link' })
    })

    it('signedLinkUrl: the server finds the signature good', async () => {
      const signed = { ...link, baseUrl: `${world.site.url}/`, secret: world.linkSecret }
      assert.match((await open(await signedLinkUrl({ ...signed, expiresAt: expiresAt() })))!, /^\/signup\?link=/)
      assert.deepEqual(await intents(), { user_id: 'link ü/1', email: 'new+1@example.com', came_by: 'signed link' })
      const temporal = Temporal.Instant.fromEpochMilliseconds(expiresAt().getTime())
      assert.match((await open(await signedLinkUrl({ ...signed, expiresAt: temporal })))!, /^\/signup\?link=/)
    })

    it('signedLinkUrl: by another secret, or expired, it is refused; with a line end it is not made', async () => {
      const signed = { ...link, baseUrl: world.site.url, secret: 'another', expiresAt: expiresAt() }
      assert.equal(await open(await signedLinkUrl(signed)), '/link-problem/signature')
      const expired = { ...signed, secret: world.linkSecret, expiresAt: new Date('2025-07-06T10:00:00Z') }
      assert.equal(await open(await signedLinkUrl(expired)), '/link-problem/expired')
      await assert.rejects(signedLinkUrl({ ...signed, workProviderUserId: 'a\nexp=1' }), TypeError)
      await assert.rejects(signedLinkUrl({ ...signed, expiresAt: new Date(Number.NaN) }), RangeError)
    })
  })

  describe('every error of the contract', () => {
    const wrong = () => openClient({ key: 'not a key', baseUrl: world.site.url }).client
    const errors: readonly [string, number, string, () => Promise<unknown>][] = [
      ['no key', 401, 'MISSING_AUTH', () => behind('without-key').client.shiftLogin(reportOf('e'))],
      ['another key', 401, 'INVALID_KEY', () => wrong().userStatus({ customerNumber: 'ABC123' })],
      ['a bad number', 400, 'INVALID_DATA', () => client.shiftLogin({ customerNumber: '-', timestamp: hour('10:00') })],
      ['no offset', 400, 'INVALID_DATA', () => client.shiftLogout({ ...reportOf('e'), timestamp: '2025-07-06T10:00' })],
      ['one bad item', 400, 'INVALID_DATA', () => client.batchLogin([reportOf('bad batch'), reportOf('')])],
      ['a match of no number', 400, 'INVALID_DATA', () => client.match('A-1', true)],
      ['a status of an empty id', 400, 'INVALID_DATA', () => client.userStatus({ workProviderUserId: '' })],
      ['nobody', 404, 'INVALID_CUSTOMER', () => client.userStatus({ customerNumber: 'NOBODY' })],
      ['no such number', 404, 'INVALID_CUSTOMER', () => client.validateCustomerNumber('NO/../BODY')],
      [
        'another address',
        404,
        'INVALID_CUSTOMER_EMAIL',
        () => client.validateCustomerNumber('ABC123', { email: 'x@example.com' }),
      ],
      ['no such request', 404, 'NOT_FOUND', () => client.readRequest('a/b?c')],
      ['a page that is none', 400, 'INVALID_DATA', () => client.readRequest('x', { from: -1 })],
    ]
    for (const [what, status, code, call] of errors) {
      it(`${what}: ${status} ${code}, with what is wrong and the id of the request, after one attempt`, async () => {
        const error = await refusalOf(call())
        assert.deepEqual([error.status, error.code, error.attempts], [status, code, 1])
        assert.match(error.requestId!, UUID)
        assert.match(error.detail!, /^[ -~]+$/)
        assert.equal(error.message, `${status} ${code}: ${error.detail}, request ${error.requestId}`)
        assert.equal(error.retryAfterMs, null)
      })
    }

    it('a batch with a bad item: which one it is, and nothing of the batch is stored', async () => {
      const { detail } = await refusalOf(client.batchLogin([reportOf('half batch'), reportOf('')]))
      assert.match(detail!, /^item 1: /)
      assert.deepEqual(await world.stored('half batch'), { events: 0, reports: 0 })
    })

    it('more items than the server takes, where the client was told to send them: 413', async () => {
      const { client } = openClient({ key: world.site.key, baseUrl: world.site.url, maxBatchItems: 20_000 })
      const reports = Array.from({ length: 10_001 }, () => reportOf('too many'))
      const error = await refusalOf(client.batchLogin(reports))
      assert.deepEqual([error.status, error.code, error.attempts], [413, 'INVALID_DATA', 1])
    })
  })

  describe('what is never sent', () => {
    it('both identities, or none: a TypeError at once, before anything of a batch is sent', async () => {
      const { client, seen } = behind('pass', { maxBatchItems: 1 })
      const both = { customerNumber: 'A', workProviderUserId: 'a', timestamp: hour('10:00') } as unknown as Report
      const none = { timestamp: hour('10:00') } as unknown as Report
      for (const bad of [both, none]) await assert.rejects(client.batchLogin([reportOf('a'), bad]), TypeError)
      assert.equal(seen(), 0)
    })

    it('a Date that is no time, or a time before 1970', async () => {
      const nanoseconds = Temporal.Instant.from('1969-12-31T23:59:59Z')
      for (const timestamp of [new Date(Number.NaN), nanoseconds]) {
        await assert.rejects(client.batchLogin([{ workProviderUserId: 'a', timestamp }]), RangeError)
      }
    })

    it('options that make no sense', () => {
      const good = { key: 'a key', baseUrl: 'https://api.example.com' }
      const bad: Partial<ClientOptions>[] = [
        { timeoutMs: 0 },
        { timeoutMs: Infinity },
        { deadlineMs: Number.NaN },
        { retries: -1 },
        { maxBatchItems: 0 },
        { key: '' },
        { key: ' \n' },
        { baseUrl: 'api.example.com' },
        { baseUrl: 'ftp://api.example.com' },
        { baseUrl: 'https://user:password@api.example.com' },
        { baseUrl: 'https://api.example.com?a=b' },
      ]
      assert.doesNotThrow(() => new WorkProviderClient({ ...good, deadlineMs: Infinity, retries: 0 }))
      for (const options of bad) assert.throws(() => new WorkProviderClient({ ...good, ...options }), inspect(options))
    })
  })

  describe('what passes is sent again, and counts once', () => {
    const plans: readonly [plan: string, reports: number][] = [
      ['503,503,503', 1],
      ['429', 1],
      ['502', 1],
      ['drop-before,drop-before', 1],
      ['drop-after,drop-after', 3],
      ['drop-midway', 2],
      ['503,drop-after,429,drop-midway,drop-before', 3],
    ]
    for (const [plan, reports] of plans) {
      const requests = plan.split(',').length + 1
      it(`${plan}: told by ${requests} requests, ${reports} of them stored, one event`, async () => {
        const { client, seen, waits } = behind(plan)
        const { requestId } = await client.shiftLogin(reportOf(`typescript ${plan}`))
        assert.match(requestId, UUID)
        assert.deepEqual([seen(), waits.length], [requests, requests - 1])
        assert.deepEqual(await world.stored(`typescript ${plan}`), { events: 1, reports })
      })
    }

    it('no answer within the time of an attempt: sent again, one event', async () => {
      const { client, seen } = behind('hang', { timeoutMs: 500 })
      await client.shiftLogin(reportOf('typescript hang'))
      assert.ok(seen() >= 2)
      assert.equal((await world.stored('typescript hang')).events, 1)
    })

    it('every call is sent again: asking, and matching too', async () => {
      const { client, seen } = behind('drop-after,503')
      await client.userStatus({ customerNumber: 'ABC123' })
      assert.equal(seen(), 3)
      const matching = behind('drop-after')
      const { requestId } = await matching.client.match('ABC123', true)
      assert.ok('match' in (await client.readRequest(requestId)))
      assert.equal(matching.seen(), 2)
    })

    it('each request of a batch by itself', async () => {
      const { client, seen } = behind('drop-after,pass,503,drop-after', { maxBatchItems: 2, retries: 2 })
      const names = ['p1', 'p2', 'p3', 'p4', 'p5']
      const { parts } = await client.batchLogin(names.map(reportOf))
      assert.deepEqual(
        parts.map(({ firstItem, itemCount }) => [firstItem, itemCount]),
        [
          [0, 2],
          [2, 2],
          [4, 1],
        ],
      )
      assert.equal(seen(), 6)
      const stored = await Promise.all(names.map((name) => world.stored(name)))
      assert.deepEqual(
        stored.map(({ events, reports }) => [events, reports]),
        [2, 2, 2, 2, 1].map((reports) => [1, reports]),
      )
    })
  })

  describe('a batch of which a later request fails', () => {
    it('says what was accepted and why it ended; what is left can be sent then', async () => {
      const { client } = behind('pass,503,503', { maxBatchItems: 2, retries: 1 })
      const names = ['q1', 'q2', 'q3']
      const error = await failureOf(client.batchLogin(names.map(reportOf)))
      assert.ok(error instanceof PartlyAcceptedError, inspect(error))
      const { accepted, nextItem, cause } = error
      assert.deepEqual(accepted, [{ requestId: accepted[0]!.requestId, firstItem: 0, itemCount: 2 }])
      assert.equal(nextItem, 2)
      assert.ok(cause instanceof RefusedError)
      assert.deepEqual([cause.status, cause.attempts, error.attempts], [503, 2, 2])
      assert.equal(error.message, `the first 2 items were accepted; from item 2 on: ${cause.message}`)
      const before = await Promise.all(names.map((name) => world.stored(name)))
      await client.batchLogin(names.slice(nextItem).map(reportOf))
      const after = await Promise.all(names.map((name) => world.stored(name)))
      assert.deepEqual(
        [before, after].map((stored) => stored.map(({ events }) => events)),
        [
          [1, 1, 0],
          [1, 1, 1],
        ],
      )
    })

    it('fails as a single report does when none was accepted', async () => {
      const { client } = behind('503*', { maxBatchItems: 1, retries: 0 })
      assert.equal((await refusalOf(client.batchLogin([reportOf('a'), reportOf('b')]))).code, 'UNAVAILABLE')
    })
  })

  describe('when it gives up', () => {
    it('after the retries: the last answer, and how often it was asked for', async () => {
      const { client, seen } = behind('429,503*', { retries: 2 })
      const error = await refusalOf(client.shiftLogin(reportOf('never')))
      const { status, code, detail, attempts, retryAfterMs } = error
      assert.deepEqual(
        { status, code, detail, attempts, retryAfterMs },
        { status: 503, code: 'UNAVAILABLE', detail: 'the front says so', attempts: 3, retryAfterMs: 1_000 },
      )
      assert.match(error.message, /\(3 attempts\)$/)
      assert.equal(seen(), 3)
      assert.deepEqual(await world.stored('never'), { events: 0, reports: 0 })
    })

    for (const plan of ['hang*', 'drip*']) {
      it(`${plan}: a TimedOutError, with the attempts that were made`, async () => {
        const error = await failureOf(behind(plan, { timeoutMs: 50, retries: 1 }).client.match('ABC123', true))
        assert.ok(error instanceof TimedOutError, inspect(error))
        assert.equal(error.attempts, 2)
      })
    }

    it('nobody listens: a BrokenConnectionError, with the attempts and how it broke', async () => {
      const baseUrl = `http://127.0.0.1:${await freePort()}`
      const error = await failureOf(openClient({ key: 'a key', baseUrl, retries: 3 }).client.match('ABC123', true))
      assert.ok(error instanceof BrokenConnectionError, inspect(error))
      assert.equal(error.attempts, 4)
      assert.match(inspect(error.cause), /ECONNREFUSED/)
    })

    it('a 202 of somebody else is not one: every answer of the server has a Request-Id', async () => {
      const { client, seen } = behind('stranger')
      const error = await refusalOf(client.shiftLogin(reportOf('stranger')))
      assert.deepEqual([error.status, error.code, error.requestId], [202, null, null])
      assert.equal(error.message, '202, answered by something before the server')
      assert.equal(seen(), 1)
    })

    it('a redirect is not followed: the key is for nobody else', async () => {
      const { client } = behind('redirect')
      assert.equal((await refusalOf(client.shiftLogin(reportOf('redirect')))).status, 307)
      assert.equal(world.front.seen('/pass/elsewhere'), 0)
    })

    it('when the next wait would not end before the deadline', async () => {
      let now = 0
      const sleep = async (ms: number): Promise<void> => void (now += ms)
      const clock = { now: () => now, random: () => 0, sleep, deadlineMs: 3_000 }
      const { client, seen } = behind('503*', clock)
      assert.equal((await refusalOf(client.shiftLogin(reportOf('late')))).attempts, 3)
      assert.equal(seen(), 3)
      assert.equal(now, 2_000)
    })
  })

  describe('how long it waits', () => {
    it('full jitter over a time that doubles, up to ten seconds', async () => {
      const half = behind('drop-before*', { retries: 8, random: () => 0.5 })
      const none = behind('drop-before*', { retries: 3, random: () => 0 })
      for (const { client } of [half, none]) {
        assert.ok((await failureOf(client.match('ABC123', true))) instanceof BrokenConnectionError)
      }
      assert.deepEqual(half.waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
      assert.deepEqual(none.waits, [0, 0, 0])
    })

    it('never less than Retry-After asks for', async () => {
      const { client, waits } = behind('503,429')
      await client.userStatus({ customerNumber: 'ABC123' })
      assert.deepEqual(waits, [1_100, 1_200])
    })

    it('a Retry-After that is a date, or nonsense', async () => {
      for (const [header, min, max] of [
        [new Date(Date.now() + 3_600_000).toUTCString(), 3_000_000, 3_600_000],
        [new Date(Date.now() - 3_600_000).toUTCString(), 0, 0],
        ['soon', 0, 0],
      ] as const) {
        const answer = () => Promise.resolve(new Response('', { status: 503, headers: { 'Retry-After': header } }))
        const options = { key: 'a key', baseUrl: 'http://localhost', deadlineMs: Infinity, retries: 1, random: () => 0 }
        const { client, waits } = openClient({ ...options, fetch: answer })
        await refusalOf(client.match('ABC123', true))
        assert.ok(waits.length === 1 && waits[0]! >= min && waits[0]! <= max, `${header}: ${waits.join(', ')}`)
      }
    })
  })

  describe('an AbortSignal', () => {
    const reason = new Error('no longer of interest')

    it('ends an attempt that hangs, with its reason', async () => {
      const { client, baseUrl, seen } = behind('hang*')
      const abort = new AbortController()
      const call = client.shiftLogin(reportOf('aborted'), { signal: abort.signal })
      await world.front.next(baseUrl)
      abort.abort(reason)
      assert.equal(await failureOf(call), reason)
      assert.equal(seen(), 1)
    })

    it('ends a wait, with its reason', async () => {
      const abort = new AbortController()
      // Called when a wait is about to begin; by the next turn it has begun.
      const random = () => {
        setImmediate(() => abort.abort(reason))
        return 1
      }
      const { client, seen } = behind('503*', { random, sleep: undefined })
      assert.equal(await failureOf(client.userStatus({ customerNumber: 'ABC123' }, { signal: abort.signal })), reason)
      assert.equal(seen(), 1)
    })

    it('that is aborted already: nothing is sent', async () => {
      const { client, seen } = behind('pass')
      const options = { signal: AbortSignal.abort(reason) }
      assert.equal(await failureOf(client.batchLogin([reportOf('a')], options)), reason)
      assert.equal(seen(), 0)
    })

    it('between the requests of a batch: what was accepted is told', async () => {
      const abort = new AbortController()
      const fetch: typeof globalThis.fetch = async (...request) => {
        const answer = await globalThis.fetch(...request)
        const text = await answer.text()
        abort.abort(reason)
        return new Response(text, answer)
      }
      const { client } = behind('pass', { fetch, maxBatchItems: 1 })
      const error = await failureOf(client.batchLogin([reportOf('r1'), reportOf('r2')], { signal: abort.signal }))
      assert.ok(error instanceof PartlyAcceptedError, inspect(error))
      assert.deepEqual([error.nextItem, error.cause, error.attempts], [1, reason, 0])
    })
  })

  describe('the feed', () => {
    it('begins when it is asked for; is read in pages, and by an iterator over them', async () => {
      assert.deepEqual(await client.feed(), { entries: [], last: 0, nextAfter: null })
      await client.shiftLogin({ workProviderUserId: 'not linked', timestamp: hour('10:00') })
      const last = await world.tell(1_001)
      const page = await client.feed()
      assert.deepEqual([page.entries.length, page.last, page.nextAfter], [1_000, last, 1_000])
      const entries: FeedEntry[] = []
      for await (const entry of client.feedEntries()) entries.push(entry)
      assert.deepEqual(
        entries.map(({ number }) => number),
        Array.from({ length: last }, (_, index) => index + 1),
      )
      const parked = entries.flatMap((entry) => (entry.type === 'report.parked' ? [entry.data] : []))
      const told = { workProviderUserId: 'not linked', kind: 'login', at: '2025-07-06T10:00:00Z' }
      assert.deepEqual(
        parked.filter(({ workProviderUserId }) => workProviderUserId === 'not linked'),
        [told],
      )
      assert.deepEqual(await client.feed(last), { entries: [], last, nextAfter: null })
      assert.equal((await client.feed(last - 1)).entries[0]!.id, entries.at(-1)!.id)
    })

    it('is asked for again after what passes, page by page', async () => {
      const last = await world.tell(1_001)
      const { client, seen } = behind('503,drop-midway,pass,drop-after,429')
      let count = 0
      for await (const _ of client.feedEntries(last - 1_001)) count++
      assert.equal(count, 1_001)
      assert.equal(seen(), 6)
    })

    it('of which a part is not kept any more: GONE; beyond the last entry: INVALID_DATA', async () => {
      const last = await world.tell(10)
      await world.forgetFeed(last - 5)
      const gone = await refusalOf(client.feed(last - 7))
      assert.deepEqual([gone.status, gone.code], [410, 'GONE'])
      assert.match(gone.detail!, new RegExp(`after=${last - 5}$`))
      const beyond = await refusalOf(client.feedEntries(last + 1).next())
      assert.deepEqual([beyond.status, beyond.code], [400, 'INVALID_DATA'])
    })
  })

  it('a webhook is verified as the program sends it, by either of two secrets', async () => {
    const { secrets, headers, body } = await world.sentWebhook()
    assert.equal(secrets.length, 2)
    const [entry] = (await client.feed((await client.feed(0)).last - 1)).entries
    for (const secret of [...secrets, secrets, ['whsec_b3RoZXI=', secrets[1]!]]) {
      assert.deepEqual(await verifyWebhook(secret, headers, body), entry)
    }
    await assert.rejects(verifyWebhook('whsec_b3RoZXI=', headers, body), WebhookError)
    await assert.rejects(verifyWebhook(secrets, headers, body.replace('ABC123', 'ABC124')), WebhookError)
  })

  it("the README's first example works as it is printed", async (t) => {
    const readme = readFileSync(new URL('README.md', PACKAGE), 'utf8')
    const example = /```ts\n(.*?)```/s.exec(readme)![1]!
    const directory = mkdtempSync(join(tmpdir(), 'zego-example-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const program = join(directory, 'example.ts')
    const source = new URL('src/index.ts', PACKAGE).href
    writeFileSync(
      program,
      example.replace("'zego-work-provider'", `'${source}'`).replace('https://zego.example', world.site.url),
    )
    const { mock } = t.mock.method(console, 'log', () => {})
    process.env['ZEGO_KEY'] = world.site.key
    await import(pathToFileURL(program).href)
    delete process.env['ZEGO_KEY']
    assert.deepEqual(
      mock.calls.map((call) => call.arguments),
      [['pending']],
    )
  })

  it('the key is in nothing that is thrown or printed', async () => {
    const { key } = world.site
    const failures = [
      behind('503*', { retries: 0 }).client.shiftLogin(reportOf('a')),
      behind('hang*', { timeoutMs: 20, retries: 0 }).client.shiftLogin(reportOf('a')),
      behind('drop-before*', { retries: 0 }).client.shiftLogin(reportOf('a')),
      behind('pass,503*', { retries: 0, maxBatchItems: 1 }).client.batchLogin([reportOf('a'), reportOf('b')]),
      openClient({ key, baseUrl: `http://127.0.0.1:${await freePort()}`, retries: 0 }).client.match('ABC123', true),
    ]
    const errors = await Promise.all(failures.map(failureOf))
    assert.ok(errors.every((error) => error instanceof ZegoError))
    for (const printed of [client, ...errors]) {
      const text = inspect(printed, { depth: Infinity, showHidden: true, getters: true }) + JSON.stringify(printed)
      assert.ok(!text.includes(key), text)
    }
    for (const bad of [`${key}\n${key}`, `${key}é`]) {
      assert.throws(
        () => new WorkProviderClient({ key: bad, baseUrl: world.site.url }),
        (error: Error) => !inspect(error).includes(key),
      )
    }
  })
})

describe('the TypeScript client and a server that has enough', () => {
  let site: TestSite
  let now: Instant
  const goOn = (ms: number): void => void (now = (now + ms * MICROSECONDS_PER_MILLISECOND) as Instant)
  before(async () => {
    site = await openSite('embedded', { requestsPerSecond: 1, queuedEvents: 1 })
    now = site.context.now()
    Object.assign(site.context, { now: () => now })
  })
  after(() => site.close())

  /** One whose waits are the only time that passes for the server. */
  function openPatient(retries: number) {
    const waits: number[] = []
    const sleep = async (ms: number): Promise<void> => {
      waits.push(ms)
      goOn(ms)
    }
    const { client } = openClient({ key: site.key, baseUrl: site.url, random: () => 0, retries, sleep })
    return { client, waits }
  }

  it('comes again after the time that a 429 names, and is let in', async () => {
    const { client, waits } = openPatient(1)
    for (const timestamp of [hour('10:00'), hour('11:00'), hour('12:00')]) {
      await client.shiftLogin({ workProviderUserId: 'a', timestamp })
    }
    assert.deepEqual(waits, [1_000, 1_000])
  })

  it('says so when a 503 does not pass', async () => {
    goOn(1_000)
    const { client, waits } = openPatient(2)
    const reports = ['a', 'b'].map((workProviderUserId) => ({ workProviderUserId, timestamp: hour('10:00') }))
    const error = await refusalOf(client.batchLogin(reports))
    assert.deepEqual([error.status, error.code, error.attempts], [503, 'UNAVAILABLE', 3])
    assert.deepEqual(waits, [1_000, 1_000])
  })
})
