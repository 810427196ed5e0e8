import { Refusal } from '../domain/errors.ts'
import type { Status } from '../domain/status.ts'
import type { Resource } from './exchange.ts'
import { parseStatusQuery } from './parse.ts'
import { reply } from './replies.ts'

/** GET /v1/user/status and /v1/status */
export const getStatus: Resource = async (exchange) => {
  const identity = parseStatusQuery(exchange.query, exchange)
  const { statusDesk } = exchange.services
  const status = await statusDesk.answer(exchange.caller.workProviderId, identity)
  if (status.kind === 'unknown')
    throw new Refusal('INVALID_CUSTOMER', 'there is no such customer for this work provider')
  return reply(exchange, 200, JSON.stringify(statusToWire(status)))
}

/** The fields of the contract in its order; `policyId` repeats the customer number for old clients. */
function statusToWire(status: Exclude<Status, { kind: 'unknown' }>): Record<string, string> {
  const { customerNumber } = status
  if (status.kind === 'disabled') {
    return { status: 'DISABLED', policyId: customerNumber, customer_number: customerNumber }
  }
  const { classOfUse, coverLevel, vehicleRegistration } = status.policy
  return {
    status: 'ENABLED',
    policyId: customerNumber,
    customer_number: customerNumber,
    cover_class_of_use: classOfUse,
    cover_level: coverLevel,
    ...(vehicleRegistration === null ? {} : { vehicle_registration: vehicleRegistration }),
  }
}
