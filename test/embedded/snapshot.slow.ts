import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Database } from '../../src/storage/database.ts'
import { assertReplayed, copyCluster } from '../../src/storage/embedded/snapshot.ts'
import { checkpoint } from '../../src/storage/maintenance.ts'
import { openStore, openStoreIn, type Store } from '../support/stores.ts'

/*
 * Commits are numbered. Each adds its number to one table, takes a row out of another, writes it all over a third, and
 * leaves many pages behind that a copy may find torn: a copy that is the store as of one moment has all of the commits
 * up to one, and nothing of those after it.
 */

const WRITERS = 3
const COPIES = 3
const ROWS = 400
const TO_DO = 50_000

describe('a copy of the embedded store while it is written to', () => {
  let store: Store
  let directories: string[]
  before(async () => {
    store = await openStore('embedded')
    directories = []
    const { db } = store.context
    await sql`create table commit_log (number int, filling text)`.execute(db)
    await sql`create table commit_count (id int primary key, number int not null)`.execute(db)
    await sql`create table overwritten (id int primary key, number int not null, filling text) with (fillfactor = 40)`.execute(
      db,
    )
    await sql`insert into commit_count values (1, 0)`.execute(db)
    await sql`insert into overwritten select id, 0, repeat('x', 300) from generate_series(1, ${ROWS}) id`.execute(db)
    await sql`create table to_do as select number from generate_series(1, ${TO_DO}) number`.execute(db)
    await sql`create index on to_do (number)`.execute(db)
  })
  after(async () => {
    await store.close()
    for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  })

  async function commit(db: Database): Promise<void> {
    await sql`
      with counted as (update commit_count set number = number + 1 returning number),
      logged as (insert into commit_log select number, repeat('y', 1000) from counted),
      done as (delete from to_do using counted where to_do.number = counted.number)
      update overwritten set number = counted.number, filling = repeat('z', 300 + counted.number % 7) from counted
      where overwritten.id % 5 = counted.number % 5
    `.execute(db)
  }

  function startWriting(): { stop(): Promise<void> } {
    const { db } = store.context
    let isStopping = false
    const write = async (): Promise<void> => {
      while (!isStopping) await commit(db)
    }
    const all = Promise.all(Array.from({ length: WRITERS }, write))
    return {
      async stop() {
        isStopping = true
        await all
      },
    }
  }

  async function lastCommit(db: Database): Promise<number> {
    const { rows } = await sql<{ number: number }>`select number from commit_count`.execute(db)
    return rows[0]!.number
  }

  async function copied(onBytes: (bytes: number) => void = () => {}): Promise<{ dataDir: string; place: string }> {
    const dataDir = mkdtempSync(join(tmpdir(), 'zego-copy-'))
    directories.push(dataDir)
    const from = join(store.environment['DATA_DIR']!, 'postgres')
    return { dataDir, place: await copyCluster(store.context.db, from, join(dataDir, 'postgres'), onBytes) }
  }

  async function inCopy<T>(dataDir: string, use: (db: Database) => Promise<T>): Promise<T> {
    const { context, close } = await openStoreIn(dataDir)
    return use(context.db).finally(close)
  }

  /** Reads every row of the copy, not only its indexes; page checksums are looked at by that too. */
  async function assertOneMoment(db: Database): Promise<number> {
    const last = await lastCommit(db)
    const { rows } = await sql<{ log: number; missing: number; toDo: number; first: number; overwritten: number[] }>`
      select (select count(*) from commit_log) as log,
        (select count(*) from generate_series(1, ${last}) n where not exists (select from commit_log where number = n))
          as missing,
        (select count(*) from to_do) as "toDo", (select min(number) from to_do) as first,
        (select array_agg(distinct number order by number)::int[] from overwritten) as overwritten
    `.execute(db)
    const lastFive = [4, 3, 2, 1, 0].map((before) => Math.max(0, last - before))
    assert.deepEqual(rows[0], {
      log: last,
      missing: 0,
      toDo: TO_DO - last,
      first: last + 1,
      overwritten: [...new Set(lastFive)],
    })
    return last
  }

  it('is the store as of one moment, with every commit that was reported before the copy began, time and again', async () => {
    const writing = startWriting()
    const moments: { dataDir: string; place: string; earlier: number; later: number }[] = []
    for (let index = 0; index < COPIES; index++) {
      const earlier = await lastCommit(store.context.db)
      const copy = await copied()
      moments.push({ ...copy, earlier, later: await lastCommit(store.context.db) })
    }
    await writing.stop()
    for (const { dataDir, place, earlier, later } of moments) {
      const last = await inCopy(dataDir, async (db) => {
        await assertReplayed(db, place)
        return assertOneMoment(db)
      })
      assert.ok(last >= earlier && last <= later, `commit ${last} is from ${earlier} to ${later}`)
      assert.ok(later > earlier, 'commits went on while it was copied')
    }
  })

  it('is made anew when a checkpoint came in between, which may have removed a part of the log', async () => {
    const { db } = store.context
    const writing = startWriting()
    let isAsked = false
    let inBetween: Promise<void> = Promise.resolve()
    let bytes = 0
    const { dataDir, place } = await copied((more) => {
      bytes += more
      if (!isAsked) inBetween = checkpoint(db)
      isAsked = true
    })
    await inBetween
    await writing.stop()
    const size = await inCopy(dataDir, async (copy) => {
      await assertReplayed(copy, place)
      await assertOneMoment(copy)
      const { rows } = await sql<{ size: number }>`select pg_database_size(current_database()) as size`.execute(copy)
      return rows[0]!.size
    })
    assert.ok(bytes > 2 * size, `${bytes} bytes were copied for a store of ${size}`)
  })

  it('is refused where checkpoints come in between each time', async () => {
    const { db } = store.context
    let isOver = false
    const checkpoints = (async () => {
      while (!isOver) await commit(db).then(() => checkpoint(db))
    })()
    await assert.rejects(copied(), { name: 'Impossible', message: /^the store could not be copied: .* try again$/ })
    isOver = true
    await checkpoints
  })

  it('is refused where it lacks a part of the log that it should have', async () => {
    const { dataDir } = await copied()
    await commit(store.context.db)
    const { rows } = await sql<{ place: string }>`select pg_current_wal_flush_lsn() + 100000000 as place`.execute(
      store.context.db,
    )
    await assert.rejects(
      inCopy(dataDir, (db) => assertReplayed(db, rows[0]!.place)),
      /does not reach/,
    )
  })
})
