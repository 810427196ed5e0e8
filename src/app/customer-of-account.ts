import { CUSTOMER_NUMBER_RANDOM_BYTES, emailKey, newCustomerNumber } from '../domain/customer.ts'
import {
  claimCustomerByEmail,
  findCustomerOfAccount,
  insertCustomer,
  isEmailTaken,
  refreshHolderOf,
  type StoredCustomer,
  updateCustomer,
} from '../storage/customers.ts'
import { inTransaction, isUniqueViolation } from '../storage/database.ts'
import type { Context } from './context.ts'
import type { DriverAccount } from './driver-accounts.ts'

const MAX_TRIES = 5

/**
 * The customer of an account: the one it has, else the one with its (verified) address whom staff made, else a new one.
 * Made after the account and apart from it, and made again if it is missing: a crash between the two mends itself.
 */
export async function customerOfAccount(context: Context, account: DriverAccount): Promise<StoredCustomer> {
  for (let attempt = 1; ; attempt++) {
    const customer = await findCustomerOfAccount(context.db, account.id)
    if (customer !== null) return syncEmail(context, customer, account)
    try {
      if (!(await claimCustomerByEmail(context.db, account.id, account.email))) {
        const customerNumber = newCustomerNumber(context.randomBytes(CUSTOMER_NUMBER_RANDOM_BYTES))
        await inTransaction(context.db, async (trx) => {
          await insertCustomer(trx, { customerNumber, email: account.email, name: account.name })
          await claimCustomerByEmail(trx, account.id, account.email)
        })
      }
    } catch (error) {
      // Two pages of one account at once, or a number that somebody has.
      if (!isUniqueViolation(error) || attempt >= MAX_TRIES) throw error
      // Or the address is that of a customer whose account has another one by now.
      await refreshHolderOf(context.db, account.email)
    }
  }
}

/** The address of an account was changed: the customer's follows, unless staff gave it to somebody else meanwhile. */
async function syncEmail(context: Context, customer: StoredCustomer, account: DriverAccount): Promise<StoredCustomer> {
  if (emailKey(customer.email) === emailKey(account.email)) return customer
  if (await isEmailTaken(context.db, account.email)) {
    context.log.warn(
      { customerNumber: customer.customerNumber },
      'the address of an account belongs to another customer',
    )
    return customer
  }
  await updateCustomer(context.db, customer.customerNumber, { email: account.email })
  return { ...customer, email: account.email }
}
