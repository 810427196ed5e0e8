import {
  type Customer,
  CUSTOMER_NUMBER_RANDOM_BYTES,
  isPossibleEmail,
  MAX_NAME_CHARACTERS,
  newCustomerNumber,
} from '../domain/customer.ts'
import { Impossible } from '../domain/errors.ts'
import { parseCustomerNumber } from '../domain/identity.ts'
import { isTestEmail, isTestNumber } from '../domain/sandbox.ts'
import { insertAudit } from '../storage/audit.ts'
import { settleMatches } from '../storage/case-upkeep.ts'
import { findCustomer, insertCustomer, isEmailTaken, lockCustomer, type StoredCustomer } from '../storage/customers.ts'
import { type Database, type DatabaseTransaction, inTransaction, isUniqueViolation } from '../storage/database.ts'
import type { Context } from './context.ts'

export type CustomerRequest = {
  readonly email: string
  readonly customerNumber?: string | undefined
  readonly name?: string | undefined
}

export async function createCustomer(context: Context, request: CustomerRequest): Promise<Customer> {
  const email = request.email.trim()
  const name = request.name?.trim() ?? null
  if (!isPossibleEmail(email)) throw new Impossible(`"${email}" is not an e-mail address`)
  if (name !== null && (name === '' || name.length > MAX_NAME_CHARACTERS)) {
    throw new Impossible(`a name has 1 to ${MAX_NAME_CHARACTERS} characters`)
  }
  const customerNumber =
    request.customerNumber === undefined
      ? newCustomerNumber(context.randomBytes(CUSTOMER_NUMBER_RANDOM_BYTES))
      : requireCustomerNumber(request.customerNumber)
  assertNotOfSandbox(customerNumber, email)
  const customer = { customerNumber, email, name }
  try {
    await inTransaction(context.db, async (trx) => {
      await insertCustomer(trx, customer)
      await settleMatches(trx, customerNumber)
      await insertAudit(trx, context.actor, { action: 'customer created', customerNumber })
    })
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    const isEmail = await isEmailTaken(context.db, email)
    throw new Impossible(
      isEmail ? `a customer with the e-mail ${email} exists` : `customer number ${customerNumber} exists`,
    )
  }
  return customer
}

function assertNotOfSandbox(customerNumber: string, email: string): void {
  if (isTestNumber(customerNumber)) throw new Impossible(`${customerNumber} is a number for tests: no customer has it`)
  if (isTestEmail(email)) throw new Impossible(`${email} is an address for tests: no customer has it`)
}

export async function requireCustomer(db: Database, text: string): Promise<StoredCustomer> {
  return found(await findCustomer(db, requireCustomerNumber(text)), text)
}

/** The same, locked until the transaction ends: before any other lock of what is theirs. */
export async function holdCustomer(
  trx: DatabaseTransaction,
  text: string,
  to: 'erase' | 'keep',
): Promise<StoredCustomer> {
  return found(await lockCustomer(trx, requireCustomerNumber(text), to), text)
}

function found(customer: StoredCustomer | null, text: string): StoredCustomer {
  if (customer === null) throw new Impossible(`there is no customer ${text}`)
  return customer
}

/** A customer who may be insured and linked: one who is not erased, and none of the sandbox, whose answers are fixed. */
export async function requireCurrentCustomer(db: Database, text: string): Promise<StoredCustomer> {
  return current(await requireCustomer(db, text))
}

/** The same, who is not erased before the transaction ends. */
export async function keepCurrentCustomer(trx: DatabaseTransaction, text: string): Promise<StoredCustomer> {
  return current(await holdCustomer(trx, text, 'keep'))
}

function current(customer: StoredCustomer): StoredCustomer {
  if (customer.isTest) throw new Impossible(`${customer.customerNumber} is a test customer: only test keys see it`)
  assertNotErased(customer)
  return customer
}

export function assertNotErased({ customerNumber, erasedAt }: StoredCustomer): void {
  if (erasedAt !== null) throw new Impossible(`customer ${customerNumber} was erased`)
}

function requireCustomerNumber(text: string): string {
  const number = parseCustomerNumber(text)
  if (number === null) throw new Impossible(`"${text}" is not a customer number: it has letters A-Z and digits only`)
  return number
}
