import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { changeDetails } from '../../src/app/account-changes.ts'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { agree, termsOfIntent, withdraw } from '../../src/app/link-customer.ts'
import { openLink } from '../../src/app/link-intents.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { consentAt } from '../../src/domain/link.ts'
import { consentsOfLinks } from '../../src/storage/links.ts'
import { findCustomer, type StoredCustomer } from '../../src/storage/customers.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { waitFor } from '../faults/harness.ts'
import { contextOn, openStore, type Store, TEST_DATABASE_URL } from '../support/stores.ts'

const WORK_PROVIDER = 'Courier Ltd'
const BROWSER = 'a'.repeat(64)
// Transactions that wait for each other; the embedded engine has one at a time.
const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'

describe('erasing a customer while something is made for them', { skip }, () => {
  let store: Store
  /** On a connection of its own, so that one waits for the other. */
  let beside: ReturnType<typeof contextOn>
  let people = 0
  before(async () => {
    store = await openStore('server')
    beside = contextOn(store.target)
    await createWorkProvider(store.context, WORK_PROVIDER)
  })
  after(async () => {
    await beside.close()
    await store.close()
  })

  async function newCustomer(): Promise<StoredCustomer> {
    const customerNumber = `ERASED${++people}`
    await createCustomer(store.context, { customerNumber, email: `${customerNumber}@example.com`, name: 'Erin Rider' })
    return (await findCustomer(store.context.db, customerNumber))!
  }

  async function newAgreement(context: Context, customer: StoredCustomer) {
    const claim = { workProvider: WORK_PROVIDER, userId: customer.customerNumber, email: null, parameters: [] }
    const opened = await openLink(context, claim, { browser: BROWSER, network: '192.0.2.1' })
    assert.ok('intent' in opened)
    const { id: intentId } = opened.intent
    const { id: termsId } = await termsOfIntent(context, opened.intent)
    return () =>
      agree(context, customer, { browser: BROWSER, accountId: null }, { intentId, termsId, sharesContact: true })
  }

  const isWaiting = (): Promise<unknown> =>
    waitFor('one waiting for a lock', async () => {
      const { rows } = await sql<{ count: number }>`
        select count(*) as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      `.execute(store.context.db)
      return rows[0]!.count > 0
    })

  /** Begins `second` while the transaction of `first` is open, and answers what came of it after that. */
  async function during<T>(
    first: (context: Context) => Promise<unknown>,
    second: (context: Context) => Promise<T>,
  ): Promise<PromiseSettledResult<T>> {
    const { promise: isDone, resolve: done } = Promise.withResolvers<void>()
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    const under = store.context.db.transaction().execute(async (trx) => {
      await first({ ...store.context, db: trx })
      done()
      await mayEnd
    })
    await isDone
    const waiting = Promise.allSettled([second(beside.context)])
    await isWaiting()
    end()
    await under
    return (await waiting)[0]
  }

  const erase =
    ({ customerNumber }: StoredCustomer) =>
    (context: Context): Promise<unknown> =>
      eraseCustomer(context, customerNumber, 'asked to')
  const terms = { classOfUse: 'courier', coverLevel: 'third party' }
  const consentedAt = async (): Promise<{ consentedAt: Awaited<ReturnType<typeof databaseNow>> }> => ({
    consentedAt: await databaseNow(store.context.db),
  })

  async function activeConsents(customerNumber: string): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*) as count from link l cross join lateral (
        select given from consent c where c.link_id = l.id order by effective_at desc, id desc limit 1
      ) last where l.customer_number = ${customerNumber} and last.given
    `.execute(store.context.db)
    return rows[0]!.count
  }

  for (const [what, make] of [
    [
      'a link with consent',
      async (context: Context, { customerNumber }: StoredCustomer) =>
        createLink(context, { workProvider: WORK_PROVIDER, customerNumber, ...(await consentedAt()) }),
    ],
    [
      'a policy',
      async (context: Context, { customerNumber }: StoredCustomer): Promise<unknown> =>
        createPolicy(context, { customerNumber, ...terms }),
    ],
  ] as const) {
    test(`${what} waits for the erasure, and is refused`, async () => {
      const customer = await newCustomer()
      const made = await during<unknown>(erase(customer), (context) => make(context, customer))
      assert.match(String(made.status === 'rejected' && made.reason), /was erased/)
      assert.equal(await activeConsents(customer.customerNumber), 0)
    })
  }

  test('the consent of somebody who is linked already waits for the erasure, and is refused', async () => {
    const customer = await newCustomer()
    const { customerNumber } = customer
    await createLink(store.context, { workProvider: WORK_PROVIDER, customerNumber })
    const given = await during(erase(customer), (context) =>
      recordConsent(context, { workProvider: WORK_PROVIDER, customerNumber }, true),
    )
    assert.match(String(given.status === 'rejected' && given.reason), /was erased/)
    assert.equal(await activeConsents(customerNumber), 0)
  })

  test("a driver's yes waits for the erasure, and finds its question closed; no mail is left", async () => {
    const customer = await newCustomer()
    const sayYes = await newAgreement(beside.context, customer)
    const agreed = await during(erase(customer), sayYes)
    assert.deepEqual(agreed, { status: 'fulfilled', value: 'closed' })
    const { rows } = await sql`select from outbox where lower(to_address) = ${customer.email.toLowerCase()}`.execute(
      store.context.db,
    )
    assert.equal(rows.length, 0)
  })

  test("the erasure waits for a driver's yes, and takes back all of it", async () => {
    const customer = await newCustomer()
    const context = store.context
    const sayYes = await newAgreement(context, customer)
    const within = (inside: Context): Promise<unknown> => {
      const { db } = context
      Object.assign(context, { db: inside.db })
      return sayYes().finally(() => Object.assign(context, { db }))
    }
    const erased = await during(within, erase(customer))
    assert.equal(erased.status, 'fulfilled')
    assert.equal(await activeConsents(customer.customerNumber), 0)
    const { rows } = await sql`select from outbox where lower(to_address) = ${customer.email.toLowerCase()}`.execute(
      store.context.db,
    )
    assert.equal(rows.length, 0)
  })

  test('a name that is changed meanwhile is not written to who is erased', async () => {
    const customer = await newCustomer()
    await during(erase(customer), (context) => changeDetails(context, customer, { name: 'Erin Again', phone: '1' }))
    const { name, phone } = (await findCustomer(store.context.db, customer.customerNumber))!
    assert.deepEqual([name, phone], [null, null])
  })

  test('a consent that begins later does not outlast the erasure, nor a withdrawal', async () => {
    const now = await databaseNow(store.context.db)
    const later = plus(now, MICROSECONDS_PER_HOUR)
    for (const since of [now, later]) {
      for (const end of ['erased', 'withdrawn']) {
        const { customerNumber } = await newCustomer()
        const name = { workProvider: WORK_PROVIDER, customerNumber }
        const link = await createLink(store.context, { ...name, consentedAt: since })
        await recordConsent(store.context, name, true, later)
        if (end === 'erased') {
          const { withdrawnFrom } = await eraseCustomer(store.context, customerNumber, 'asked to')
          assert.deepEqual(withdrawnFrom, [WORK_PROVIDER])
        } else {
          assert.ok(await withdraw(store.context, customerNumber, link.id, 'home'))
        }
        const consents = (await consentsOfLinks(store.context.db, [link.id])).get(link.id)!
        for (const at of [await databaseNow(store.context.db), later, plus(later, MICROSECONDS_PER_HOUR)]) {
          assert.ok(consentAt(consents, at)?.given !== true, `${end}, at ${formatInstant(at)}`)
        }
      }
    }
  })
})
