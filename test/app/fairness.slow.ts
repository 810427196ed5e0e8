import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { sql } from 'kysely'
import { startAcceptor } from '../../src/app/accept.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { projectReports, projectTurn } from '../../src/app/project.ts'
import { startProjector } from '../../src/app/projector.ts'
import type { Worker } from '../../src/app/worker.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { lockIdentities } from '../../src/storage/identities.ts'
import { waitFor } from '../faults/harness.ts'
import { contextOn, onPlainEngines, openStore, type Store } from '../support/stores.ts'

/* One work provider posts a backlog; the others' reports become shifts within their usual time (faults O6). Turns count. */

const BACKLOG = 20_000
const LIMIT = 1_000
const HANDFUL = 7
/** Reported of by one request: more than two turns take, since turns about the same person wait for each other. */
const PERSONS = 5_000

onPlainEngines(
  'work providers take turns',
  'on Citus they share the turn of each slice, which has a size of its own',
  (engine) => {
    let store: Store
    let start: Instant
    /** The first has the smallest id, and the last the largest. */
    const ids: string[] = []
    before(async () => {
      store = await openStore(engine)
      start = plus(store.context.now(), -48 * MICROSECONDS_PER_HOUR)
      for (const name of ['A', 'B', 'C', 'D', 'E']) ids.push((await createWorkProvider(store.context, name)).id)
      ids.sort()
    })
    after(() => store.close())
    beforeEach(async () => void (await sql`truncate inbox, report`.execute(store.context.db)))

    /** Has reports accepted, each at an instant of its own, of many persons unless one is given. Answers their request. */
    async function accept(workProvider: number, reports: number, userId?: string): Promise<string> {
      const requestId = store.context.newId()
      await startAcceptor(store.context, () => {}).accept({
        requestId,
        workProviderId: ids[workProvider]!,
        kind: 'login',
        reports: Array.from({ length: reports }, (_, item) => ({
          identity: { kind: 'user_id' as const, text: userId ?? `${requestId}/${item % PERSONS}` },
          at: plus(start, item),
        })),
      })
      return requestId
    }

    /** How many reports of each work provider are in the inbox, in the order of `ids`. */
    async function waiting(): Promise<number[]> {
      const { rows } = await sql<{ id: string; count: number }>`
      select work_provider_id as id, count(*) as count from inbox group by 1
    `.execute(store.context.db)
      const counts = new Map(rows.map((row) => [row.id, row.count]))
      return ids.map((id) => counts.get(id) ?? 0)
    }

    /** How many of each work provider one turn takes; it answers how many these are. */
    async function turn(limit = LIMIT): Promise<number[]> {
      const before = await waiting()
      const claimed = await projectReports(store.context.db, limit)
      const left = await waiting()
      const taken = before.map((count, index) => count - left[index]!)
      assert.equal(claimed, sum(taken))
      return taken
    }

    /** Items of requests in the order of the requests, as `request/item`. */
    async function itemsIn(table: 'inbox' | 'report'): Promise<string[]> {
      const { rows } = await sql<{ name: string }>`
      select request_id || '/' || item as name from ${sql.table(table)} order by request_id, item
    `.execute(store.context.db)
      return rows.map((row) => row.name)
    }

    for (const [large, small] of [
      [0, 4],
      [4, 0],
    ] as const) {
      test(`a turn takes all of a handful that was accepted after a backlog, whose id ${large < small ? 'is smaller' : 'is larger'}`, async () => {
        await accept(large, BACKLOG)
        // A backlog is no reason to wait for any turn but the next, however often.
        for (let round = 0; round < 3; round++) {
          await accept(small, HANDFUL)
          const taken = await turn()
          assert.equal(taken[small], HANDFUL)
          assert.ok(taken[large]! > 0 && sum(taken) <= LIMIT, taken.join())
          assert.equal((await waiting())[small], 0)
        }
      })
    }

    test('what is taken beside a backlog is a shift when the turn is over', async () => {
      await accept(0, BACKLOG)
      for (let index = 0; index < HANDFUL; index++) {
        const customerNumber = `S${index}`
        await createCustomer(store.context, { email: `${customerNumber}@example.com`, customerNumber })
        const { rows } = await sql<{ name: string }>`select name from work_provider where id = ${ids[3]}`.execute(
          store.context.db,
        )
        await createLink(store.context, {
          workProvider: rows[0]!.name,
          customerNumber,
          workProviderUserId: `s-${index}`,
        })
        await accept(3, 1, `s-${index}`)
      }
      await turn()
      const { rows } = await sql<{ count: number }>`select count(*) as count from shift`.execute(store.context.db)
      assert.equal(rows[0]!.count, HANDFUL)
    })

    test('those who have more waiting than their share get equal shares, and together about the limit', async () => {
      for (const workProviders of [2, 3, 5]) {
        await sql`truncate inbox`.execute(store.context.db)
        for (let index = 0; index < workProviders; index++) await accept(index, 2 * LIMIT)
        const taken = await turn()
        const share = Math.ceil(LIMIT / workProviders)
        assert.deepEqual(
          taken,
          ids.map((_, index) => (index < workProviders ? share : 0)),
        )
      }
    })

    test('nobody is passed over, even where more work providers wait than a turn takes reports', async () => {
      for (const [index] of ids.entries()) await accept(index, 10)
      for (let round = 0; round < 10; round++) assert.deepEqual(await turn(2), [1, 1, 1, 1, 1])
      assert.deepEqual(await turn(2), [0, 0, 0, 0, 0])
    })

    test('one who waits alone gets the whole limit', async () => {
      await accept(2, BACKLOG)
      assert.deepEqual(await turn(), [0, 0, LIMIT, 0, 0])
    })

    test('a share that is not used is lost for one turn only, and everything is taken in the end, once', async () => {
      await accept(0, BACKLOG)
      for (let index = 1; index < ids.length; index++) await accept(index, index)
      const all = await itemsIn('inbox')
      let turns = 0
      while (sum(await turn()) > 0) turns += 1
      assert.deepEqual(await waiting(), [0, 0, 0, 0, 0])
      assert.deepEqual(await itemsIn('report'), all)
      assert.ok(turns <= 1 + BACKLOG / LIMIT, `${turns} turns`)
    })

    test('the oldest requests of a work provider go first, the items of each in order', async () => {
      const requests: string[][] = []
      for (let round = 0; round < 4; round++) requests.push([await accept(1, 30), await accept(2, 45)])
      for (let round = 0; round < 10; round++) {
        await turn(40)
        for (const column of [0, 1]) {
          const ofOne = (name: string): boolean => requests.some((row) => row[column] === name.split('/')[0])
          const [first] = (await itemsIn('inbox')).filter(ofOne).sort(byRequestAndItem)
          const last = (await itemsIn('report')).filter(ofOne).sort(byRequestAndItem).at(-1)
          if (first !== undefined) assert.ok(byRequestAndItem(last!, first) < 0, `${last} was taken, ${first} was not`)
        }
      }
      assert.deepEqual(await waiting(), [0, 0, 0, 0, 0])
    })

    test('a turn that begins at a request takes none before it, of the work providers that are named alone', async () => {
      // Ids of one millisecond are in no order.
      const [early, late] = [await accept(0, HANDFUL), await accept(0, HANDFUL)].sort() as [string, string]
      await accept(1, HANDFUL)
      await accept(2, HANDFUL)
      const from = new Map([[ids[0]!, late]])
      const named = [ids[0]!, ids[1]!]
      const first = await projectTurn(store.context.db, LIMIT, { workProviders: named, others: false, from })
      assert.deepEqual(await waiting(), [HANDFUL, 0, HANDFUL, 0, 0])
      assert.equal(first.reached.get(ids[0]!), late)
      assert.deepEqual([...first.reached.keys()].sort(), named)
      const others = await projectTurn(store.context.db, LIMIT, { workProviders: named, others: true, from })
      assert.deepEqual([...others.reached.keys()], [ids[2]])
      assert.deepEqual(await waiting(), [HANDFUL, 0, 0, 0, 0])
      const [last] = (await itemsIn('inbox')).map((name) => name.split('/')[0])
      assert.equal(last, early)
      assert.deepEqual((await projectTurn(store.context.db, HANDFUL - 1)).unfinished, [ids[0]])
      assert.deepEqual((await projectTurn(store.context.db, LIMIT)).unfinished, [])
    })

    test('several projectors at once leave nobody out, and take everything once', async () => {
      await accept(0, BACKLOG / 4)
      for (let index = 1; index < ids.length; index++) await accept(index, HANDFUL)
      const all = await itemsIn('inbox')
      const others = Array.from({ length: 4 }, () => contextOn(store.target))
      const first = await Promise.all(others.map((other) => projectReports(other.context.db, LIMIT)))
      assert.ok(sum(first) > 0)
      assert.deepEqual((await waiting()).slice(1), [0, 0, 0, 0], 'a handful waits though four have taken their turn')
      const drained = await Promise.all(
        others.map(async ({ context }) => {
          let claimed = 0
          for (;;) {
            const now = await projectReports(context.db, LIMIT)
            if (now === 0 && sum(await waiting()) === 0) return claimed
            claimed += now
          }
        }),
      )
      assert.equal(sum(first) + sum(drained), all.length)
      assert.deepEqual(await itemsIn('report'), all)
      for (const other of others) await other.close()
    })

    // The embedded engine runs one transaction at a time: nobody else can claim while one is open.
    if (engine === 'server') {
      test('a projector in mid-turn keeps nobody waiting: the next takes what it left, and if it fails, what it had', async () => {
        await accept(0, BACKLOG / 4)
        await accept(1, LIMIT)
        await accept(2, HANDFUL)
        const share = Math.ceil(LIMIT / 3)
        const other = contextOn(store.target)
        const failure = new Error('it dies')
        const dying = inTransaction(other.context.db, async (trx) => {
          assert.equal(await projectReports(trx, LIMIT), 2 * share + HANDFUL)
          // Of the first two, the next share is taken past what is locked; of the third nothing is left.
          assert.equal(await projectReports(store.context.db, LIMIT), 2 * share)
          throw failure
        })
        await assert.rejects(dying, failure)
        await other.close()
        assert.deepEqual(await waiting(), [BACKLOG / 4 - share, LIMIT - share, HANDFUL, 0, 0])
        assert.deepEqual(await turn(), [share, share, HANDFUL, 0, 0])
      })

      test('a turn of a backlog that hangs keeps nobody waiting who has none', async () => {
        const request = await accept(0, PERSONS + 2 * LIMIT)
        const identity = { workProviderId: ids[0]!, kind: 'user_id' as const, text: `${request}/${PERSONS - 1}` }
        const other = contextOn(store.target)
        let projector: Worker | null = null
        await inTransaction(other.context.db, async (trx) => {
          await lockIdentities(trx, [identity])
          projector = startProjector(store.context, () => 0)
          await waitFor('a turn that hangs', async () => (await waitingForLocks()) > 0)
          for (let round = 0; round < 3; round++) {
            await accept(1, HANDFUL)
            await waitFor('the others', async () => (await waiting())[1] === 0)
          }
          assert.equal(await waitingForLocks(), 1)
          assert.ok((await waiting())[0]! > 0)
        })
        await waitFor('the backlog', async () => sum(await waiting()) === 0)
        await projector!.stop()
        await other.close()
      })

      test('a turn of those who have no backlog that hangs does not hold up the backlog', async () => {
        const identity = { workProviderId: ids[1]!, kind: 'user_id' as const, text: 'held' }
        const other = contextOn(store.target)
        await accept(0, BACKLOG / 2)
        const projector = startProjector(store.context, () => 0)
        await inTransaction(other.context.db, async (trx) => {
          await lockIdentities(trx, [identity])
          await waitFor('turns of the backlog', async () => (await waiting())[0]! < BACKLOG / 2 - LIMIT)
          await accept(1, HANDFUL, identity.text)
          await waitFor('a turn that hangs', async () => (await waitingForLocks()) > 0)
          assert.ok((await waiting())[0]! > 0)
          await waitFor('the backlog', async () => (await waiting())[0] === 0)
          assert.equal((await waiting())[1], HANDFUL)
        })
        await waitFor('the others', async () => sum(await waiting()) === 0)
        await projector.stop()
        await other.close()
      })

      async function waitingForLocks(): Promise<number> {
        const { rows } = await sql<{ count: number }>`
        select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      `.execute(store.context.db)
        return rows[0]!.count
      }
    }
  },
)

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

function byRequestAndItem(a: string, b: string): number {
  const [[requestA, itemA], [requestB, itemB]] = [a.split('/'), b.split('/')]
  return requestA === requestB ? Number(itemA) - Number(itemB) : requestA! < requestB! ? -1 : 1
}
