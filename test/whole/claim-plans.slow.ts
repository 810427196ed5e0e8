import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql } from 'kysely'
import { projectReports, projectTurn } from '../../src/app/project.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Database } from '../../src/storage/database.ts'
import { EVERYTHING } from '../../src/storage/inbox.ts'
import { fillInbox } from '../support/grown-store.ts'
import { assertStraight } from '../support/plan-rules.ts'
import { type Planned, plansOf } from '../support/plans.ts'
import { onPlainEngines, PLANS_OF_ONE_SERVER, openStore, type Store } from '../support/stores.ts'

/*
 * The inbox is empty one moment and has a backlog the next: whatever PostgreSQL knew of it when it last counted, a turn
 * takes the oldest reports from the front of the key and looks at no others.
 */

const LIMIT = 1_000

onPlainEngines('claiming from a backlog', PLANS_OF_ONE_SERVER, (engine) => {
  const backlog = engine === 'server' ? 50_000 : 20_000
  let store: Store
  let db: Database
  const workProviderIds: string[] = []
  before(async () => {
    store = await openStore(engine)
    db = store.context.db
    for (const name of ['Big Ltd', 'Second Ltd', 'Third Ltd', 'Fourth Ltd', 'Fifth Ltd']) {
      workProviderIds.push((await createWorkProvider(store.context, name)).id)
    }
    // What is known of the inbox is what a test makes known.
    if (engine === 'server') await sql`alter table inbox set (autovacuum_enabled = off)`.execute(db)
  })
  after(() => store.close())
  /** As it was made: without rows, room or statistics. */
  beforeEach(async () => void (await sql`truncate inbox`.execute(db)))

  const fill = (): Promise<void> => fillInbox(db, workProviderIds, backlog)
  const empty = async (): Promise<unknown> => sql`delete from inbox`.execute(db)
  const vacuum = async (): Promise<unknown> => sql`vacuum (analyze) inbox`.execute(db)
  const turn = (): Promise<Planned[]> => plansOf(() => projectReports(db, LIMIT))
  /** Of all work providers, each from a request that has others before and behind it. */
  const turnFromTheMiddle = (): Promise<Planned[]> => {
    const from = new Map(workProviderIds.map((id) => [id, '7fffffff-ffff-0000-0000-000000000000']))
    return plansOf(() => projectTurn(db, LIMIT, { ...EVERYTHING, from }))
  }

  const HISTORIES: [string, () => Promise<void>][] = [
    ['never', async () => {}],
    ['while it was empty', async () => void (await vacuum())],
    [
      'while it was empty but as large as ever',
      async () => {
        await fill()
        await vacuum()
        await empty()
        // As where the end of the table cannot be locked for a moment, because others append.
        await sql`vacuum (analyze, truncate off) inbox`.execute(db)
      },
    ],
    [
      'while it was full, and it has been emptied and filled since',
      async () => {
        await fill()
        await vacuum()
        await empty()
      },
    ],
  ]
  for (const [analyzed, prepare] of HISTORIES) {
    test(`looks only at what it takes, when the inbox was analyzed ${analyzed}`, async () => {
      await prepare()
      const kept = (await turn()).filter((one) => one.made === 'kept')
      await fill()
      await assertStraight(db, await turn(), ['inbox', 'report', 'event'])
      await assertStraight(db, await turnFromTheMiddle(), ['inbox', 'report', 'event'])
      // What is prepared once goes on by the plan that was made then.
      await assertStraight(db, kept)
    })
  }

  test('looks only at what it takes, when the inbox is analyzed as it is, and when little of it is left', async () => {
    await fill()
    await vacuum()
    await assertStraight(db, await turn(), ['inbox', 'report', 'event'])
    await sql`delete from inbox where identity <> 'x-7'`.execute(db)
    await assertStraight(db, await turn(), ['inbox', 'report', 'event'])
  })

  test('nothing of a turn is compiled first, however large the backlog is thought to be', async () => {
    await fill()
    await vacuum()
    await sql`update pg_class set reltuples = 100 * reltuples where relname = 'inbox'`.execute(db)
    const planned = await turn()
    await assertStraight(db, planned, ['inbox', 'report', 'event'])
    assert.deepEqual(
      planned.filter((one) => one.isCompiled).map((one) => one.text),
      [],
    )
  })
})
