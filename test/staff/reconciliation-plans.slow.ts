import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { bindParked } from '../../src/app/case-binding.ts'
import { openCase } from '../../src/app/case-record.ts'
import { sayOfCase } from '../../src/app/case-words.ts'
import { recordMatch } from '../../src/app/match.ts'
import { COUNTED, countOpen, listWork } from '../../src/app/reconciliation.ts'
import { CASE_GROUPS, type CaseGroup, type CaseName } from '../../src/domain/case.ts'
import { parseIdentity, sliceOf } from '../../src/domain/identity.ts'
import { findCase } from '../../src/storage/cases.ts'
import { type GrownStore, growStore } from '../support/grown-store.ts'
import { assertStraight, readCatalog, SMALL_PAGES } from '../support/plan-rules.ts'
import { plansOf } from '../support/plans.ts'
import { onPlainEngines, type PlainEngine, PLANS_OF_ONE_SERVER, openStore, type Store } from '../support/stores.ts'

/*
 * What PostgreSQL does for the work list in a store that has grown: thousands of cases, open and done, beside many more
 * customers, words and identities that are none.
 */

const SIZES: Record<PlainEngine, { customers: number; parked: number }> = {
  server: { customers: 40_000, parked: 20_000 },
  embedded: { customers: 20_000, parked: 12_000 },
}
/** So few that they are the same however many cases there are. */
const STATEMENTS_A_LIST = 5
const STATEMENTS_A_CASE = 14

onPlainEngines('the work list in a grown store', PLANS_OF_ONE_SERVER, (engine) => {
  const { customers, parked } = SIZES[engine]
  let store: Store
  let grown: GrownStore
  before(async () => {
    store = await openStore(engine)
    grown = await growStore(store, { customers, working: customers / 10, onShift: 10 })
    const { db } = store.context
    const [workProviderId] = grown.workProviderIds
    const strangers = Array.from({ length: parked }, (_, index) => `s-${index}`)
    const slices = strangers.map((text) => sliceOf({ workProviderId: workProviderId!, kind: 'user_id', text }))
    await sql`
      with made as (
        insert into identity (work_provider_id, kind, identity, slice)
        select ${workProviderId}::uuid, 'user_id', identity, slice
        from unnest(${strangers}::text[], ${slices}::smallint[]) made (identity, slice) returning *
      )
      insert into event (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
      select slice, work_provider_id, kind, identity, now() - n * interval '1 day', 'login', now(), gen_random_uuid(), 0
      from made cross join generate_series(1, 2) n
    `.execute(db)
    await sql`
      insert into reconciliation_case (kind, work_provider_id, about, since, is_done)
      select 'parked user id', ${workProviderId}::uuid, 's-' || n, now() - n * interval '1 minute', n % 4 > 0
      from generate_series(0, ${parked - 1}) n
    `.execute(db)
    await sql`
      insert into reconciliation_case (kind, work_provider_id, about, since)
      select kind, work_provider_id, customer_number, now() - id * interval '1 minute'
      from link cross join unnest(array['failed match', 'unknown customer number', 'waiting for consent']) kind
      where id % 10 = 0
    `.execute(db)
    await sql`
      insert into link_conflict (work_provider_id, user_id, customer_number)
      select l.work_provider_id, 'u-' || l.id, l.customer_number from link l where id % 7 = 0
    `.execute(db)
    await sql`
      insert into reconciliation_case (kind, work_provider_id, about, claimant)
      select 'conflicting claim', work_provider_id, user_id, customer_number from link_conflict
    `.execute(db)
    await sql`
      insert into case_word (kind, work_provider_id, about, claimant, word, by_whom)
      select kind, work_provider_id, about, claimant, 'done', 'somebody' from reconciliation_case where is_done
    `.execute(db)
    await sql`vacuum analyze`.execute(db)
    const { pages } = await readCatalog(db)
    for (const table of ['reconciliation_case', 'case_word', 'identity', 'match', 'customer', 'binding']) {
      assert.ok(pages.get(table)! > SMALL_PAGES, `${table} has not grown`)
    }
  })
  after(() => store.close())

  async function goesStraight(work: () => Promise<unknown>, tables: readonly string[], atMost: number): Promise<void> {
    const planned = await plansOf(work)
    await assertStraight(store.context.db, planned, tables)
    const statements = planned.filter((one) => one.made !== 'kept').length
    assert.ok(statements <= atMost, `${statements} statements`)
  }

  test('a page of it goes straight to its cases: of all kinds, of each, of one work provider, open and done, deep inside', async () => {
    const [workProviderId] = grown.workProviderIds
    for (const group of [null, ...(Object.keys(CASE_GROUPS) as CaseGroup[])]) {
      for (const only of [null, workProviderId!]) {
        for (const [isDone, age] of [
          [false, null],
          [true, null],
          [false, '1 to 7 days'],
        ] as const) {
          const question = { group, workProviderId: only, age, isDone }
          await goesStraight(
            () => listWork(store.context, question, null, 51),
            ['reconciliation_case'],
            STATEMENTS_A_LIST,
          )
          const deep = (await listWork(store.context, question, null, 1_000)).at(-1)
          if (deep === undefined) continue
          await goesStraight(
            () => listWork(store.context, question, deep, 51),
            ['reconciliation_case'],
            STATEMENTS_A_LIST,
          )
        }
      }
    }
  })

  test('the counts are read from an index, and stop', async () => {
    await goesStraight(() => countOpen(store.context), ['reconciliation_case'], 2)
    const [first] = await countOpen(store.context)
    assert.ok(first!.counts.some((count) => count === COUNTED))
    assert.ok(first!.counts.every((count) => count <= COUNTED))
  })

  test('a case is opened, noted and done, and a word is heard, by what they are about alone', async () => {
    const [workProviderId] = grown.workProviderIds
    const { context } = store
    const names: CaseName[] = [
      { kind: 'parked user id', workProviderId: workProviderId!, about: 's-4', claimant: '' },
      { kind: 'failed match', workProviderId: workProviderId!, about: 'C10', claimant: '' },
      { kind: 'conflicting claim', workProviderId: workProviderId!, about: 'u-21', claimant: 'C20' },
    ]
    for (const name of names) {
      await goesStraight(() => openCase(context, name), ['reconciliation_case', 'case_word'], STATEMENTS_A_CASE)
      assert.notEqual(await openCase(context, name), null, name.kind)
    }
    const seen = (await findCase(context.db, names[0]!))!.happenedAt
    await goesStraight(
      () => sayOfCase(context, names[0]!, { word: 'done', note: '', seen }),
      ['reconciliation_case', 'case_word'],
      6,
    )
    const word = { requestId: context.newId(), workProviderId: workProviderId!, customerNumber: 'C10', success: false }
    await goesStraight(() => recordMatch(context, word), ['match', 'reconciliation_case'], 3)
  })

  test('binding goes straight to the identity and the customer', async () => {
    const [workProviderId] = grown.workProviderIds
    const parsed = parseIdentity('user_id', 's-8')
    assert.ok('identity' in parsed)
    const identity = { workProviderId: workProviderId!, ...parsed.identity }
    await goesStraight(
      () => bindParked(store.context, identity, 'C10'),
      ['reconciliation_case', 'identity', 'binding', 'event', 'shift'],
      40,
    )
  })
})
