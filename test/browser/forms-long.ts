import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Page } from 'playwright-core'
import { PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { becomes, press, sees, type } from './driver.ts'
import { readErrors } from './measure.ts'

/** What the page says is wrong, from top to bottom: each message, and the label of its field. */
type Wrong = Readonly<Record<string, string>>

describeInBrowser('a form that is filled in wrongly', (stage) => {
  withAndWithoutScripts(stage, (open, tag) => {
    it('says what is wrong with a login, and keeps the address but not the password', async () => {
      const page = await open()
      await page.goto(`${stage.site.url}/login`)
      await press(page, 'Log in')
      await says(page, { 'Enter your e-mail address': 'E-mail address', 'Enter your password': 'Password' })
      await type(page, { 'E-mail address': 'nobody@example.com', Password: 'a guess of mine' })
      await press(page, 'Log in')
      await says(page, { 'The e-mail address or the password is not right': 'Password' })
      await keeps(page, { 'E-mail address': 'nobody@example.com', Password: '' })
    })

    it('says what is wrong with a sign-up from its first page to its last', async () => {
      const { site } = stage
      const email = `signup-${tag}@example.com`
      const page = await open()
      await page.goto(`${site.url}/signup`)
      await type(page, { 'E-mail address': '"><b>dana' })
      await press(page, 'Send me the link')
      await says(page, { 'Enter an e-mail address like name@example.com': 'E-mail address' })
      await keeps(page, { 'E-mail address': '"><b>dana' })
      await type(page, { 'E-mail address': email })
      await press(page, 'Send me the link')
      await sees(page, 'Look into your mail')
      await page.goto(await site.linkMailedTo(email))
      await type(page, { 'Choose a password': 'short', 'Telephone (optional)': 'call <me>' })
      await press(page, 'Make my account')
      await says(page, {
        'Enter your name': 'Your name',
        'A password has at least 10 characters': 'Choose a password',
        'Enter a telephone number with digits, like 07700 900123, or leave this empty': 'Telephone (optional)',
        'Agree to the terms to have an account': 'I agree to the Terms of your account (version 1)',
      })
      await keeps(page, { 'Your name': '', 'Choose a password': '', 'Telephone (optional)': 'call <me>' })
      await page.getByRole('checkbox').check()
      await type(page, { 'Your name': 'D'.repeat(201), 'Choose a password': PASSWORD, 'Telephone (optional)': '' })
      await press(page, 'Make my account')
      await says(page, { 'A name has at most 200 characters': 'Your name' })
      assert.equal(await page.getByRole('checkbox').isChecked(), true)
      await keeps(page, { 'Your name': 'D'.repeat(201), 'Choose a password': '' })
      await type(page, { 'Your name': 'Dana Driver', 'Choose a password': PASSWORD })
      await press(page, 'Make my account')
      await sees(page, 'Hello, Dana Driver')
    })

    it('says what is wrong with a new password', async () => {
      const { site } = stage
      const email = `reset-${tag}@example.com`
      await signUp(site, new Visitor(site), email)
      const page = await open()
      await page.goto(`${site.url}/reset`)
      await press(page, 'Send me the link')
      await says(page, { 'Enter your e-mail address': 'E-mail address' })
      await type(page, { 'E-mail address': email })
      await press(page, 'Send me the link')
      await sees(page, 'Look into your mail')
      await page.goto(await site.linkMailedTo(email))
      await press(page, 'Set the password')
      await says(page, { 'Choose a password': 'New password' })
      await type(page, { 'New password': 'short' })
      await press(page, 'Set the password')
      await says(page, { 'A password has at least 10 characters': 'New password' })
      await keeps(page, { 'New password': '' })
    })

    it('says what is wrong with each form of the account, and of closing it', async () => {
      const { site } = stage
      const visitor = new Visitor(site)
      await signUp(site, visitor, `account-${tag}@example.com`)
      const page = await open()
      await becomes(page, site, visitor)
      await page.goto(`${site.url}/account`)
      await type(page, { 'Your name': ' ', 'Telephone (optional)': 'none' })
      await press(page, 'Save')
      await says(page, {
        'Enter your name': 'Your name',
        'Enter a telephone number with digits, like 07700 900123, or leave this empty': 'Telephone (optional)',
      })
      await keeps(page, { 'Your name': ' ', 'Telephone (optional)': 'none' })
      await type(page, { 'New address': 'nowhere', 'Your password': '' })
      await press(page, 'Change the address')
      await says(page, {
        'Enter an e-mail address like name@example.com': 'New address',
        'Enter your password': 'Your password',
      })
      await keeps(page, { 'New address': 'nowhere', 'Your name': 'Dana Driver' })
      await type(page, { 'New address': `account-${tag}@example.com`, 'Your password': PASSWORD })
      await press(page, 'Change the address')
      await says(page, { 'That is your address already': 'New address' })
      await keeps(page, { 'Your password': '' })
      await type(page, { 'Your password now': 'not this one', 'New password': 'long enough it is' })
      await press(page, 'Change the password')
      await says(page, { 'That is not your password': 'Your password now' })
      await keeps(page, { 'Your password now': '', 'New password': '' })
      await page.goto(`${site.url}/account/close`)
      await press(page, 'Close my account')
      await says(page, { 'Enter your password': 'Your password' })
    })

    it('leads from the summary to the field', async () => {
      const page = await open()
      await page.goto(`${stage.site.url}/login`)
      await press(page, 'Log in')
      await page.getByRole('alert').getByRole('link', { name: 'Enter your password' }).click()
      await page.locator('#password:focus').waitFor()
    })
  })

  /** The summary at the top has the focus and the words that are at the fields; the title says so first. */
  async function says(page: Page, wrong: Wrong): Promise<void> {
    const messages = Object.keys(wrong)
    for (const message of messages) await page.getByRole('alert').getByText(message, { exact: true }).waitFor()
    // A browser that is busy moves the focus a moment after the page is there.
    await page.locator('[role=alert]:focus').waitFor()
    const { title, first, focused, summary, fields } = await readErrors(page)
    assert.match(title, /^Error: /)
    assert.equal(first, 'alert')
    assert.equal(focused, 'alert')
    const expected = messages.map((message) => ({ message, label: wrong[message]! }))
    assert.deepEqual(
      fields.map(({ described, label }) => ({ message: described.replace(/^Error: /, ''), label })),
      expected,
    )
    assert.deepEqual(
      summary,
      fields.map(({ id }, index) => ({ message: messages[index], href: `#${id}` })),
    )
  }

  async function keeps(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(fields)) {
      assert.equal(await page.getByRole('textbox', { name: label, exact: true }).inputValue(), value, label)
    }
  }
})
