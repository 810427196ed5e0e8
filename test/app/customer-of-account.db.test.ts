import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { customerOfAccount } from '../../src/app/customer-of-account.ts'
import type { DriverAccount } from '../../src/app/driver-accounts.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

onEachEngine('the customer of an account', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  /** An account as it is left when the process dies right after making it. */
  async function account(email: string): Promise<DriverAccount> {
    const id = store.context.newId()
    await sql`
      insert into driver_account (id, name, email, email_verified, created_at, updated_at)
      values (${id}, 'Dana', ${email}, true, now(), now())
    `.execute(store.context.db)
    return { id, email, name: 'Dana' }
  }

  it('is made when it is missing, once, however many pages ask at once', async () => {
    const made = await account('new@example.com')
    const all = await Promise.all(Array.from({ length: 8 }, () => customerOfAccount(store.context, made)))
    assert.equal(new Set(all.map((one) => one.customerNumber)).size, 1)
    assert.equal(all[0]!.accountId, made.id)
    assert.equal(all[0]!.name, 'Dana')
  })

  it('is the one that staff made with its address, whatever the case of it', async () => {
    await createCustomer(store.context, { email: 'Staff@Example.com', customerNumber: 'STAFF1', name: 'By staff' })
    const found = await customerOfAccount(store.context, await account('staff@example.com'))
    assert.equal(found.customerNumber, 'STAFF1')
    assert.equal(found.name, 'By staff')
  })

  it('stays when the account is closed, and is there again for whoever proves its address later', async () => {
    const first = await account('back@example.com')
    const { customerNumber } = await customerOfAccount(store.context, first)
    await sql`delete from driver_account where id = ${first.id}`.execute(store.context.db)
    const again = await customerOfAccount(store.context, await account('back@example.com'))
    assert.equal(again.customerNumber, customerNumber)
  })

  it('follows a changed address, and keeps its own where the new one is another customer’s', async () => {
    const made = await account('before@example.com')
    await customerOfAccount(store.context, made)
    assert.equal(
      (await customerOfAccount(store.context, { ...made, email: 'after@example.com' })).email,
      'after@example.com',
    )
    await createCustomer(store.context, { email: 'taken@example.com', customerNumber: 'TAKEN1' })
    assert.equal(
      (await customerOfAccount(store.context, { ...made, email: 'taken@example.com' })).email,
      'after@example.com',
    )
  })
})
