import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { createDemo } from '../../src/app/demo.ts'
import { startProjector } from '../../src/app/projector.ts'
import { type Instant, MICROSECONDS_PER_HOUR } from '../../src/domain/instant.ts'
import { microseconds } from '../../src/storage/sql.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { type Ran, zego } from './command.ts'

const SIZE = ['--drivers', '25', '--days', '5', '--seed', '7']

type Made = {
  customers: number
  links: number
  reports: number
  events: number
  shifts: number
  until: string
  keys: { key: string; workProvider: string }[]
}
type Verified = { ok: boolean; links: number; shifts: number; different: number; differences: { what: string }[] }

async function count({ context }: Store, table: string): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)}`.execute(context.db)
  return rows[0]!.rows
}

onEachEngine('zego simulate', (engine) => {
  let store: Store
  let made: Made
  const run = (...args: string[]): Promise<Ran> => zego(store.environment, ['simulate', ...args])
  const verify = async (): Promise<Verified> => JSON.parse((await run('--verify', '--json')).out) as Verified

  before(async () => {
    store = await openStore(engine)
    await createDemo(store.context)
    // Shifts are derived beside it, as by a server that runs.
    const projector = startProjector(store.context, () => 0)
    const { code, out, err } = await run(...SIZE, '--json')
    await projector.stop()
    assert.equal(code, 0, err)
    assert.equal(err, '', 'no bar where there is no terminal')
    made = JSON.parse(out) as Made
  })
  after(() => store.close())

  it('makes what it says, beside the demo', async () => {
    assert.equal(made.customers, 25)
    assert.equal(await count(store, 'customer'), 25 + 3)
    assert.equal(await count(store, 'link'), made.links + 3)
    assert.equal(await count(store, 'report'), made.reports)
    assert.equal(await count(store, 'event'), made.events)
    assert.equal(await count(store, 'shift'), made.shifts)
    assert.equal(await count(store, 'inbox'), 0)
    assert.equal(new Set(made.keys.map(({ key }) => key)).size, 4)
  })

  it('has every fact become known in the past, each report in a partition of its month', async () => {
    const { rows } = await sql<{ first: Instant; last: Instant }>`
      select ${microseconds('min(received_at)')} as first, ${microseconds('max(received_at)')} as last from report
    `.execute(store.context.db)
    const { first, last } = rows[0]!
    const until = instantOf(made.until)
    assert.ok(first < until - 4 * 24 * MICROSECONDS_PER_HOUR && last < until)
    assert.equal(await count(store, 'report_default'), 0)
    assert.equal(await count(store, 'event_default'), 0)
    const { rows: late } = await sql`
      select from link join work_provider w on w.id = link.work_provider_id
      where w.name <> 'Courier Ltd' and link.recorded_at >= ${made.until}::timestamptz
    `.execute(store.context.db)
    assert.equal(late.length, 0)
  })

  it('leaves one line in the audit log, besides those of the work providers and their keys', async () => {
    const { rows } = await sql<{ action: string; details: unknown }>`
      select action, details from audit
      where seq > (select max(seq) from audit where customer_number like 'DEMO_') and action <> 'key created' order by seq
    `.execute(store.context.db)
    const actions = rows.map(({ action }) => action)
    assert.deepEqual(actions, [...Array.from({ length: 4 }, () => 'work provider created'), 'simulation made'])
    assert.deepEqual(rows.at(-1)!.details, { drivers: 25, days: 5, seed: 7, until: made.until, version: 1 })
  })

  it('finds no difference between what the server has and what was to come of it', async () => {
    const { code, out } = await run(...SIZE, '--verify')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^No difference in ${made.links} links, ${made.shifts} shifts, \\d+ anomalies\\.\n$`))
    const checked = await zego(store.environment, ['check', '--json'])
    assert.equal((JSON.parse(checked.out) as { ok: boolean }).ok, true)
  })

  it('finds an event that somebody annulled, and says where, until it is restored', async () => {
    const { rows } = await sql<{ number: string; at: Instant }>`
      select l.customer_number as number, ${microseconds('s.ended_at')} as at
      from shift s join link l on l.id = s.link_id where s.ended_at is not null order by s.ended_at limit 1
    `.execute(store.context.db)
    const { number, at } = rows[0]!
    const listed = await zego(store.environment, ['events', '--customer', number, '--json'])
    const events = JSON.parse(listed.out) as { id: string; kind: string; at: string }[]
    const end = events.filter((one) => one.kind === 'logout' && instantOf(one.at) === at)
    for (const { id } of end) await zego(store.environment, ['event', 'annul', id, '--reason', 'a planted difference'])
    const { ok, different, differences } = await verify()
    assert.equal(ok, false)
    assert.ok(different > 0 && differences.every(({ what }) => what.includes(`customer ${number}: `)))
    const told = await run('--verify')
    assert.equal(told.code, 1)
    assert.match(
      told.out,
      new RegExp(`^Differences in .*: ${different}\\.\n  .*${number}: shift from .* stored until `),
    )
    for (const { id } of end) await zego(store.environment, ['event', 'restore', id, '--reason', 'found'])
    assert.equal((await verify()).ok, true)
  })

  it('makes nothing a second time, and compares with no other simulation', async () => {
    const reports = await count(store, 'report')
    for (const args of [SIZE, ['--seed', '8']]) {
      const { code, err } = await run(...args)
      assert.equal(code, 1)
      assert.match(err, /^zego: a simulation is here already \(--drivers 25 --days 5 --seed 7\): .*\n$/)
    }
    assert.equal(await count(store, 'report'), reports)
    assert.equal(await count(store, 'customer'), 28)
    const { code, err } = await run('--verify', '--seed', '8')
    assert.equal(code, 1)
    assert.match(err, /^zego: the simulation here was made with --seed 7\n$/)
  })
})

onEachEngine('zego simulate in a store with somebody real', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
    await createCustomer(store.context, { email: 'real@example.org', customerNumber: 'REAL1' })
  })
  after(() => store.close())

  it('refuses, and makes nothing', async () => {
    const { code, out, err } = await zego(store.environment, ['simulate', ...SIZE])
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^zego: made-up facts are not mixed with real ones, and customer REAL1 is here: .*\n$/)
    for (const [table, rows] of Object.entries({ customer: 1, work_provider: 0, report: 0, audit: 1 })) {
      assert.equal(await count(store, table), rows, table)
    }
  })

  it('has nothing to compare', async () => {
    const { code, err } = await zego(store.environment, ['simulate', '--verify'])
    assert.equal(code, 1)
    assert.match(err, /^zego: there is no simulation here: .*\n$/)
  })

  it('refuses numbers that are none, too small or too large', async () => {
    for (const args of [
      ['--drivers', '0'],
      ['--days', '32'],
      ['--seed', 'x'],
      ['--drivers', '1.5'],
    ]) {
      const { code, err } = await zego(store.environment, ['simulate', ...args])
      assert.equal(code, 1)
      assert.match(err, /^zego: a simulation's (drivers|days|seed): a whole number from \d+ to \d+\n$/)
    }
  })
})

function instantOf(text: string): number {
  const { epochNanoseconds } = Temporal.Instant.from(text)
  return Number(epochNanoseconds / 1000n)
}
