import { Impossible } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import type { Link } from '../domain/link.ts'
import { validity } from '../domain/policy.ts'
import { insertAudit } from '../storage/audit.ts'
import { eraseCustomer as eraseRow } from '../storage/customers.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { deleteTraces } from '../storage/erasure.ts'
import { forgetContact } from '../storage/feed.ts'
import { linksOfCustomer, lockStreams } from '../storage/links.ts'
import { policiesOf } from '../storage/policies.ts'
import { workProviderNames } from '../storage/work-providers.ts'
import { endConsents } from './consent.ts'
import type { Context } from './context.ts'
import { assertNotErased, holdCustomer } from './customers.ts'
import { auditOfLink } from './links.ts'

const MAX_REASON_CHARACTERS = 1_000

export type Erased = {
  readonly customerNumber: string
  readonly erasedAt: Instant
  /** The names of the work providers that nothing is shared with any more. */
  readonly withdrawnFrom: readonly string[]
}

/**
 * Erases a person on request (GDPR, article 17): name, telephone, addresses, account, logins, mails and link intents go,
 * every consent ends. What a claim is settled by stays under the customer number, as article 17(3) lets it: policies,
 * reports, shifts, links, consents. Refused while a policy is valid, or will be: it has to be cancelled first.
 */
export async function eraseCustomer(context: Context, customerNumber: string, reason: string): Promise<Erased> {
  const why = reason.trim()
  if (why === '' || why.length > MAX_REASON_CHARACTERS) {
    throw new Impossible(`a reason has 1 to ${MAX_REASON_CHARACTERS} characters`)
  }
  return inTransaction(context.db, async (trx) => {
    // Whoever would link or insure them meanwhile is waited for, or waits and is refused.
    const customer = await holdCustomer(trx, customerNumber, 'erase')
    assertNotErased(customer)
    const at = await databaseNow(trx)
    const policies = (await policiesOf(trx, [customer.customerNumber])).get(customer.customerNumber)!
    const valid = policies.find((policy) => validity(policy).to > at)
    if (valid !== undefined) {
      throw new Impossible(`policy ${valid.id} of ${customer.customerNumber} is not over: cancel it first`)
    }
    const withdrawnFrom = await withdrawFromAll(context, trx, customer.customerNumber, at)
    await deleteTraces(trx, customer)
    await eraseRow(trx, customer.customerNumber)
    await insertAudit(trx, context.actor, {
      action: 'customer erased',
      customerNumber: customer.customerNumber,
      details: { reason: why },
    })
    return { customerNumber: customer.customerNumber, erasedAt: at, withdrawnFrom }
  })
}

async function withdrawFromAll(
  context: Context,
  trx: Parameters<typeof lockStreams>[0],
  customerNumber: string,
  at: Instant,
): Promise<string[]> {
  const links = await linksOfCustomer(trx, customerNumber)
  const ids = links.map((link) => link.id)
  await lockStreams(trx, ids)
  const names = await workProviderNames(trx)
  const ended: Link[] = []
  for (const link of links) {
    // Also where nothing is shared any more, or not yet.
    await forgetContact(trx, customerNumber, link.workProviderId)
    if (!(await endConsents(trx, link, at, 'staff'))) continue
    ended.push(link)
    await insertAudit(trx, context.actor, auditOfLink(link, 'consent withdrawn', { cameBy: 'erasure' }))
  }
  return ended.map((link) => names.get(link.workProviderId)!)
}
