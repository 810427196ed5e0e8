import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Page } from 'playwright-core'
import { agree as agreed, logIn as loggedIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { becomes, downloaded, follow, linkOf, logIn, press, sees, type } from './driver.ts'

const NEW_PASSWORD = 'another three words'

describeInBrowser('an account in a browser', (stage) => {
  withAndWithoutScripts(stage, (open, tag) => {
    /** A driver with an account, logged in here. */
    const logged = async (email: string, name = 'Dana Driver'): Promise<{ page: Page; visitor: Visitor }> => {
      const visitor = new Visitor(stage.site)
      await signUp(stage.site, visitor, email, { name })
      const page = await open()
      await becomes(page, stage.site, visitor)
      return { page, visitor }
    }

    it('gives a new password to a driver who forgot theirs, and the old one is good no more', async () => {
      const { site } = stage
      const email = `forgot-${tag}@example.com`
      await signUp(site, new Visitor(site), email)
      const page = await open()
      await page.goto(`${site.url}/login`)
      await follow(page, 'I forgot my password')
      await sees(page, 'Set a new password')
      await type(page, { 'E-mail address': email })
      await press(page, 'Send me the link')
      await sees(page, 'Look into your mail')
      await page.goto(await site.linkMailedTo(email))
      await sees(page, 'Choose a new password')
      await type(page, { 'New password': NEW_PASSWORD })
      await press(page, 'Set the password')
      await sees(page, 'Your password is set')
      assert.equal((await loggedIn(new Visitor(site), email, PASSWORD)).status, 422)
      await page.getByRole('main').getByRole('link', { name: 'Log in' }).click()
      await logIn(page, email, NEW_PASSWORD)
      await sees(page, 'Hello, Dana Driver')
    })

    it('changes the password, and logs every other browser out', async () => {
      const { site } = stage
      const email = `password-${tag}@example.com`
      const { page } = await logged(email)
      const other = new Visitor(site)
      await loggedIn(other, email)
      assert.equal((await other.get('/home')).status, 200)
      await page.goto(`${site.url}/account`)
      await type(page, { 'Your password now': PASSWORD, 'New password': NEW_PASSWORD })
      await press(page, 'Change the password')
      await page.getByRole('status').getByText('Your password is changed.').waitFor()
      assert.equal((await other.get('/home')).location, '/login')
      assert.equal((await loggedIn(other, email, PASSWORD)).status, 422)
      assert.equal((await loggedIn(other, email, NEW_PASSWORD)).location, '/home')
    })

    it('changes the e-mail address once the new one is confirmed, and not before', async () => {
      const { site } = stage
      const [email, next] = [`old-${tag}@example.com`, `next-${tag}@example.com`]
      const { page } = await logged(email)
      await page.goto(`${site.url}/account`)
      await type(page, { 'New address': next, 'Your password': PASSWORD })
      await press(page, 'Change the address')
      await page.getByRole('status').getByText('Look into the mail of the new address').waitFor()
      await page.getByText(`It is ${email}.`).waitFor()
      await page.goto(await site.linkMailedTo(next))
      await sees(page, 'Confirm your new address')
      await page.getByText(next).waitFor()
      await press(page, 'Confirm the address')
      await sees(page, 'Your address is changed')
      assert.equal((await loggedIn(new Visitor(site), email)).status, 422)
      await page.goto(`${site.url}/account`)
      await page.getByText(`It is ${next}.`).waitFor()
      await press(page, 'Log out')
      await sees(page, /^Insured while you work/)
      await page.getByRole('main').getByRole('link', { name: 'Log in' }).click()
      await logIn(page, next)
      await sees(page, 'Hello, Dana Driver')
    })

    it('changes the name and the telephone number', async () => {
      const { page } = await logged(`details-${tag}@example.com`)
      await page.goto(`${stage.site.url}/account`)
      await type(page, { 'Your name': 'Dora <b>Driver</b>', 'Telephone (optional)': '07700 900123' })
      await press(page, 'Save')
      await page.getByRole('status').getByText('Your details are changed.').waitFor()
      assert.equal(await page.getByLabel('Telephone (optional)').inputValue(), '07700 900123')
      await follow(page, 'Home')
      await sees(page, 'Hello, Dora <b>Driver</b>')
    })

    it('logs out everywhere by one button', async () => {
      const { site } = stage
      const email = `everywhere-${tag}@example.com`
      const { page, visitor } = await logged(email)
      await page.goto(`${site.url}/account`)
      await press(page, 'Log out everywhere')
      await sees(page, 'Log in')
      assert.equal((await visitor.get('/home')).location, '/login')
      await page.goto(`${site.url}/home`)
      await sees(page, 'Log in')
    })

    it('hands out everything that is kept, as JSON and as CSV', async () => {
      const { site } = stage
      const email = `data-${tag}@example.com`
      const { page, visitor } = await logged(email, 'Data Driver')
      await link(visitor, `data-${tag}`)
      await site.report('login', { workProviderUserId: `data-${tag}`, timestamp: '2026-01-05T10:00:00Z' })
      await site.report('logout', { workProviderUserId: `data-${tag}`, timestamp: '2026-01-05T12:30:00Z' })
      await site.settle()
      await page.goto(`${site.url}/account`)
      const json = await downloaded(page, 'Everything (JSON)', 'my-data.json')
      const data = JSON.parse(json) as Record<string, unknown>
      assert.equal((data['customer'] as { email: string }).email, email)
      assert.deepEqual(
        (data['shifts'] as { startedAt: string; endedAt: string }[]).map((shift) => [shift.startedAt, shift.endedAt]),
        [['2026-01-05T10:00:00Z', '2026-01-05T12:30:00Z']],
      )
      const csv = await downloaded(page, 'Your shifts, for a spreadsheet (CSV)', 'my-shifts.csv')
      assert.match(csv, /Courier Ltd,2026-01-05T10:00:00Z,2026-01-05T12:30:00Z,logout,150\.00,0\.00/)
    })

    it('closes the account: nothing is shared, nobody gets in, and a mail says so', async () => {
      const { site } = stage
      const email = `close-${tag}@example.com`
      const { page, visitor } = await logged(email)
      await link(visitor, `close-${tag}`)
      assert.equal((await site.status(`workProviderUserId=close-${tag}`)).status, 200)
      await page.goto(`${site.url}/account`)
      await follow(page, 'Close your account')
      await sees(page, 'Close your account?')
      await type(page, { 'Your password': 'not the password' })
      await press(page, 'Close my account')
      await page.getByRole('alert').getByText('That is not your password').waitFor()
      assert.equal((await site.status(`workProviderUserId=close-${tag}`)).status, 200)
      await type(page, { 'Your password': PASSWORD })
      await press(page, 'Close my account')
      await sees(page, 'Your account is closed')
      assert.equal((await site.status(`workProviderUserId=close-${tag}`)).status, 404)
      assert.equal((await site.mailsTo(email)).at(-1)?.kind, 'account closed')
      assert.equal((await loggedIn(new Visitor(site), email)).status, 422)
    })
  })

  async function link(visitor: Visitor, userId: string): Promise<void> {
    const opened = await visitor.get(linkOf(stage.site, userId).slice(stage.site.url.length))
    await agreed(visitor, opened.location!)
  }
})
