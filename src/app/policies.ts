import type { AuditEntry } from '../domain/audit.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { FOREVER } from '../domain/interval.ts'
import { type Policy, validity } from '../domain/policy.ts'
import { isUuid } from '../domain/uuid.ts'
import { insertAudit } from '../storage/audit.ts'
import { databaseNow, type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import {
  findPolicyHolder,
  insertCancellation,
  insertPolicy,
  lockPolicy,
  type NewPolicy,
  policiesOf,
} from '../storage/policies.ts'
import type { Context } from './context.ts'
import { keepCurrentCustomer } from './customers.ts'
import { requireWorkProvider } from './work-providers.ts'

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
  return inTransaction(context.db, async (trx) => {
    const policy = await newPolicy(context, trx, request)
    await insertPolicy(trx, policy)
    await insertAudit(trx, context.actor, auditOfPolicy(policy, { after: toldOf(policy) }))
    return policy
  })
}

async function newPolicy(context: Context, trx: DatabaseTransaction, request: PolicyRequest): Promise<NewPolicy> {
  const customer = await keepCurrentCustomer(trx, request.customerNumber)
  const workProvider = request.workProvider === undefined ? null : await requireWorkProvider(trx, request.workProvider)
  const validFrom = request.from ?? (await databaseNow(trx))
  const validTo = request.to ?? null
  if (validTo !== null && validTo <= validFrom) throw new Impossible('a policy ends after it begins')
  return {
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
}

type PolicyTerms = Omit<NewPolicy, 'id' | 'customerNumber'>

/** A policy as the audit log tells it. */
function toldOf({ classOfUse, coverLevel, vehicleRegistration, validFrom, validTo }: PolicyTerms): object {
  const to = validTo === null ? null : formatInstant(validTo)
  return { classOfUse, coverLevel, vehicleRegistration, from: formatInstant(validFrom), to }
}

function auditOfPolicy(
  { id, customerNumber, workProviderId }: NewPolicy,
  details: Record<string, unknown>,
): AuditEntry {
  const of = workProviderId === null ? {} : { workProviderId }
  return { action: 'policy created', subject: id, customerNumber, ...of, details }
}

export type PolicyChange = Omit<PolicyRequest, 'from' | 'to'> & {
  /** The policy to change: one of the customer's. */
  readonly id: string
  /** From when the change holds: now by default. */
  readonly at?: Instant | undefined
}

/**
 * Changes a policy from an instant on: it ends there, and another begins that goes on to where it would have ended. Both
 * or neither. Answers the new one.
 */
export function changePolicy(context: Context, change: PolicyChange): Promise<NewPolicy> {
  const { id, at, ...request } = change
  return inTransaction(context.db, async (trx) => {
    const before = await holdPolicy(trx, request.customerNumber, id)
    const from = at ?? (await databaseNow(trx))
    const { from: begins, to: ends } = validity(before)
    if (from < begins) throw new Impossible(`the policy only begins at ${formatInstant(begins)}`)
    if (from >= ends) throw new Impossible(`the policy ends at ${formatInstant(ends)}: make a new one`)
    const policy = await newPolicy(context, trx, { ...request, from, to: ends === FOREVER ? undefined : ends })
    await insertCancellation(trx, id, from)
    await insertPolicy(trx, policy)
    const { customerNumber } = policy
    const cancelled = { from: formatInstant(from), replacedBy: policy.id }
    await insertAudit(trx, context.actor, {
      action: 'policy cancelled',
      subject: id,
      customerNumber,
      details: cancelled,
    })
    const details = { replaces: id, before: toldOf(before), after: toldOf(policy) }
    await insertAudit(trx, context.actor, auditOfPolicy(policy, details))
    return policy
  })
}

/** One of the customer's, which nobody else changes or cancels until the transaction ends. */
async function holdPolicy(trx: DatabaseTransaction, customerNumber: string, id: string): Promise<Policy> {
  const customer = await keepCurrentCustomer(trx, customerNumber)
  if (isUuid(id)) await lockPolicy(trx, id)
  const policies = (await policiesOf(trx, [customer.customerNumber])).get(customer.customerNumber)!
  const policy = policies.find((one) => one.id === id)
  if (policy === undefined) throw new Impossible(`customer ${customer.customerNumber} has no policy with the id ${id}`)
  return policy
}

/** Ends a policy from an instant on (now, unless another is given). Answers that instant. */
export async function cancelPolicy(context: Context, id: string, at?: Instant): Promise<Instant> {
  const customerNumber = isUuid(id) ? await findPolicyHolder(context.db, id) : null
  if (customerNumber === null) throw new Impossible(`there is no policy with the id ${id}`)
  return inTransaction(context.db, async (trx) => {
    await lockPolicy(trx, id)
    const effectiveAt = at ?? (await databaseNow(trx))
    await insertCancellation(trx, id, effectiveAt)
    const details = { from: formatInstant(effectiveAt) }
    await insertAudit(trx, context.actor, { action: 'policy cancelled', subject: id, customerNumber, details })
    return effectiveAt
  })
}

function policyText(what: string, text: string): string {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > MAX_POLICY_TEXT_CHARACTERS) {
    throw new Impossible(`a ${what} has 1 to ${MAX_POLICY_TEXT_CHARACTERS} characters`)
  }
  return trimmed
}
