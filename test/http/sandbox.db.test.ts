import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTestKey } from '../../src/app/api-keys.ts'
import { watchShifts, tellOfMatches } from '../../src/app/notices.ts'
import { TABLE, type TestRow } from '../support/sandbox-table.ts'
import { plus } from '../../src/domain/instant.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { changedTables, contentsOf, NOTED_LATER } from '../site/tables.ts'
import { statementsOf } from '../site/statements.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { addLinked, assertAccepted, assertRefused, assertServed, DEPRECATED, idOf, report } from './answers.ts'

const REAL = { customerNumber: 'REAL1', userId: 'real-1', email: 'REAL1@example.com' }
const NOBODY = { customerNumber: 'NOBODYATALL', userId: 'nobody-at-all', email: 'nobody@example.com' }

/** A call about somebody, by each of the ways to name them. */
type Named = { readonly customerNumber: string; readonly userId: string; readonly email: string | null }
type Call = { readonly what: string; ask(key: string, person: Named): Promise<RawAnswer> }

onEachEngine('the sandbox', (engine) => {
  let api: Api
  let testKey: string
  before(async () => {
    api = await openApi(engine)
    await addLinked(api, {
      customerNumber: REAL.customerNumber,
      workProviderUserId: REAL.userId,
      isInsured: true,
    })
    testKey = (await createTestKey(api.context, 'Courier Ltd')).key
  })
  after(() => api.close())

  const get = (key: string, target: string): Promise<RawAnswer> => api.request('GET', target, { key })
  const post = (key: string, target: string, body: string): Promise<RawAnswer> =>
    api.request('POST', target, { key, body })

  /** What became of a request, once everything is derived, with the ids left out. */
  async function became(key: string, accepted: RawAnswer): Promise<unknown> {
    await api.settle()
    const answer = await get(key, `/v1/requests/${idOf(accepted)}`)
    const { id: _, receivedAt: __, ...rest } = JSON.parse(answer.body) as Record<string, unknown>
    return rest
  }

  const shift = (kind: string, body: (person: Named) => object): Call => ({
    what: `shift/${kind} by ${Object.keys(body(NOBODY))[0]}`,
    ask: (key, person) => post(key, `/v1/shift/${kind}`, report(body(person) as Record<string, unknown>)),
  })
  const status = (name: string, of: (person: Named) => string): Call => ({
    what: `status by ${name}`,
    ask: (key, person) => get(key, `/v1/user/status?${name}=${of(person)}`),
  })
  const match = (name: string, success: boolean): Call => ({
    what: `match by ${name}: ${success}`,
    ask: (key, { customerNumber }) => post(key, '/v1/match', JSON.stringify({ [name]: customerNumber, success })),
  })
  const CALLS: readonly Call[] = [
    status('customerNumber', (person) => person.customerNumber),
    status('customerNumber', (person) => person.customerNumber.toLowerCase()),
    status('policyId', (person) => person.customerNumber),
    status('workProviderUserId', (person) => person.userId),
    status('driverId', (person) => person.userId),
    {
      what: 'validate',
      ask: (key, { customerNumber }) => get(key, `/v1/validate/customer-number/${customerNumber}`),
    },
    {
      what: 'validate in small letters',
      ask: (key, { customerNumber }) => get(key, `/v1/validate/customer-number/${customerNumber.toLowerCase()}`),
    },
    {
      what: 'validate with their e-mail',
      ask: (key, { customerNumber, email }) =>
        get(key, `/v1/validate/customer-number/${customerNumber}?email=${encodeURIComponent(email ?? '')}`),
    },
    {
      what: 'validate with another e-mail',
      ask: (key, { customerNumber }) => get(key, `/v1/validate/customer-number/${customerNumber}?email=x%40y.example`),
    },
    match('customerNumber', true),
    match('policyId', true),
    match('customerNumber', false),
    shift('login', ({ customerNumber }) => ({ customerNumber })),
    shift('logout', ({ customerNumber }) => ({ customerNumber })),
    shift('login', ({ userId }) => ({ workProviderUserId: userId })),
    shift('login', ({ userId }) => ({ driverId: userId })),
    {
      what: 'batch/login',
      ask: (key, { customerNumber, userId }) =>
        post(
          key,
          '/v1/batch/login',
          JSON.stringify([
            { customerNumber, timestamp: '2025-07-06T10:00:00Z' },
            { workProviderUserId: userId, timestamp: '2025-07-06T10:00:00Z' },
          ]),
        ),
    },
  ]

  /** All of an answer but what is of one request alone, and what became of it where it was accepted. */
  async function toldOf(call: Call, key: string, person: Named): Promise<unknown> {
    const answer = await call.ask(key, person)
    const id = answer.headers.get('request-id')!
    const headers = [...answer.headers].filter(([name]) => name !== 'date')
    const outcome = answer.status === 202 ? await became(key, answer) : null
    // Whether told before is the same request's or an earlier one's, it is named by its id.
    const text = JSON.stringify([answer.statusLine, headers, answer.body, outcome]).replaceAll(id, '<id>')
    return text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}/g, '<an id>')
  }

  for (const row of TABLE) {
    test(`${row.customerNumber}: status, by number and by id`, async () => {
      for (const query of [
        `customerNumber=${row.customerNumber}`,
        `customerNumber=${row.customerNumber.toLowerCase()}`,
        `workProviderUserId=${row.userId}`,
      ]) {
        const answer = await get(testKey, `/v1/user/status?${query}`)
        if (row.status === null) assertRefused(answer, 404, 'INVALID_CUSTOMER')
        else assertServed(answer, row.status)
      }
      for (const query of [`policyId=${row.customerNumber}`, `driverId=${row.userId}`]) {
        const answer = await get(testKey, `/v1/status/?${query}`)
        if (row.status === null) assertRefused(answer, 404, 'INVALID_CUSTOMER', DEPRECATED)
        else assertServed(answer, row.status, DEPRECATED)
      }
    })

    test(`${row.customerNumber}: validate, with its e-mail, another and none`, async () => {
      const validate = (query = ''): Promise<RawAnswer> =>
        get(testKey, `/v1/validate/customer-number/${row.customerNumber}${query}`)
      const others = await validate('?email=other%40example.com')
      if (row.email === null) {
        assertRefused(await validate(), 404, 'INVALID_CUSTOMER')
        assertRefused(others, 404, 'INVALID_CUSTOMER')
        return
      }
      assert.equal((await validate()).status, 204)
      for (const email of [row.email, row.email.toUpperCase()]) {
        assert.equal((await validate(`?email=${encodeURIComponent(email)}`)).status, 204)
      }
      assertRefused(others, 404, 'INVALID_CUSTOMER_EMAIL')
    })

    test(`${row.customerNumber}: match, and what a report becomes`, async () => {
      for (const [success, outcome] of [
        [true, row.email === null ? 'parked' : 'matched'],
        [false, 'failed'],
      ] as const) {
        const accepted = await post(
          testKey,
          '/v1/match',
          JSON.stringify({ customerNumber: row.customerNumber, success }),
        )
        assertAccepted(accepted)
        assert.deepEqual(await became(testKey, accepted), { match: { success, outcome } })
      }
      await assertShift(row, { customerNumber: row.customerNumber }, ['2025-03-01T10:00:00Z', '2025-03-01T11:00:00Z'])
      await assertShift(row, { workProviderUserId: row.userId }, ['2016-01-01T10:00:00Z', '2016-01-01T11:00:00Z'])
    })
  }

  async function assertShift(row: TestRow, identity: Record<string, string>, [from, to]: [string, string]) {
    const login = await post(testKey, '/v1/shift/login', report(identity, from))
    const logout = await post(testKey, '/v1/shift/logout', report(identity, to))
    const expected = row.email === null ? ['parked', 'parked'] : ['opened', 'closed']
    const told = (await Promise.all([became(testKey, login), became(testKey, logout)])) as {
      items: { outcome: string; shift: { startedAt: string; endedAt: string } | null }[]
    }[]
    assert.deepEqual(
      told.map(({ items }) => items[0]!.outcome),
      expected,
    )
    const shown = row.email === null ? [undefined, undefined] : [from, to]
    for (const { items } of told) assert.deepEqual([items[0]!.shift?.startedAt, items[0]!.shift?.endedAt], shown)
  }

  for (const call of CALLS) {
    test(`to a real key a test customer is nobody, byte for byte: ${call.what}`, async () => {
      for (const [index, row] of TABLE.entries()) {
        const unknown: Named = {
          customerNumber: String(index).padStart(row.customerNumber.length, 'X'),
          userId: String(index).padStart(row.userId.length, 'x'),
          email: row.email,
        }
        assert.deepEqual(await toldOf(call, api.key, row), await toldOf(call, api.key, unknown), row.customerNumber)
      }
    })

    test(`to a test key a real customer is nobody, byte for byte: ${call.what}`, async () => {
      const unknown: Named = { customerNumber: 'XXXXX', userId: 'xxxxxx', email: REAL.email }
      assert.deepEqual(await toldOf(call, testKey, REAL), await toldOf(call, testKey, unknown))
    })
  }

  test('the same is asked of the database about somebody of the other side as about nobody', async () => {
    /** Whose key it is, is asked again when a second is over. */
    const askedOf = async (call: Call, key: string, person: Named): Promise<string[]> =>
      (await statementsOf(() => call.ask(key, person))).filter((text) => !text.includes('from api_key'))
    for (const call of CALLS) {
      for (const [key, other] of [
        [api.key, TABLE[0]!],
        [testKey, REAL],
      ] as const) {
        // What is kept of somebody is there by the second time.
        for (const person of [other, NOBODY]) await call.ask(key, person)
        assert.deepEqual(await askedOf(call, key, other), await askedOf(call, key, NOBODY), call.what)
      }
    }
  })

  test('what a test key says of a real customer changes nothing of theirs', async () => {
    await api.settle()
    const before = await contentsOf(api.context)
    const rowsOf = (contents: Readonly<Record<string, string>>, table: string): Record<string, unknown>[] =>
      JSON.parse(contents[table]!) as Record<string, unknown>[]
    for (const call of CALLS) await call.ask(testKey, REAL)
    await api.settle()
    const now = await databaseNow(api.context.db)
    await watchShifts(api.context)(now)
    await tellOfMatches(api.context, plus(now, -3_600_000_000), now)
    const after = await contentsOf(api.context)
    // What was told is kept, as the twin's; nothing is worked out of it.
    const changed = changedTables(before, after).filter((name) => !NOTED_LATER.includes(name))
    const told = changed.map((name) => name.replace(/_\d{4}.*$|_default$/, ''))
    assert.deepEqual(
      [...new Set(told)].filter((name) => !['report', 'event', 'identity', 'match', 'slice_turn'].includes(name)),
      [],
    )
    for (const table of changed) {
      const seen = new Set(rowsOf(before, table).map((row) => JSON.stringify(row)))
      for (const row of rowsOf(after, table)) {
        if (!seen.has(JSON.stringify(row))) assert.notEqual(row['work_provider_id'], api.workProviderId, table)
      }
    }
    assertServed(
      await get(api.key, '/v1/user/status?customerNumber=REAL1'),
      '{"status":"ENABLED","policyId":"REAL1","customer_number":"REAL1","cover_class_of_use":"Courier","cover_level":"TPO"}',
    )
  })

  test('a word said with a test key waits for nothing that real ones about the same number wait for', async () => {
    const body = JSON.stringify({ customerNumber: REAL.customerNumber, success: true })
    const locksOf = async (key: string): Promise<string[]> =>
      (await statementsOf(() => post(key, '/v1/match', body))).filter((text) => text.includes('advisory'))
    assert.equal((await locksOf(api.key)).length, 1)
    assert.deepEqual(await locksOf(testKey), [])
  })

  test('the requests of each are the other’s as little as a stranger’s', async () => {
    const ofTest = await post(testKey, '/v1/shift/login', report({ customerNumber: 'TESTENABLED' }))
    const ofReal = await post(api.key, '/v1/shift/login', report({ customerNumber: 'REAL1' }))
    assertRefused(await get(api.key, `/v1/requests/${idOf(ofTest)}`), 404, 'NOT_FOUND')
    assertRefused(await get(testKey, `/v1/requests/${idOf(ofReal)}`), 404, 'NOT_FOUND')
    const second = (await createTestKey(api.context, 'Courier Ltd')).key
    assert.equal((await get(second, `/v1/requests/${idOf(ofTest)}`)).status, 200, 'test keys share a twin')
  })

  test('a test key is refused as any other: key, content, path', async () => {
    assertRefused(await post(testKey, '/v1/shift/login', '{'), 400, 'INVALID_DATA')
    assertRefused(await get(testKey, '/v1/user/status'), 400, 'INVALID_DATA')
    assertRefused(await get(`${testKey}x`, '/v1/user/status?customerNumber=TESTENABLED'), 401, 'INVALID_KEY')
    assertRefused(await get(testKey, '/v1/nothing'), 404, 'NOT_FOUND')
  })
})
