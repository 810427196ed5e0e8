import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { type AcceptedRequest, type Report, startAcceptor } from '../../src/app/accept.ts'
import { openStatusDesk } from '../../src/app/answer-status.ts'
import { createKey, createTestKey, openKeyRing } from '../../src/app/api-keys.ts'
import { readApiUse, startApiUseLog } from '../../src/app/api-use.ts'
import { annulKnownEvent } from '../../src/app/annul.ts'
import { startAskedLog } from '../../src/app/asked.ts'
import { countDay, dueDays } from '../../src/app/count-quality.ts'
import { readCustomer } from '../../src/app/customer-record.ts'
import { readDataQuality } from '../../src/app/data-quality.ts'
import { readDeskCustomer } from '../../src/app/desk-customer.ts'
import { listRequests } from '../../src/app/list-requests.ts'
import { recordMatch } from '../../src/app/match.ts'
import { openLive } from '../../src/app/live.ts'
import { tellOfMatches, watchShifts } from '../../src/app/notices.ts'
import { derivePending, projectReports } from '../../src/app/project.ts'
import { readRefusals, startRefusalLog } from '../../src/app/refusals.ts'
import { traceRequest } from '../../src/app/request-trace.ts'
import { readRequest } from '../../src/app/requests.ts'
import { search } from '../../src/app/search.ts'
import { openValidationDesk } from '../../src/app/validate.ts'
import { openWatch } from '../../src/app/watch.ts'
import type { Identity, IdentityName } from '../../src/domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, plus } from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { utcDayOf } from '../../src/domain/utc-day.ts'
import { readEventRanges } from '../../src/storage/events.ts'
import { linksAfter } from '../../src/storage/links.ts'
import { readQualityDays } from '../../src/storage/quality-days.ts'
import { fillInbox, type GrownStore, growStore, PAST_MONTHS } from '../support/grown-store.ts'
import { assertStraight, lookedInto, readCatalog, SMALL_PAGES } from '../support/plan-rules.ts'
import { type Planned, plansOf } from '../support/plans.ts'
import { onPlainEngines, type PlainEngine, PLANS_OF_ONE_SERVER, openStore, type Store } from '../support/stores.ts'

/*
 * What PostgreSQL does for the statements of the hot paths in a store that has grown: it goes straight to the rows that
 * are meant. The plans are read as they are made for what the program sends; nothing of a statement is known here.
 *
 * A batch is a small part of the store, as a full one is of a large store: of more than about a hundredth, reading the
 * whole table is cheaper, and PostgreSQL is right to do so.
 */

/** Tables that grow for as long as the program is used, and are read by the hot paths. */
const GROWING = (
  'customer link identity binding release consent match policy policy_cancellation ' +
  'event report shift anomaly notice api_key quality_day deprecated_use refusal refusal_count'
).split(' ')
const DAY = 24 * MICROSECONDS_PER_HOUR
const SIZES: Record<PlainEngine, { customers: number; working: number; batch: number; backlog: number }> = {
  server: { customers: 40_000, working: 20_000, batch: 50, backlog: 50_000 },
  embedded: { customers: 20_000, working: 10_000, batch: 25, backlog: 20_000 },
}

onPlainEngines('in a grown store', PLANS_OF_ONE_SERVER, (engine) => {
  const { customers, working, batch, backlog } = SIZES[engine]
  let store: Store
  let grown: GrownStore
  before(async () => {
    store = await openStore(engine)
    grown = await growStore(store, { customers, working, onShift: batch })
    // What leaves test twins out has some to leave out.
    for (const name of ['Big Ltd', 'Second Ltd']) await createTestKey(store.context, name)
    const { pages, tableOf } = await readCatalog(store.context.db)
    for (const table of GROWING) {
      const largest = Math.max(...[...pages].map(([name, size]) => (tableOf.get(name) === table ? size : 0)))
      assert.ok(largest > SMALL_PAGES, `${table} has not grown: nothing would be shown by how it is read`)
    }
  })
  after(() => store.close())

  /** Runs work; each statement must go straight to its rows, and together they must look into these tables at least. */
  async function goesStraight(work: () => Promise<unknown>, tables: readonly string[]): Promise<Planned[]> {
    const planned = await plansOf(work)
    await assertStraight(store.context.db, planned, tables)
    return planned
  }

  /** The partitions of a table that were looked into, by the names of their months. */
  function monthsOf(planned: readonly Planned[], table: 'event' | 'report'): Set<string> {
    const ran = planned.filter((one) => one.made === 'for the parameters')
    const names = ran.flatMap((one) => [...lookedInto(one)])
    return new Set(names.filter((name) => name.startsWith(`${table}_`)).map((name) => name.slice(table.length + 1)))
  }

  /** As in `2026_11`; months to come are negative. */
  function month(monthsAgo: number): string {
    return new Date(grown.monthStart(monthsAgo) / 1000).toISOString().slice(0, 7).replace('-', '_')
  }

  function report(customer: number, at: Instant, kind?: 'old user id'): Report {
    if (kind !== undefined) return { identity: { kind: 'user_id', text: grown.oldUserIdOf(customer) }, at }
    return { identity: nameOf(customer), at }
  }

  /** Every second one is named by their number. */
  function nameOf(customer: number): IdentityName {
    return customer % 2 === 0
      ? { kind: 'customer_number', text: grown.numberOf(customer) }
      : { kind: 'user_id', text: grown.userIdOf(customer) }
  }

  /** Customers all over the store, those of the large work provider. */
  function many(count: number): number[] {
    return Array.from({ length: count }, (_, index) => Math.floor((index * working) / count / 10) * 10 + (index % 6))
  }

  async function accept(
    reports: readonly Report[],
    workProviderId = grown.workProviderIds[0]!,
    kind: EventKind = 'login',
  ): Promise<string> {
    const request: AcceptedRequest = { requestId: store.context.newId(), workProviderId, kind, reports }
    await startAcceptor(store.context, () => {}).accept(request)
    return request.requestId
  }

  const projectBatch = (): Promise<number> => projectReports(store.context.db, batch)

  async function drain(): Promise<void> {
    while ((await projectReports(store.context.db)) > 0) continue
  }

  test('accepting looks into nothing, one report or many', async () => {
    for (const count of [1, batch]) {
      const planned = await goesStraight(() => accept(many(count).map((one) => report(one, grown.now))), ['inbox'])
      for (const one of planned) assert.deepEqual([...lookedInto(one)], ['inbox'])
    }
    await drain()
  })

  const PROJECTED = [
    'inbox',
    'report',
    'event',
    'identity',
    'binding',
    'release',
    'link',
    'setting',
    'shift',
    'anomaly',
  ]

  test('projecting goes straight to each stream, for one report and for a batch of a backlog', async () => {
    await accept([report(11, plus(grown.now, -DAY))])
    await goesStraight(projectBatch, PROJECTED)
    await accept([{ identity: { kind: 'user_id', text: 'nobody' }, at: grown.now }])
    await goesStraight(projectBatch, ['inbox', 'identity', 'binding'])
    for (const workProviderId of grown.workProviderIds) {
      await accept(
        many(5 * batch).map((one) => report(one, plus(grown.now, -one * MICROSECONDS_PER_MINUTE))),
        workProviderId,
      )
    }
    for (let round = 0; round < 3; round++) await goesStraight(projectBatch, ['inbox', 'identity'])
    await drain()
  })

  test('projecting a late event looks into no month of events: what is stored tells them', async () => {
    await accept([report(21, plus(grown.monthStart(2), DAY))])
    const planned = await goesStraight(projectBatch, PROJECTED)
    assert.deepEqual(monthsOf(planned, 'event'), new Set())
  })

  test('deriving from the events again looks into no month before the first that changed', async () => {
    const { db } = store.context
    const from = new Date(plus(grown.monthStart(2), DAY) / 1000)
    await sql`update link set derive_from = ${from} where id = 21`.execute(db)
    const planned = await goesStraight(() => derivePending(db), ['link', 'binding', 'event', 'shift', 'anomaly'])
    const months = monthsOf(planned, 'event')
    assert.ok(months.has(month(2)) && months.has(month(0)), [...months].join())
    for (let before = 3; before <= PAST_MONTHS; before++) assert.ok(!months.has(month(before)), month(before))
  })

  test('a stretch of events is read from its own months alone, and from one index each', async () => {
    const identity: Identity = {
      workProviderId: grown.workProviderIds[0]!,
      kind: 'user_id',
      text: grown.oldUserIdOf(1),
    }
    const range = { identity, from: grown.monthStart(5), to: grown.released, limit: batch }
    const short = { ...range, from: plus(grown.monthStart(5), DAY), to: plus(grown.monthStart(5), 2 * DAY) }
    for (const [ranges, months] of [
      [[range], [month(5), month(4)]],
      [[short], [month(5)]],
      [
        [short, { ...range, from: grown.monthStart(1), to: grown.monthStart(0) }],
        [month(5), month(1)],
      ],
    ] as const) {
      const planned = await goesStraight(() => readEventRanges(store.context.db, ranges), ['event'])
      assert.deepEqual(monthsOf(planned, 'event'), new Set(months))
    }
  })

  test('going on with a stream that is derived up to a point goes straight to it', async () => {
    const { db } = store.context
    await sql`update link set derive_from = ${new Date(grown.monthStart(4) / 1000)} where id in (31, 41)`.execute(db)
    await goesStraight(() => derivePending(db), ['link', 'binding', 'event', 'shift', 'anomaly'])
    await goesStraight(() => derivePending(db), ['link', 'binding', 'event', 'shift', 'anomaly'])
    assert.equal(await derivePending(db), false)
    await goesStraight(() => derivePending(db), ['link'])
  })

  test('a status goes straight to its person, by number or user id, known or not, one or many', async () => {
    const desk = openStatusDesk(store.context, () => {})
    const facts = ['link', 'consent', 'match', 'policy', 'policy_cancellation']
    const [, wp] = grown.workProviderIds
    const ask = (customer: number) => desk.answer(grown.workProviderIdOf(customer), nameOf(customer))
    await goesStraight(() => ask(20), facts)
    await goesStraight(() => ask(21), ['binding', 'release', ...facts])
    await goesStraight(() => desk.answer(wp!, { kind: 'user_id', text: 'nobody' }), ['binding'])
    await goesStraight(() => desk.answer(wp!, { kind: 'customer_number', text: 'NOBODY' }), ['link'])
    await goesStraight(() => Promise.all(many(batch).map(ask)), ['binding', ...facts])
  })

  test('a key is found by its hash', async () => {
    const { key } = await createKey(store.context, 'Big Ltd')
    const ring = openKeyRing(store.context)
    await goesStraight(() => ring.find('no key of anybody'), ['api_key'])
    const planned = await goesStraight(async () => assert.notEqual(await ring.find(key), null), ['api_key'])
    assert.equal(planned.filter((one) => one.made !== 'kept').length, 1)
  })

  test('a request is found by its id in the months around it, waiting and projected, beside a backlog', async () => {
    const [workProviderId] = grown.workProviderIds
    await fillInbox(store.context.db, grown.workProviderIds, backlog)
    const at = plus(grown.monthStart(2), DAY)
    const small = await accept([report(41, at)])
    const large = await accept(many(batch).map((one, index) => report(one, plus(at, index))))
    const facts = ['inbox', 'report', 'event', 'binding', 'link', 'consent', 'match', 'shift', 'anomaly']
    for (const where of ['waiting', 'projected']) {
      for (const id of [small, large]) {
        const planned = await goesStraight(() => readRequest(store.context, workProviderId!, id, 0), facts)
        if (where === 'projected') assert.deepEqual(monthsOf(planned, 'event'), new Set([month(2)]))
        for (let before = 2; before <= PAST_MONTHS; before++) {
          assert.ok(!monthsOf(planned, 'report').has(month(before)), month(before))
        }
      }
      await sql`delete from inbox where identity like 'x-%'`.execute(store.context.db)
      await drain()
    }
    await goesStraight(() => readRequest(store.context, workProviderId!, store.context.newId(), 0), ['report', 'match'])
  })

  const OUTCOME = ['event', 'binding', 'release', 'link', 'consent', 'match', 'shift', 'anomaly']

  test('a day of reports is counted from its own stretch of an index, a piece at a time, beside a backlog', async () => {
    const { context } = store
    const [workProviderId] = grown.workProviderIds
    const now = context.now()
    const day = utcDayOf(now)
    for (const kind of ['login', 'logout'] as const) {
      await accept(
        many(batch).map((one) => report(one, plus(grown.now, -one * MICROSECONDS_PER_MINUTE))),
        workProviderId,
        kind,
      )
    }
    await drain()
    await fillInbox(context.db, grown.workProviderIds, backlog)
    for (const limit of [batch, 10 * batch]) {
      const planned = await goesStraight(
        () => countDay(context, { workProviderId: workProviderId!, day }, plus(now, DAY), limit),
        ['report', 'quality_day', ...OUTCOME],
      )
      for (let before = 2; before <= PAST_MONTHS; before++) {
        assert.ok(!monthsOf(planned, 'report').has(month(before)), month(before))
      }
    }
    const [counted] = await readQualityDays(context.db, workProviderId!, day, day)
    assert.ok(counted!.reports >= 2 * batch, `${counted!.reports} reports`)
    await goesStraight(() => dueDays(context, now), ['work_provider', 'quality_day'])
  })

  test("a work provider's page is read straight: quality, requests, use and refusals, beside a backlog", async () => {
    const { context } = store
    const [workProviderId, second] = grown.workProviderIds
    await recordMatch(context, {
      requestId: context.newId(),
      workProviderId: workProviderId!,
      customerNumber: grown.numberOf(20),
      success: true,
    })
    await accept([report(41, grown.now)])
    await goesStraight(() => readDataQuality(context, workProviderId!, 30), ['quality_day', 'report', 'inbox'])
    for (const [limit, looksInto] of [
      [1, ['report', 'inbox', 'match']],
      [50, ['report', 'inbox', 'policy', ...OUTCOME]],
    ] as const) {
      const planned = await goesStraight(
        () => listRequests(context, workProviderId!, { before: null, limit }),
        looksInto,
      )
      for (let before = 3; before <= PAST_MONTHS; before++) {
        assert.ok(!monthsOf(planned, 'report').has(month(before)), month(before))
      }
    }
    await goesStraight(() => readApiUse(context, second!, 30), ['api_key', 'key_use', 'deprecated_use'])
    await goesStraight(() => readRefusals(context, second!, { days: 30, limit: 50 }), ['refusal', 'refusal_count'])
    await sql`delete from inbox where identity like 'x-%'`.execute(context.db)
    await drain()
  })

  test('what is gathered of refusals and of the use of the API is stored straight', async () => {
    const { context } = store
    const [first, second] = grown.workProviderIds
    const { keys } = await readApiUse(context, second!, 1)
    const use = startApiUseLog(context)
    const refusals = startRefusalLog(context)
    for (const key of keys.slice(0, batch)) use.noteKey(key.id, context.now())
    for (const workProviderId of [first!, second!]) use.noteDeprecated(workProviderId, 'driverId')
    for (const workProviderId of [first!, null]) {
      refusals.note({
        requestId: context.newId(),
        workProviderId,
        at: context.now(),
        method: 'POST',
        path: '/v1/match',
        status: 400,
        error: 'INVALID_DATA',
        detail: 'the body is empty',
      })
    }
    await goesStraight(() => use.stop(), ['key_use', 'deprecated_use'])
    await goesStraight(() => refusals.stop(), ['refusal', 'refusal_count'])
  })

  test('customer numbers are looked up, one or many', async () => {
    const desk = openValidationDesk(store.context)
    const real = { isTest: false }
    await goesStraight(() => desk.validate(real, grown.numberOf(5), 'c5@example.com'), ['customer'])
    const numbers = many(batch).map(grown.numberOf)
    await goesStraight(() => Promise.all(numbers.map((one) => desk.validate(real, one, undefined))), ['customer'])
  })

  test('who was asked about is noted straight on the links', async () => {
    const asked = startAskedLog(store.context)
    for (const link of await linksAfter(store.context.db, 0, batch)) asked.note(link.id)
    await goesStraight(() => asked.stop(), ['link_asked'])
  })

  test('looking for whom to tell goes straight to those on shift, and whose shifts ended by the cap', async () => {
    const watch = watchShifts(store.context)
    const told = ['shift', 'link', 'policy', 'policy_cancellation', 'consent', 'notice', 'outbox']
    await goesStraight(() => watch(grown.now), told)
    await goesStraight(() => watch(plus(grown.now, 10 * MICROSECONDS_PER_HOUR)), ['shift', 'link', 'notice'])
    const since = plus(grown.now, -10 * MICROSECONDS_PER_MINUTE)
    await goesStraight(() => tellOfMatches(store.context, since, grown.now), ['match'])
  })

  test('the live page reads of each table no more than it shows', async () => {
    const [workProviderId] = grown.workProviderIds
    await drain()
    const reports = [{ identity: nameOf(2), at: plus(grown.now, MICROSECONDS_PER_HOUR) }]
    const told = { requestId: store.context.newId(), workProviderId: workProviderId!, kind: 'logout' as const, reports }
    await startAcceptor(store.context, () => {}).accept(told)
    await drain()
    await fillInbox(store.context.db, grown.workProviderIds, backlog)
    const stopping = new AbortController()
    const live = openLive(store.context, stopping.signal)
    const tables = ['shift', 'event', 'binding', 'link', 'consent', 'setting', 'policy', 'policy_cancellation']
    const alsoThose = ['match', 'inbox', 'report', 'refusal', 'refusal_count']
    const planned = await goesStraight(() => live.snapshot(), [...tables, ...alsoThose])
    for (let before = 2; before <= PAST_MONTHS; before++) {
      assert.ok(!monthsOf(planned, 'report').has(month(before)), month(before))
      assert.ok(!monthsOf(planned, 'event').has(month(before)), month(before))
    }
    stopping.abort()
    await live.stop()
    await sql`delete from inbox where identity like 'x-%'`.execute(store.context.db)
  })

  test('those who watch over the store are told of what waits and of the last reports by the ends of indexes', async () => {
    await goesStraight(() => openWatch(store.context)(), ['report', 'inbox'])
  })

  test('what is worked out for a customer is read from indexes', async () => {
    await sql`truncate inbox`.execute(store.context.db)
    await goesStraight(
      () => readCustomer(store.context, { customerNumber: grown.numberOf(51) }),
      ['customer', 'link', 'binding', 'event', 'consent', 'match', 'policy'],
    )
  })

  test('what the desk shows of a customer, now and as known then, is read from indexes', async () => {
    for (const known of [null, grown.monthStart(2)]) {
      await goesStraight(
        () => readDeskCustomer(store.context, grown.numberOf(61), known),
        ['customer', 'link', 'binding', 'event', 'consent', 'match', 'policy', 'audit'],
      )
    }
  })

  test('an event that is known is annulled without looking for it in its slice', async () => {
    const { record } = await readCustomer(store.context, { customerNumber: grown.numberOf(71) })
    const [event] = record.streams[0]!.events
    const word = { annulled: true, reason: 'a test' }
    await goesStraight(() => annulKnownEvent(store.context, event!, word), ['event', 'identity', 'binding', 'shift'])
  })

  test('staff find a customer by each kind of key without going through those that are not meant', async () => {
    const { context } = store
    const found = (text: string): Promise<unknown> =>
      search(context, text).then(({ hits }) => assert.notEqual(hits.length, 0, text))
    const request = await accept([{ identity: { kind: 'user_id', text: 'nobody-51' }, at: grown.now }])
    await drain()
    for (const [text, tables] of [
      [grown.numberOf(51), ['customer', 'identity']],
      ['c51@example.com', ['customer']],
      [grown.userIdOf(51), ['identity', 'binding', 'link']],
      [grown.oldUserIdOf(51), ['identity', 'binding', 'release', 'link']],
      ['nobody-51', ['identity', 'binding', 'event']],
      [grown.registrationOf(51).toLowerCase(), ['policy']],
      ['c5', ['customer']],
      ['rid', ['customer']],
      ['a1 rider', ['customer']],
      [request, ['report']],
    ] as const) {
      await goesStraight(() => found(text), tables)
    }
    for (const text of ['nothing of the kind', context.newId()]) await goesStraight(() => search(context, text), [])
    await goesStraight(() => traceRequest(context, request, 0), ['report', 'event', 'binding'])
  })
})
