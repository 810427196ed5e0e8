import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { isUuid } from '../domain/uuid.ts'
import { insertAudit } from '../storage/audit.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { findPolicyHolder, insertCancellation, insertPolicy, type NewPolicy } from '../storage/policies.ts'
import type { Context } from './context.ts'
import { requireCurrentCustomer } from './customers.ts'
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
  const customer = await requireCurrentCustomer(context.db, request.customerNumber)
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
  await inTransaction(context.db, async (trx) => {
    await insertPolicy(trx, policy)
    const { id, customerNumber, validFrom: _from, validTo: _to, workProviderId, ...what } = policy
    await insertAudit(trx, context.actor, {
      action: 'policy created',
      subject: id,
      customerNumber,
      ...(workProviderId === null ? {} : { workProviderId }),
      details: {
        after: { ...what, from: formatInstant(validFrom), to: validTo === null ? null : formatInstant(validTo) },
      },
    })
  })
  return policy
}

/** Ends a policy from an instant on (now, unless another is given). Answers that instant. */
export async function cancelPolicy(context: Context, id: string, at?: Instant): Promise<Instant> {
  const customerNumber = isUuid(id) ? await findPolicyHolder(context.db, id) : null
  if (customerNumber === null) throw new Impossible(`there is no policy with the id ${id}`)
  return inTransaction(context.db, async (trx) => {
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
