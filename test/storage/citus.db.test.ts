import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { projectReports } from '../../src/app/project.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { Impossible } from '../../src/domain/errors.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { distribute } from '../../src/storage/citus.ts'
import { readInbox } from '../../src/storage/live.ts'
import { migrate } from '../../src/storage/migrate.ts'
import { PLANNER_SETTINGS } from '../../src/storage/planner-settings.ts'
import { lastReports } from '../../src/storage/reports.ts'
import { addEvents, lastTurn, noteTurn, oldestOfSlice, waitingSlices } from '../../src/storage/slices.ts'
import { inTransaction, NotDurable } from '../../src/storage/database.ts'
import { plansOf } from '../support/plans.ts'
import { contextOn, onCitus, openStore, type Store } from '../support/stores.ts'

/** How many shards each part of a plan asks, parts of parts too; infinitely many where rows come by the coordinator. */
function shardsAsked(part: unknown): number[] {
  if (typeof part !== 'object' || part === null) return []
  return Object.entries(part).flatMap(([name, value]) => {
    if (name === 'Task Count') return [value as number]
    return name === 'INSERT/SELECT method' ? [Infinity] : shardsAsked(value)
  })
}

onCitus('a store on a cluster', (engine) => {
  let store: Store
  let workProviderId = ''
  before(async () => {
    store = await openStore(engine)
    workProviderId = (await createWorkProvider(store.context, 'Ace')).id
  })
  after(() => store.close())

  /** Accepts a login of each of so many people. */
  async function accept(people: number): Promise<void> {
    const { context } = store
    const reports = Array.from({ length: people }, (_, index) => ({
      identity: { kind: 'user_id' as const, text: `u${index}` },
      at: (context.now() - index * 1_000_000) as Instant,
    }))
    const request = { requestId: context.newId(), workProviderId, kind: 'login' as const, reports }
    await startAcceptor(context, () => {}).accept(request)
  }

  /** One of the workers, as if it were a store. */
  async function openWorker(): Promise<ReturnType<typeof contextOn>> {
    const { rows } = await sql<{ host: string; port: number }>`
      select nodename as host, nodeport as port from pg_dist_node where groupid > 0 limit 1
    `.execute(store.context.db)
    const url = new URL((store.target as { url: string }).url)
    Object.assign(url, { hostname: rows[0]!.host, port: String(rows[0]!.port) })
    return contextOn({ url: url.href })
  }

  async function count(table: 'inbox' | 'report' | 'event'): Promise<number> {
    const { rows } = await sql<{ rows: number }>`
      select count(*) as rows from ${sql.table(table)}`.execute(store.context.db)
    return rows[0]!.rows
  }

  test('inbox, report and event are distributed by slice, colocated; every other table is of the coordinator', async () => {
    const { rows } = await sql<{ table: string; by: string; group: number }>`
      select table_name::text as table, distribution_column as by, colocation_id as group
      from citus_tables where table_name::text in ('inbox', 'report', 'event') or citus_table_type <> 'distributed'
      order by 1
    `.execute(store.context.db)
    const group = rows[0]?.group
    assert.deepEqual(
      rows,
      ['event', 'inbox', 'report'].map((table) => ({ table, by: 'slice', group })),
    )
  })

  test('every node plans as the program wants it', async () => {
    for (const { context, close } of [contextOn(store.target), await openWorker()]) {
      const { rows } = await sql<{ settings: string[] }>`
        select setconfig as settings from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
        where d.datname = current_database() and s.setrole = 0
      `.execute(context.db)
      const wanted = [...PLANNER_SETTINGS, 'citus.multi_shard_modify_mode=sequential']
      assert.deepEqual(rows[0]?.settings.toSorted(), wanted.toSorted())
      await close()
    }
  })

  test('a second migrate finds it done', async () => {
    assert.deepEqual(await migrate(store.context.db), [])
    assert.deepEqual(await distribute(store.context.db), [])
  })

  test('a worker is refused', async () => {
    const worker = await openWorker()
    await assert.rejects(
      migrate(worker.context.db),
      new Impossible('this server is a worker of a Citus cluster: give the URL of its coordinator'),
    )
    await worker.close()
  })

  test('a cluster with a node that does not sync what it commits is refused', async () => {
    const worker = await openWorker()
    const set = (way: string): Promise<unknown> =>
      inTransaction(worker.context.db, async (trx) => {
        await sql`set local citus.enable_ddl_propagation = off`.execute(trx)
        await sql`
          do ${sql.lit(`begin execute format('alter database %I ${way}', current_database()); end`)}
        `.execute(trx)
      })
    await set('set synchronous_commit = off')
    // Of connections that are made from now on.
    const later = contextOn(store.target)
    await assert.rejects(migrate(later.context.db), NotDurable)
    await set('reset synchronous_commit')
    await later.close()
    await worker.close()
  })

  test('each statement on the way from the inbox to the shifts asks one shard; the accept and the look for slices all', async () => {
    for (let index = 0; index < 5; index++) {
      const { customerNumber } = await createCustomer(store.context, { email: `c${index}@example.com` })
      await createLink(store.context, {
        workProvider: 'Ace',
        customerNumber,
        workProviderUserId: `u${index}`,
        consentedAt: 0 as Instant,
      })
    }
    const accepted = await plansOf(() => accept(200), { withKept: false })
    assert.deepEqual(
      accepted.map(({ text, plan }) => [/insert into inbox/.test(text), shardsAsked(plan)]),
      [[true, [Infinity]]],
    )
    const planned = await plansOf(() => projectReports(store.context.db), { withKept: false })
    const asked = planned.map(({ text, plan }) => ({ text, shards: shardsAsked(plan) }))
    const wide = new Set(asked.filter(({ shards }) => shards.some((shards) => shards > 1)).map(({ text }) => text))
    assert.deepEqual(
      [...wide].map((text) => text.trim().split('\n')[1]?.trim()),
      ['select its.slice from inbox_slice its'],
    )
    const narrow = asked.filter(({ shards }) => shards.length > 0 && shards.every((shards) => shards === 1))
    for (const named of [/insert into event/, /insert into report/, /delete from inbox/, /from waiting/]) {
      assert.ok(
        narrow.some(({ text }) => named.test(text)),
        `${named} was among them`,
      )
    }
    assert.deepEqual([await count('inbox'), await count('report'), await count('event')], [0, 200, 200])
  })

  test('a projector that died before it derived has added nothing twice, and one that died after leaves nothing behind', async () => {
    const { db } = store.context
    await accept(1)
    const { rows } = await sql<{ slice: number }>`select slice from inbox`.execute(db)
    const { slice } = rows[0]!
    const last = await lastTurn(db, slice)
    const taken = await oldestOfSlice(db, slice, last, 10)
    await addEvents(db, slice, taken)
    assert.deepEqual([await count('inbox'), await count('report'), await count('event')], [1, 200, 201])
    assert.equal(await projectReports(db), 1)
    assert.deepEqual([await count('inbox'), await count('report'), await count('event')], [0, 201, 201])
    assert.equal(
      await inTransaction(db, (trx) => noteTurn(trx, slice, last, taken)),
      false,
      'somebody else had the turn',
    )

    await accept(1)
    const next = await lastTurn(db, slice)
    const derived = await oldestOfSlice(db, slice, next, 10)
    await addEvents(db, slice, derived)
    assert.equal(await inTransaction(db, (trx) => noteTurn(trx, slice, next, derived)), true)
    assert.equal(await projectReports(db), 0, 'it was derived already')
    assert.deepEqual([await count('inbox'), await count('report'), await count('event')], [0, 202, 202])
  })

  test('what waits, and when each work provider was last heard of, is told of all shards', async () => {
    const { db } = store.context
    assert.deepEqual(await readInbox(db, { ofReal: true }), { waiting: 0, isMore: false, oldestAt: null })
    const [before] = await lastReports(db)
    await accept(20)
    const { waiting, oldestAt } = await readInbox(db, { ofReal: true })
    const [now] = await lastReports(db)
    assert.equal(waiting, 20)
    assert.deepEqual([now!.name, now!.lastReportAt], ['Ace', oldestAt])
    assert.ok(before!.lastReportAt! < now!.lastReportAt!)
    await projectReports(db)
    assert.deepEqual(await lastReports(db), [now])
  })

  test('the look for slices reads one report of each, by an index, however many wait', async () => {
    await accept(200)
    // On connections that were made after the cluster was set up.
    const { context, close } = contextOn(store.target)
    const [looked] = await plansOf(() => waitingSlices(context.db), { withKept: false })
    const plan = JSON.stringify(looked!.plan)
    assert.match(plan, /"Index Name":"inbox_by_slice_\d+"/)
    assert.doesNotMatch(plan, /Seq Scan|inbox_pkey/)
    assert.deepEqual((await waitingSlices(context.db)).toSorted(), await slicesOfInbox())
    await close()
    await projectReports(store.context.db)
  })

  async function slicesOfInbox(): Promise<number[]> {
    const { rows } = await sql<{ slice: number }>`select distinct slice from inbox`.execute(store.context.db)
    return rows.map(({ slice }) => slice).toSorted()
  }

  test('a store that has reports is not distributed', async () => {
    const { db } = store.context
    await sql`select undistribute_table('inbox')`.execute(db)
    await accept(1)
    await assert.rejects(
      distribute(db),
      new Impossible('"inbox" has rows already: a store is distributed before it takes its first report'),
    )
  })
})
