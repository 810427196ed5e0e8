import assert from 'node:assert/strict'
import { after, before, beforeEach, it } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { annulEvent } from '../../src/app/annul.ts'
import { createKey } from '../../src/app/api-keys.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { cancelPolicy, createPolicy } from '../../src/app/policies.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { signedUpNews } from '../../src/domain/feed.ts'
import {
  formatInstant,
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MILLISECOND,
  MICROSECONDS_PER_MINUTE,
  plus,
} from '../../src/domain/instant.ts'
import { shiftAt } from '../../src/domain/shift-engine.ts'
import { eventId } from '../../src/domain/shift-event.ts'
import { databaseNow, inTransaction } from '../../src/storage/database.ts'
import { insertNews } from '../../src/storage/feed.ts'
import { derivedOfLinks } from '../../src/storage/shifts.ts'
import { waitFor } from '../faults/harness.ts'
import { readFeed, turnFeed, type WireEntry } from '../support/feed.ts'
import { runs } from '../support/properties.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'

const HOUR = MICROSECONDS_PER_HOUR

onEachEngine('the feed', (engine) => {
  let site: TestSite
  let people = 0
  /** The last number that was read: each test reads what follows. */
  let read = 0
  let now: Instant

  before(async () => {
    site = await openSite(engine)
    await readFeed(site)
  })
  after(() => site.close())
  beforeEach(async () => {
    now = await databaseNow(site.context.db)
    await news()
  })

  /** What was told since this was asked last. */
  async function news(): Promise<WireEntry[]> {
    await turnFeed(site.context)
    const { status, feed } = await readFeed(site, `?after=${read}`)
    assert.equal(status, 200)
    assert.deepEqual(
      feed.entries.map((entry) => entry.number),
      feed.entries.map((_, index) => read + 1 + index),
    )
    read = feed.last
    return feed.entries
  }
  const told = async (): Promise<unknown[]> => (await news()).map(({ type, data }) => [type, data])

  /** A customer who is linked, with a user id, and insured; told of already. */
  async function courier({ consents = true } = {}): Promise<{ number: string; userId: string; linkId: number }> {
    const number = `F${++people}`
    const userId = `u${people}`
    await createCustomer(site.context, { customerNumber: number, email: `${number}@example.com` })
    const link = await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: number,
      workProviderUserId: userId,
      ...(consents ? { consentedAt: plus(now, -100 * HOUR) } : {}),
    })
    await news()
    return { number, userId, linkId: link.id }
  }

  const at = (hoursAgo: number): string => formatInstant(plus(now, -hoursAgo * HOUR))
  async function report(kind: 'login' | 'logout', userId: string, hoursAgo: number): Promise<void> {
    await site.report(kind, { workProviderUserId: userId, timestamp: at(hoursAgo) })
    await site.settle()
  }
  const shift = (from: number, to: number | null = null, endReason = to === null ? null : 'logout'): object => ({
    startedAt: at(from),
    endedAt: to === null ? null : at(to),
    endReason,
  })

  it('tells of a shift that opens and closes, and of what a late report changes of it', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    await report('login', userId, 5)
    assert.deepEqual(await told(), [['shift.opened', { ...who, shift: shift(5), before: null }]])
    await report('logout', userId, 2)
    assert.deepEqual(await told(), [['shift.closed', { ...who, shift: shift(5, 2), before: shift(5) }]])
    await report('logout', userId, 2)
    assert.deepEqual(await told(), [], 'what is told again changes nothing')
    await report('logout', userId, 3)
    assert.deepEqual(await told(), [['shift.closed', { ...who, shift: shift(5, 3), before: shift(5, 2) }]])
    await report('login', userId, 6)
    assert.deepEqual(await told(), [
      ['shift.closed', { ...who, shift: null, before: shift(5, 3) }],
      ['shift.opened', { ...who, shift: shift(6), before: null }],
      ['shift.closed', { ...who, shift: shift(6, 3), before: shift(6) }],
    ])
  })

  it('tells of a shift that goes on, and of one that is none any more, when an event is annulled', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    const annul = async (kind: 'login' | 'logout', hoursAgo: number): Promise<void> => {
      const identity = { workProviderId: site.workProviderId, kind: 'user_id', text: userId } as const
      const id = eventId({ identity, kind, at: plus(now, -hoursAgo * HOUR) })
      await annulEvent(site.context, { eventId: id, annulled: true, reason: 'a test' })
    }
    await report('login', userId, 4)
    await report('logout', userId, 1)
    await news()
    await annul('logout', 1)
    assert.deepEqual(await told(), [['shift.opened', { ...who, shift: shift(4), before: shift(4, 1) }]])
    await annul('login', 4)
    assert.deepEqual(await told(), [['shift.closed', { ...who, shift: null, before: shift(4) }]])
  })

  it('tells once of a shift that ends by its cap: when that comes, or when it is heard of after', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    await report('login', userId, 40)
    const first = shift(40, 26, 'cap')
    assert.deepEqual(await told(), [
      ['shift.opened', { ...who, shift: shift(40), before: null }],
      ['shift.closed', { ...who, shift: first, before: shift(40) }],
    ])
    // As if the cap of the next one were still to come.
    await sql`update feed_caps set told_to = now() - interval '7 hours'`.execute(site.context.db)
    await report('login', userId, 20)
    const before = read
    assert.deepEqual(await told(), [
      ['shift.opened', { ...who, shift: shift(20), before: null }],
      ['shift.closed', { ...who, shift: shift(20, 6, 'cap'), before: shift(20) }],
    ])
    assert.equal(read, before + 2)
    await report('logout', userId, 8)
    assert.deepEqual(await told(), [['shift.closed', { ...who, shift: shift(20, 8), before: shift(20, 6, 'cap') }]])
  })

  it('says the same of a stranger and of somebody who has not agreed', async () => {
    const { userId } = await courier({ consents: false })
    await report('login', userId, 3)
    await report('login', 'nobody', 3)
    assert.deepEqual(await told(), [
      ['report.parked', { workProviderUserId: userId, kind: 'login', at: at(3) }],
      ['report.parked', { workProviderUserId: 'nobody', kind: 'login', at: at(3) }],
    ])
  })

  it('tells of a link and of the status that comes with it, and ends with the withdrawal', async () => {
    const { number, userId } = await courier({ consents: false })
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    const given = await recordConsent(site.context, name, true)
    assert.deepEqual(await told(), [
      ['link.created', { ...who, at: formatInstant(given) }],
      ['policy.status_changed', { ...who, status: 'DISABLED', before: null }],
    ])
    const ended = await recordConsent(site.context, name, false)
    assert.deepEqual(await told(), [['link.withdrawn', { ...who, at: formatInstant(ended) }]])
    await report('login', userId, 2)
    assert.deepEqual(await told(), [['report.parked', { workProviderUserId: userId, kind: 'login', at: at(2) }]])
  })

  it('tells of what happened while a link was not active, once it is', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    await report('login', userId, 9)
    await news()
    await recordConsent(site.context, name, false)
    await report('logout', userId, 8)
    await report('login', userId, 6)
    await report('logout', userId, 5)
    await report('login', userId, 2)
    assert.deepEqual(
      (await news()).map(({ type }) => type),
      ['link.withdrawn', 'report.parked', 'report.parked', 'report.parked', 'report.parked'],
    )
    await recordConsent(site.context, name, true)
    const [created, status, ...shifts] = await told()
    assert.equal((created as string[])[0], 'link.created')
    assert.equal((status as string[])[0], 'policy.status_changed')
    const opened = (from: number): unknown => ['shift.opened', { ...who, shift: shift(from), before: null }]
    const closed = (from: number, to: number): unknown => [
      'shift.closed',
      { ...who, shift: shift(from, to), before: shift(from) },
    ]
    assert.deepEqual(shifts, [closed(9, 8), opened(6), closed(6, 5), opened(2)])
    await report('logout', userId, 1)
    assert.deepEqual(await told(), [closed(2, 1)])
  })

  it('tells of a shift that was reported ahead when its time comes', async () => {
    const { userId } = await courier()
    const soon = plus(await databaseNow(site.context.db), 700_000)
    const timestamp = formatInstant(soon)
    await site.report('login', { workProviderUserId: userId, timestamp })
    await site.settle()
    const early = await news()
    assert.ok(early.length === 0 || (await databaseNow(site.context.db)) >= soon)
    const entries = [...early]
    await waitFor('its time to come', async () => {
      entries.push(...(await news()))
      return entries.length > 0
    })
    assert.ok((await databaseNow(site.context.db)) >= soon)
    assert.deepEqual(
      entries.map(({ type, data }) => [type, (data['shift'] as { startedAt: string }).startedAt]),
      [['shift.opened', timestamp]],
    )
  })

  it('withholds a shift that lies ahead, and nothing else of the same person', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    await report('login', userId, 1)
    await report('login', userId, -20)
    assert.deepEqual(await told(), [['shift.opened', { ...who, shift: shift(1), before: null }]])
    await report('login', userId, 2)
    assert.deepEqual(await told(), [
      ['shift.closed', { ...who, shift: null, before: shift(1) }],
      ['shift.opened', { ...who, shift: shift(2), before: null }],
    ])
    await report('logout', userId, 0.5)
    assert.deepEqual(await told(), [['shift.closed', { ...who, shift: shift(2, 0.5), before: shift(2) }]])
  })

  it('tells of a shift that went while the link was not active, once it is', async () => {
    const { number, userId } = await courier()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    await report('login', userId, 4)
    await recordConsent(site.context, name, false)
    await report('login', userId, 5)
    await news()
    await recordConsent(site.context, name, true)
    assert.deepEqual((await told()).slice(2), [
      ['shift.closed', { ...who, shift: null, before: shift(4) }],
      ['shift.opened', { ...who, shift: shift(5), before: null }],
    ])
  })

  it('tells of a consent that was recorded ahead when its moment comes, and forgets how to reach them', async () => {
    const { number, userId } = await courier()
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    const contact = { email: `${number}@example.com`, phone: null }
    const signedUp = signedUpNews({ workProviderId: site.workProviderId, customerNumber: number }, contact)
    await inTransaction(site.context.db, (trx) => insertNews(trx, [signedUp]))
    await news()
    const soon = async (): Promise<Instant> => plus(await databaseNow(site.context.db), 500_000)
    const withdrawn = await recordConsent(site.context, name, false, await soon())
    const entries: WireEntry[] = []
    const heard = async (): Promise<boolean> => {
      entries.push(...(await news()))
      return entries.length > 0
    }
    await waitFor('the withdrawal', heard)
    assert.ok((await databaseNow(site.context.db)) >= withdrawn)
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    assert.deepEqual(
      entries.splice(0).map(({ type, data }) => [type, data]),
      [['link.withdrawn', { ...who, at: formatInstant(withdrawn) }]],
    )
    const { rows } = await sql<{ data: object }>`
      select data from feed_entry where customer_number = ${number} and type = 'customer.signed_up'
    `.execute(site.context.db)
    assert.deepEqual(
      rows.map(({ data }) => data),
      [{ customerNumber: number }],
    )
    await changeSettings(site.context, 'Courier Ltd', { linkRequires: 'match' })
    try {
      await recordConsent(site.context, name, true, await soon())
      await waitFor('the consent', heard)
      assert.deepEqual(
        entries.map(({ type }) => type),
        ['link.created', 'match.needed'],
      )
    } finally {
      await changeSettings(site.context, 'Courier Ltd', { linkRequires: 'nothing' })
    }
  })

  it('tells of a consent that was recorded ahead once, and before what comes after it', async () => {
    const { number, userId } = await courier()
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    const soon = plus(await databaseNow(site.context.db), 300_000)
    await recordConsent(site.context, name, false, soon)
    await waitFor('its moment', async () => (await databaseNow(site.context.db)) > soon)
    // Nobody looked since.
    await recordConsent(site.context, name, true)
    const [withdrawn, created, ...more] = await told()
    const who = { customerNumber: number, workProviderUserIds: [userId] }
    assert.deepEqual(withdrawn, ['link.withdrawn', { ...who, at: formatInstant(soon) }])
    assert.equal((created as string[])[0], 'link.created')
    assert.deepEqual(more, [])
    const terms = { customerNumber: number, classOfUse: 'Hire & Reward', coverLevel: 'TPO' }
    await createPolicy(site.context, { ...terms, from: soon })
    assert.deepEqual(
      (await news()).map(({ type }) => type),
      ['policy.status_changed'],
      'another fact of the same moment',
    )
  })

  it('tells of a consent that staff record what it changes now, whenever they say that it held', async () => {
    const { number } = await courier()
    const name = { workProvider: 'Courier Ltd', customerNumber: number }
    await recordConsent(site.context, name, false)
    await news()
    await recordConsent(site.context, name, true, plus(now, -200 * HOUR))
    await recordConsent(site.context, name, false, plus(now, -150 * HOUR))
    await recordConsent(site.context, name, true, plus(now, 48 * HOUR))
    assert.deepEqual(await told(), [])
  })

  it('tells of a status that a policy changes, and of one that time changes', async () => {
    const { number, userId } = await courier()
    const changed = (status: string, before: string): unknown => [
      'policy.status_changed',
      { customerNumber: number, workProviderUserIds: [userId], status, before },
    ]
    const terms = { customerNumber: number, classOfUse: 'Hire & Reward', coverLevel: 'TPO' }
    const policy = await createPolicy(site.context, terms)
    assert.deepEqual(await told(), [changed('ENABLED', 'DISABLED')])
    await createPolicy(site.context, terms)
    assert.deepEqual(await told(), [], 'a second policy changes no status')
    await cancelPolicy(site.context, policy.id)
    assert.deepEqual(await told(), [])
    const short = await courier()
    const ends = plus(now, 24 * HOUR)
    await createPolicy(site.context, { ...terms, customerNumber: short.number, to: ends })
    const status = async (): Promise<unknown[]> => (await news()).map(({ data }) => data['status'])
    assert.deepEqual(await status(), ['ENABLED'])
    // As if its end had come.
    await sql`update policy set valid_to = now() where customer_number = ${short.number}`.execute(site.context.db)
    await sql`
      update status_due set due_at = now() where customer_number = ${short.number} and due_at = ${formatInstant(ends)}
    `.execute(site.context.db)
    assert.deepEqual(await status(), ['DISABLED'])
  })

  const oneBackend = engine === 'embedded' && 'there a transaction ends before the next one begins'
  it('numbers in the order of commits, so that who read up to a number misses none', { skip: oneBackend }, async () => {
    const one = (name: string): Parameters<typeof insertNews>[1] => [
      { workProviderId: site.workProviderId, type: 'link.created', customerNumber: null, data: { name } },
    ]
    let commit = (): void => {}
    const isWritten = Promise.withResolvers<void>()
    const slow = inTransaction(site.context.db, async (trx) => {
      await insertNews(trx, one('written first, committed last'))
      isWritten.resolve()
      await new Promise<void>((resolve) => (commit = resolve))
    })
    await isWritten.promise
    await inTransaction(site.context.db, (trx) => insertNews(trx, one('committed first')))
    assert.deepEqual(await told(), [['link.created', { name: 'committed first' }]])
    commit()
    await slow
    assert.deepEqual(await told(), [['link.created', { name: 'written first, committed last' }]])
  })

  it('is told in pages, and refuses numbers that it cannot go on from', async () => {
    const start = read
    await inTransaction(site.context.db, (trx) =>
      insertNews(
        trx,
        Array.from({ length: 1_001 }, (_, index) => ({
          workProviderId: site.workProviderId,
          type: 'link.created',
          customerNumber: null,
          data: { index },
        })),
      ),
    )
    await turnFeed(site.context)
    const { feed } = await readFeed(site, `?after=${start}`)
    assert.equal(feed.entries.length, 1_000)
    assert.equal(feed.next, `/v1/feed?after=${start + 1_000}`)
    const rest = await readFeed(site, `?after=${start + 1_000}`)
    assert.equal(rest.feed.entries.length, 1)
    assert.equal(rest.feed.next, null)
    read = rest.feed.last
    assert.equal((await readFeed(site, `?after=${rest.feed.last + 1}`)).status, 400)
    for (const query of ['?after=', '?after=x', '?after=-1', '?after=1&after=2', '?after=1.5', '?after']) {
      assert.equal((await readFeed(site, query)).status, 400, query)
    }
    await sql`delete from feed_entry where number <= ${start + 500}`.execute(site.context.db)
    const gone = await readFeed(site, `?after=${start + 499}`)
    assert.deepEqual([gone.status, gone.feed], [410, { error: 'GONE' }])
    assert.match(gone.detail!, new RegExp(`go on with after=${start + 500}$`))
    assert.equal((await readFeed(site, `?after=${start + 500}`)).feed.entries[0]!.number, start + 501)
    assert.equal((await readFeed(site, '')).feed.entries[0]!.number, start + 501, 'without a number: what is kept')
  })

  it('is each work provider’s own, and begins when it is first asked for', async () => {
    await createWorkProvider(site.context, 'Other Ltd')
    const { key } = await createKey(site.context, 'Other Ltd')
    const other = { url: site.url, key }
    await createCustomer(site.context, { customerNumber: 'OTHER', email: 'other@example.com' })
    await createLink(site.context, { workProvider: 'Other Ltd', customerNumber: 'OTHER', consentedAt: now })
    await turnFeed(site.context)
    assert.deepEqual(await readFeed(other), { status: 200, detail: null, feed: { entries: [], last: 0, next: null } })
    await recordConsent(site.context, { workProvider: 'Other Ltd', customerNumber: 'OTHER' }, false)
    await turnFeed(site.context)
    const { feed } = await readFeed(other)
    assert.deepEqual(
      feed.entries.map(({ type, number }) => [type, number]),
      [['link.withdrawn', 1]],
    )
    assert.deepEqual(await news(), [])
  })

  it('says that a match is needed where it is', async () => {
    await changeSettings(site.context, 'Courier Ltd', { linkRequires: 'match' })
    try {
      const { number } = await courier({ consents: false })
      await recordConsent(site.context, { workProvider: 'Courier Ltd', customerNumber: number }, true)
      assert.deepEqual(
        (await news()).map(({ type }) => type),
        ['link.created', 'match.needed'],
      )
      const headers = { Authorization: site.key }
      const body = JSON.stringify({ customerNumber: number, success: true })
      assert.equal((await fetch(`${site.url}/v1/match`, { method: 'POST', headers, body })).status, 202)
      assert.deepEqual(
        (await news()).map(({ type, data }) => [type, data['status']]),
        [['policy.status_changed', 'DISABLED']],
      )
    } finally {
      await changeSettings(site.context, 'Courier Ltd', { linkRequires: 'nothing' })
    }
  })

  it('adds up to the shifts as they are, however reports come, and whenever they may be told', async () => {
    // Often a whole cap of 14 h apart, or a part of it: at its very end a logout and the cap are one instant.
    const minutes = fc.oneof(fc.integer({ min: 0, max: 60 * 40 }), fc.constantFrom(0, 420, 840, 1260, 1680, 2100))
    const past = minutes.map((ago) => -ago * MICROSECONDS_PER_MINUTE)
    const ahead = fc.integer({ min: 100, max: 1_200 }).map((ms) => ms * MICROSECONDS_PER_MILLISECOND)
    const moment = fc.oneof({ arbitrary: past, weight: 5 }, { arbitrary: ahead, weight: 1 })
    const reports = fc.array(fc.record({ kind: fc.constantFrom('login', 'logout'), moment }), { maxLength: 14 })
    const piece = fc.record({ reports, isShared: fc.boolean(), isTold: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
        const { number, userId, linkId } = await courier()
        const name = { workProvider: 'Courier Ltd', customerNumber: number }
        const begun = await databaseNow(site.context.db)
        for (const { reports: some, isShared, isTold } of pieces) {
          await recordConsent(site.context, name, isShared)
          for (const kind of ['login', 'logout'] as const) {
            const body = some
              .filter((one) => one.kind === kind)
              .map((one) => ({ workProviderUserId: userId, timestamp: formatInstant(plus(begun, one.moment)) }))
            if (body.length === 0) continue
            const headers = { Authorization: site.key }
            await fetch(`${site.url}/v1/batch/${kind}`, { method: 'POST', headers, body: JSON.stringify(body) })
          }
          await site.settle()
          if (isTold) await turnFeed(site.context)
        }
        await recordConsent(site.context, name, true)
        const last = plus(begun, Math.max(0, ...pieces.flatMap((one) => one.reports.map(({ moment: at }) => at))))
        await waitFor('all that lay ahead', async () => (await databaseNow(site.context.db)) > last)
        type Told = { startedAt: string; endedAt: string | null; endReason: string | null }
        const shifts = new Map<string, Told>()
        for (const { type, data } of await news()) {
          if (!type.startsWith('shift.')) continue
          const [is, was] = [data['shift'], data['before']] as [Told | null, Told | null]
          assert.deepEqual(was, shifts.get((is ?? was)!.startedAt) ?? null, 'what was told before is as it was told')
          assert.equal(type === 'shift.opened', is !== null && is.endReason === null)
          if (is === null) shifts.delete(was!.startedAt)
          else shifts.set(is.startedAt, is)
        }
        const until = await databaseNow(site.context.db)
        const stored = (await derivedOfLinks(site.context.db, [linkId])).get(linkId)!.shifts.map((one): Told => {
          const { startedAt, endedAt, capAt, endReason } = shiftAt(one, until)
          const end = endReason === 'cap' ? capAt : endedAt
          return { startedAt: formatInstant(startedAt), endedAt: end === null ? null : formatInstant(end), endReason }
        })
        assert.deepEqual(
          [...shifts.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1)),
          stored,
        )
      }),
      runs(6),
    )
  })
})
