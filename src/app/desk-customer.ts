import { asKnownAt } from '../domain/customer-record.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import { parseCustomerNumber } from '../domain/identity.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import { type AuditLine, listAudit } from '../storage/audit.ts'
import { findCustomer, type StoredCustomer } from '../storage/customers.ts'
import { databaseNow, inSnapshot } from '../storage/database.ts'
import { lastWordsOn, type StoredMatch } from '../storage/matches.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { loadRecord, type Reading } from './customer-record.ts'

export const SHOWN_AUDIT_LINES = 10
export const SHOWN_MATCHES = 10

/** All that the desk shows of a customer. As known at an instant, it speaks of that instant throughout. */
export type DeskCustomer = {
  readonly customer: StoredCustomer
  readonly reading: Reading
  readonly providers: readonly WorkProvider[]
  /** The last words of work providers, linked or not; the newest first. */
  readonly matches: readonly StoredMatch[]
  /** The newest first. */
  readonly audit: readonly AuditLine[]
}

/**
 * A bounded number of statements for each link of the customer, in one snapshot; null when there is no such customer, or
 * they are of the sandbox. It reads the whole record: a shift, and a reason why there is none, can follow from events of
 * any age, and what was known at an instant is kept nowhere. (10,000 events of a stream: 0.1 s on a server, 0.3 s on the
 * embedded engine.)
 */
export async function readDeskCustomer(
  context: Context,
  number: string,
  known: Instant | null,
): Promise<DeskCustomer | null> {
  const customerNumber = parseCustomerNumber(number)
  if (customerNumber === null) return null
  return inSnapshot(context.db, async (db) => {
    const customer = await findCustomer(db, customerNumber)
    if (customer === null || customer.isTest) return null
    const now = await databaseNow(db)
    if (known !== null && known > now) throw new Impossible(`${formatInstant(known)} is still to come`)
    const record = await loadRecord(db, customerNumber, { withInbox: true })
    const providers = await listWorkProviders(db)
    const until = known ?? now
    return {
      customer,
      reading: known === null ? { record, now } : { record: asKnownAt(record, known), now: known },
      providers,
      matches: await lastWordsOn(db, customerNumber, {
        workProviderIds: providers.map((one) => one.id),
        until,
        limit: SHOWN_MATCHES,
      }),
      audit: (await listAudit(db, { customerNumber, until }, SHOWN_AUDIT_LINES)).toReversed(),
    }
  })
}
