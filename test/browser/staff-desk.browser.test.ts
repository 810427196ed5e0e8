import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inviteStaff } from '../../src/app/desk-people.ts'
import { codeOf, forgetCodes } from '../support/desk.ts'
import { PASSWORD } from '../support/visitor.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { press, sees, type } from './driver.ts'

describeInBrowser('the desk in a browser', (stage) => {
  withAndWithoutScripts(stage, (open, tag) => {
    it('is entered by an invitation, a password and an app; a key is made after a code, and who did it is told', async () => {
      const { site } = stage
      const email = `admin-${tag}@insurer.example`
      const { url } = await inviteStaff(site.context, { email, role: 'admin' })
      const page = await open()
      await page.goto(url)
      await sees(page, 'Join the desk')
      await type(page, { 'Your name': 'Ada Admin' })
      await page.getByLabel('Choose a password').fill(PASSWORD)
      await press(page, 'Continue')
      await sees(page, 'Set up your authenticator app')
      await page.getByLabel('Your password, once more').fill(PASSWORD)
      await press(page, 'Continue')
      await page.getByRole('img', { name: 'The key for your authenticator app, to scan' }).waitFor()
      const secret = (await page.locator('code.secret').textContent()) ?? ''
      const code = async (): Promise<string> => {
        await forgetCodes(site)
        return codeOf(secret, Date.now())
      }
      await page.getByLabel('Code').fill(await code())
      await press(page, 'Finish')
      await page.getByRole('navigation', { name: 'Desk' }).waitFor()

      await press(page, 'Log out')
      await sees(page, 'Log in to the desk')
      await type(page, { 'E-mail address': email })
      await page.getByLabel('Password').fill(PASSWORD)
      await press(page, 'Continue')
      await sees(page, 'Enter your code')
      await page.getByLabel('Code').fill('000000')
      await press(page, 'Log in')
      await page.getByRole('alert').waitFor()
      await page.getByLabel('Code').fill(await code())
      await press(page, 'Log in')

      await page.getByRole('link', { name: 'Work providers', exact: true }).click()
      await page.getByRole('link', { name: 'Courier Ltd' }).click()
      await sees(page, 'Courier Ltd')
      await page.getByText('Make, rotate or revoke').click()
      await press(page, 'Make a key')
      await page.getByRole('alert').waitFor()
      await page.locator('#code').fill(await code())
      await press(page, 'Make a key')
      await sees(page, 'A new key')
      const key = (await page.locator('code.secret').textContent()) ?? ''
      const answer = await fetch(`${site.url}/v1/user/status?customerNumber=NOBODY`, {
        headers: { Authorization: key },
      })
      assert.equal(answer.status, 404)

      await page.getByRole('link', { name: 'Audit', exact: true }).click()
      await sees(page, 'Audit')
      const row = page.getByRole('row').filter({ hasText: 'key created' }).filter({ hasText: email })
      await row.first().waitFor()
    })
  })
})
