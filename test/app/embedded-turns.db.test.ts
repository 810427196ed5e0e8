import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { startProjector } from '../../src/app/projector.ts'
import { sliceOf } from '../../src/domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { appendToInbox } from '../../src/storage/inbox.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { waitFor } from '../faults/harness.ts'
import { fillInbox } from '../support/grown-store.ts'
import { openStore, type Store } from '../support/stores.ts'

/* The embedded engine has one backend: whoever reports waits for the turn that is under way. Turns are told by their reports. */

const MANY = 100
const BACKLOG = 600

describe('turns of the embedded engine', () => {
  let store: Store
  let workProviderId: string
  before(async () => {
    store = await openStore('embedded')
    workProviderId = (await createWorkProvider(store.context, 'Busy Ltd')).id
  })
  after(() => store.close())

  test('stay short while many callers wait, however much there is to derive', async () => {
    const turns = await turnsAmong(MANY, BACKLOG, 0)
    assert.ok(Math.max(...turns) <= 32, String(turns))
  })

  test('are longer while few callers wait, and longer yet while nobody does', async () => {
    const [few, none] = [await turnsAmong(1, BACKLOG, 0), await turnsAmong(0, 2 * BACKLOG, 0)]
    assert.equal(Math.max(...few), 128)
    assert.ok(Math.max(...none) > 128, String(none))
  })

  test('grow by how late the oldest report is, whoever waits', async () => {
    const turns = await turnsAmong(MANY, BACKLOG, 3_600)
    assert.ok(Math.max(...turns) > 128, String(turns))
  })

  test('take what is reported after the clock was put back by an hour', async () => {
    const { context } = store
    await sql`truncate inbox, report, event`.execute(context.db)
    const madeAt = context.now()
    let now = plus(madeAt, MICROSECONDS_PER_HOUR)
    const projector = startProjector({ ...context, now: () => now }, () => 0)
    // Ids begin with the time of their making.
    await appendReport(idOf(now))
    await taken()
    now = madeAt
    await appendReport(idOf(now))
    projector.nudge()
    await taken()
    await projector.stop()
  })

  const idOf = (at: Instant): string => {
    const hex = Math.floor(at / 1_000)
      .toString(16)
      .padStart(12, '0')
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-9def-123456789abc`
  }

  async function appendReport(requestId: string): Promise<void> {
    const { db, now } = store.context
    const identity = { workProviderId, kind: 'user_id', text: 'u1' } as const
    await appendToInbox(db, {
      slice: [sliceOf(identity)],
      workProviderId: [workProviderId],
      requestId: [requestId],
      item: [0],
      identityKind: [identity.kind],
      identity: [identity.text],
      kind: ['login'],
      at: [now()],
    })
  }

  function taken(): Promise<unknown> {
    return waitFor('the inbox being empty', async () => {
      const { rows } = await sql<{ waiting: number }>`select count(*) as waiting from inbox`.execute(store.context.db)
      return rows[0]!.waiting === 0
    })
  }

  /** The reports of each turn that derives a backlog, which was received so many seconds ago. */
  async function turnsAmong(callers: number, reports: number, secondsAgo: number): Promise<number[]> {
    const { db } = store.context
    await sql`truncate inbox, report, event`.execute(db)
    await fillInbox(
      db,
      Array.from({ length: 4 }, () => workProviderId),
      reports,
    )
    await sql`update inbox set received_at = received_at - ${secondsAgo}::int * interval '1 second'`.execute(db)
    const projector = startProjector(store.context, () => callers)
    await taken()
    await projector.stop()
    const { rows } = await sql<{ taken: number }>`select count(*) as taken from report group by xmin::text`.execute(db)
    return rows.map(({ taken }) => taken)
  }
})
