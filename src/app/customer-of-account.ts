import { driver } from '../domain/audit.ts'
import { CUSTOMER_NUMBER_RANDOM_BYTES, emailKey, newCustomerNumber } from '../domain/customer.ts'
import { insertAudit } from '../storage/audit.ts'
import { settleMatches } from '../storage/case-upkeep.ts'
import {
  claimCustomerByEmail,
  findCustomerOfAccount,
  insertCustomer,
  isEmailTaken,
  refreshHolderOf,
  type StoredCustomer,
  updateCustomer,
} from '../storage/customers.ts'
import { type DatabaseTransaction, inTransaction, isUniqueViolation } from '../storage/database.ts'
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
      await inTransaction(context.db, (trx) => giveCustomer(context, trx, account))
    } catch (error) {
      // Two pages of one account at once, or a number that somebody has.
      if (!isUniqueViolation(error) || attempt >= MAX_TRIES) throw error
      // Or the address is that of a customer whose account has another one by now.
      await refreshHolderOf(context.db, account.email)
    }
  }
}

async function giveCustomer(
  context: Context,
  trx: DatabaseTransaction,
  { id, email, name }: DriverAccount,
): Promise<void> {
  let customerNumber = await claimCustomerByEmail(trx, id, email)
  if (customerNumber === null) {
    customerNumber = newCustomerNumber(context.randomBytes(CUSTOMER_NUMBER_RANDOM_BYTES))
    await insertCustomer(trx, { customerNumber, email, name })
    await claimCustomerByEmail(trx, id, email)
    await settleMatches(trx, customerNumber)
    await insertAudit(trx, driver(customerNumber), { action: 'customer created', customerNumber })
  }
  await insertAudit(trx, driver(customerNumber), { action: 'account opened', customerNumber, subject: id })
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
  const { customerNumber } = customer
  await inTransaction(context.db, async (trx) => {
    await updateCustomer(trx, customerNumber, { email: account.email })
    await insertAudit(trx, driver(customerNumber), { action: 'e-mail changed', customerNumber })
  })
  return { ...customer, email: account.email }
}
