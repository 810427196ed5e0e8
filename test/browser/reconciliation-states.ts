import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { recordMatch } from '../../src/app/match.ts'
import { sayOfCase } from '../../src/app/case-words.ts'
import type { CaseName } from '../../src/domain/case.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { findCase } from '../../src/storage/cases.ts'
import { addressOfCase } from '../../src/web/staff/case-address.ts'
import { joinStaff } from '../support/desk.ts'
import type { TestSite } from '../support/site.ts'
import { signUp, Visitor } from '../support/visitor.ts'
import { claim } from '../site/links.ts'
import { becomes } from './driver.ts'
import type { State } from './states.ts'

const LONG_ID = 'stranger-with-a-long-id-'.repeat(10)

/** The work list and a case of each kind, as an operator and as a viewer sees them. */
export async function statesOfReconciliation(site: TestSite): Promise<State[]> {
  const { context, workProviderId } = site
  const ago = (hours: number): string => formatInstant(plus(context.now(), -hours * MICROSECONDS_PER_HOUR))
  const operator = await joinStaff(site, 'operator', { email: 'reconciler@insurer.example' })
  const viewer = await joinStaff(site, 'viewer', { email: 'onlooker@insurer.example' })
  const name = (kind: CaseName['kind'], about: string, claimant = ''): CaseName => ({
    kind,
    workProviderId,
    about,
    claimant,
  })

  for (const id of ['stranger', 'settled-stranger', LONG_ID, '<script>alert("id")</script>']) {
    await site.report('login', { workProviderUserId: id, timestamp: ago(9) })
    await site.report('logout', { workProviderUserId: id, timestamp: ago(7) })
  }
  await site.settle()
  const bound = { workProvider: 'Courier Ltd', workProviderUserId: 'settled-stranger' }
  await createCustomer(context, { email: 'rec.holder@example.com', customerNumber: 'RECHOLDER', name: 'Holda Holder' })
  await createLink(context, { ...bound, customerNumber: 'RECHOLDER' })
  await createLink(context, {
    workProvider: 'Courier Ltd',
    customerNumber: 'RECHOLDER',
    workProviderUserId: 'rec-held',
  })
  for (const [customerNumber, success] of [
    ['RECFAILED', false],
    ['RECUNKNOWN', true],
  ] as const) {
    await recordMatch(context, { requestId: context.newId(), workProviderId, customerNumber, success })
  }
  const claimant = new Visitor(site, { address: '203.0.113.200' })
  await signUp(site, claimant, 'rec.claimant@example.com', { name: 'Clay Claimant' })
  await claim(claimant, { id: 'rec-held' })
  const { rows } = await sql<{ number: string }>`
    select customer_number as number from customer where email_key = 'rec.claimant@example.com'
  `.execute(context.db)
  const stranger = name('parked user id', 'stranger')
  await sayOfCase(context, stranger, { word: 'note', note: 'Asked the work provider.', seen: null })
  const long = name('parked user id', LONG_ID)
  const { happenedAt } = (await findCase(context.db, long))!
  await sayOfCase(context, long, { word: 'done', note: 'A test account. '.repeat(20), seen: happenedAt })

  const at = (path: string, visitor = operator.visitor): State['open'] => {
    return async (page) => {
      await becomes(page, site, visitor)
      await page.goto(new URL(path, site.url).href)
    }
  }
  const conflict = addressOfCase(name('conflicting claim', 'rec-held', rows[0]!.number))
  return [
    { name: 'staff-reconciliation', open: at('/staff/reconciliation', viewer.visitor) },
    { name: 'staff-reconciliation-done', open: at('/staff/reconciliation?state=done') },
    { name: 'staff-case-parked', open: at(addressOfCase(stranger)) },
    { name: 'staff-case-viewer', open: at(addressOfCase(stranger), viewer.visitor) },
    { name: 'staff-case-done', open: at(addressOfCase(long)) },
    { name: 'staff-case-settled', open: at(addressOfCase(name('parked user id', 'settled-stranger'))) },
    { name: 'staff-case-failed', open: at(addressOfCase(name('failed match', 'RECFAILED'))) },
    { name: 'staff-case-unknown', open: at(addressOfCase(name('unknown customer number', 'RECUNKNOWN'))) },
    { name: 'staff-case-conflict', open: at(conflict) },
    { name: 'staff-case-move', open: at(`${conflict}/move`) },
    { name: 'staff-case-bind', open: at(`${addressOfCase(stranger)}/bind?customer=RECHOLDER`) },
    { name: 'staff-case-bind-nobody', open: at(`${addressOfCase(stranger)}/bind?customer=NOBODY`) },
  ]
}
