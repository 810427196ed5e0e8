import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { afterEach, beforeEach, it } from 'node:test'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import { check } from '../../src/app/check.ts'
import { projectReports } from '../../src/app/project.ts'
import { detachMonths, dropMonths, readRetention } from '../../src/app/retention.ts'
import { Impossible } from '../../src/domain/errors.ts'
import { sliceOf } from '../../src/domain/identity.ts'
import { fromTemporal, type Instant, temporal } from '../../src/domain/instant.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { ensurePartitions } from '../../src/storage/partitions.ts'
import type { ReportMonth } from '../../src/storage/report-months.ts'
import { addLinked, type Item } from '../http/answers.ts'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'

/* Each store is made to have been running since the eighth month before this one: months are counted back from now. */

const OLDEST = 8
const USER_ID = '1686'

onEachEngine('retention of reports', (engine) => {
  let api: Api
  let now: Instant
  beforeEach(async () => {
    api = await openApi(engine)
    now = await databaseNow(api.context.db)
    for (let months = OLDEST; months > 0; months--) await ensurePartitions(api.context.db, inMonth(months))
    await addLinked(api, { customerNumber: 'ABC1', workProviderUserId: USER_ID })
  })
  afterEach(() => api.close())

  /** The fifteenth of the month some months ago, at noon. */
  function inMonth(monthsAgo: number, hours = 12): Instant {
    const month = temporal(now)
      .toZonedDateTimeISO('UTC')
      .toPlainDate()
      .toPlainYearMonth()
      .subtract({ months: monthsAgo })
    const noon = month.toPlainDate({ day: 15 }).toZonedDateTime({ timeZone: 'UTC', plainTime: { hour: hours } })
    return fromTemporal(noon.toInstant())
  }

  function tableOf(monthsAgo: number): string {
    return `report_${temporal(inMonth(monthsAgo)).toString().slice(0, 7).replace('-', '_')}`
  }

  /** Puts a login and a logout in the inbox as if they had been accepted then; answers the request's id. */
  async function accepted(receivedAt: Instant, at = receivedAt): Promise<string> {
    const { db } = api.context
    const milliseconds = Math.floor(receivedAt / 1_000)
    const hex = milliseconds.toString(16).padStart(12, '0')
    const requestId = `${hex.slice(0, 8)}-${hex.slice(8)}${randomUUIDv7().slice(13)}`
    const slice = sliceOf({ workProviderId: api.workProviderId, kind: 'user_id', text: USER_ID })
    for (const [item, kind] of ['login', 'logout'].entries()) {
      await sql`
        insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
        values (${slice}, ${api.workProviderId}, ${requestId}, ${item}, 'user_id', ${USER_ID}, ${kind}::event_kind,
          ${temporal(at).add({ hours: item }).toString()}::timestamptz, ${temporal(receivedAt).toString()}::timestamptz)
      `.execute(db)
    }
    return requestId
  }

  async function derive(): Promise<void> {
    while ((await projectReports(api.context.db)) > 0) continue
  }

  const statusOf = async (requestId: string): Promise<number> =>
    (await api.request('GET', `/v1/requests/${requestId}`)).status

  async function itemsOf(requestId: string): Promise<Item[]> {
    const { status, body } = await api.request('GET', `/v1/requests/${requestId}`)
    assert.equal(status, 200, body)
    return (JSON.parse(body) as { items: Item[] }).items
  }

  async function reportsIn(table: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*) from ${sql.table(table)}`.execute(api.context.db)
    return rows[0]!.count
  }

  async function rowsOf(table: string): Promise<unknown[]> {
    const query = sql`select t::text as row from ${sql.table(table)} t order by 1`
    return (await query.execute(api.context.db)).rows
  }

  const tables = (months: readonly ReportMonth[]): string[] => months.map(({ table }) => table)
  const months = (from: number, to: number): string[] =>
    Array.from({ length: from - to + 1 }, (_, index) => tableOf(from - index))

  async function assertClean(reports: number): Promise<void> {
    const result = await check(api.context)
    assert.deepEqual([result.differences, result.reports], [[], reports])
  }

  it('months before the first of the month N months ago become tables of their own, with every report; later ones stay', async () => {
    for (const month of [8, 8, 7, 6, 5, 0]) await accepted(inMonth(month))
    await derive()
    assert.equal(await reportsIn('report'), 12)
    const result = await detachMonths(api.context, 6, false)
    assert.deepEqual(tables(result.detached), months(8, 7))
    assert.deepEqual(tables(result.kept), months(6, -1))
    const [first] = result.detached
    assert.deepEqual([first!.from, first!.to], [startOf(8), startOf(7)])
    assert.ok(first!.bytes > 0)
    assert.deepEqual([result.dropped, result.detachedBefore, result.inDefault], [[], [], null])
    assert.deepEqual([await reportsIn(tableOf(8)), await reportsIn(tableOf(7))], [4, 2])
    assert.equal(await reportsIn('report'), 6)
  })

  function startOf(monthsAgo: number): Instant {
    const day = temporal(inMonth(monthsAgo)).toZonedDateTimeISO('UTC').with({ day: 1 }).startOfDay()
    return fromTemporal(day.toInstant())
  }

  it('the current month and the two before it are never detached', async () => {
    for (const months of [-1, 0, 1, 1.5, Number.NaN, 1_201, 1e15]) {
      await assert.rejects(detachMonths(api.context, months, false), Impossible)
    }
    assert.deepEqual(tables((await readRetention(api.context)).kept), months(8, -1))
    const result = await detachMonths(api.context, 2, false)
    assert.deepEqual(tables(result.detached), months(8, 3))
    assert.deepEqual(tables(result.kept), months(2, -1))
  })

  it('a request of a detached month is unknown; events, shifts, later requests and the check are as they were', async () => {
    const old = await accepted(inMonth(8))
    const toldAgain = await accepted(inMonth(5), inMonth(8))
    const later = await accepted(inMonth(5))
    await derive()
    const before = [await rowsOf('event'), await rowsOf('shift'), await itemsOf(toldAgain), await itemsOf(later)]
    assert.equal((await itemsOf(toldAgain))[0]!.duplicateOf, old)
    assert.equal(await statusOf(old), 200)
    await assertClean(6)
    await detachMonths(api.context, 6, false)
    const unknown = await api.request('GET', `/v1/requests/${old}`)
    assert.deepEqual([unknown.status, unknown.body], [404, '{"error":"NOT_FOUND"}'])
    const after = [await rowsOf('event'), await rowsOf('shift'), await itemsOf(toldAgain), await itemsOf(later)]
    assert.deepEqual(after, before)
    await assertClean(4)
  })

  it('a month is not detached while a report that was received in it waits to be derived', async () => {
    const late = await accepted(inMonth(7))
    const first = await detachMonths(api.context, 6, false)
    assert.deepEqual(tables(first.detached), months(8, 8))
    assert.deepEqual(
      first.kept.filter((month) => month.isWaiting).map((month) => month.table),
      months(7, 7),
    )
    await derive()
    assert.equal(await statusOf(late), 200)
    const second = await detachMonths(api.context, 6, false)
    assert.deepEqual(tables(second.detached), months(7, 7))
    assert.equal(await reportsIn(tableOf(7)), 2)
  })

  it('a report that is derived after its month was detached is kept, answered for, and told of', async () => {
    await accepted(inMonth(8))
    await derive()
    await detachMonths(api.context, 6, false)
    const late = await accepted(inMonth(8, 20))
    await derive()
    assert.equal(await reportsIn('inbox'), 0)
    assert.equal(await reportsIn('report_default'), 2)
    assert.deepEqual(
      (await itemsOf(late)).map((item) => item.outcome),
      ['opened', 'closed'],
    )
    await assertClean(2)
    const { detached, inDefault } = await detachMonths(api.context, 6, false)
    assert.deepEqual(detached, [])
    assert.deepEqual(inDefault, { reports: 2, from: inMonth(8, 20), to: inMonth(8, 20) })
    assert.equal(await reportsIn(tableOf(8)), 2)
  })

  it('reports in no month are counted whole, however many there are, and stay', async () => {
    const received = [inMonth(20), inMonth(10)].map((instant) => sql.lit(temporal(instant).toString()))
    await sql`
      insert into report (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select 0, gen_random_uuid(), gen_random_uuid(), n, 'user_id', 'u', 'login', '2025-01-01Z',
        case when n = 6000 then ${received[1]} else ${received[0]} end::timestamptz
      from generate_series(1, 12000) n
    `.execute(api.context.db)
    const { inDefault } = await detachMonths(api.context, 2, false)
    assert.deepEqual(inDefault, { reports: 12_000, from: inMonth(20), to: inMonth(10) })
    assert.equal(await reportsIn('report'), 12_000)
  })

  it('a second run finds nothing to do, and a detached month is neither attached again nor made anew', async () => {
    await accepted(inMonth(8))
    await derive()
    const { detached } = await detachMonths(api.context, 6, false)
    const again = await detachMonths(api.context, 6, false)
    assert.deepEqual([again.detached, again.detachedBefore], [[], detached])
    // By a clock that went back to those months, too.
    for (const clock of [now, inMonth(8)]) assert.deepEqual(await ensurePartitions(api.context.db, clock), [])
    const { kept, detachedBefore } = await readRetention(api.context)
    assert.deepEqual([tables(kept), detachedBefore], [months(6, -1), detached])
    assert.equal(await reportsIn('report'), 0)
    assert.equal(await reportsIn(tableOf(8)), 2)
  })

  it('of two runs at once each month is detached by one', async () => {
    const both = await Promise.all([1, 2].map(() => detachMonths(api.context, 6, false)))
    assert.deepEqual(tables(both.flatMap((result) => result.detached)).sort(), months(8, 7))
    assert.deepEqual(tables((await readRetention(api.context)).detachedBefore), months(8, 7))
  })

  it('a dry run says what would be done and does nothing', async () => {
    const before = await readRetention(api.context)
    assert.deepEqual(tables((await detachMonths(api.context, 6, true)).detached), months(8, 7))
    assert.deepEqual(await readRetention(api.context), before)
    await detachMonths(api.context, 6, false)
    assert.deepEqual(tables((await dropMonths(api.context, [tableOf(8)], true)).dropped), months(8, 8))
    assert.deepEqual(tables((await readRetention(api.context)).detachedBefore), months(8, 7))
  })

  it('only detached months are dropped, and only those that are named', async () => {
    const { db } = api.context
    await detachMonths(api.context, 6, false)
    const result = await dropMonths(api.context, [tableOf(8)], false)
    assert.deepEqual([tables(result.dropped), tables(result.detachedBefore)], [months(8, 8), months(7, 7)])
    assert.deepEqual(tables((await readRetention(api.context)).detachedBefore), months(7, 7))
    // Attached, the default one, dropped already, other tables, none: and with one of them nothing is dropped.
    for (const table of [tableOf(6), 'report_default', tableOf(8), 'report', 'inbox', 'event_default', 'x"; --']) {
      await assert.rejects(dropMonths(api.context, [tableOf(7), table], false), Impossible, table)
    }
    const [from, to] = [startOf(7), startOf(6)].map((instant) => sql.lit(temporal(instant).toString()))
    await sql`alter table report attach partition ${sql.table(tableOf(7))} for values from (${from}) to (${to})`.execute(
      db,
    )
    await assert.rejects(dropMonths(api.context, [tableOf(7)], false), /is not a detached month/)
    assert.deepEqual(tables((await readRetention(api.context)).kept), months(7, -1))
  })

  // The embedded engine has one session: nobody is ever in its way.
  if (engine === 'server') {
    it('while somebody reads reports for long it gives up, says so, and holds up no accepting', async () => {
      const { db } = api.context
      const reader = await db.startTransaction().execute()
      await sql`select from report limit 1`.execute(reader)
      const detaching = detachMonths(api.context, 6, false)
      const acceptor = startAcceptor(api.context, () => {})
      await Promise.race([
        detaching.then(
          () => assert.fail('it detached what is being read'),
          () => assert.fail('accepting waited for it'),
        ),
        acceptor.accept({
          requestId: randomUUIDv7(),
          workProviderId: api.workProviderId,
          kind: 'login',
          reports: [{ identity: { kind: 'user_id', text: USER_ID }, at: now }],
        }),
      ])
      await assert.rejects(detaching, {
        name: 'Impossible',
        message: new RegExp(`^${tableOf(8)} is in use .*: try again`),
      })
      await reader.rollback().execute()
      assert.deepEqual(tables((await detachMonths(api.context, 6, false)).detached), months(8, 7))
    })
  }
})
