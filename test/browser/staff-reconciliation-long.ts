import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { joinStaff } from '../support/desk.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { becomes, follow, press, sees, type } from './driver.ts'

describeInBrowser('the reconciliation in a browser', (stage) => {
  withAndWithoutScripts(stage, (open, tag) => {
    it('leads from a parked id to the customer whose it is, and its shifts are there at once', async () => {
      const { site } = stage
      const { visitor } = await joinStaff(site, 'operator', { email: `operator-${tag}@insurer.example` })
      const customerNumber = `BOUND${tag.replace('-', '').toUpperCase()}`
      const ago = (hours: number) => plus(site.context.now(), -hours * MICROSECONDS_PER_HOUR)
      await createCustomer(site.context, { email: `${tag}@example.com`, customerNumber, name: 'Bo Bound' })
      await createLink(site.context, { workProvider: 'Courier Ltd', customerNumber, consentedAt: ago(99) })
      const id = `50% of a/b <i>${tag}</i> 🛵`
      await site.report('login', { workProviderUserId: id, timestamp: formatInstant(ago(5)) })
      await site.report('logout', { workProviderUserId: id, timestamp: formatInstant(ago(3)) })
      await site.settle()

      const page = await open()
      await becomes(page, site, visitor)
      await page.goto(`${site.url}/staff`)
      await follow(page, 'Reconciliation')
      await sees(page, 'Reconciliation')
      await page.getByLabel('Kind').selectOption({ label: 'Parked persons' })
      await press(page, 'Show')
      await page.getByRole('row').filter({ hasText: id }).getByRole('link', { name: 'Parked user id' }).click()
      await sees(page, 'Parked user id at Courier Ltd')

      await type(page, { Note: 'Asked Courier' })
      await press(page, 'Keep the note')
      await page.getByText('Asked Courier').waitFor()

      await type(page, { 'Customer number': 'NOBODY' })
      await press(page, 'Look up the customer')
      await page.getByRole('alert').getByText('There is no customer NOBODY').waitFor()
      await type(page, { 'Customer number': customerNumber.toLowerCase() })
      await press(page, 'Look up the customer')
      await sees(page, `Bind this id to ${customerNumber}?`)
      await page.getByText('Bo Bound').waitFor()
      await press(page, `Bind it to ${customerNumber}`)
      await sees(page, `Bound to ${customerNumber}`)
      await page.getByText('One shift came of it.').waitFor()

      await follow(page, 'Back to the case')
      await page.getByText('Settled', { exact: true }).waitFor()
      await page.getByText(`Customer ${customerNumber} holds it now.`).waitFor()
      assert.equal(await page.getByRole('button', { name: 'It is done' }).count(), 0)
      const response = await fetch(`${site.url}/v1/user/status?${new URLSearchParams({ workProviderUserId: id })}`, {
        headers: { Authorization: site.key },
      })
      assert.equal(((await response.json()) as Record<string, unknown>)['customer_number'], customerNumber)
    })

    it('lets a case be done with a note, found among the done ones, and opened again', async () => {
      const { site } = stage
      const { visitor } = await joinStaff(site, 'operator', { email: `worker-${tag}@insurer.example` })
      const id = `done-${tag}`
      await site.report('login', { workProviderUserId: id, timestamp: formatInstant(site.context.now()) })
      await site.settle()
      const page = await open()
      await becomes(page, site, visitor)
      const row = page.getByRole('row').filter({ hasText: id })
      await page.goto(`${site.url}/staff/reconciliation`)
      await row.getByRole('link', { name: 'Parked user id' }).click()
      await type(page, { Note: 'A test account' })
      await press(page, 'It is done')
      await page.getByText('Done', { exact: true }).waitFor()
      await follow(page, 'Back to the reconciliation')
      await sees(page, 'Reconciliation')
      assert.equal(await row.count(), 0)
      await page.getByLabel('State').selectOption('done')
      await press(page, 'Show')
      await row.getByRole('link', { name: 'Parked user id' }).click()
      await press(page, 'Open it again')
      await page.getByText('Open again', { exact: true }).waitFor()
    })
  })
})
