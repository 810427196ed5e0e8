import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'
import { startMaintenance } from '../../src/app/maintenance.ts'
import { projectReports } from '../../src/app/project.ts'
import { sliceOf } from '../../src/domain/identity.ts'
import { MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MILLISECOND, plus } from '../../src/domain/instant.ts'
import { appendToInbox, type InboxColumns } from '../../src/storage/inbox.ts'
import { boundLog, freeze, transactionAge, vacuumBusyTables } from '../../src/storage/maintenance.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { waitFor } from '../faults/harness.ts'
import { openStore, type Store } from '../support/stores.ts'

/* Rule 5 of what the embedded engine needs: no autovacuum comes by, so the program cleans up itself. */

const REPORTS_A_CYCLE = 2_000
const CYCLES = 4
/** Transactions to be frozen: more than there are tables. */
const AGE = 500

describe('maintenance of the embedded store', () => {
  let store: Store
  let workProviderId: string
  before(async () => {
    store = await openStore('embedded')
    workProviderId = (await createWorkProvider(store.context, 'Courier Ltd')).id
  })
  after(() => store.close())

  test('the inbox does not grow with what went through it, while it would without', async () => {
    const { context } = store
    const before = await passThrough(context, workProviderId)
    for (let cycle = 1; cycle < CYCLES; cycle++) await passThrough(context, workProviderId)
    const grown = await inboxBytes(context)
    assert.ok(grown > before, 'without vacuum dead rows take room: else this test would prove nothing')
    await vacuumBusyTables(context.db)
    const sizes: number[] = []
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      sizes.push(await passThrough(context, workProviderId))
      await vacuumBusyTables(context.db)
    }
    assert.ok(Math.max(...sizes) <= grown, `${sizes.join(', ')} bytes; ${grown} before the first vacuum`)
    assert.ok(sizes.at(-1)! <= sizes[0]!, `it grows: ${sizes.join(', ')} bytes`)
  })

  test('freezing brings the age of the oldest transaction down', async () => {
    const { context } = store
    for (let index = 0; index < AGE; index++) await sql`select pg_current_xact_id()`.execute(context.db)
    const before = await transactionAge(context.db)
    await freeze(context.db)
    const after = await transactionAge(context.db)
    // Freezing takes a transaction for each table itself.
    assert.ok(before > AGE && after < AGE, `${before} before, ${after} after`)
  })

  test('a checkpoint is made when the log since the last one is long, and not before', async () => {
    const { db } = store.context
    const checkpointPlace = async (): Promise<string> =>
      (await sql<{ place: string }>`select checkpoint_lsn as place from pg_control_checkpoint()`.execute(db)).rows[0]!
        .place
    const first = await checkpointPlace()
    const tooMuch = 40 * 1024 * 1024
    await sql`create table filling as select 0 as n, repeat('x', 7000) as text limit 0`.execute(db)
    await sql`alter table filling alter text set storage plain`.execute(db)
    for (let written = 0; written < tooMuch; written += 14_000_000) {
      await sql`insert into filling select n, repeat('x', 7000) from generate_series(1, 2000) n`.execute(db)
      await sql`truncate filling`.execute(db)
    }
    assert.equal(await checkpointPlace(), first)
    assert.equal(await boundLog(db, 10 * tooMuch), false)
    assert.equal(await checkpointPlace(), first)
    assert.equal(await boundLog(db, tooMuch / 2), true)
    assert.notEqual(await checkpointPlace(), first)
    assert.equal(await boundLog(db, tooMuch / 2), false)
  })

  test('the running program does both when they are due', async () => {
    const { context } = store
    await passThrough(context, workProviderId)
    const full = await inboxBytes(context)
    let ahead = 0
    const worker = startMaintenance(
      { ...context, now: () => plus(context.now(), ahead) },
      () => performance.now() + ahead / MICROSECONDS_PER_MILLISECOND,
    )
    try {
      const before = await transactionAge(context.db)
      ahead = 25 * MICROSECONDS_PER_HOUR
      worker.nudge()
      await waitFor('the inbox shrinking', async () => (await inboxBytes(context)) < full)
      await waitFor('freezing', async () => (await transactionAge(context.db)) < before)
    } finally {
      await worker.stop()
    }
  })
})

/** Accepts and derives reports; answers how much room the inbox took. */
async function passThrough(context: Context, workProviderId: string): Promise<number> {
  await appendToInbox(context.db, reports(context, workProviderId))
  const bytes = await inboxBytes(context)
  while ((await projectReports(context.db)) > 0) continue
  return bytes
}

function reports(context: Context, workProviderId: string): InboxColumns {
  const indexes = Array.from({ length: REPORTS_A_CYCLE }, (_, index) => index)
  const identity = { workProviderId, kind: 'user_id', text: 'u1' } as const
  const start = context.now()
  return {
    slice: indexes.map(() => sliceOf(identity)),
    workProviderId: indexes.map(() => workProviderId),
    requestId: indexes.map(() => context.newId()),
    item: indexes,
    identityKind: indexes.map(() => identity.kind),
    identity: indexes.map(() => identity.text),
    kind: indexes.map(() => 'login'),
    at: indexes.map((index) => plus(start, index)),
  }
}

async function inboxBytes(context: Context): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`select pg_relation_size('inbox') as bytes`.execute(context.db)
  return rows[0]!.bytes
}
