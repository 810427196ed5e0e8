import {
  type Customer,
  CUSTOMER_NUMBER_RANDOM_BYTES,
  isPossibleEmail,
  MAX_NAME_CHARACTERS,
  newCustomerNumber,
} from '../domain/customer.ts'
import { Impossible } from '../domain/errors.ts'
import { parseCustomerNumber } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { findCustomer, insertCustomer, isEmailTaken, type StoredCustomer } from '../storage/customers.ts'
import { type Database, databaseNow, isUniqueViolation } from '../storage/database.ts'
import { insertCancellation, insertPolicy, type NewPolicy, policyExists } from '../storage/policies.ts'
import type { Context } from './context.ts'
import { requireWorkProvider } from './work-providers.ts'

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
  const customer = { customerNumber, email, name }
  try {
    await insertCustomer(context.db, customer)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    const isEmail = await isEmailTaken(context.db, email)
    throw new Impossible(
      isEmail ? `a customer with the e-mail ${email} exists` : `customer number ${customerNumber} exists`,
    )
  }
  return customer
}

export async function requireCustomer(db: Database, text: string): Promise<StoredCustomer> {
  const customer = await findCustomer(db, requireCustomerNumber(text))
  if (customer === null) throw new Impossible(`there is no customer ${text}`)
  return customer
}

function requireCustomerNumber(text: string): string {
  const number = parseCustomerNumber(text)
  if (number === null) throw new Impossible(`"${text}" is not a customer number: it has letters A-Z and digits only`)
  return number
}

export type PolicyRequest = {
  readonly customerNumber: string
  readonly classOfUse: string
  readonly coverLevel: string
  readonly vehicleRegistration?: string | undefined
  readonly workProvider?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}

const MAX_POLICY_TEXT_CHARACTERS = 200

export async function createPolicy(context: Context, request: PolicyRequest): Promise<NewPolicy> {
  const customer = await requireCustomer(context.db, request.customerNumber)
  const workProvider =
    request.workProvider === undefined ? null : await requireWorkProvider(context.db, request.workProvider)
  const validFrom = request.from ?? (await databaseNow(context.db))
  const validTo = request.to ?? null
  if (validTo !== null && validTo <= validFrom) throw new Impossible('a policy ends after it begins')
  const policy: NewPolicy = {
    id: context.newId(),
    customerNumber: customer.customerNumber,
    classOfUse: policyText('class of use', request.classOfUse),
    coverLevel: policyText('cover level', request.coverLevel),
    vehicleRegistration:
      request.vehicleRegistration === undefined ? null : policyText('vehicle', request.vehicleRegistration),
    workProviderId: workProvider?.id ?? null,
    validFrom,
    validTo,
  }
  await insertPolicy(context.db, policy)
  return policy
}

/** Ends a policy from an instant on (now, unless another is given). Answers that instant. */
export async function cancelPolicy(context: Context, id: string, at?: Instant): Promise<Instant> {
  if (!isUuid(id) || !(await policyExists(context.db, id))) throw new Impossible(`there is no policy with the id ${id}`)
  const effectiveAt = at ?? (await databaseNow(context.db))
  await insertCancellation(context.db, id, effectiveAt)
  return effectiveAt
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)
}

function policyText(what: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > MAX_POLICY_TEXT_CHARACTERS) {
    throw new Impossible(`a ${what} has 1 to ${MAX_POLICY_TEXT_CHARACTERS} characters`)
  }
  return trimmed
}
