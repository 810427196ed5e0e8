import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type KyselyPlugin, sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { projectReports } from '../../src/app/project.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { contextOn, onPlainEngines, PLANS_OF_ONE_SERVER, openStore, type Store } from '../support/stores.ts'

/* What one event costs does not depend on the history that it comes into: rows are counted, not time. */

const HOUR = 3_600_000_000
const SHIFT = HOUR / 2

onPlainEngines('one new event', PLANS_OF_ONE_SERVER, (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
    await createWorkProvider(store.context, 'Ace')
    await countTouchedRows(store.context)
  })
  after(() => store.close())

  for (const { name, kind, at } of [
    { name: 'at the end of the stream', kind: 'login', at: (end: number) => end + HOUR },
    { name: 'in the middle, inside a shift', kind: 'login', at: (end: number) => end - 4 * HOUR + SHIFT / 2 },
    { name: 'in the middle, ending a shift earlier', kind: 'logout', at: (end: number) => end - 4 * HOUR + SHIFT / 2 },
    { name: 'in the middle, between shifts', kind: 'login', at: (end: number) => end - 4 * HOUR + SHIFT + SHIFT / 2 },
  ] as const) {
    test(`${name}: as many rows read and written in a stream of 10,000 events as in one of 10`, async () => {
      const short = await rowsFor(store, 10, kind, at)
      const long = await rowsFor(store, 10_000, kind, at)
      assert.deepEqual(long.sent, short.sent, 'rows that the statements answered')
      assert.deepEqual(long.touched, short.touched, 'rows that were inserted, updated and deleted')
    })
  }
})

let customers = 0

/** The rows that projecting one event takes, in a fresh stream of `events` events of ordinary pairs. */
async function rowsFor(store: Store, events: number, kind: EventKind, at: (end: number) => number) {
  const { context } = store
  const customerNumber = `C${++customers}`
  await createCustomer(context, { email: `${customerNumber}@example.com`, customerNumber })
  await createLink(context, { workProvider: 'Ace', customerNumber })
  const end = Math.floor(context.now() / HOUR) * HOUR - 48 * HOUR
  const starts = Array.from({ length: events / 2 }, (_, index) => end - (events / 2 - index) * HOUR)
  await report(context, customerNumber, 'login', starts)
  await report(
    context,
    customerNumber,
    'logout',
    starts.map((start) => start + SHIFT),
  )
  await settle(context)

  await report(context, customerNumber, kind, [at(end)])
  const before = await touchedRows(context)
  const sent = await withCountedRows(store, (counted) => projectReports(counted.db))
  return { sent, touched: difference(before, await touchedRows(context)) }
}

async function report(context: Context, text: string, kind: EventKind, instants: readonly number[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from work_provider`.execute(context.db)
  const reports = instants.map((at) => ({ identity: { kind: 'customer_number' as const, text }, at: at as Instant }))
  for (let from = 0; from < reports.length; from += 5_000) {
    const requestId = context.newId()
    const piece = reports.slice(from, from + 5_000)
    await startAcceptor(context, () => {}).accept({ requestId, workProviderId: rows[0]!.id, kind, reports: piece })
  }
}

/** Runs work on a context of its own; answers how many rows each of its statements gave, in order. */
async function withCountedRows(store: Store, work: (context: Context) => Promise<unknown>): Promise<number[]> {
  const rows: number[] = []
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      rows.push(result.rows.length)
      return result
    },
  }
  const counted = contextOn(store.target, [counter])
  try {
    await work(counted.context)
  } finally {
    await counted.close()
  }
  return rows
}

const COUNTED = ['shift', 'anomaly', 'link', 'identity', 'inbox']

/** Counts by triggers, in the transaction that touches the row: PostgreSQL's own statistics arrive when they like. */
async function countTouchedRows({ db }: Context): Promise<void> {
  await sql`create table touched (name text not null)`.execute(db)
  await sql`
    create function touch() returns trigger language plpgsql as
    $$ begin insert into touched values (tg_table_name); return null; end $$
  `.execute(db)
  for (const name of COUNTED) {
    await sql`
      create trigger touch after insert or update or delete on ${sql.table(name)} for each row execute function touch()
    `.execute(db)
  }
}

async function touchedRows({ db }: Context): Promise<Record<string, number>> {
  const { rows } = await sql<{ name: string; touched: number }>`
    select name, count(*)::bigint as touched from touched group by name
  `.execute(db)
  const touched = new Map(rows.map((row) => [row.name, row.touched]))
  return Object.fromEntries(COUNTED.map((name) => [name, touched.get(name) ?? 0]))
}

function difference(before: Record<string, number>, afterwards: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.keys(afterwards).map((name) => [name, afterwards[name]! - (before[name] ?? 0)]))
}
