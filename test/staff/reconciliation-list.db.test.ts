import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { sayOfCase } from '../../src/app/case-words.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink, recordConsent, releaseUserId } from '../../src/app/links.ts'
import { recordMatch } from '../../src/app/match.ts'
import { allWork, type CaseQuestion, countOpen, COUNTERS, listWork } from '../../src/app/reconciliation.ts'
import { startAcceptor } from '../../src/app/accept.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type CaseName, standingOf } from '../../src/domain/case.ts'
import type { IdentityName } from '../../src/domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { type CasePlace, findCase, lastCaseWords } from '../../src/storage/cases.ts'
import { makeCases, noteClaim } from '../../src/storage/case-upkeep.ts'
import { type Database, inTransaction } from '../../src/storage/database.ts'
import { migrations } from '../../src/storage/migrate.ts'
import { runs } from '../support/properties.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { histories, startHistory } from '../whole/random-history.ts'

const RUNS = 15
type Claim = { workProviderId: string; userId: string; customerNumber: string }
const ALL: CaseQuestion = { group: null, workProviderId: null, age: null, isDone: false }

/** What is a case by the facts alone, worked out from all of them. */
async function casesByFacts(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    with free as (
      select i.*, coalesce((
        select max(greatest(r.effective_at, b.held_from)) from binding b join release r on r.binding_id = b.id
        where (b.work_provider_id, b.identity_kind, b.identity) = (i.work_provider_id, i.kind, i.identity)
      ), '-infinity') as free_from
      from identity i
      where not exists (
        select from binding b left join release r on r.binding_id = b.id
        where (b.work_provider_id, b.identity_kind, b.identity) = (i.work_provider_id, i.kind, i.identity)
          and r.binding_id is null
      )
    ),
    -- On Citus they lie on other servers than the rest.
    told as materialized (
      select work_provider_id, identity_kind, identity, max(at) as last_at from event group by 1, 2, 3
    ),
    last as (
      select distinct on (work_provider_id, customer_number) * from match
      order by work_provider_id, customer_number, received_at desc, request_id desc
    )
    select concat_ws('/', 'parked ' || case free.kind when 'user_id' then 'user id' else 'customer number' end,
      free.work_provider_id, free.identity, '') as name
    from free join told on (told.work_provider_id, told.identity_kind, told.identity) = (free.work_provider_id, free.kind, free.identity)
    where told.last_at >= free.free_from
    union all
    select concat_ws('/', 'failed match', work_provider_id, customer_number, '') from last where not success
    union all
    select concat_ws('/', 'unknown customer number', work_provider_id, customer_number, '') from last
    where success and customer_number not in (select customer_number from customer)
    union all
    select concat_ws('/', 'waiting for consent', work_provider_id, customer_number, '') from last
    where success and customer_number in (select customer_number from customer)
      and (work_provider_id, customer_number) not in (
        select l.work_provider_id, l.customer_number from link l join consent c on c.link_id = l.id
        union all select work_provider_id, customer_number from match_decline
      )
    union all
    select concat_ws('/', 'conflicting claim', c.work_provider_id, c.user_id, c.customer_number)
    from link_conflict c
    join binding b on (b.work_provider_id, b.identity_kind, b.identity) = (c.work_provider_id, 'user_id', c.user_id)
    join link l on l.id = b.link_id and l.customer_number <> c.customer_number
    where not exists (select from release r where r.binding_id = b.id)
  `.execute(db)
  return rows.map(({ name }) => name).sort()
}

async function casesKept(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select concat_ws('/', kind, work_provider_id, about, claimant) as name from reconciliation_case
  `.execute(db)
  return rows.map(({ name }) => name).sort()
}

onEachEngine('the work list', (engine) => {
  let store: Store
  let providers = 0
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  const newWorkProvider = () => createWorkProvider(store.context, `List ${++providers}`)

  async function report(workProviderId: string, identity: IdentityName, at: Instant): Promise<void> {
    const requestId = store.context.newId()
    const reports = [{ identity, at }]
    await startAcceptor(store.context, () => {}).accept({ requestId, workProviderId, kind: 'login', reports })
    await settle(store.context)
  }
  const userId = (text: string): IdentityName => ({ kind: 'user_id', text })
  const word = (workProviderId: string, customerNumber: string, success: boolean) =>
    recordMatch(store.context, { requestId: store.context.newId(), workProviderId, customerNumber, success })
  const list = async (question: Partial<CaseQuestion>) =>
    (await Array.fromAsync(allWork(store.context, { ...ALL, ...question }))).flat()
  const seenOf = async (name: CaseName): Promise<Instant> => (await findCase(store.context.db, name))!.happenedAt
  const kindsOf = async (workProviderId: string) =>
    (await list({ workProviderId })).map(({ kind, about, standing }) => [kind, about, standing])

  test('holds what is a case by the facts, no more and no less, after any history', async () => {
    const { context } = store
    let seen = 0
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const told = await startHistory(context)
        const { rows } = await sql<{ id: string }>`
          select id from work_provider where name = ${told.workProvider}
        `.execute(context.db)
        for (const [index, step] of steps.entries()) {
          await told.tell(step)
          if (index % 5 !== 0) continue
          // A claim as a driver's link makes it, to whatever is held.
          const claims = await sql<Claim>`
            insert into link_conflict (work_provider_id, user_id, customer_number)
            select b.work_provider_id, b.identity, ${told.rivalNumber} from binding b join link l on l.id = b.link_id
            where b.work_provider_id = ${rows[0]!.id} and b.identity_kind = 'user_id'
              and l.customer_number <> ${told.rivalNumber}
              and not exists (select from release r where r.binding_id = b.id)
            on conflict do nothing
            returning work_provider_id as "workProviderId", user_id as "userId", customer_number as "customerNumber"
          `.execute(context.db)
          for (const claim of claims.rows) await inTransaction(context.db, (trx) => noteClaim(trx, claim))
        }
        await settle(context)
        assert.deepEqual(await casesKept(context.db), await casesByFacts(context.db))
        seen += (await casesKept(context.db)).length
      }),
      runs(RUNS),
    )
    assert.ok(seen > RUNS, 'histories that hardly ever make a case show nothing')
  })

  test('words and claims are made anew from the facts as they were kept, for a store that was filled otherwise', async () => {
    const { db } = store.context
    const byFacts = await casesByFacts(db)
    await sql`delete from reconciliation_case where kind not like 'parked %'`.execute(db)
    const parked = await casesKept(db)
    assert.ok(parked.length > 0 && parked.length < byFacts.length)
    await inTransaction(db, makeCases)
    assert.deepEqual(await casesKept(db), byFacts)
  })

  const isBefore = engine === 'citus' && 'a store has no reports yet when the migration runs'
  test('is made anew from the facts as it was kept, by the migration', { skip: isBefore }, async () => {
    const { db } = store.context
    const byFacts = await casesByFacts(db)
    await sql`delete from reconciliation_case`.execute(db)
    const { text } = migrations().find(({ name }) => name === '0004-desk')!
    const fills = text.match(/^insert into reconciliation_case [^;]*;/gm) ?? []
    assert.equal(fills.length, 3)
    for (const fill of fills) await sql.raw(fill).execute(db)
    assert.deepEqual(await casesKept(db), byFacts)
  })

  test('a parked id leaves it when it is bound, and is back with the next report after its release', async () => {
    const { context } = store
    const { id, name } = await newWorkProvider()
    await createCustomer(context, { email: 'back@example.com', customerNumber: 'BACK1' })
    await report(id, userId('b-1'), plus(context.now(), -5 * MICROSECONDS_PER_HOUR))
    assert.deepEqual(await kindsOf(id), [['parked user id', 'b-1', 'open']])
    await createLink(context, { workProvider: name, customerNumber: 'BACK1', workProviderUserId: 'b-1' })
    assert.deepEqual(await kindsOf(id), [])
    await releaseUserId(context, {
      workProvider: name,
      workProviderUserId: 'b-1',
      at: plus(context.now(), -4 * MICROSECONDS_PER_HOUR),
    })
    assert.deepEqual(await kindsOf(id), [], 'nothing was reported since')
    await report(id, userId('b-1'), plus(context.now(), -MICROSECONDS_PER_HOUR))
    const [parked] = await list({ workProviderId: id })
    assert.equal(parked!.about, 'b-1')
    assert.equal(parked!.parked!.events, 1, 'the event that is the former holder’s is not counted')
  })

  test('a word is a failed match, an unknown number, waiting for a consent, or settled, as the facts become', async () => {
    const { context } = store
    const { id, name } = await newWorkProvider()
    await word(id, 'WORD1', true)
    assert.deepEqual(await kindsOf(id), [['unknown customer number', 'WORD1', 'open']])
    await createCustomer(context, { email: 'word1@example.com', customerNumber: 'WORD1' })
    assert.deepEqual(await kindsOf(id), [['waiting for consent', 'WORD1', 'open']])
    await word(id, 'WORD1', false)
    assert.deepEqual(await kindsOf(id), [['failed match', 'WORD1', 'open']])
    await word(id, 'WORD1', true)
    assert.deepEqual(await kindsOf(id), [['waiting for consent', 'WORD1', 'open']])
    await createLink(context, { workProvider: name, customerNumber: 'WORD1' })
    assert.deepEqual(await kindsOf(id), [['waiting for consent', 'WORD1', 'open']])
    await recordConsent(context, { workProvider: name, customerNumber: 'WORD1' }, true)
    assert.deepEqual(await kindsOf(id), [])
    await word(id, 'WORD1', true)
    assert.deepEqual(await kindsOf(id), [])
  })

  test('of words that come at once the list tells what the last one was', async () => {
    const { id } = await newWorkProvider()
    for (let round = 0; round < 5; round++) {
      await Promise.all([true, false, true, false, true, false].map((success) => word(id, `ONCE${round}`, success)))
    }
    assert.deepEqual(await casesKept(store.context.db), await casesByFacts(store.context.db))
  })

  test('done goes out of the open ones; a later word opens it again, a later report does not', async () => {
    const { context } = store
    const { id: workProviderId } = await newWorkProvider()
    const failed: CaseName = { kind: 'failed match', workProviderId, about: 'DONE1', claimant: '' }
    const parked: CaseName = { kind: 'parked user id', workProviderId, about: 'd-1', claimant: '' }
    await word(workProviderId, 'DONE1', false)
    await report(workProviderId, userId('d-1'), plus(context.now(), -MICROSECONDS_PER_HOUR))
    for (const name of [failed, parked]) {
      assert.equal(await sayOfCase(context, name, { word: 'done', note: '', seen: await seenOf(name) }), 'done')
    }
    assert.deepEqual(await kindsOf(workProviderId), [])
    assert.equal((await list({ workProviderId, isDone: true })).length, 2)
    await word(workProviderId, 'DONE1', false)
    await report(workProviderId, userId('d-1'), context.now())
    assert.deepEqual(await kindsOf(workProviderId), [['failed match', 'DONE1', 'open again']])
    assert.equal(await sayOfCase(context, parked, { word: 'undone', note: 'no', seen: null }), 'open again')
    assert.deepEqual(
      new Set((await kindsOf(workProviderId)).map(([kind]) => kind)),
      new Set(['failed match', 'parked user id']),
    )
    for (const name of [failed, parked]) {
      const row = (await findCase(context.db, name))!
      const standing = standingOf(await lastCaseWords(context.db, name, 10), row.happenedAt)
      assert.equal(standing === 'done', row.isDone)
    }
  })

  test('is not done by who has not seen the last word', async () => {
    const { context } = store
    const { id: workProviderId } = await newWorkProvider()
    const name: CaseName = { kind: 'failed match', workProviderId, about: 'SEEN1', claimant: '' }
    await word(workProviderId, 'SEEN1', false)
    const seen = await seenOf(name)
    await word(workProviderId, 'SEEN1', false)
    await assert.rejects(sayOfCase(context, name, { word: 'done', note: '', seen }), /something new came in/)
    assert.deepEqual(await kindsOf(workProviderId), [['failed match', 'SEEN1', 'open']])
    assert.deepEqual(await lastCaseWords(context.db, name, 10), [])
  })

  test('is read page by page without leaving out or repeating a case, whatever the filter', async () => {
    const { context } = store
    const { id: workProviderId } = await newWorkProvider()
    const { id: other } = await newWorkProvider()
    const ids = ['x', 'X', 'ä', '🛵', 'a/b', '%', "'", ' ', 'z'.repeat(255), '<script>']
    const at = plus(context.now(), -MICROSECONDS_PER_HOUR)
    const reports = ids.map((text) => ({ identity: userId(text), at }))
    for (const one of [workProviderId, other]) {
      const requestId = context.newId()
      await startAcceptor(context, () => {}).accept({ requestId, workProviderId: one, kind: 'login', reports })
      for (const number of ['P1', 'P2', 'P3']) await word(one, number, false)
      for (const number of ['Q1', 'Q2', 'P1']) await word(one, number, true)
    }
    await settle(context)
    // All at one instant: nothing but the names tells them apart.
    await sql`update reconciliation_case set since = ${new Date(0)}`.execute(context.db)
    const nameOf = ({ kind, workProviderId: of, about, claimant }: CaseName) => [kind, of, about, claimant].join('\n')
    for (const question of [
      ALL,
      { ...ALL, workProviderId },
      { ...ALL, group: 'parked' as const },
      { ...ALL, group: 'failed match' as const, workProviderId },
      { ...ALL, age: 'over 30 days' as const },
    ]) {
      const whole = (await listWork(context, question, null, 10_000)).map(nameOf)
      for (const size of [1, 2, 7]) {
        const paged: string[] = []
        let place: CasePlace | null = null
        do {
          const piece = await listWork(context, question, place, size)
          paged.push(...piece.map(nameOf))
          place = piece.length < size ? null : piece.at(-1)!
        } while (place !== null)
        assert.deepEqual(paged, whole)
      }
      assert.equal(new Set(whole).size, whole.length)
    }
    const ofOne = (await list({ workProviderId })).length
    assert.equal(ofOne, ids.length + 5)
    assert.deepEqual(await list({ age: 'under a day' }), [])
  })

  test('counts what is open by work provider, kind and age', async () => {
    const { context } = store
    const { id: workProviderId } = await newWorkProvider()
    for (const text of ['c-1', 'c-2', 'c-3']) await report(workProviderId, userId(text), context.now())
    await word(workProviderId, 'COUNT1', false)
    await word(workProviderId, 'COUNT2', true)
    await sql`
      update reconciliation_case set since = clock_timestamp() - interval '8 days'
      where work_provider_id = ${workProviderId} and about = 'c-2'
    `.execute(context.db)
    const parked: CaseName = { kind: 'parked user id', workProviderId, about: 'c-3', claimant: '' }
    await sayOfCase(context, parked, { word: 'done', note: 'known', seen: await seenOf(parked) })
    const counts = (await countOpen(context)).find(({ workProvider }) => workProvider.id === workProviderId)!.counts
    assert.deepEqual(
      COUNTERS.map(({ group, age }, index) => [group, age, counts[index]]),
      [
        ['parked', 'under a day', 1],
        ['parked', '1 to 7 days', 0],
        ['parked', '7 to 30 days', 1],
        ['parked', 'over 30 days', 0],
        ['failed match', null, 1],
        ['unknown number', null, 1],
        ['waiting consent', null, 0],
        ['conflicting id', null, 0],
      ],
    )
  })
})
