import { Refusal } from '../domain/errors.ts'
import type { Resource } from './exchange.ts'
import { decode } from '../domain/query.ts'
import { parseEmailQuery } from './parse.ts'
import { replyEmpty } from './replies.ts'

export const VALIDATE_PATH = '/v1/validate/customer-number'

/** GET /v1/validate/customer-number/<customerNumber>; a missing number is one that nobody has. */
export const getValidate: Resource = async (exchange) => {
  const customerNumber = decode(exchange.path.slice(VALIDATE_PATH.length + 1)) ?? ''
  const email = parseEmailQuery(exchange.query)
  const validity = await exchange.services.validationDesk.validate(exchange.caller, customerNumber, email)
  if (validity === 'no customer') throw new Refusal('INVALID_CUSTOMER', 'there is no customer with this number')
  if (validity === 'other e-mail')
    throw new Refusal('INVALID_CUSTOMER_EMAIL', 'the e-mail is not the one of this customer')
  return replyEmpty(exchange)
}
