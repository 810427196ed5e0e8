import { Impossible } from '../domain/errors.ts'
import type { Identity } from '../domain/identity.ts'
import { formatInstant } from '../domain/instant.ts'
import { TEST_PEOPLE, TEST_POLICY, TEST_SINCE, TEST_UNKNOWN, type TestPerson, twinName } from '../domain/sandbox.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import { insertAudit } from '../storage/audit.ts'
import { findCustomer, insertCustomer, isEmailTaken } from '../storage/customers.ts'
import { type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { hasDriverAccount } from '../storage/driver-accounts.ts'
import { lockIdentities } from '../storage/identities.ts'
import { insertLink } from '../storage/links.ts'
import { insertPolicy } from '../storage/policies.ts'
import { findTestTwin, holdSandbox } from '../storage/sandbox.ts'
import { insertWorkProvider, shareWorkProviders } from '../storage/work-providers.ts'
import { keepConsent } from './consent.ts'
import type { Context } from './context.ts'
import { auditOfLink, bind } from './links.ts'
import { requireWorkProvider } from './work-providers.ts'

/**
 * The test twin of a work provider, made with all that belongs to it when it is not there yet, whole or not at all. What
 * is sent with its keys is its own: reports, events, shifts, requests, refusals (docs/decisions/0023).
 *
 * Throws `Impossible` where there is no such work provider, or where somebody real has what is the sandbox's.
 */
export function testTwin(context: Context, workProviderName: string): Promise<WorkProvider> {
  return inTransaction(context.db, async (trx) => {
    const workProvider = await requireWorkProvider(trx, workProviderName)
    await holdSandbox(trx)
    const made = await findTestTwin(trx, workProvider.id)
    return made ?? makeTwin({ ...context, db: trx }, trx, workProvider)
  })
}

/** The work provider of a name, or the test twin that it has. */
export async function workProviderOrTwin(context: Context, name: string, isTest: boolean): Promise<WorkProvider> {
  const workProvider = await requireWorkProvider(context.db, name)
  const found = isTest ? await findTestTwin(context.db, workProvider.id) : workProvider
  if (found === null) throw new Impossible(`"${name}" has no test keys yet: make one with "zego key create --test"`)
  return found
}

async function makeTwin(context: Context, trx: DatabaseTransaction, of: WorkProvider): Promise<WorkProvider> {
  const twin = { id: context.newId(), name: twinName(of.name) }
  await makeTestCustomers(context, trx)
  await insertWorkProvider(trx, twin, of.id)
  await insertAudit(trx, context.actor, { action: 'sandbox made', subject: twin.id, workProviderId: of.id })
  for (const person of Object.values(TEST_PEOPLE)) await linkToTwin(context, trx, twin, person)
  return twin
}

/** Once for the store: all twins have the same customers. */
async function makeTestCustomers(context: Context, trx: DatabaseTransaction): Promise<void> {
  const people: readonly TestPerson[] = Object.values(TEST_PEOPLE)
  await assertNobodyReal(trx, people)
  for (const person of people) {
    const { customerNumber } = person
    const made = await findCustomer(trx, customerNumber)
    if (made === null) await makeTestCustomer(context, trx, person)
    else if (made.erasedAt !== null) throw new Impossible(`there is no sandbox any more: ${customerNumber} was erased`)
  }
}

/** Numbers and addresses of the sandbox are refused to everybody; before there was a sandbox they were not. */
async function assertNobodyReal(trx: DatabaseTransaction, people: readonly TestPerson[]): Promise<void> {
  for (const { customerNumber } of [...people, TEST_UNKNOWN]) {
    const customer = await findCustomer(trx, customerNumber)
    if (customer === null || customer.isTest) continue
    throw new Impossible(`no sandbox can be made here: a real customer has the number ${customerNumber}`)
  }
  for (const { customerNumber, email } of people) {
    const isMade = (await findCustomer(trx, customerNumber)) !== null
    if (isMade || !((await isEmailTaken(trx, email)) || (await hasDriverAccount(trx, email)))) continue
    throw new Impossible(`no sandbox can be made here: somebody real has the e-mail ${email}`)
  }
}

async function makeTestCustomer(context: Context, trx: DatabaseTransaction, person: TestPerson): Promise<void> {
  const { customerNumber, email, name, policy } = person
  await insertCustomer(trx, { customerNumber, email, name }, true)
  await insertAudit(trx, context.actor, { action: 'customer created', customerNumber, details: { test: true } })
  if (policy === null) return
  const id = context.newId()
  await insertPolicy(trx, {
    id,
    customerNumber,
    ...TEST_POLICY,
    ...policy,
    workProviderId: null,
    validFrom: TEST_SINCE,
    validTo: null,
  })
  await insertAudit(trx, context.actor, {
    action: 'policy created',
    subject: id,
    customerNumber,
    details: { test: true },
  })
}

async function linkToTwin(
  context: Context,
  trx: DatabaseTransaction,
  twin: WorkProvider,
  { customerNumber, userId }: TestPerson,
): Promise<void> {
  const number: Identity = { workProviderId: twin.id, kind: 'customer_number', text: customerNumber }
  const id: Identity = { workProviderId: twin.id, kind: 'user_id', text: userId }
  await shareWorkProviders(trx, [twin.id])
  await lockIdentities(trx, [number, id])
  const link = await insertLink(trx, twin.id, customerNumber)
  // Nothing was reported to the twin yet: nothing is to be derived.
  for (const identity of [number, id]) await bind(trx, link, identity)
  await keepConsent(trx, link, { given: true, signed: false, effectiveAt: TEST_SINCE, cameBy: 'staff' })
  await insertAudit(trx, context.actor, auditOfLink(link, 'link created', { userId, from: formatInstant(TEST_SINCE) }))
}
