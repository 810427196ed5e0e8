import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import type { Page } from 'playwright-core'
import { formatInstant } from '../../src/domain/instant.ts'
import { formatLocalTime } from '../../src/domain/local-time.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { type DeskCustomerWorld, makeDeskCustomer } from '../support/desk-customer.ts'
import { PASSWORD } from '../support/visitor.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { look, verdict } from './desk-walk.ts'
import { becomes, follow, press, sees } from './driver.ts'

describeInBrowser('a customer at the desk, in a browser', (stage) => {
  let operator: DeskVisitor
  before(async () => {
    operator = await joinStaff(stage.site, 'operator')
  })

  const logIn = async (page: Page): Promise<void> => {
    await page.goto(`${stage.site.url}/staff`)
    await sees(page, 'Log in to the desk')
    await page.getByLabel('E-mail address').fill(operator.email)
    await page.getByLabel('Password').fill(PASSWORD)
    await press(page, 'Continue')
    await sees(page, 'Enter your code')
    await page.getByLabel('Code').fill(await operator.code())
    await press(page, 'Log in')
    await sees(page, 'Search')
  }
  withAndWithoutScripts(stage, (open, tag) => {
    let world: DeskCustomerWorld
    before(async () => {
      const customerNumber = tag === 'scripts' ? 'RITA1' : 'RITA2'
      world = await makeDeskCustomer(stage.site, { customerNumber, email: `${tag}@rider.example`, name: `Rita ${tag}` })
    })

    it('is found, opened, asked about at an instant by a click and by keyboard, and corrected by annulling an event', async () => {
      const page = await open()
      await page.setViewportSize({ width: 1280, height: 900 })
      await logIn(page)
      await look(page, `rit ${tag.slice(0, 4)}`)
      await page.getByRole('row').filter({ hasText: world.customerNumber }).getByRole('link').click()
      await sees(page, `Rita ${tag}`)
      await page.goto(`${page.url()}?on=${world.day.day}`)

      const picture = page.getByRole('region', { name: 'Timeline, scrolls sideways' })
      await picture.getByRole('link', { name: /^Login, .*08:50:00/ }).click()
      await verdict(page, 'Covered')
      await page
        .getByText(/on shift for Courier Ltd since/)
        .first()
        .waitFor()
      await page
        .getByRole('cell', { name: new RegExp(`login reported for customer number ${world.customerNumber}`) })
        .waitFor()
      await page.getByRole('img', { name: /^Chosen: .*08:50:00/ }).waitFor()

      await picture.getByRole('link', { name: /^Logout, .*16:20:00.*orphan/ }).focus()
      await page.keyboard.press('Enter')
      await verdict(page, 'Not covered')
      await page.getByRole('img', { name: /^Chosen: .*16:20:00/ }).waitFor()

      await page.getByLabel(/^Choose an instant/).fill(formatLocalTime(world.at('17:30'), 'Europe/London'))
      await press(page, 'Show why')
      await verdict(page, 'Covered')

      await page
        .getByRole('region', { name: 'Events', exact: true })
        .getByRole('link', { name: /^Login, .*17:10:00/ })
        .click()
      await press(page, 'Annul')
      await page.getByRole('alert').waitFor()
      await page.getByLabel('Reason').fill('The courier was at home')
      await press(page, 'Annul')
      await sees(page, `Rita ${tag}`)
      await verdict(page, 'Not covered')
      await picture.getByRole('link', { name: /^Login, .*17:10:00.*annulled by .*The courier was at home/ }).waitFor()
      await page.getByRole('row').filter({ hasText: 'event annulled' }).filter({ hasText: operator.email }).waitFor()

      await page
        .getByRole('region', { name: 'Events', exact: true })
        .getByRole('link', { name: /^Login, .*17:10:00/ })
        .click()
      await page.getByLabel('Reason').fill('The courier was at work')
      await press(page, 'Restore')
      await verdict(page, 'Covered')
      await follow(page, 'The whole week')
      await picture.getByRole('link', { name: /^Shift from .*17:10:00/ }).waitFor()
    })

    it('is shown as it was known, and is opened straight by a number, a user id or a registration', async () => {
      const page = await open()
      await becomes(page, stage.site, operator.visitor)
      await page.goto(`${stage.site.url}/staff`)
      for (const text of [world.customerNumber.toLowerCase(), `bolt-${world.customerNumber}`, `${tag}@rider.example`]) {
        await look(page, text)
        await sees(page, `Rita ${tag}`)
        await page.goto(`${stage.site.url}/staff`)
      }
      await page.goto(`${stage.site.url}/staff/customers/${world.customerNumber}?on=${world.day.day}`)
      await page.getByLabel(/^As known at/).fill(formatLocalTime(world.at('12:30'), 'Europe/London'))
      await press(page, 'Show as known then')
      await page.getByRole('region', { name: 'As known at' }).waitFor()
      await page.getByText('There is no policy.').waitFor()
      assert.equal(await page.getByRole('link', { name: 'Make a policy' }).count(), 0)
      await follow(page, 'As it is known now')
      await page.getByRole('link', { name: 'Make a policy' }).waitFor()
    })
  })

  it('is printed as evidence: of whom, which time, as known when, by whom; without forms and ways', async () => {
    const world = await makeDeskCustomer(stage.site, {
      customerNumber: 'PAPER1',
      email: 'paper@rider.example',
      name: 'Paper Rider',
    })
    const page = await stage.open()
    await becomes(page, stage.site, operator.visitor)
    const at = encodeURIComponent(formatInstant(world.at('12:30')))
    await page.goto(`${stage.site.url}/staff/customers/PAPER1?at=${at}`)
    await page.emulateMedia({ media: 'print' })
    const says = page.getByText(/^\s*Customer PAPER1, .* \(Europe\/London\), as known when it was printed\. Printed/)
    assert.ok(await says.isVisible())
    assert.ok(((await says.textContent()) ?? '').includes(operator.email))
    assert.equal(await page.getByRole('button').filter({ visible: true }).count(), 0)
    assert.ok(await page.getByRole('heading', { name: /^Covered at/ }).isVisible())
    assert.ok(await page.locator('.as-table table').first().isVisible())
    const paper = await page.pdf({ preferCSSPageSize: true })
    assert.equal(paper.subarray(0, 5).toString(), '%PDF-')
  })
})
