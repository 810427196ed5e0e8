import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { restoreRows, writeBackup } from '../../src/app/backup.ts'
import { check } from '../../src/app/check.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { detachMonths } from '../../src/app/retention.ts'
import { type Backup, createBackup, openBackup } from '../../src/storage/backup/backup-file.ts'
import { storedTables } from '../../src/storage/backup/tables.ts'
import { type Database, databaseNow, inTransaction } from '../../src/storage/database.ts'
import { copyCluster } from '../../src/storage/embedded/snapshot.ts'
import { migrate, migrations, pendingMigrations } from '../../src/storage/migrate.ts'
import { growStore } from '../support/grown-store.ts'
import { openEmptyStore } from '../support/empty-stores.ts'
import { SEED } from '../support/properties.ts'
import { onEachEngine, openStore, openStoreIn, type Store } from '../support/stores.ts'
import { histories, startHistory } from '../whole/random-history.ts'

/* What is written of a store's rows, and made of them: on whichever engine, since a backup may change it. */

const COPIES = 1
const HISTORIES_MEANWHILE = 200
/** A string with whatever JSON, COPY, lines of text and SQL may stumble over. */
const ODD = 'a\\nb\n\r\t"\'\u2028\u{1F6B2}e\u0301 {"x":1} \\x00 \u202e%_$1 null'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'zego-backup-'))
})
after(() => rmSync(directory, { recursive: true, force: true }))

let made = 0

/** Backs up a store that nobody writes to. */
async function backedUp(db: Database): Promise<Backup> {
  const file = join(directory, `${made++}.zego`)
  const writer = await createBackup(file, false)
  await writeBackup(db, writer, { program: '0.0.0', begunAt: await databaseNow(db) }, () => {})
  return openBackup(file)
}

async function restored(db: Database, backup: Backup): Promise<{ leftOut: string[] }> {
  const { manifest } = backup
  assert.ok(manifest.engine === 'embedded')
  return restoreRows(db, backup, manifest, () => {})
}

/** Each table with the span of its month, how many rows it has, and a digest of them. */
function contents(db: Database): Promise<Map<string, unknown>> {
  return inTransaction(db, async (trx) => {
    await sql`select set_config('timezone', 'UTC', true)`.execute(trx)
    const found = new Map<string, unknown>()
    for (const { name, month } of await storedTables(trx)) {
      const { rows } = await sql`
        select count(*) as rows, md5(string_agg(line, E'\n' order by line collate "C")) as digest
        from (select row_to_json(t)::text as line from ${sql.table(name)} t) lines
      `.execute(trx)
      found.set(name, { month, ...(rows[0] as object) })
    }
    return found
  })
}

/** Rows in the tables that a history of reports leaves empty. */
async function addOddRows({ db }: Context): Promise<void> {
  await sql`
    insert into driver_account (id, name, email, email_verified, created_at, updated_at)
    values (gen_random_uuid(), ${ODD}, 'odd@example.com', true, now(), '-infinity')
  `.execute(db)
  await sql`update customer set name = ${ODD}, account_id = (select id from driver_account) where customer_number = 'C1'`.execute(
    db,
  )
  await sql`insert into attempt values ('odd', '\\x00ff0a', sha256('x'), now())`.execute(db)
  await sql`
    insert into mail_link (hash, purpose, data, expires_at)
    values ('\\x0a0d', 'sign up', ${JSON.stringify({ email: ODD, deep: [1e100, null, { a: [] }] })}::jsonb, 'infinity')
  `.execute(db)
  await sql`insert into refusal_count values ('2026-01-31', null, 'X', 9007199254740993)`.execute(db)
  await sql`
    insert into consent (link_id, given, effective_at, fields) values (1, true, '2026-03-29 01:00:00.123456+00', ${[ODD, '', '{}']})
  `.execute(db)
}

onEachEngine('a backup of rows restored', (engine) => {
  let store: Store
  let target: Store
  beforeEach(async () => {
    store = await openStore('embedded')
    target = await openEmptyStore(engine)
  })
  afterEach(async () => {
    await store.close()
    await target.close()
  })

  it('has every row of every table as it was, in its month, and months that were detached by themselves', async () => {
    const { context } = store
    await growStore(store, { customers: 60, working: 40, onShift: 20 })
    await addOddRows(context)
    assert.ok((await detachMonths(context, 4, false)).detached.length > 0)
    const backup = await backedUp(context.db)
    assert.deepEqual(await restored(target.context.db, backup), { leftOut: [] })
    const expected = await contents(context.db)
    const full = [...expected.values()].filter((table) => (table as { rows: number }).rows > 0)
    assert.ok(full.length > 25, `${full.length} tables have rows`)
    assert.deepEqual(await contents(target.context.db), expected)
    assert.deepEqual(await pendingMigrations(target.context.db), [])
  })

  it('goes on: new links get new numbers, foreign keys are watched over, the check finds nothing', async () => {
    const { context } = store
    for (const number of ['A1', 'A2'])
      await createCustomer(context, { email: `${number}@example.com`, customerNumber: number })
    const told = await startHistory(context)
    for (const step of fc.sample(histories, { seed: SEED, numRuns: 5 }).flat()) await told.tell(step)
    await restored(target.context.db, await backedUp(context.db))
    const { db } = target.context
    const highest = async (): Promise<number> =>
      (await sql<{ id: number }>`select max(id) as id from link`.execute(db)).rows[0]!.id
    const was = await highest()
    await createLink(target.context, {
      workProvider: told.workProvider,
      customerNumber: 'A1',
      workProviderUserId: 'u9',
    })
    assert.equal(await highest(), was + 1)
    await assert.rejects(
      sql`insert into consent (link_id, given, effective_at) values (999999, true, now())`.execute(db),
      {
        code: '23503',
      },
    )
    assert.deepEqual((await check(target.context)).differences, [])
  })

  const refused = engine === 'citus' && 'a cluster refuses it: test/cli/citus.slow.ts'
  it(
    'may be of an older schema: its migrations run, then its rows come, then the other migrations',
    { skip: refused },
    async () => {
      const old = await openEmptyStore(engine)
      try {
        const [first] = migrations()
        await migrate(old.context.db, [first!])
        await sql`insert into work_provider (id, name, name_key) values (gen_random_uuid(), 'Old Ltd', 'old ltd')`.execute(
          old.context.db,
        )
        await sql`insert into customer (customer_number, email, email_key) values ('OLD1', 'a@b.c', 'a@b.c')`.execute(
          old.context.db,
        )
        await sql`insert into link (work_provider_id, customer_number) select id, 'OLD1' from work_provider`.execute(
          old.context.db,
        )
        const backup = await backedUp(old.context.db)
        assert.deepEqual(backup.manifest.schema, [first!.name])
        await restored(target.context.db, backup)
        assert.deepEqual(await pendingMigrations(target.context.db), [])
        const { rows } = await sql`
        select w.name, l.customer_number as number, c.phone, (select count(*) from terms) > 0 as "hasTerms"
        from work_provider w join link l on true join customer c using (customer_number)
      `.execute(target.context.db)
        assert.deepEqual(rows, [{ name: 'Old Ltd', number: 'OLD1', phone: null, hasTerms: true }])
        assert.deepEqual((await check(target.context)).differences, [])
      } finally {
        await old.close()
      }
    },
  )

  it('is refused where anything is there already, which it leaves as it was', async () => {
    const backup = await backedUp(store.context.db)
    await sql`create table mine as select 1 as one`.execute(target.context.db)
    await assert.rejects(restored(target.context.db, backup), {
      name: 'Impossible',
      message: /^the database is not empty/,
    })
    assert.deepEqual(
      (await storedTables(target.context.db)).map(({ name }) => name),
      ['mine'],
    )
  })

  it('leaves out, and tells, tables that somebody added to the store by hand', async () => {
    await sql`create table mine as select 1 as one`.execute(store.context.db)
    const backup = await backedUp(store.context.db)
    assert.deepEqual(await restored(target.context.db, backup), { leftOut: ['mine'] })
  })

  it('leaves nothing behind in a transaction that fails on the way', async () => {
    const backup = await backedUp(store.context.db)
    await assert.rejects(
      inTransaction(target.context.db, async (trx) => {
        await restored(trx, backup)
        throw new Error('on the way')
      }),
      /on the way/,
    )
    assert.deepEqual(await storedTables(target.context.db), [])
  })
})

describe('a backup of the embedded store while everything goes on', () => {
  it(`has all reports from before it began and no difference, whatever history is told meanwhile (TEST_SEED=${SEED})`, async () => {
    const store = await openStore('embedded')
    try {
      const { db } = store.context
      const steps = fc.sample(histories, { seed: SEED, numRuns: HISTORIES_MEANWHILE })
      let told = 0
      let isOver = false
      const telling = (async () => {
        for (let index = 0; !isOver; index++) {
          const history = await startHistory(store.context)
          for (const step of steps[index % steps.length]!) {
            await history.tell(step)
            told += 1
          }
        }
      })()
      for (let index = 0; index < COPIES; index++) {
        const earlier = await reports(db)
        const before = told
        const dataDir = mkdtempSync(join(directory, 'copy-'))
        await copyCluster(db, join(store.environment['DATA_DIR']!, 'postgres'), join(dataDir, 'postgres'), () => {})
        assert.ok(told > before, 'the history went on')
        const copy = await openStoreIn(dataDir)
        const backup = await backedUp(copy.context.db).finally(() => copy.close())
        const target = await openEmptyStore('embedded')
        try {
          await restored(target.context.db, backup)
          const there = new Set(await reports(target.context.db))
          assert.deepEqual(
            earlier.filter((report) => !there.has(report)),
            [],
          )
          assert.deepEqual((await check(target.context)).differences, [])
          const more = await startHistory(target.context)
          for (const step of steps[index]!) await more.tell(step)
          assert.deepEqual((await check(target.context)).differences, [], 'after it went on')
        } finally {
          await target.close()
        }
      }
      isOver = true
      await telling
    } finally {
      await store.close()
    }
  })

  async function reports(db: Database): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select request_id || '/' || item as id from inbox union all select request_id || '/' || item from report
    `.execute(db)
    return rows.map(({ id }) => id)
  }
})
