import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import { inTransaction } from '../../src/storage/database.ts'
import { formatPlan, lookedInto, problemsOf, readCatalog } from '../support/plan-rules.ts'
import { plansOf } from '../support/plans.ts'
import { onPlainEngines, PLANS_OF_ONE_SERVER, openStore, type Store } from '../support/stores.ts'

/* What plans.slow.ts is told by: it could not fail if this did not see what is wrong with a plan. */

const ROWS = 20_000

onPlainEngines('reading plans', PLANS_OF_ONE_SERVER, (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
    const { db } = store.context
    await sql`create table person (number bigint primary key, work_provider_id int, identity text)`.execute(db)
    await sql`create index person_identity on person (work_provider_id, identity)`.execute(db)
    await sql`create table told (number bigint, at timestamptz, primary key (number, at)) partition by range (at)`.execute(
      db,
    )
    for (const year of [2021, 2022, 2023]) {
      await sql`
        create table ${sql.table(`told_${year}`)} partition of told
        for values from (${sql.lit(`${year}-01-01`)}) to (${sql.lit(`${year + 1}-01-01`)})
      `.execute(db)
    }
    await sql`insert into person select n, n % 2, 'p' || n from generate_series(1, ${ROWS}::int) n`.execute(db)
    await sql`
      insert into told select n, timestamptz '2021-06-01' + year * interval '1 year'
      from generate_series(1, ${ROWS}::int) n cross join generate_series(0, 2) year
    `.execute(db)
    await sql`vacuum analyze`.execute(db)
  })
  after(() => store.close())

  /** What is wrong with the plan of a statement; made with one way of reading wherever there is a choice, if one is given. */
  function problems(statement: RawBuilder<unknown>, by?: 'tables' | 'indexes'): Promise<string> {
    return inTransaction(store.context.db, async (trx) => {
      if (by !== undefined) {
        await sql`
          select set_config('enable_seqscan', ${String(by === 'tables')}, true),
            set_config('enable_indexscan', ${String(by === 'indexes')}, true),
            set_config('enable_indexonlyscan', ${String(by === 'indexes')}, true),
            set_config('enable_bitmapscan', 'false', true)
        `.execute(trx)
      }
      const [planned] = await plansOf(() => statement.execute(trx))
      return problemsOf(planned!.plan, await readCatalog(trx)).join('; ')
    })
  }

  test('a grown table that is read whole is seen, wherever in a plan', async () => {
    for (const statement of [
      sql`select * from person where identity like '%7'`,
      sql`select * from person where number in (select p.number from person p where p.identity like '%7')`,
      sql`select 1 where exists (select from person where identity like '%7')`,
      sql`update person set identity = identity where identity like '%7'`,
      sql`with gone as (delete from person where identity like '%7' returning *) select count(*) from gone`,
    ]) {
      assert.match(await problems(statement, 'tables'), /^Seq Scan on person \(\d+ pages\)/)
    }
    const partitions = await problems(sql`select max(at) from told where number % 3 = 1`, 'tables')
    for (const year of [2021, 2022, 2023]) assert.match(partitions, new RegExp(`Seq Scan on told_${year} `))
  })

  test('an index is seen that is gone through without a condition that leaves little of it', async () => {
    for (const [statement, found] of [
      [
        sql`select * from person where work_provider_id = 1 and identity like '%7'`,
        /person_identity .* by work_provider_id$/,
      ],
      [
        sql`select * from person where work_provider_id > 0 and identity = 'p7'`,
        /person_identity .* by work_provider_id$/,
      ],
      [
        sql`select * from person where work_provider_id > 0 and identity = 'p7' order by work_provider_id limit 1`,
        /person_identity .* by work_provider_id$/,
      ],
      [sql`select count(identity) from person`, /person_identity .* by none of them$/],
      [sql`select * from person where identity like '%7' order by number limit 1`, /person_\w+ .* by none of them$/],
    ] as const) {
      assert.match(await problems(statement, 'indexes'), found)
    }
  })

  test('what goes straight to its rows, or is ended by a limit, or reads a small table whole, is not', async () => {
    for (const statement of [
      sql`select * from person where number = 7`,
      sql`select * from person where number = any(${[7, 8, 9]}::bigint[])`,
      sql`select * from person where work_provider_id = 1 and identity > 'p7' and identity < 'p70'`,
      sql`select * from person where (work_provider_id, identity) > (0, 'p7') order by work_provider_id, identity limit 5`,
      sql`select * from person order by number limit 5 for update skip locked`,
      sql`select * from person where work_provider_id = 1 order by identity limit 5`,
      sql`select * from told where number = 7 and at > '2022-07-01' order by at limit 1`,
      sql`select name from work_provider`,
    ]) {
      assert.equal(await problems(statement), '')
    }
  })

  test('partitions that are not looked into are told from those that are', async () => {
    const { db } = store.context
    for (const bounds of [
      sql`at > ${new Date('2022-02-02')} and at < ${new Date('2022-03-03')}`,
      sql`at > ${'2022-02-02'}::text::timestamptz and at < ${'2022-03-03'}::text::timestamptz`,
      sql`at > (select timestamptz '2022-02-02') and at < (select timestamptz '2022-03-03')`,
    ]) {
      const [planned] = await plansOf(() => sql`select * from told where number = 7 and ${bounds}`.execute(db))
      assert.deepEqual(lookedInto(planned!), new Set(['told_2022']))
    }
  })

  test('a statement with a name is also planned as it is kept, whatever its parameters are', async () => {
    const { target } = store
    const client = new pg.Client(
      'url' in target ? target.url : { host: target.embeddedHost, port: 5432, user: 'postgres', database: 'postgres' },
    )
    await client.connect()
    const statement = { name: 'person', text: 'select * from person where number = any($1)', values: [[7, 8]] }
    const planned = await plansOf(() => client.query(statement))
    await client.end()
    assert.deepEqual(
      planned.map((one) => one.made),
      ['for the parameters', 'kept'],
    )
    assert.match(formatPlan(planned[1]!.plan), /number = ANY \(\$1\)/)
  })
})
