import { emailKey } from '../domain/customer.ts'
import { Impossible } from '../domain/errors.ts'
import { parseIdentity } from '../domain/identity.ts'
import type { CustomerRow, LinkRow, PolicyRow } from '../domain/import-rows.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { type Database, inTransaction } from '../storage/database.ts'
import { findCustomer, isEmailTaken } from '../storage/customers.ts'
import { consentsOfLinks, findLink } from '../storage/links.ts'
import { policiesOf } from '../storage/policies.ts'
import type { Context } from './context.ts'
import { createCustomer } from './customers.ts'
import { createLink } from './links.ts'
import { createPolicy } from './policies.ts'
import { requireWorkProvider } from './work-providers.ts'

/** What of a row was not there yet. */
export type MadeOfRow = 'customer' | 'policy' | 'link'

/** Thrown to undo what was tried only. */
class Undone extends Error {}

/**
 * Makes what a row says of a customer and is not there yet, whole or not at all; answers what it made. A row that was
 * imported before makes nothing, so that a file can be imported again, from its beginning. `isTrial`: it is tried and undone.
 *
 * Throws `Impossible` where the row contradicts what is there.
 */
export async function importCustomer(context: Context, row: CustomerRow, isTrial: boolean): Promise<MadeOfRow[]> {
  const made: MadeOfRow[] = []
  try {
    await inTransaction(context.db, async (db) => {
      const within = { ...context, db }
      if (await makeCustomer(within, row)) made.push('customer')
      if (row.policy !== null && (await makePolicy(within, row.customerNumber, row.policy))) made.push('policy')
      if (row.link !== null && (await makeLink(within, row.customerNumber, row.link))) made.push('link')
      if (isTrial) throw new Undone()
    })
  } catch (error) {
    if (!(error instanceof Undone)) throw error
  }
  return made
}

async function makeCustomer(context: Context, { customerNumber, email, name }: CustomerRow): Promise<boolean> {
  const existing = await findCustomer(context.db, customerNumber.toUpperCase())
  if (existing === null) {
    if (await isEmailTaken(context.db, email)) throw new Impossible('another customer has this e-mail')
    await createCustomer(context, { customerNumber, email, name })
    return true
  }
  if (existing.isTest) throw new Impossible(`${existing.customerNumber} is a number for tests: no customer has it`)
  if (existing.erasedAt !== null) throw new Impossible(`customer ${existing.customerNumber} was erased`)
  if (emailKey(existing.email) !== emailKey(email)) throw new Impossible('this customer has another e-mail here')
  return false
}

async function makePolicy(context: Context, customerNumber: string, row: PolicyRow): Promise<boolean> {
  const { db } = context
  const workProviderId = row.workProvider === undefined ? null : (await requireWorkProvider(db, row.workProvider)).id
  const number = customerNumber.toUpperCase()
  const isThere = (await policiesOf(db, [number]))
    .get(number)
    ?.some(
      (policy) =>
        policy.classOfUse === row.classOfUse.trim() &&
        policy.coverLevel === row.coverLevel.trim() &&
        policy.vehicleRegistration === (row.vehicleRegistration?.trim() ?? null) &&
        policy.workProviderId === workProviderId &&
        policy.validFrom === row.from &&
        policy.validTo === (row.to ?? null),
    )
  if (isThere === true) return false
  await createPolicy(context, { ...row, customerNumber })
  return true
}

async function makeLink(context: Context, customerNumber: string, row: LinkRow): Promise<boolean> {
  const { db } = context
  const { id: workProviderId } = await requireWorkProvider(db, row.workProvider)
  const link = await findLink(db, workProviderId, customerNumber.toUpperCase())
  const isNew = link === null
  const isBound = link !== null && (await isBoundTo(db, workProviderId, row.workProviderUserId, link.id))
  const consents = link === null ? [] : ((await consentsOfLinks(db, [link.id])).get(link.id) ?? [])
  const isConsented = consents.some(({ given, effectiveAt }) => given && effectiveAt === row.consentedAt)
  const workProviderUserId = isBound ? undefined : row.workProviderUserId
  const consentedAt = isConsented ? undefined : row.consentedAt
  if (!isNew && workProviderUserId === undefined && consentedAt === undefined) return false
  await createLink(context, { workProvider: row.workProvider, customerNumber, workProviderUserId, consentedAt })
  return true
}

async function isBoundTo(
  db: Database,
  workProviderId: string,
  userId: string | undefined,
  linkId: number,
): Promise<boolean> {
  const parsed = userId === undefined ? null : parseIdentity('user_id', userId)
  if (parsed === null || 'problem' in parsed) return false
  const bindings = await bindingsOfIdentities(db, [{ workProviderId, ...parsed.identity }])
  return bindings.some((binding) => binding.release === null && binding.linkId === linkId)
}
