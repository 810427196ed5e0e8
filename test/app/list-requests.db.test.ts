import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { after, before, test } from 'node:test'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { listRequests, type ListedRequest, MAX_LISTED_ITEMS } from '../../src/app/list-requests.ts'
import { recordMatch } from '../../src/app/match.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { projectReports } from '../../src/app/project.ts'
import { readRequest } from '../../src/app/requests.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { receive, requestIdOf } from '../support/received.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { statementsOf } from '../site/statements.ts'

const MINUTE = 60_000_000
const DAY = 24 * 60 * MINUTE
const LARGE = 250

let made = 0
let lastId = ''

/** Ids are in the order of milliseconds; here also within one. */
function increasingId(): string {
  let id: string
  do id = randomUUIDv7()
  while (id <= lastId)
  return (lastId = id)
}

onEachEngine('the list of requests of a work provider', (engine) => {
  let store: Store
  let context: Context
  before(async () => {
    store = await openStore(engine)
    context = { ...store.context, newId: increasingId }
  })
  after(() => store.close())

  /** A work provider with a customer who is linked as `u0`. */
  async function newWorkProvider(): Promise<{ id: string; customerNumber: string }> {
    const name = `Ace ${++made}`
    const { id } = await createWorkProvider(context, name)
    const customerNumber = `C${made}`
    const from = (context.now() - 300 * DAY) as Instant
    await createCustomer(context, { customerNumber, email: `${customerNumber}@example.com` })
    await createLink(context, { workProvider: name, customerNumber, workProviderUserId: 'u0', consentedAt: from })
    await createPolicy(context, { customerNumber, classOfUse: 'Courier', coverLevel: 'TPO', from })
    return { id, customerNumber }
  }

  /** A request with reports so many minutes ago of `u0`, and of others whom nobody knows. */
  async function accept(workProviderId: string, kind: EventKind, minutesAgo: readonly number[], unknown = 0) {
    const now = context.now()
    const requestId = context.newId()
    const of = (text: string, minutes: number) => ({
      identity: { kind: 'user_id' as const, text },
      at: (now - minutes * MINUTE) as Instant,
    })
    const reports = [
      ...minutesAgo.map((minutes) => of('u0', minutes)),
      ...Array.from({ length: unknown }, (_, index) => of(`nobody ${index}`, 5)),
    ]
    await startAcceptor(context, () => {}).accept({ requestId, workProviderId, kind, reports })
    return requestId
  }

  async function derive(): Promise<void> {
    while ((await projectReports(context.db)) > 0) continue
  }

  async function listAll(workProviderId: string, limit: number): Promise<ListedRequest[]> {
    const requests: ListedRequest[] = []
    let before: string | null = null
    do {
      const page = await listRequests(context, workProviderId, { before, limit })
      assert.ok(page.requests.length <= limit)
      requests.push(...page.requests)
      before = page.next
    } while (before !== null)
    return requests
  }

  /** What the request's own answer says of its first items, counted. */
  async function answered(workProviderId: string, id: string): Promise<unknown> {
    const answer = (await readRequest(context, workProviderId, id, 0))!
    if ('match' in answer) return answer.match
    const items = answer.items.slice(0, MAX_LISTED_ITEMS)
    const outcomes = Map.groupBy(items, (item) => item.outcome)
    return {
      kinds: [...new Set(answer.items.map((item) => item.kind))],
      items: answer.items.length,
      duplicates: items.filter((item) => item.duplicateOf !== null).length,
      outcomes: new Map([...outcomes].map(([outcome, all]) => [outcome, all.length])),
    }
  }

  function listed(request: ListedRequest): unknown {
    if (request.kind === 'match') return { success: request.success, outcome: request.outcome }
    const { kind, items, duplicates, outcomes } = request
    return { kinds: [kind], items, duplicates, outcomes }
  }

  test('says of each what its own answer says, the newest first, in pages of any size', async () => {
    const { id: workProviderId, customerNumber } = await newWorkProvider()
    const other = await newWorkProvider()
    const match = async (number: string, success: boolean) => {
      const requestId = context.newId()
      await recordMatch(context, { requestId, workProviderId, customerNumber: number, success })
      return requestId
    }
    const ids = [
      await accept(workProviderId, 'login', [300, 290, 100]),
      await match(customerNumber, true),
      await accept(other.id, 'login', [300], 2),
      await accept(workProviderId, 'logout', [200, 199], 3),
      await match(customerNumber, false),
      await match('NOBODY', true),
      await accept(workProviderId, 'login', [300, 300, 80]),
      await accept(workProviderId, 'logout', [50], LARGE),
    ]
    await derive()
    ids.push(await accept(workProviderId, 'login', [40, 300]), await accept(workProviderId, 'logout', [], 3))
    // Some of a request are derived, and some wait; a turn on Citus takes all of so few.
    if (engine !== 'citus') await projectReports(context.db, 1)
    // The newest first, as their ids have it: within a millisecond those are in no order of their own.
    const own = ids
      .filter((_, index) => index !== 2)
      .toSorted()
      .toReversed()
    for (const limit of [1, 2, 3, 100]) {
      const requests = await listAll(workProviderId, limit)
      assert.deepEqual(
        requests.map((request) => request.id),
        own,
        `${limit} a page`,
      )
      for (const request of requests) {
        assert.deepEqual(listed(request), await answered(workProviderId, request.id), request.id)
      }
    }
    const outcomes = (await listAll(workProviderId, 100)).map((one) =>
      one.kind === 'match' ? one.outcome : one.outcomes,
    )
    assert.deepEqual(outcomes.slice(0, 3), [
      new Map([['pending', 3]]),
      engine === 'citus'
        ? new Map([['pending', 2]])
        : new Map([
            ['opened', 1],
            ['pending', 1],
          ]),
      new Map([
        ['closed', 1],
        ['parked', MAX_LISTED_ITEMS - 1],
      ]),
    ])
    assert.deepEqual(
      (await listAll(other.id, 1)).map((request) => request.id),
      [ids[2]],
    )
  })

  test('has those of the last 30 days only, whether derived or not', async () => {
    const { id: workProviderId } = await newWorkProvider()
    const now = await databaseNow(context.db)
    const received = [40 * DAY, 30 * DAY + MINUTE, 30 * DAY - MINUTE, DAY].map((ago) => {
      const came = (now - ago) as Instant
      const requestId = requestIdOf(came)
      const identity = { kind: 'user_id' as const, text: 'u0' }
      return { workProviderId, requestId, item: 0, identity, kind: 'login' as const, at: came, receivedAt: came }
    })
    await receive(context.db, received)
    const recent = [received[3]!.requestId, received[2]!.requestId]
    for (const where of ['waiting', 'derived']) {
      const requests = await listAll(workProviderId, 10)
      assert.deepEqual(
        requests.map((request) => request.id),
        recent,
        where,
      )
      assert.deepEqual(
        requests.map((request) => request.receivedAt),
        [received[3]!.receivedAt, received[2]!.receivedAt],
      )
      await derive()
    }
  })

  test('takes as many statements for fifty requests as for two', async () => {
    const { id: workProviderId } = await newWorkProvider()
    for (let index = 0; index < 50; index++) await accept(workProviderId, 'login', [index], 1)
    await derive()
    const statements = (limit: number) =>
      statementsOf(() => listRequests(context, workProviderId, { before: null, limit }))
    const [few, many] = [await statements(2), await statements(50)]
    assert.deepEqual(many, few)
    assert.ok(few.length < 15, `${few.length} statements`)
  })

  test('is empty for one without requests, and begins at the newest where `before` is no id', async () => {
    const { id: workProviderId } = await newWorkProvider()
    assert.deepEqual(await listRequests(context, workProviderId, { before: null, limit: 10 }), {
      requests: [],
      next: null,
    })
    const requestId = await accept(workProviderId, 'login', [10])
    const page = await listRequests(context, workProviderId, { before: "x'; --", limit: 10 })
    assert.deepEqual(
      page.requests.map((request) => request.id),
      [requestId],
    )
    assert.deepEqual(await listRequests(context, workProviderId, { before: requestId, limit: 10 }), {
      requests: [],
      next: null,
    })
  })
})
