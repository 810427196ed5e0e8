import { emailKey } from '../domain/customer.ts'
import { parseCustomerNumber } from '../domain/identity.ts'
import { type KnownCustomer, knownCustomers } from '../storage/customers.ts'
import type { Context } from './context.ts'
import { gather } from './gather.ts'

export type Validity = 'valid' | 'no customer' | 'other e-mail'

const MAX_LOOKUPS_AT_ONCE = 500
/** Asked in place of a number that nobody can have: no customer number is empty. */
const NOBODY = ''

export type ValidationDesk = {
  /**
   * Whether a customer number exists, and has the e-mail given (undefined: none was given; null: not one that fits), for
   * a caller of the sandbox or a real one: to each, the other's customers are nobody.
   */
  validate(
    caller: { readonly isTest: boolean },
    customerNumber: string,
    email: string | null | undefined,
  ): Promise<Validity>
}

/** Concurrent questions share a statement. */
export function openValidationDesk(context: Context): ValidationDesk {
  const lookUp = gather<string, KnownCustomer | null>(MAX_LOOKUPS_AT_ONCE, async (numbers) => {
    const found = await knownCustomers(context.db, numbers)
    return numbers.map((number) => found.get(number) ?? null)
  })
  return {
    async validate({ isTest }, customerNumber, email) {
      const known = await lookUp(parseCustomerNumber(customerNumber) ?? NOBODY)
      if (known === null || known.isTest !== isTest) return 'no customer'
      if (email === undefined) return 'valid'
      return email !== null && emailKey(email) === known.emailKey ? 'valid' : 'other e-mail'
    },
  }
}
