import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type pg from 'pg'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import { freshSeed } from '../faults/random.ts'
import { openStore, type Store } from '../support/stores.ts'
import { plainClients } from './clients.ts'

/* Rules 3 and 4 of what the embedded engine needs: one session, shared so that its users do not notice. */

const CONNECTIONS = 8
const QUERIES_EACH = 500
const DIVISION_BY_ZERO = '22012'
const BAD_TEXT = '22P02'

const seed = freshSeed()

describe('many connections on the embedded engine', () => {
  let store: Store
  const clients = plainClients()
  before(async () => {
    store = await openStore('embedded')
    await (await connect()).query('create table kept (connection int, value int)')
  })
  afterEach(() => clients.endAll())
  after(() => store.close())

  const connect = (): Promise<pg.Client> => clients.connect(store)

  test(`never mix up the answers to thousands of interleaved queries, errors among them (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const all = await Promise.all(Array.from({ length: CONNECTIONS }, connect))
    const counts = await Promise.all(all.map((client, index) => askManyThings(client, index, random)))
    assert.equal(
      counts.reduce((sum, count) => sum + count.asked, 0),
      CONNECTIONS * QUERIES_EACH,
    )
    assert.ok(
      counts.every((count) => count.failed > 0),
      'there were errors on every connection',
    )
    const { rows } = await all[0]!.query('select connection, count(*)::int as kept from kept group by 1 order by 1')
    assert.deepEqual(
      rows,
      counts.map((count, connection) => ({ connection, kept: count.kept })),
    )
  })

  test('neither see nor enter the transaction of another', async () => {
    const [holder, other] = [await connect(), await connect()]
    await holder.query('begin')
    await holder.query('insert into kept values (100, 1)')
    // Both are sent while the transaction is open, and wait: the backend is one.
    const seen = other.query('select count(*)::int as count from kept where connection = 100')
    const inserted = other.query('insert into kept values (101, 1)')
    await holder.query('insert into kept values (100, 2)')
    await holder.query('rollback')
    assert.deepEqual((await seen).rows, [{ count: 0 }], 'what is rolled back was never seen')
    await inserted
    const { rows } = await holder.query('select connection from kept where connection in (100, 101)')
    assert.deepEqual(rows, [{ connection: 101 }], 'what the other did was no part of what is rolled back')
  })

  test('do not share the failure of a transaction', async () => {
    const [holder, other] = [await connect(), await connect()]
    await holder.query('begin')
    await assert.rejects(holder.query('select 1 / $1::int', [0]), { code: DIVISION_BY_ZERO })
    const answer = other.query('select $1::text as word', ['well'])
    await assert.rejects(holder.query('select 1'), { code: '25P02' }, 'the failed transaction stays failed')
    await holder.query('rollback')
    assert.deepEqual((await answer).rows, [{ word: 'well' }])
  })

  test('get on when one of them stays silent in a transaction: it is cut off and rolled back', async () => {
    const [silent, other] = [await connect(), await connect()]
    const cut = new Promise((resolve) => silent.once('end', resolve))
    await silent.query('begin')
    await silent.query('insert into kept values (102, 1)')
    const { rows } = await other.query('select count(*)::int as count from kept where connection = 102')
    assert.deepEqual(rows, [{ count: 0 }])
    await cut
    await assert.rejects(silent.query('commit'), 'it cannot commit any more')
  })

  test('get on when one of them leaves in the middle of a transaction, of a statement, or of a message', async () => {
    const other = await connect()
    for (const leave of [inTransaction, inStatement, inMessage]) {
      const client = await connect()
      await leave(client)
      const { rows } = await other.query('select count(*)::int as count from kept where connection = 103')
      assert.deepEqual(rows, [{ count: 0 }], leave.name)
    }
  })
})

type Counts = { asked: number; failed: number; kept: number }

/** Asks one thing after another, each with an answer that only this connection and this moment can have. */
async function askManyThings(client: pg.Client, connection: number, random: Random): Promise<Counts> {
  const counts: Counts = { asked: 0, failed: 0, kept: 0 }
  for (let index = 0; index < QUERIES_EACH; index++) {
    counts.asked += 1
    const choice = random.below(10)
    if (choice < 4) await askText(client, `${connection}/${index}/${'x'.repeat(random.below(200))}`)
    else if (choice < 6) await askRows(client, connection * QUERIES_EACH + index, random.between(0, 50))
    else if (choice < 7) await askText(client, `${connection}/${index}/${'y'.repeat(50_000)}`)
    else if (choice < 9) {
      counts.failed += 1
      await fail(client, index)
    } else if (await keep(client, connection, index, random.chance(0.5))) counts.kept += 1
  }
  return counts
}

async function askText(client: pg.Client, text: string): Promise<void> {
  const { rows } = await client.query('select $1::text as text, length($1) as length', [text])
  assert.deepEqual(rows, [{ text, length: text.length }])
}

async function askRows(client: pg.Client, from: number, count: number): Promise<void> {
  const { rows } = await client.query('select generate_series($1::int, $2::int) as n', [from, from + count - 1])
  assert.deepEqual(
    rows.map((row) => row.n),
    Array.from({ length: count }, (_, index) => from + index),
  )
}

async function fail(client: pg.Client, index: number): Promise<void> {
  if (index % 2 === 0) await assert.rejects(client.query('select 1 / $1::int', [0]), { code: DIVISION_BY_ZERO })
  else await assert.rejects(client.query('select $1::int', [`no ${index}`]), { code: BAD_TEXT })
}

/** A transaction of three statements; answers whether it was committed. */
async function keep(client: pg.Client, connection: number, value: number, isKept: boolean): Promise<boolean> {
  await client.query('begin')
  await client.query('insert into kept values ($1, $2)', [connection, value])
  const { rows } = await client.query('select value from kept where connection = $1 and value = $2', [
    connection,
    value,
  ])
  assert.deepEqual(rows, [{ value }])
  await client.query(isKept ? 'commit' : 'rollback')
  return isKept
}

type Wire = { connection: { stream: NodeJS.WritableStream & { destroy(): void } } }

async function inTransaction(client: pg.Client): Promise<void> {
  await client.query('begin')
  await client.query('insert into kept values (103, 1)')
  ;(client as unknown as Wire).connection.stream.destroy()
}

async function inStatement(client: pg.Client): Promise<void> {
  await client.query('begin')
  const answer = client.query('insert into kept select 103, n from generate_series(1, 100000) n').catch(() => {})
  // Once it is on its way, nobody is there to take the answer.
  await new Promise((resolve) => setImmediate(resolve))
  ;(client as unknown as Wire).connection.stream.destroy()
  await answer
}

async function inMessage(client: pg.Client): Promise<void> {
  await client.query('begin')
  await client.query('insert into kept values (103, 1)')
  const { stream } = (client as unknown as Wire).connection
  const message = Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 1, 0]), Buffer.from('insert into kept')])
  await new Promise<void>((resolve) => stream.write(message, () => resolve()))
  stream.destroy()
}
