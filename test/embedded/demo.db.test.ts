import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDemo, DEMO_CUSTOMERS, DEMO_WORK_PROVIDER } from '../../src/app/demo.ts'
import type { Context } from '../../src/app/context.ts'
import { listKeys } from '../../src/app/api-keys.ts'
import { requireCustomer } from '../../src/app/customers.ts'
import { openStore } from '../support/stores.ts'

/* Rule 6: the first start may be cut short, while it makes the demo too. */

test('a first start that is cut short while it makes the demo is followed by one that has all of it', async () => {
  const store = await openStore('embedded')
  try {
    // As a kill between two statements would: the third id to be given out never is.
    await assert.rejects(createDemo(failingAfter(store.context, 2)), /cut short/)
    const key = await createDemo(store.context)
    for (const number of Object.values(DEMO_CUSTOMERS)) await requireCustomer(store.context.db, number)
    const live = (await listKeys(store.context)).filter((one) => one.workProvider === DEMO_WORK_PROVIDER)
    assert.ok(live.length > 0 && key !== null, 'there is a key, and it is shown')
  } finally {
    await store.close()
  }
})

/** A context that gives out so many ids and secrets, and then fails. */
function failingAfter(context: Context, calls: number): Context {
  let left = calls
  const spend = (): void => {
    left -= 1
    if (left < 0) throw new Error('cut short')
  }
  return {
    ...context,
    newId() {
      spend()
      return context.newId()
    },
    randomBytes(count) {
      spend()
      return context.randomBytes(count)
    },
  }
}
