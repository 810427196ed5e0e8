import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import { check } from '../../src/app/check.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { assertSame, contentsOf } from '../site/tables.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { type Ran, zegoHere } from './command.ts'

type Answer = {
  ok: boolean
  rows: number
  counts: Record<string, number>
  refused: { line: number; detail: string }[]
}

const HEADINGS =
  'customerNumber,email,name,classOfUse,coverLevel,vehicleRegistration,policyFrom,workProvider,workProviderUserId,consentedAt'
const GOOD = [
  HEADINGS,
  'IMP1,ada@example.com,"Ada ""A"" Rider, of Leeds",Delivery,TPO,AB12 CDE,2026-01-01T00:00:00Z,Ace,u1,2026-01-02T00:00:00Z',
  'imp2,bob@example.com,,Delivery,TPO,,2026-01-01T00:00:00Z,,,',
  'IMP1,ada@example.com,,,,,,Bolt,b1,2026-02-01T00:00:00Z',
  'IMP3,cyd@example.com,Cyd,,,,,,,',
]

onEachEngine('zego import', (engine) => {
  let store: Store
  let directory: string
  let ace: string
  before(async () => {
    store = await openStore(engine)
    ace = (await createWorkProvider(store.context, 'Ace')).id
    await createWorkProvider(store.context, 'Bolt')
    directory = mkdtempSync(join(tmpdir(), 'zego-import-'))
  })
  after(async () => {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  function file(name: string, lines: readonly string[], end = '\r\n'): string {
    const path = join(directory, name)
    writeFileSync(path, lines.map((line) => line + end).join(''))
    return path
  }

  const run = (...args: string[]): Promise<Ran> => zegoHere(store, ['import', ...args])

  async function answered(code: number, ...args: string[]): Promise<Answer> {
    const ran = await run(...args, '--json')
    assert.equal(ran.code, code, ran.out + ran.err)
    return JSON.parse(ran.out) as Answer
  }

  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await zegoHere(store, [...args, '--json'])
    assert.equal(code, 0, err)
    return JSON.parse(out) as T
  }

  test('customers: a trial says what would be made, and makes nothing', async () => {
    const before = await contentsOf(store.context)
    const { ok, rows, counts } = await answered(0, 'customers', file('trial.csv', GOOD), '--dry-run')
    assert.deepEqual({ ok, rows, counts }, { ok: true, rows: 4, counts: { made: 4 } })
    assertSame(await contentsOf(store.context), before, 'a trial')
  })

  test('customers: each row makes what it says, and again nothing', async () => {
    const path = file('good.csv', GOOD)
    assert.deepEqual((await answered(0, 'customers', path)).counts, { made: 4 })
    type Shown = {
      email: string
      name: string
      policies: { vehicle: string; from: string }[]
      links: { workProvider: string }[]
    }
    const ada = await json<Shown>('customer', 'show', 'IMP1')
    assert.equal(ada.name, 'Ada "A" Rider, of Leeds')
    assert.deepEqual(
      ada.policies.map(({ vehicle, from }) => [vehicle, from]),
      [['AB12 CDE', '2026-01-01T00:00:00Z']],
    )
    assert.equal(ada.links.length, 2)
    assert.equal((await json<Shown>('customer', 'show', 'IMP2')).policies.length, 1)
    const before = await contentsOf(store.context)
    assert.deepEqual((await answered(0, 'customers', path)).counts, { 'there already': 4 })
    assertSame(await contentsOf(store.context), before, 'a second import')
  })

  test('customers: a row that cannot be is refused whole, with its line and why; the others are taken', async () => {
    const lines = [
      HEADINGS,
      'OK1,ok1@example.com,,,,,,,,',
      'IMP1,other@example.com,,,,,,,,',
      'NEW1,ada@example.com,,,,,,,,',
      'NEW2,new2@example.com,,,,,,Nobody Ltd,,',
      'NEW3,new3@example.com,,,,,,Ace,u1,',
      'NEW4,new4@example.com,,Delivery,TPO,,,,,',
      'NEW5,new5@example.com,,Delivery,TPO,,yesterday,,,',
      'NEW6,no address,,,,,,,,',
      'NEW 7,new7@example.com,,,,,,,,',
      ',new8@example.com,,,,,,,,',
      'NEW9,ok1@example.com,,,,,,,,',
      'OK2,ok2@example.com,,,,,,,,',
    ]
    const results = join(directory, 'results.csv')
    const { counts, refused } = await answered(1, 'customers', file('bad.csv', lines), '--results', results)
    assert.deepEqual(counts, { made: 2, refused: 10 })
    assert.deepEqual(
      refused.map(({ line, detail }) => [line, detail]),
      [
        [3, 'this customer has another e-mail here'],
        [4, 'another customer has this e-mail'],
        [5, 'there is no work provider named "Nobody Ltd"'],
        [6, 'the id u1 is held by another customer: release it there first'],
        [7, 'policyFrom is missing'],
        [8, 'policyFrom is not ISO 8601'],
        [9, '"no address" is not an e-mail address'],
        [10, '"NEW 7" is not a customer number: it has letters A-Z and digits only'],
        [11, 'customerNumber is missing'],
        [12, 'another row has this e-mail'],
      ],
    )
    const { rows } = await sql`select from customer where customer_number like 'NEW%'`.execute(store.context.db)
    assert.equal(rows.length, 0, 'of a refused row nothing is left')
    const written = readFileSync(results, 'utf8').split('\r\n')
    assert.equal(written.length, 1 + 12 + 1)
    assert.deepEqual(written.slice(0, 3), [
      'line,outcome,detail',
      '2,made,customer',
      '3,refused,this customer has another e-mail here',
    ])
    const { out } = await run('customers', join(directory, 'bad.csv'))
    assert.match(out, /refused +10\n/)
    assert.match(out, /^line 5: there is no work provider named "Nobody Ltd"$/m)
  })

  test('a file that is none, or has a heading that nobody knows, is refused with one line', async () => {
    const refused = async (pattern: RegExp, ...args: string[]): Promise<void> => {
      const { code, out, err } = await run(...args)
      assert.equal(code, 1, out)
      assert.match(err, pattern)
      assert.equal(err.trimEnd().split('\n').length, 1)
    }
    await refused(/^zego: there is no file that can be read: /, 'customers', join(directory, 'none.csv'))
    await refused(/^zego: there is no file that can be read: /, 'customers', directory)
    const unknown = file('unknown.csv', ['customerNumber,mail', 'A1,a@example.com'])
    await refused(/^zego: the first line has "mail", which is none of customerNumber, email, /, 'customers', unknown)
    await refused(/^zego: the file is no CSV/, 'customers', file('quote.csv', [HEADINGS, '"A1,a@example.com']))
    await refused(/^zego: the file is no CSV/, 'customers', file('short.csv', [HEADINGS, 'A1,a@example.com']))
    await refused(/^zego: line 2 is not a JSON object/, 'events', file('bad.ndjson', ['{}', '[1]'], '\n'))
    assert.deepEqual((await answered(0, 'customers', file('empty.csv', []))).rows, 0)
  })

  const EVENTS = [
    ['login', '2026-03-01T10:00:00Z'],
    ['logout', '2026-03-01T12:30:00.123456Z'],
    ['login', '2020-05-01T10:00:00+02:00'],
  ] as const

  const shifts = () => json<{ start: string }[]>('shifts', '--customer', 'IMP1')

  async function countEvents(): Promise<number> {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from event`.execute(store.context.db)
    return rows[0]!.count
  }

  test('events: from CSV and from NDJSON they are derived as if they had been reported, and again nothing changes', async () => {
    const csv = file('events.csv', [
      'workProvider,kind,workProviderUserId,timestamp',
      ...EVENTS.map(([kind, at]) => `Ace,${kind},u1,${at}`),
    ])
    assert.deepEqual((await answered(0, 'events', csv, '--dry-run')).counts, { good: 3 })
    assert.equal(await countEvents(), 0, 'a trial stores nothing')
    assert.deepEqual((await answered(0, 'events', csv)).counts, { stored: 3 })
    const made = await shifts()
    assert.equal(made.length, 2)
    assert.equal(await countEvents(), 3)
    const ndjson = file(
      'events.ndjson',
      EVENTS.map(([kind, timestamp]) => JSON.stringify({ kind, timestamp, workProviderUserId: 'u1' })).toReversed(),
      '\n',
    )
    await answered(0, 'events', ndjson, '--work-provider', 'ace')
    assert.deepEqual(await shifts(), made)
    assert.equal(await countEvents(), 3)
    assert.deepEqual((await check(store.context)).differences, [])
  })

  test('events: a row that cannot be is refused with its line and why', async () => {
    const lines = [
      'workProvider,kind,customerNumber,workProviderUserId,timestamp',
      'Ace,login,,u1,2026-04-01T10:00:00Z',
      'Ace,begin,,u1,2026-04-01T10:00:00Z',
      'Ace,login,IMP1,u1,2026-04-01T10:00:00Z',
      'Ace,login,,,2026-04-01T10:00:00Z',
      'Ace,login,no number,,2026-04-01T10:00:00Z',
      'Ace,login,,u1,2026-04-01T10:00:00',
      'Ace,login,,u1,2999-04-01T10:00:00Z',
      'Nobody Ltd,login,,u1,2026-04-01T10:00:00Z',
      ',login,,u1,2026-04-01T10:00:00Z',
    ]
    const { counts, refused } = await answered(1, 'events', file('bad-events.csv', lines))
    assert.deepEqual(counts, { stored: 1, refused: 8 })
    assert.deepEqual(
      refused.map(({ line }) => line),
      [3, 4, 5, 6, 7, 8, 9, 10],
    )
    const details = refused.map(({ detail }) => detail).join('\n')
    for (const part of [
      'neither login nor logout',
      'one of customerNumber',
      'no time zone',
      'Nobody Ltd',
      'is missing',
    ])
      assert.ok(details.includes(part), `${part} in ${details}`)
  })

  test('a character that cannot be stored is refused with its line, and the rows after it are taken', async () => {
    const customer = (number: string, name: string): string =>
      JSON.stringify({ customerNumber: number, email: `${number}@example.com`, name })
    const lines = [customer('NUL1', 'A\0B'), customer('HALF1', 'A\ud800'), customer('SOUND1', 'A 🚴')]
    const { counts, refused } = await answered(1, 'customers', file('nul.ndjson', lines, '\n'))
    assert.deepEqual(counts, { refused: 2, made: 1 })
    assert.deepEqual(
      refused.map(({ line, detail }) => [line, detail]),
      [1, 2].map((line) => [line, 'name has a character that cannot be stored']),
    )
  })

  test('events: when a piece cannot be stored the import ends, and says of none that it was', async () => {
    const lines = Array.from({ length: 2_001 }, (_, second) => {
      return `Ace,login,full,${new Date(Date.UTC(2025, 5, 1, 0, 0, second)).toISOString()}`
    })
    const path = file('full.csv', ['workProvider,kind,workProviderUserId,timestamp', ...lines])
    const full = { ...store.context, limits: { ...store.context.limits, queuedEvents: 1 } }
    const { code, out, err } = await zegoHere({ context: full }, ['import', 'events', path, '--json'])
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^zego: too many reports wait for the disk; import the file again, [^\n]*\n$/)
  })

  test('events: others are accepted meanwhile, and each is there once', async () => {
    const start = Date.UTC(2025, 0, 1)
    const lines = Array.from({ length: 5_000 }, (_, index) => {
      const at = new Date(start + index * 3_600_000).toISOString()
      return `Ace,${index % 2 === 0 ? 'login' : 'logout'},u1,${at}`
    })
    const path = file('many.csv', ['workProvider,kind,workProviderUserId,timestamp', ...lines])
    const acceptor = startAcceptor(store.context, () => {})
    let isOver = false
    let accepted = 0
    const importing = answered(0, 'events', path).finally(() => (isOver = true))
    const before = await countEvents()
    while (!isOver) {
      await acceptor.accept({
        requestId: store.context.newId(),
        workProviderId: ace,
        kind: 'login',
        reports: [{ identity: { kind: 'user_id', text: 'other' }, at: (start * 1000 + accepted) as Instant }],
      })
      accepted += 1
    }
    assert.deepEqual((await importing).counts, { stored: 5_000 })
    assert.ok(accepted > 3, `${accepted} were accepted meanwhile`)
    await settle(store.context)
    assert.equal((await countEvents()) - before, 5_000 + accepted)
    assert.deepEqual((await check(store.context)).differences, [])
  })
})
