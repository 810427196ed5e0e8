import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sql } from 'kysely'
import { fromTemporal } from '../../src/domain/instant.ts'
import { type EmptyPlace, makeEmptyPlace } from '../support/empty-stores.ts'
import { contextOn, ENGINES } from '../support/stores.ts'
import { openClient } from './client.ts'
import { type Server, waitFor, withServer, zego, zegoCheck } from './harness.ts'
import { compareLedgers, readEvents, readReports, waitUntilInboxEmpty } from './ledger.ts'
import { newRecorder, send, startLoad } from './load.ts'
import { seededRandom } from '../../src/domain/random.ts'
import { freshSeed } from './random.ts'
import { openChildStore } from './store.ts'

/*
 * D12. While reports come in, are derived, and staff link customers, the store is backed up, more than once. What was
 * restored is a store like any other: what it should have is known, and a server starts on it and goes on.
 */

const CONNECTIONS = 4
const BACKUPS = 1
const ANSWERS_BEFORE = 300
const MAX_BATCH = 4

type Made = { file: string; bytes: number; engine: string; schema: string[] }
/** What was answered 202 before a backup began. */
type Moment = { readonly file: string; readonly acknowledged: ReadonlySet<string>; readonly linked: readonly string[] }

for (const engine of ENGINES) {
  const seed = freshSeed()
  test(`D12 a backup under load, restored elsewhere, has every 202 from before it began, and no difference, on the ${engine} database (seed ${seed})`, async (t) => {
    const random = seededRandom(seed)
    const store = await openChildStore(engine)
    const directory = mkdtempSync(join(tmpdir(), 'zego-backup-'))
    const places: EmptyPlace[] = []
    const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
    try {
      const moments: Moment[] = []
      const linked: string[] = []
      await withServer(store.environment, async (server) => {
        const client = openClient(server.port, CONNECTIONS)
        const load = startLoad({
          client,
          key: store.key,
          recorder,
          random,
          connections: CONNECTIONS,
          size: () => random.between(1, MAX_BATCH),
        })
        const linking = startLinking(store.environment, linked)
        for (let index = 0; index < BACKUPS; index++) {
          const already = load.accepted()
          await waitFor('more answers', () => load.accepted() >= already + ANSWERS_BEFORE)
          const file = join(directory, `${index}.zego`)
          moments.push({ file, acknowledged: acknowledged(recorder), linked: [...linked] })
          const before = load.accepted()
          const made = await zego<Made>(store.environment, 'backup', file)
          assert.ok(load.accepted() > before, 'reports were accepted while it was made')
          assert.deepEqual({ engine: made.engine, bytes: made.bytes }, { engine, bytes: statSync(file).size })
          assert.equal(statSync(file).mode & 0o777, 0o600)
        }
        await linking.stop()
        await load.stop()
        client.close()
      })
      assert.deepEqual(recorder.unexpected, [])
      for (const moment of moments) {
        const place = await makeEmptyPlace(engine)
        places.push(place)
        const { environment } = place
        await zego(environment, 'restore', moment.file)
        const check = await zegoCheck(environment)
        assert.equal(check.ok, true, JSON.stringify(check.differences))
        assert.ok(check.shifts > 0, 'the load was real')
        await withServer(environment, (server) => verify(server, environment, moment))
        t.diagnostic(
          `${engine}: ${moment.acknowledged.size} requests before, ${check.reports} reports, ${check.shifts} shifts, ${moment.linked.length} linked before`,
        )
      }
    } finally {
      for (const place of places) await place.remove()
      await store.remove()
      rmSync(directory, { recursive: true, force: true })
    }

    /** Everything acknowledged before is there whole and once, nothing else but what was sent; and the store goes on. */
    async function verify(server: Server, environment: Record<string, string>, moment: Moment): Promise<void> {
      const { context, close } = contextOn(
        engine === 'server' ? { url: environment['DATABASE_URL']! } : { embeddedHost: environment['DATA_DIR']! },
      )
      try {
        await waitUntilInboxEmpty(context)
        const { rows } = await sql<{ number: string }>`select customer_number as number from link`.execute(context.db)
        const there = new Set(rows.map(({ number }) => number))
        assert.deepEqual(
          moment.linked.filter((number) => !there.has(number)),
          [],
          'whoever was linked before is linked',
        )
        const as = {
          ...recorder,
          contents: recorder.contents.map((content) => ({
            ...content,
            acknowledged: content.acknowledged.filter((id) => moment.acknowledged.has(id)),
          })),
        }
        const verdict = compareLedgers(as, await readReports(context.db), await readEvents(context.db))
        assert.deepEqual(verdict.problems, [])
        assert.deepEqual({ lost: verdict.lost, invented: verdict.invented }, { lost: 0, invented: 0 })
        assert.ok(verdict.reportsChecked > 0)
        const client = openClient(server.port, 1)
        assert.equal(await send(client, store.key, recorder, recorder.make(30)), 202, 'the key of before still works')
        client.close()
        await waitUntilInboxEmpty(context)
        assert.equal((await zegoCheck(environment)).ok, true)
      } finally {
        await close()
      }
    }
  })
}

function acknowledged(recorder: ReturnType<typeof newRecorder>): Set<string> {
  return new Set(recorder.contents.flatMap((content) => content.acknowledged))
}

/** Staff make customers and link them, one after the other, to user ids that the load reports of. */
function startLinking(environment: Record<string, string>, linked: string[]): { stop(): Promise<void> } {
  let isStopping = false
  const over = (async () => {
    for (let n = 0; !isStopping; n++) {
      const number = `LATE${n}`
      await zego(environment, 'customer', 'create', '--email', `late${n}@example.com`, '--customer-number', number)
      await zego(
        environment,
        'link',
        'create',
        '--work-provider',
        'Courier Ltd',
        '--customer',
        number,
        '--work-provider-user-id',
        `u${100 + n}`,
      )
      linked.push(number)
    }
  })()
  // Told by `stop`; where the test fails before that, it has its own reason.
  over.catch(() => {})
  return {
    async stop() {
      isStopping = true
      await over
    },
  }
}
