import { MICROSECONDS_PER_MINUTE, plus } from '../domain/instant.ts'
import { isStoreEmpty, knownCustomers } from '../storage/customers.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { findWorkProvider } from '../storage/work-providers.ts'
import { createKey } from './api-keys.ts'
import type { Context } from './context.ts'
import { createCustomer } from './customers.ts'
import { createLink } from './links.ts'
import { createPolicy } from './policies.ts'
import { createWorkProvider } from './work-providers.ts'

export const DEMO_WORK_PROVIDER = 'Courier Ltd'
export const DEMO_CUSTOMERS = { withVehicle: 'DEMO1', withoutVehicle: 'DEMO2', disabled: 'DEMO3' } as const

const CLASS_OF_USE = 'Carriage of Goods for Hire & Reward'

/** Fills an empty store with something to try the API on, whole or not at all. Answers the key; null: it was not empty. */
export function createDemo(context: Context): Promise<string | null> {
  return inTransaction(context.db, async (db) => {
    return (await isStoreEmpty(db)) ? fill({ ...context, db }) : null
  })
}

/** Whether the demo's work provider and customers are there. */
export async function hasDemo(context: Context): Promise<boolean> {
  const customers = Object.values(DEMO_CUSTOMERS)
  const found = await knownCustomers(context.db, customers)
  return found.size === customers.length && (await findWorkProvider(context.db, DEMO_WORK_PROVIDER)) !== null
}

async function fill(context: Context): Promise<string> {
  await createWorkProvider(context, DEMO_WORK_PROVIDER)
  const consentedAt = plus(await databaseNow(context.db), -MICROSECONDS_PER_MINUTE)
  const people = [
    { customerNumber: DEMO_CUSTOMERS.withVehicle, name: 'Ada Rider', userId: '1686', vehicle: 'VY7 JC3' },
    { customerNumber: DEMO_CUSTOMERS.withoutVehicle, name: 'Ben Walker', userId: '8545', vehicle: undefined },
    { customerNumber: DEMO_CUSTOMERS.disabled, name: 'Cleo Late', userId: '2077', vehicle: null },
  ]
  for (const { customerNumber, name, userId, vehicle } of people) {
    const email = `${name.split(' ')[0]!.toLowerCase()}@example.com`
    await createCustomer(context, { email, customerNumber, name })
    if (vehicle !== null) {
      await createPolicy(context, {
        customerNumber,
        classOfUse: CLASS_OF_USE,
        coverLevel: 'Third Party (TPO)',
        vehicleRegistration: vehicle,
        from: consentedAt,
      })
    }
    await createLink(context, {
      workProvider: DEMO_WORK_PROVIDER,
      customerNumber,
      workProviderUserId: userId,
      consentedAt,
    })
  }
  return (await createKey(context, DEMO_WORK_PROVIDER)).key
}
