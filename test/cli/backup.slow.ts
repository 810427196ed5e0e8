import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { findProgram } from '../../src/postgresql-programs.ts'
import type { Context } from '../../src/app/context.ts'
import { findWorkProvider } from '../../src/storage/work-providers.ts'
import { createBackup } from '../../src/storage/backup/backup-file.ts'
import type { Manifest } from '../../src/storage/backup/manifest.ts'
import { migrations } from '../../src/storage/migrate.ts'
import { startProgress } from '../../src/cli/progress.ts'
import { assertOneLine, ended, MAIN, runZego, startChild, zego, zegoCheck } from '../faults/harness.ts'
import { seededRandom } from '../../src/domain/random.ts'
import { freshSeed } from '../faults/random.ts'
import { type ChildStore, openChildStore } from '../faults/store.ts'
import { tellNews } from '../support/feed.ts'
import { type EmptyPlace, makeEmptyPlace } from '../support/empty-stores.ts'
import { onPlainEngines, type PlainEngine, TEST_DATABASE_URL } from '../support/stores.ts'

const KILLS = 2
const MAX_MS_BEFORE_KILL = 2_000
/** The first kill comes before any restore can be over. */
const FIRST_MS = 100

let directory: string
let places: EmptyPlace[] = []
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'zego-backup-'))
})
afterEach(async () => {
  for (const place of places) await place.remove()
  places = []
})
after(() => rmSync(directory, { recursive: true, force: true }))

/** One entry is in the feed of Courier Ltd. */
async function tellSomething(context: Context): Promise<void> {
  await tellNews(context, (await findWorkProvider(context.db, 'Courier Ltd'))!.id)
}

async function emptyPlace(engine: PlainEngine): Promise<Record<string, string>> {
  const place = await makeEmptyPlace(engine)
  places.push(place)
  return place.environment
}

onPlainEngines(
  'zego backup and zego restore',
  'a cluster is backed up node by node: test/cli/citus.slow.ts',
  (engine) => {
    let store: ChildStore
    let file: string
    before(async () => {
      store = await openChildStore(engine, tellSomething)
      file = join(directory, `${engine}.zego`)
      await zego(store.environment, 'backup', file)
    })
    after(() => store.remove())

    /** Whether a place is still as empty as it was made. */
    async function assertUntouched(environment: Record<string, string>): Promise<void> {
      const dataDir = environment['DATA_DIR']
      if (dataDir !== undefined) return assert.equal(existsSync(join(dataDir, 'postgres')), false)
      const checked = await runZego(environment, 'check')
      assertOneLine(checked, 1, /the database lacks migrations/)
    }

    it('needs no server that runs, and tells people and programs what was done', async () => {
      const environment = await emptyPlace(engine)
      const said = await runZego(environment, 'restore', file)
      assert.match(said.stdout, /^Restored .*: \d+ kB, .* by zego \S+.*\.\nTo check it: npx zego check\n$/)
      assert.equal(said.stderr, '', 'no line of progress where there is no terminal')
      assert.equal((await zegoCheck(environment)).ok, true)
      const again = await zego<{ bytes: number; schema: string[] }>(
        environment,
        'backup',
        join(directory, `${engine}-2.zego`),
      )
      assert.deepEqual(
        again.schema,
        migrations().map(({ name }) => name),
      )
    })

    it('goes on with higher numbers in the feed, so that who read on after the backup misses nothing', async () => {
      const environment = await emptyPlace(engine)
      await zego(environment, 'restore', file)
      type Feed = { entries: { number: number }[]; last: number }
      const feed = await zego<Feed>(environment, 'feed', '--work-provider', 'Courier Ltd')
      assert.deepEqual(
        feed.entries.map(({ number }) => number),
        [1],
      )
      assert.equal(feed.last, 1_000_000_001)
    })

    it('leaves nothing beside the store and the file', async () => {
      const dataDir = store.environment['DATA_DIR']
      if (dataDir !== undefined)
        assert.deepEqual(
          readdirSync(dataDir).filter((name) => /backup|restore/.test(name)),
          [],
        )
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.includes('partial')),
        [],
      )
    })

    it('refuses a file that is there, and a path that cannot be written, before anything is done', async () => {
      const was = readFileSync(file)
      assertOneLine(await runZego(store.environment, 'backup', file), 1, /is there already: .*--force$/)
      assert.deepEqual(readFileSync(file), was)
      assertOneLine(
        await runZego(store.environment, 'backup', '/nowhere/at/all'),
        1,
        /\/nowhere\/at\/all cannot be written/,
      )
      await zego(store.environment, 'backup', file, '--force')
      assert.notDeepEqual(readFileSync(file), was)
    })

    it('refuses a file that was cut short or changed, and leaves the place empty', async () => {
      const environment = await emptyPlace(engine)
      const whole = readFileSync(file)
      const changed = Buffer.from(whole)
      changed[whole.length >> 1]! ^= 1
      for (const bad of [whole.subarray(0, -1), whole.subarray(0, whole.length >> 1), changed, Buffer.alloc(0)]) {
        const badFile = join(directory, 'bad.zego')
        writeFileSync(badFile, bad)
        assertOneLine(await runZego(environment, 'restore', badFile), 1, /is not a whole backup/)
        await assertUntouched(environment)
      }
      assertOneLine(await runZego(environment, 'restore', join(directory, 'none')), 1, /there is no .*none$/)
    })

    it('refuses a store that is not empty', async () => {
      assertOneLine(
        await runZego(store.environment, 'restore', file),
        1,
        /there is a store in|the database is not empty/,
      )
      assert.equal((await zegoCheck(store.environment)).ok, true)
    })

    it('refuses a backup of a newer schema', async () => {
      const environment = await emptyPlace(engine)
      const newer = join(directory, `${engine}-newer.zego`)
      const writer = await createBackup(newer, false)
      const common = {
        format: 1,
        program: '9.1.0',
        schema: ['0001-work-provider-api', '0099-later'],
        begunAt: '',
      } as const
      await writer.finish((payloadBytes): Manifest =>
        engine === 'embedded'
          ? { ...common, engine, payloadBytes, tables: [] }
          : { ...common, engine, payloadBytes, pgDump: '15.1' },
      )
      assertOneLine(
        await runZego(environment, 'restore', newer),
        1,
        /made by a newer zego, 9\.1\.0 \(it has 0099-later\)/,
      )
      await assertUntouched(environment)
    })

    const seed = freshSeed()
    it(`killed at any moment while it restores leaves the place empty or restored, and can be run again (seed ${seed})`, async () => {
      const random = seededRandom(seed)
      const environment = await emptyPlace(engine)
      let killed = 0
      for (let index = 0; index < KILLS; index++) {
        const child = startChild([MAIN, 'restore', file], environment)
        await Promise.race([child.exited, delay(random.below(index === 0 ? FIRST_MS : MAX_MS_BEFORE_KILL))])
        if (child.isRunning()) killed += 1
        await child.kill()
      }
      const last = await runZego(environment, 'restore', file)
      if (last.code !== 0) assertOneLine(last, 1, /there is a store in|the database is not empty/)
      assert.equal((await zegoCheck(environment)).ok, true)
      const streams = (await zegoCheck(environment)).streams
      assert.equal(streams, (await zegoCheck(store.environment)).streams, 'all of it is there')
      assert.ok(killed > 0)
    })
  },
)

describe('zego backup and zego restore between engines', () => {
  const options = { skip: TEST_DATABASE_URL === undefined ? 'there is no PostgreSQL server' : false }

  it('moves an embedded store into a database of a server', options, async () => {
    const store = await openChildStore('embedded')
    try {
      const file = join(directory, 'moved.zego')
      await zego(store.environment, 'backup', file)
      const environment = await emptyPlace('server')
      await zego(environment, 'restore', file)
      const there = await zegoCheck(environment)
      assert.deepEqual(there, await zegoCheck(store.environment))
      assert.ok(there.streams > 0)
    } finally {
      await store.remove()
    }
  })

  it('does not put the backup of a server into a data directory', options, async () => {
    const store = await openChildStore('server')
    try {
      const file = join(directory, 'not-moved.zego')
      await zego(store.environment, 'backup', file)
      const environment = await emptyPlace('embedded')
      assertOneLine(await runZego(environment, 'restore', file), 1, /backup of a PostgreSQL server: set DATABASE_URL/)
      assert.equal(existsSync(join(environment['DATA_DIR']!, 'postgres')), false)
    } finally {
      await store.remove()
    }
  })

  it('back up only what is there: no store is made for it', async () => {
    const environment = await emptyPlace('embedded')
    assertOneLine(await runZego(environment, 'backup', join(directory, 'nothing')), 1, /^zego: there is no store in/)
    assert.deepEqual(readdirSync(environment['DATA_DIR']!), [])
  })

  it('say which programs are to be installed where there are none that understand the server', async () => {
    await assert.rejects(findProgram('pg_dump', 999, { PATH: '/nowhere' }), {
      name: 'Impossible',
      message: /^pg_dump of PostgreSQL 999 or later is needed, and there is .*: install it .*postgresql-client-999/,
    })
  })

  it('take the program of the version of the server, or the next one, where there are several', async () => {
    const folders = [99, 999, 998].map((major) => {
      const folder = join(directory, `programs-${major}`)
      mkdirSync(folder)
      writeFileSync(join(folder, 'pg_dump'), `#!/bin/sh\necho 'pg_dump (PostgreSQL) ${major}.1'\n`, { mode: 0o755 })
      return folder
    })
    const found = async (atLeast: number): Promise<string> =>
      (await findProgram('pg_dump', atLeast, { PATH: folders.join(':') })).version
    assert.equal(await found(99), '99.1')
    assert.equal(await found(100), '998.1')
    assert.equal(await found(999), '999.1')
  })

  it('stopped by Ctrl-C leave no file and no copy of the store behind', async () => {
    const store = await openChildStore('embedded')
    try {
      const file = join(directory, 'stopped.zego')
      const child = startChild([MAIN, 'backup', file], store.environment)
      const dataDir = store.environment['DATA_DIR']!
      while (child.isRunning() && !existsSync(join(dataDir, 'backup', 'store', 'postgres'))) await delay(1)
      child.process.kill('SIGINT')
      assert.equal((await ended(child)).code, 1)
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.startsWith('stopped')),
        [],
      )
      assert.equal(existsSync(join(dataDir, 'backup')), false)
    } finally {
      await store.remove()
    }
  })
})

describe('the line of progress', () => {
  it('is written over and over on a terminal, not more often than can be read, and removed at the end', () => {
    const written: string[] = []
    let now = 0
    const progress = startProgress({ isTTY: true, write: (text) => written.push(text) }, () => now)
    for (now = 0; now <= 400; now += 50) progress.say(`at ${now}`)
    progress.end()
    assert.deepEqual(written, ['\r\u001b[Kat 0', '\r\u001b[Kat 200', '\r\u001b[Kat 400', '\r\u001b[K'])
  })

  it('is not written where there is no terminal', () => {
    const progress = startProgress({ write: () => assert.fail() }, () => 0)
    progress.say('half')
    progress.end()
  })
})
