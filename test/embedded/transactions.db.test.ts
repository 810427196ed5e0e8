import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { listWorkProviders } from '../../src/storage/work-providers.ts'
import { httpPost } from '../faults/client.ts'
import { type Child, said, type Server, startChild, startServer, stopWell, waitFor } from '../faults/harness.ts'
import { type ChildStore, openChildStore } from '../faults/store.ts'

/* Rule 3 of what the embedded engine needs: nobody holds up the others by staying in a transaction. */

const TRANSACTION_PROGRAM = fileURLToPath(new URL('./transaction.ts', import.meta.url))

describe('beside the embedded server', () => {
  let store: ChildStore
  let server: Server
  before(async () => {
    store = await openChildStore('embedded')
    server = await startServer(store.environment)
  })
  after(async () => {
    await server.kill()
    await store.remove()
  })

  test('D13 a process that is stopped in the middle of a transaction is cut off, and accepting goes on', async () => {
    const child = await enterTransaction('Stopped Ltd')
    try {
      child.process.kill('SIGSTOP')
      const answer = await report()
      assert.equal(answer.status, 202, `${answer.body} ${answer.headers['zego-error-detail']}`)
      assert.deepEqual(await names(), ['Courier Ltd'], 'what the stopped one began is undone')
      child.process.kill('SIGCONT')
      assert.equal((await report()).status, 202, 'nor does it hold anything when it wakes')
      assert.deepEqual(await names(), ['Courier Ltd'])
    } finally {
      await child.kill()
    }
  })

  test('of a process that is killed in the middle of a transaction nothing is left, and the others go on', async () => {
    const child = await enterTransaction('Killed Ltd')
    await child.kill()
    assert.equal((await report()).status, 202)
    assert.deepEqual(await names(), ['Courier Ltd'])
  })

  test('a transaction that goes on for longer than the limit of silence is not cut off, and its statements all count', async () => {
    const { context, close } = store.connect()
    const started = performance.now()
    let statements = 0
    await context.db.transaction().execute(async (trx) => {
      await sql`create table slow (statement int primary key)`.execute(trx)
      await waitFor('more than the limit', async () => {
        await sql`insert into slow select ${++statements}::int from pg_sleep(0.2)`.execute(trx)
        return performance.now() - started > 2_500
      })
    })
    const { rows } = await sql<{ count: number }>`select count(*) as count from slow`.execute(context.db)
    assert.equal(rows[0]!.count, statements)
    await sql`drop table slow`.execute(context.db)
    await close()
  })

  test('all this did the server no harm: it stops as asked', () => stopWell(server))

  async function enterTransaction(name: string): Promise<Child> {
    const child = startChild([TRANSACTION_PROGRAM, name], store.environment)
    await said(child, /^(in a transaction)$/m)
    return child
  }

  function report(): ReturnType<typeof httpPost> {
    const body = JSON.stringify({ workProviderUserId: '1686', timestamp: '2026-01-01T10:00:00Z' })
    return httpPost(`${server.url}/v1/shift/login/`, store.key, body)
  }

  async function names(): Promise<string[]> {
    const { context, close } = store.connect()
    const all = await listWorkProviders(context.db)
    await close()
    return all.map((one) => one.name)
  }
})
