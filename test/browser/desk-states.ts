import { sql } from 'kysely'
import { createTestKey } from '../../src/app/api-keys.ts'
import { inviteStaff } from '../../src/app/desk-people.ts'
import { formatInstant } from '../../src/domain/instant.ts'
import { joinStaff, joinWorkProvider } from '../support/desk.ts'
import { makeDeskCustomer } from '../support/desk-customer.ts'
import type { TestSite } from '../support/site.ts'
import { PASSWORD, Visitor } from '../support/visitor.ts'
import { becomes } from './driver.ts'
import type { State } from './states.ts'
import { makeWebhooks } from './webhook-states.ts'

/** The pages of the desk that stand still; the live page is looked at where it moves. */
export async function statesOfDesk(site: TestSite): Promise<State[]> {
  const admin = await joinStaff(site, 'admin', { email: 'a.very.long.name.of.an.administrator@insurer.example' })
  const viewer = await joinStaff(site, 'viewer')
  const person = await joinWorkProvider(site)
  const { url: invitation } = await inviteStaff(site.context, { email: 'invited@insurer.example', role: 'viewer' })
  const half = new Visitor(site)
  const { url } = await inviteStaff(site.context, { email: 'half@insurer.example', role: 'viewer' })
  await half.post(url, { name: 'Half', password: PASSWORD })
  const { rows } = await sql<{ id: string }>`select id from desk_account where email = ${viewer.email}`.execute(
    site.context.db,
  )
  const { rows: mails } = await sql<{ id: string }>`select id from outbox order by id limit 1`.execute(site.context.db)
  const at = (path: string, visitor?: Visitor): State['open'] => {
    return async (page) => {
      if (visitor !== undefined) await becomes(page, site, visitor)
      await page.goto(new URL(path, site.url).href)
    }
  }
  const { customerNumber, at: onDay } = await makeDeskCustomer(site)
  const customer = `/staff/customers/${customerNumber}`
  const operator = await joinStaff(site, 'operator')
  const instant = encodeURIComponent(formatInstant(onDay('12:30')))
  const { rows: facts } = await sql<{ policy: string; link: number }>`
    select p.id as policy, l.id as link from policy p join link l using (customer_number)
    where customer_number = ${customerNumber} order by p.recorded_at desc, l.id limit 1
  `.execute(site.context.db)
  const { policy, link } = facts[0]!
  const provider = `/staff/work-providers/${site.workProviderId}`
  const hooks = await makeWebhooks(site)
  return [
    { name: 'desk-login', open: at('/desk/login') },
    { name: 'desk-login-code', open: at('/desk/login/code') },
    { name: 'desk-join', open: at(invitation) },
    { name: 'desk-reset', open: at('/desk/reset') },
    { name: 'desk-second-factor', open: at('/desk/second-factor', half) },
    {
      name: 'desk-second-factor-key',
      async open(page) {
        await at('/desk/second-factor', half)(page)
        await page.getByLabel('Your password, once more').fill(PASSWORD)
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.getByRole('img').waitFor()
      },
    },
    { name: 'desk-account', open: at('/desk/account', viewer.visitor) },
    { name: 'staff-not-allowed', open: at('/staff/people', viewer.visitor) },
    { name: 'staff-people', open: at('/staff/people', admin.visitor) },
    { name: 'staff-person', open: at(`/staff/people/${rows[0]!.id}`, admin.visitor) },
    { name: 'staff-audit', open: at('/staff/audit', viewer.visitor) },
    { name: 'staff-audit-none', open: at('/staff/audit?customer=NOBODY', viewer.visitor) },
    { name: 'staff-outbox', open: at('/staff/outbox', admin.visitor) },
    { name: 'staff-mail', open: at(`/staff/outbox/${mails[0]!.id}`, admin.visitor) },
    { name: 'staff-work-providers', open: at('/staff/work-providers', admin.visitor) },
    { name: 'staff-work-provider', open: at(provider, admin.visitor) },
    { name: 'staff-work-provider-viewer', open: at(provider, viewer.visitor) },
    { name: 'staff-requests', open: at(`${provider}/requests`, viewer.visitor) },
    { name: 'staff-search', open: at('/staff', viewer.visitor) },
    { name: 'staff-search-found', open: at('/staff?q=rit', viewer.visitor) },
    { name: 'staff-search-nothing', open: at('/staff?q=nobody+at+all', viewer.visitor) },
    { name: 'staff-customer', part: '#picture', open: at(`${customer}?at=${instant}`, viewer.visitor) },
    { name: 'staff-customer-operator', open: at(`${customer}?span=week&at=${instant}`, operator.visitor) },
    { name: 'staff-customer-known', open: at(`${customer}?at=${instant}&known=${instant}`, viewer.visitor) },
    { name: 'staff-customer-error', open: at(`${customer}?at=yesterday`, viewer.visitor) },
    { name: 'staff-policy-new', open: at(`${customer}/policies/new`, operator.visitor) },
    {
      name: 'staff-policy-twice',
      async open(page) {
        await at(`${customer}/policies/new`, operator.visitor)(page)
        await page.getByLabel('Valid from').fill('2025-10-26T01:30:00')
        await page.getByRole('button', { name: 'Make the policy' }).click()
        await page.getByLabel('Which of the two').waitFor()
      },
    },
    { name: 'staff-policy', open: at(`${customer}/policies/${policy}`, operator.visitor) },
    { name: 'staff-link-new', open: at(`${customer}/links/new`, operator.visitor) },
    { name: 'staff-link', open: at(`${customer}/links/${link}`, operator.visitor) },
    {
      name: 'staff-event',
      async open(page) {
        await at(`${customer}?at=${instant}`, operator.visitor)(page)
        await page.getByRole('region', { name: 'Events' }).getByRole('link').first().click()
        await page.getByRole('button', { name: 'Annul' }).waitFor()
      },
    },
    { name: 'work-provider', open: at('/work-provider', person.visitor) },
    { name: 'work-provider-webhooks', open: at('/work-provider/webhooks', person.visitor) },
    {
      name: 'work-provider-webhook-log',
      open: at(`/work-provider/webhooks/log?endpoint=${hooks.endpoint}`, person.visitor),
    },
    { name: 'staff-webhooks-none', open: at(`/staff/work-providers/${hooks.without}/webhooks`, admin.visitor) },
    { name: 'work-provider-test', open: at('/work-provider/test', person.visitor) },
    {
      name: 'work-provider-test-used',
      async open(page) {
        await createTestKey(site.context, 'Courier Ltd')
        await at('/work-provider/test', person.visitor)(page)
      },
    },
    { name: 'work-provider-requests', open: at('/work-provider/requests', person.visitor) },
  ]
}
