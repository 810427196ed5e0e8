import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { findBinaries } from '../../scripts/postgres.ts'
import { makePartition } from '../../src/storage/partitions.ts'
import { assertOneLine, runZego, zego, zegoCheck } from '../faults/harness.ts'
import { type ChildStore, openChildStore } from '../faults/store.ts'
import { createBackup } from '../../src/storage/backup/backup-file.ts'
import { migrations } from '../../src/storage/migrate.ts'
import { makeEmptyPlace } from '../support/empty-stores.ts'
import { contextOn, onCitus, TEST_DATABASE_URL } from '../support/stores.ts'

onCitus('zego', (engine) => {
  let directory: string
  let store: ChildStore
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zego-citus-'))
    store = await openChildStore(engine)
  })
  after(async () => {
    await store.remove()
    rmSync(directory, { recursive: true })
  })

  it('migrate says which tables it distributed, once', async () => {
    const { environment, remove } = await makeEmptyPlace(engine)
    const first = await zego<{ applied: string[]; distributed: string[] }>(environment, 'migrate')
    assert.deepEqual(first.distributed, ['inbox', 'report', 'event'])
    assert.deepEqual(await zego(environment, 'migrate'), { applied: [], distributed: [] })
    await remove()
    const other = await makeEmptyPlace(engine)
    const { stdout } = await runZego(other.environment, 'migrate')
    assert.match(stdout, /^Applied 0001-.*\.\nDistributed inbox, report, event by slice over the workers\.\n$/)
    await other.remove()
  })

  it('backup is refused, says what to do, and leaves no file', async () => {
    const file = join(directory, 'cluster.zego')
    assertOneLine(await runZego(store.environment, 'backup', file), 1, /Citus cluster: back up each of its nodes/)
    assert.equal(existsSync(file), false)
  })

  it('retention tells of a month by its size on all nodes, and the dump that it tells to make has every report', async () => {
    const { context, close } = store.connect()
    const reports = 5_000
    await makePartition(context.db, 'report', 'report_2025_01', {
      from: '2025-01-01T00:00:00Z',
      to: '2025-02-01T00:00:00Z',
    })
    await sql`
      insert into report (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select n % 64, gen_random_uuid(), gen_random_uuid(), 0, 'user_id', 'u' || n, 'login', '2025-01-15Z', '2025-01-15Z'
      from generate_series(1, ${reports}::int) n
    `.execute(context.db)
    await close()
    type Months = { table: string; bytes: number }[]
    const { detached } = await zego<{ detached: Months }>(store.environment, 'retention', '--months', '2')
    assert.equal(detached[0]!.table, 'report_2025_01')
    assert.ok(detached[0]!.bytes > 100 * reports, `${detached[0]!.bytes} bytes`)
    const dump = join(findBinaries()!, 'pg_dump')
    const args = ['--data-only', '--table=report_2025_01', store.environment['DATABASE_URL']!]
    const { stdout } = spawnSync(dump, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
    assert.equal(stdout.match(/\tuser_id\tu\d+\tlogin\t/g)?.length, reports)
    await zego(store.environment, 'retention', '--drop', 'report_2025_01')
  })

  it('restore takes the backup of an embedded store: nothing is different there', async () => {
    const embedded = await openChildStore('embedded')
    const file = join(directory, 'embedded.zego')
    await zego(embedded.environment, 'backup', file)
    const { environment, remove } = await makeEmptyPlace(engine)
    await zego(environment, 'restore', file)
    const there = await zegoCheck(environment)
    assert.deepEqual(there, await zegoCheck(embedded.environment))
    assert.ok(there.streams > 0)
    const { context, close } = contextOn({ url: environment['DATABASE_URL']! })
    const { rows } = await sql`select from citus_tables where table_name in ('inbox'::regclass, 'report'::regclass,
      'event'::regclass)`.execute(context.db)
    assert.equal(rows.length, 3, 'they are distributed')
    await close()
    await remove()
    await embedded.remove()
  })

  it('restore refuses the backup of an older zego, and leaves the database empty', async () => {
    const file = join(directory, 'older.zego')
    const schema = migrations().map(({ name }) => name)
    const common = { format: 1, engine: 'embedded', program: '0.0.1', begunAt: '', tables: [] } as const
    const writer = await createBackup(file, false)
    await writer.finish((payloadBytes) => ({ ...common, schema: schema.slice(0, -1), payloadBytes }))
    const { environment, remove } = await makeEmptyPlace(engine)
    assertOneLine(await runZego(environment, 'restore', file), 1, /made by an older zego: restore it into a DATA_DIR/)
    assertOneLine(await runZego(environment, 'check'), 1, /the database lacks migrations/)
    await remove()
  })

  const needsServer = { skip: TEST_DATABASE_URL === undefined && 'there is no PostgreSQL server' }
  it('restore refuses the backup of a server, and leaves the database empty', needsServer, async () => {
    const server = await openChildStore('server')
    const file = join(directory, 'server.zego')
    await zego(server.environment, 'backup', file)
    const { environment, remove } = await makeEmptyPlace(engine)
    assertOneLine(await runZego(environment, 'restore', file), 1, /takes the backup of an embedded store only/)
    assertOneLine(await runZego(environment, 'check'), 1, /the database lacks migrations/)
    await remove()
    await server.remove()
  })
})
