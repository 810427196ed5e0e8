import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { ensurePartitions } from '../../src/storage/partitions.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { type Ran, zego, zegoHere } from './command.ts'

/** What these tests do, as the audit log tells it: what was refused is not in it. */
const DAY_AT_THE_DESK = [
  'work provider created',
  'settings changed',
  'key created',
  'key imported',
  'key created',
  'key rotated',
  'key revoked',
  'customer created',
  'customer created',
  'policy created',
  'link created',
  'user id bound',
  'consent given',
  'consent withdrawn',
  'consent given',
  'user id bound',
  'user id released',
  'event annulled',
  'event restored',
  'policy cancelled',
  'reports detached',
  'reports detached',
  'reports detached',
  'reports detached',
  'reports dropped',
  'reports dropped',
  'policy created',
  'policy cancelled',
  'consent withdrawn',
  'customer erased',
]

/*
 * The command line as an operator uses it, on the embedded store or a PostgreSQL server. The steps build on each other, as
 * a day at the desk does; the last is that of a process of its own.
 */
onEachEngine('zego', (engine) => {
  let store: Store
  const ids: Record<string, string> = {}
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  const run = (...args: string[]): Promise<Ran> => zegoHere(store, args)

  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await run(...args, '--json')
    assert.equal(code, 0, err)
    return JSON.parse(out) as T
  }

  /** One clear line on standard error, nothing on standard output, and the exit code. */
  async function fails(code: number, pattern: RegExp, ...args: string[]): Promise<void> {
    const ran = await run(...args)
    assert.equal(ran.code, code, ran.out + ran.err)
    assert.match(ran.err, pattern)
    assert.equal(ran.out, '')
    if (code === 1) assert.equal(ran.err.trimEnd().split('\n').length, 1, ran.err)
  }

  async function tell(kind: 'login' | 'logout', text: string, at: string): Promise<void> {
    const workProviderId = ids['Ace']!
    const instant = Number(Temporal.Instant.from(at).epochNanoseconds / 1000n) as Instant
    await startAcceptor(store.context, () => {}).accept({
      requestId: store.context.newId(),
      workProviderId,
      kind,
      reports: [{ identity: { kind: 'user_id', text }, at: instant }],
    })
  }

  test('work-provider create, list and set', async () => {
    const created = await json<{ id: string; name: string }>('work-provider', 'create', 'Ace')
    assert.equal(created.name, 'Ace')
    ids['Ace'] = created.id
    await fails(1, /^zego: there is already a work provider named "ace"/, 'work-provider', 'create', 'ace')
    await json('work-provider', 'set', 'Ace', '--cap', 'PT10H', '--link-requires', 'nothing')
    await fails(1, /not a duration/, 'work-provider', 'set', 'Ace', '--cap', 'ten hours')
    await fails(2, /--link-requires/, 'work-provider', 'set', 'Ace', '--link-requires', 'luck')
    await fails(1, /no work provider named "Bolt"/, 'work-provider', 'set', 'Bolt', '--cap', 'PT1H')
    assert.deepEqual(await json('work-provider', 'list'), [created])
  })

  test('key create, import, list, rotate and revoke', async () => {
    const created = await json<{ id: string; key: string; workProvider: string }>(
      'key',
      'create',
      '--work-provider',
      'Ace',
    )
    assert.equal(created.workProvider, 'Ace')
    assert.ok(created.key.length >= 32)
    const imported = await zegoHere(
      store,
      ['key', 'import', '--work-provider', 'Ace', '--key-stdin', '--json'],
      'an old key\n',
    )
    assert.equal(imported.code, 0, imported.err)
    assert.deepEqual(Object.keys(JSON.parse(imported.out) as object), ['id', 'workProvider'])
    const again = await zegoHere(store, ['key', 'import', '--work-provider', 'Ace', '--key-stdin'], 'an old key')
    assert.equal(again.code, 1)
    assert.match(again.err, /never taken twice/)
    const short = await zegoHere(store, ['key', 'import', '--work-provider', 'Ace', '--key-stdin'], 'short')
    assert.equal(short.code, 1)
    const rotated = await json<{ id: string; key: string }>('key', 'rotate', created.id, '--overlap', 'PT24H')
    assert.notEqual(rotated.key, created.key)
    const revoked = await json<{ live: boolean }>('key', 'revoke', rotated.id)
    assert.equal(revoked.live, false)
    const listed = await json<{ id: string; live: boolean; expiresAt: string | null }[]>('key', 'list')
    assert.equal(listed.length, 3)
    assert.notEqual(listed.find((key) => key.id === created.id)!.expiresAt, null)
    assert.ok(!(await run('key', 'list')).out.includes(created.key))
    await fails(1, /no key with the id nope/, 'key', 'revoke', 'nope')
  })

  test('customer create and show', async () => {
    const customer = await json<{ customerNumber: string }>(
      'customer',
      'create',
      '--email',
      'ada@example.com',
      '--customer-number',
      'abc1',
      '--name',
      'Ada',
    )
    assert.equal(customer.customerNumber, 'ABC1')
    const other = await json<{ customerNumber: string }>('customer', 'create', '--email', 'bob@example.com')
    assert.match(other.customerNumber, /^[A-Z0-9]+$/)
    ids['Bob'] = other.customerNumber
    await fails(
      1,
      /customer number ABC1 exists/,
      'customer',
      'create',
      '--email',
      'x@example.com',
      '--customer-number',
      'ABC1',
    )
    await fails(1, /e-mail ADA@example.com exists/, 'customer', 'create', '--email', 'ADA@example.com')
    await fails(1, /not an e-mail/, 'customer', 'create', '--email', 'nobody')
    await fails(
      1,
      /not a customer number/,
      'customer',
      'create',
      '--email',
      'y@example.com',
      '--customer-number',
      'A-1',
    )
    await fails(2, /--email/, 'customer', 'create')
    assert.equal((await json<{ name: string }>('customer', 'show', 'ABC1')).name, 'Ada')
    await fails(1, /no customer NOBODY/, 'customer', 'show', 'NOBODY')
  })

  test('policy create and cancel', async () => {
    const policy = await json<{ id: string }>(
      'policy',
      'create',
      '--customer',
      'ABC1',
      '--class-of-use',
      'delivery',
      '--cover-level',
      'TPO',
      '--vehicle',
      'VY7 JC3',
      '--from',
      '2026-11-01T00:00:00Z',
    )
    ids['policy'] = policy.id
    await fails(
      1,
      /ends after it begins/,
      'policy',
      'create',
      '--customer',
      'ABC1',
      '--class-of-use',
      'd',
      '--cover-level',
      'c',
      '--from',
      '2026-11-02T00:00:00Z',
      '--to',
      '2026-11-01T00:00:00Z',
    )
    await fails(
      1,
      /is not ISO 8601/,
      'policy',
      'create',
      '--customer',
      'ABC1',
      '--class-of-use',
      'd',
      '--cover-level',
      'c',
      '--from',
      'yesterday',
    )
    await fails(1, /no policy/, 'policy', 'cancel', '01900000-0000-7000-8000-000000000000')
  })

  test('link create, consent, withdraw and release; an id that another customer holds is refused and nothing is stored', async () => {
    await json('link', 'create', '--work-provider', 'Ace', '--customer', 'ABC1', '--work-provider-user-id', '1686')
    await fails(
      1,
      /held by another customer/,
      'link',
      'create',
      '--work-provider',
      'Ace',
      '--customer',
      ids['Bob']!,
      '--work-provider-user-id',
      '1686',
    )
    const bob = await json<{ links: unknown[] }>('customer', 'show', ids['Bob']!)
    assert.deepEqual(bob.links, [])
    await fails(1, /already linked/, 'link', 'create', '--work-provider', 'Ace', '--customer', 'ABC1')
    type Shown = { links: { active: boolean; workProviderUserIds: string[] }[] }
    assert.equal((await json<Shown>('customer', 'show', 'ABC1')).links[0]!.active, false)
    await json('link', 'consent', '--work-provider', 'Ace', '--customer', 'ABC1', '--at', '2026-11-02T00:00:00Z')
    const active = (await json<Shown>('customer', 'show', 'ABC1')).links[0]!
    assert.deepEqual([active.active, active.workProviderUserIds], [true, ['1686']])
    await json('link', 'withdraw', '--work-provider', 'Ace', '--customer', 'ABC1')
    assert.equal((await json<Shown>('customer', 'show', 'ABC1')).links[0]!.active, false)
    await json('link', 'consent', '--work-provider', 'Ace', '--customer', 'ABC1')
    await json('link', 'create', '--work-provider', 'Ace', '--customer', 'ABC1', '--work-provider-user-id', '9')
    await json('link', 'release', '--work-provider', 'Ace', '--work-provider-user-id', '9')
    await fails(1, /no customer holds/, 'link', 'release', '--work-provider', 'Ace', '--work-provider-user-id', '9')
  })

  test('events, shifts, cover and usage of what was reported', async () => {
    await tell('login', '1686', '2026-11-03T10:00:00Z')
    await tell('logout', '1686', '2026-11-03T12:30:00.5Z')
    await tell('login', '1686', '2026-11-04T10:00:00Z')
    await tell('logout', '1686', '2026-11-06T10:00:00Z')
    assert.deepEqual(await json('shifts', '--customer', 'ABC1'), [
      {
        workProvider: 'Ace',
        startedAt: '2026-11-03T10:00:00Z',
        endedAt: '2026-11-03T12:30:00.500000Z',
        capAt: '2026-11-04T00:00:00Z',
        endReason: 'logout',
      },
      {
        workProvider: 'Ace',
        startedAt: '2026-11-04T10:00:00Z',
        endedAt: null,
        capAt: '2026-11-05T00:00:00Z',
        endReason: 'cap',
      },
    ])
    assert.deepEqual(await json('shifts', '--customer', 'ABC1', '--as-known-at', '2026-11-22T00:00:00Z'), [])
    assert.deepEqual(
      await json('cover', '--customer', 'ABC1', '--from', '2026-11-03T11:00:00Z', '--to', '2026-11-03T12:00:00Z'),
      [{ from: '2026-11-03T11:00:00Z', to: '2026-11-03T12:00:00Z', workProviders: ['Ace'] }],
    )
    assert.deepEqual(await json('anomalies', '--customer', 'ABC1'), [
      { workProvider: 'Ace', at: '2026-11-06T10:00:00Z', kind: 'orphan' },
    ])
    const usage = await json<{ day: string; minutes: number }[]>('usage', '--month', '2026-11', '--customer', 'ABC1')
    assert.deepEqual(
      usage.map(({ day, minutes }) => [day, minutes]),
      [
        ['2026-11-03', 150 + 0.5 / 60],
        ['2026-11-04', 840],
      ],
    )
    const csv = (await run('usage', '--month', '2026-11', '--work-provider', 'Ace', '--csv')).out.split('\n')
    assert.deepEqual(csv.slice(0, 2), ['customer_number,work_provider,day,minutes', 'ABC1,Ace,2026-11-03,150.008333'])
    assert.equal((await run('usage', '--month', '2025-01')).out, 'No cover.\n')
    await fails(1, /not a month/, 'usage', '--month', 'november')
  })

  test('cover at an instant says why, with the facts', async () => {
    type Why = { covered: boolean; why: string; facts: { fact: string }[] }
    const yes = await json<Why>('cover', '--customer', 'ABC1', '--at', '2026-11-03T11:00:00Z')
    assert.equal(yes.covered, true)
    assert.match(yes.why, /^Covered at 2026-11-03T11:00:00Z: on shift for Ace since 2026-11-03T10:00:00Z/)
    assert.deepEqual([...new Set(yes.facts.map(({ fact }) => fact))].sort(), [
      'binding',
      'consent',
      'event',
      'link',
      'policy',
      'shift',
    ])
    const no = await json<Why>('cover', '--customer', 'ABC1', '--at', '2026-11-03T13:00:00Z')
    assert.equal(no.covered, false)
    assert.match(no.why, /not on shift for Ace: the last shift, from 2026-11-03T10:00:00Z, ended by logout/)
    await fails(1, /is after/, 'cover', '--customer', 'ABC1', '--at', '2099-01-01T00:00:00Z')
  })

  test('event annul and restore change the shifts and keep the event', async () => {
    type Listed = { id: string; kind: string; at: string; annulled: boolean }[]
    const events = await json<Listed>('events', '--customer', 'ABC1')
    assert.equal(events.length, 4)
    const login = events.find((event) => event.at === '2026-11-04T10:00:00Z')!
    await json('event', 'annul', login.id, '--reason', 'the driver pressed the wrong button')
    assert.equal((await json<unknown[]>('shifts', '--customer', 'ABC1')).length, 1)
    const listed = await json<Listed>('events', '--work-provider', 'Ace', '--work-provider-user-id', '1686')
    assert.equal(listed.find((event) => event.id === login.id)!.annulled, true)
    await json('event', 'restore', login.id, '--reason', 'it was right after all')
    assert.equal((await json<unknown[]>('shifts', '--customer', 'ABC1')).length, 2)
    await fails(1, /no event|not an event/, 'event', 'annul', '01a2090b-d0b8-84d5-8cec-bc52ad1bfe44', '--reason', 'x')
    await fails(2, /--reason/, 'event', 'annul', login.id)
  })

  test('policy cancel ends the cover', async () => {
    await json('policy', 'cancel', ids['policy']!, '--at', '2026-11-03T11:00:00Z')
    assert.deepEqual(await json('cover', '--customer', 'ABC1'), [
      { from: '2026-11-03T10:00:00Z', to: '2026-11-03T11:00:00Z', workProviders: ['Ace'] },
    ])
  })

  test('reconciliation lists who is parked', async () => {
    await tell('login', 'stranger', '2026-11-05T10:00:00Z')
    const cases = await json<{ kind: string; workProviderUserId: string; events: number }[]>('reconciliation')
    assert.deepEqual(
      cases.map((one) => [one.kind, one.workProviderUserId, one.events]),
      [['parked', 'stranger', 1]],
    )
  })

  test('check finds nothing; and finds what is not as derived', async () => {
    assert.equal((await json<{ ok: boolean }>('check')).ok, true)
    await sql`update shift set ended_at = ended_at + interval '1 minute' where ended_at is not null`.execute(
      store.context.db,
    )
    const { code, out } = await run('check', '--json')
    assert.equal(code, 1)
    assert.equal((JSON.parse(out) as { differences: unknown[] }).differences.length, 1)
  })

  test('retention lists the months, detaches old ones and drops what is named, each when told to', async () => {
    for (const month of [0, 2]) await ensurePartitions(store.context.db, (Date.UTC(2025, month, 15) * 1_000) as Instant)
    type Months = { table: string; from: string; to: string; bytes: number }[]
    type Answer = { detached: Months; dropped: Months; detachedBefore: Months; kept: Months; inDefault: unknown }
    const tables = (months: Months): string[] => months.map(({ table }) => table)
    const old = ['report_2025_01', 'report_2025_02', 'report_2025_03', 'report_2025_04']
    assert.deepEqual(tables((await json<Answer>('retention')).kept).slice(0, 4), old)
    const dry = await json<Answer>('retention', '--months', '6', '--dry-run')
    const wet = await json<Answer>('retention', '--months', '6')
    assert.deepEqual([dry.detached, tables(wet.detached), wet.inDefault], [wet.detached, old, null])
    const { out } = await run('retention')
    assert.match(out, /^report_2025_01 +2025-01-01T00:00:00Z +2025-02-01T00:00:00Z .* detached before$/m)
    const dump = engine === 'embedded' ? 'copy report_2025_01 to' : 'pg_dump --format=custom --table=report_2025_01'
    assert.ok(out.includes(dump) && out.includes(`npx zego retention --drop ${old.join(' ')}`), out)
    const dropped = await json<Answer>('retention', '--drop', old[0]!, old[2]!)
    assert.deepEqual(
      [tables(dropped.dropped), tables(dropped.detachedBefore)],
      [
        [old[0], old[2]],
        [old[1], old[3]],
      ],
    )
    await fails(1, /"report_2025_01" is not a detached month/, 'retention', '--drop', old[1]!, old[0]!)
    await fails(1, /are two steps/, 'retention', '--months', '6', '--drop', old[1]!)
    await fails(1, /whole number from 2 to 1200/, 'retention', '--months', '1')
    await fails(1, /"six" is not a number of months/, 'retention', '--months', 'six')
    await fails(2, /--drop/, 'retention', '--drop')
  })

  test('customer erase needs the policies to be over, and leaves the record', async () => {
    await json('policy', 'create', '--customer', 'ABC1', '--class-of-use', 'delivery', '--cover-level', 'TPO')
    const erase = ['customer', 'erase', 'ABC1', '--reason', 'asked by letter']
    await fails(1, /^zego: policy [0-9a-f-]+ of ABC1 is not over: cancel it first/, ...erase)
    const { policies } = await json<{ policies: { id: string; valid: boolean }[] }>('customer', 'show', 'ABC1')
    await json('policy', 'cancel', policies.find(({ valid }) => valid)!.id)
    const erased = await json<{ customerNumber: string; withdrawnFrom: string[] }>(...erase)
    assert.deepEqual([erased.customerNumber, erased.withdrawnFrom], ['ABC1', ['Ace']])
    const shown = await json<{ email: string; name: null; erasedAt: string; links: { active: boolean }[] }>(
      'customer',
      'show',
      'ABC1',
    )
    assert.deepEqual([shown.email, shown.name, shown.links[0]!.active], ['abc1@erased.invalid', null, false])
    assert.equal((await json<unknown[]>('shifts', '--customer', 'ABC1')).length, 2)
    await fails(1, /customer ABC1 was erased/, ...erase)
    await fails(1, /customer ABC1 was erased/, 'link', 'consent', '--work-provider', 'Ace', '--customer', 'ABC1')
    await fails(2, /--reason/, 'customer', 'erase', ids['Bob']!)
  })

  test('audit lists who did each of these things, and to what; nothing in it can be changed', async () => {
    type Line = { by: { kind: string; name: string }; action: string; customerNumber: string; workProvider: string }
    const lines = await json<Line[]>('audit')
    assert.deepEqual(
      lines.map(({ action }) => action),
      DAY_AT_THE_DESK,
    )
    assert.deepEqual(
      new Set(lines.map(({ by }) => `${by.kind} ${by.name}`)),
      new Set([`operator ${userInfo().username}`]),
    )
    const ofCustomer = await json<Line[]>('audit', '--customer', ids['Bob']!)
    assert.deepEqual(
      ofCustomer.map(({ action, customerNumber }) => [action, customerNumber]),
      [['customer created', ids['Bob']]],
    )
    const ofKeys = await json<Line[]>('audit', '--work-provider', 'ace', '--limit', '3')
    assert.deepEqual(new Set(ofKeys.map(({ workProvider }) => workProvider)), new Set(['Ace']))
    assert.equal(ofKeys.length, 3)
    assert.deepEqual(await json('audit', '--since', 'now'), [])
    assert.deepEqual(await json('audit', '--by', 'nobody'), [])
    const text = JSON.stringify(lines) + (await run('audit')).out
    assert.doesNotMatch(text, /ada@example\.com|\bAda\b|zego_|an old key/, 'a person or a secret is in it')
    await fails(1, /whole number from 1 to 10000/, 'audit', '--limit', 'all')
    for (const statement of [
      sql`update audit set actor_name = 'nobody'`,
      sql`delete from audit`,
      sql`truncate audit`,
    ]) {
      await assert.rejects(statement.execute(store.context.db), /the table audit is only ever added to/)
    }
  })

  test('migrate does nothing on a migrated store; usage errors end with 2', async () => {
    assert.deepEqual(await json('migrate'), { applied: [], distributed: [] })
    await fails(2, /unknown command/, 'nonsense')
    await fails(2, /--customer/, 'shifts')
    await fails(2, /unknown option/, 'shifts', '--customer', 'ABC1', '--nonsense')
  })

  test('a process of its own, beside the one that has the store open, says the same and ends with the same code', async () => {
    const lines = ['work-provider list', 'audit --json', 'check', 'shifts', 'nonsense', 'policy --help', 'key list']
    for (const line of [...lines, 'work-provider set Bolt --cap PT1H']) {
      const args = line.split(' ')
      assert.deepEqual(await zego(store.environment, args), await run(...args), line)
    }
  })
})
