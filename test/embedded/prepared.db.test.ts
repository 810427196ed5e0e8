import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type pg from 'pg'
import { openStore, type Store } from '../support/stores.ts'
import { plainClients } from './clients.ts'

/* All connections share the engine's one session, and so its prepared statements. */

const CONNECTIONS = 6
const DUPLICATE_STATEMENT = '42P05'
const DIVISION_BY_ZERO = '22012'
const UNDEFINED_TABLE = '42P01'

describe('prepared statements on the embedded engine', () => {
  let store: Store
  const clients = plainClients()
  before(async () => {
    store = await openStore('embedded')
  })
  afterEach(() => clients.endAll())
  after(() => store.close())

  const connect = (): Promise<pg.Client> => clients.connect(store)

  function codeIs(code: string): (error: unknown) => boolean {
    return (error) => (error as { code?: string }).code === code
  }

  test('serve every connection that prepares the same text under the same name, whoever was first', async () => {
    const all = await Promise.all(Array.from({ length: CONNECTIONS }, connect))
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        all.map((client, index) =>
          client.query<{ sum: number }>({ name: 'add', text: 'select $1::int + 1 as sum', values: [index + round] }),
        ),
      )
      assert.deepEqual(
        answers.map(({ rows }) => rows[0]!.sum),
        all.map((_, index) => index + round + 1),
      )
    }
  })

  test('are never mistaken for another text of the same name', async () => {
    const [one, other] = [await connect(), await connect()]
    await one.query({ name: 'same name', text: 'select 1 as one' })
    await assert.rejects(other.query({ name: 'same name', text: 'select 2 as two' }), codeIs(DUPLICATE_STATEMENT))
    assert.deepEqual((await other.query('select 3 as three')).rows, [{ three: 3 }])
  })

  test('outlive the connection that prepared them, and the transaction that was rolled back', async () => {
    const first = await connect()
    await first.query('begin')
    await first.query({ name: 'kept', text: 'select $1::int as kept', values: [1] })
    await first.query('rollback')
    await first.end()
    const { rows } = await (await connect()).query({ name: 'kept', text: 'select $1::int as kept', values: [2] })
    assert.deepEqual(rows, [{ kept: 2 }])
  })

  test('that could not be prepared can be later', async () => {
    const client = await connect()
    const query = { name: 'of a table to come', text: 'select value from to_come' }
    await assert.rejects(client.query(query), codeIs(UNDEFINED_TABLE))
    await client.query('create table to_come (value int)')
    assert.deepEqual((await client.query(query)).rows, [])
    assert.deepEqual((await (await connect()).query(query)).rows, [])
  })

  test('fail for one who runs them wrongly, and for nobody else', async () => {
    const [one, other] = [await connect(), await connect()]
    const divide = (client: pg.Client, by: number) =>
      client.query<{ share: number }>({ name: 'divide', text: 'select 10 / $1::int as share', values: [by] })
    await Promise.all([
      assert.rejects(divide(one, 0), codeIs(DIVISION_BY_ZERO)),
      divide(other, 5).then(({ rows }) => assert.equal(rows[0]!.share, 2)),
    ])
    assert.equal((await divide(one, 2)).rows[0]!.share, 5)
  })
})
