import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createPolicy } from '../../src/app/policies.ts'
import { agree as agreed, logIn as loggedIn, signUp, Visitor } from '../support/visitor.ts'
import { describeInBrowser, withAndWithoutScripts } from './chromium.ts'
import { agree, finishSignUp, follow, linkOf, logIn, press, sees, type } from './driver.ts'

describeInBrowser('linking in a browser', (stage) => {
  const existing = async (email: string, name = 'Dana Driver'): Promise<void> => {
    await signUp(stage.site, new Visitor(stage.site), email, { name })
  }
  /** Links a driver beforehand, without a browser. */
  const linked = async (email: string, userId: string): Promise<void> => {
    const { site } = stage
    const visitor = new Visitor(site)
    await loggedIn(visitor, email)
    const opened = await visitor.get(linkOf(site, userId).slice(site.url.length))
    await agreed(visitor, opened.location!)
  }
  const statusOf = (userId: string) => stage.site.status(`workProviderUserId=${userId}`)

  withAndWithoutScripts(stage, (open, tag) => {
    it('takes a new driver from the link by the mail to linked and DISABLED, and ENABLED with a policy', async () => {
      const { site } = stage
      const email = `new-${tag}@example.com`
      const userId = `new-${tag}`
      const page = await open()
      await page.goto(linkOf(site, userId, email))
      await sees(page, 'Sign up')
      await page.getByText(`Next: link your account to Courier Ltd (your id there: ${userId}).`).waitFor()
      assert.ok(!page.url().includes('example.com'), page.url())
      assert.equal(await page.getByLabel('E-mail address').inputValue(), email)
      await press(page, 'Send me the link')
      await sees(page, 'Look into your mail')
      await page.goto(await site.linkMailedTo(email))
      await finishSignUp(page)
      await sees(page, 'Link your account to Courier Ltd?')
      assert.equal((await statusOf(userId)).status, 404)
      await agree(page)
      const disabled = await statusOf(userId)
      assert.equal(disabled.status, 200)
      assert.equal(disabled.body['status'], 'DISABLED')
      const customerNumber = String(disabled.body['customer_number'])
      await page.getByText(`Your customer number is ${customerNumber}.`).waitFor()
      await page.getByText('You have no policy that is valid for Courier Ltd now').waitFor()
      await createPolicy(site.context, { customerNumber, classOfUse: 'Delivery', coverLevel: 'Third Party (TPO)' })
      assert.equal((await statusOf(userId)).body['status'], 'ENABLED')
      await follow(page, 'To my account')
      await sees(page, 'Hello, Dana Driver')
      await page.getByText('No work provider reports that you are working.').waitFor()
    })

    it('leads an existing driver who is logged out by the login to linked', async () => {
      const email = `out-${tag}@example.com`
      await existing(email)
      const page = await open()
      await page.goto(linkOf(stage.site, `out-${tag}`, email.toUpperCase()))
      await page.getByText('Next: link your account to Courier Ltd').waitFor()
      await logIn(page, email)
      await agree(page)
      assert.equal((await statusOf(`out-${tag}`)).status, 200)
    })

    it('asks a driver who is logged in, and links nobody who says no', async () => {
      const { site } = stage
      const email = `in-${tag}@example.com`
      await existing(email)
      const page = await open()
      await page.goto(`${site.url}/login`)
      await logIn(page, email)
      await sees(page, 'Hello, Dana Driver')
      await page.goto(linkOf(site, `in-${tag}`))
      await sees(page, 'Link your account to Courier Ltd?')
      await page.getByText(email).waitFor()
      await press(page, 'Do not link')
      await sees(page, 'You are not linked to Courier Ltd')
      assert.equal((await statusOf(`in-${tag}`)).status, 404)
      await page.goto(linkOf(site, `in-${tag}`))
      await agree(page)
      assert.equal((await statusOf(`in-${tag}`)).status, 200)
    })

    it('lets a driver leave the wrong account by "Not you?" and link the right one', async () => {
      const { site } = stage
      const [wrong, right] = [`wrong-${tag}@example.com`, `right-${tag}@example.com`]
      await existing(wrong, 'Wanda Wrong')
      await existing(right, 'Rita Right')
      const page = await open()
      await page.goto(`${site.url}/login`)
      await logIn(page, wrong)
      await sees(page, 'Hello, Wanda Wrong')
      await page.goto(linkOf(site, `right-${tag}`, right))
      await sees(page, 'Link your account to Courier Ltd?')
      await page.getByText('Wanda Wrong').waitFor()
      await press(page, 'Not you?')
      await page.getByText('Next: link your account to Courier Ltd').waitFor()
      await logIn(page, right)
      await page.getByText('Rita Right').waitFor()
      await agree(page)
      const shown = await page.getByText(/Your customer number is/).textContent()
      const { body } = await statusOf(`right-${tag}`)
      assert.match(shown!, new RegExp(`Your customer number is\\s+${String(body['customer_number'])}`))
      await follow(page, 'To my account')
      await sees(page, 'Hello, Rita Right')
    })

    it('goes on in the browser that the mail is opened in', async () => {
      const { site } = stage
      const email = `two-${tag}@example.com`
      const telephone = await open()
      await telephone.goto(linkOf(site, `two-${tag}`, email))
      await sees(telephone, 'Sign up')
      await press(telephone, 'Send me the link')
      await sees(telephone, 'Look into your mail')
      const mailApp = await open()
      await mailApp.goto(await site.linkMailedTo(email))
      await finishSignUp(mailApp)
      await agree(mailApp)
      assert.equal((await statusOf(`two-${tag}`)).status, 200)
    })

    it('goes on by the login in a third browser, and the mailed link is good no more', async () => {
      const { site } = stage
      const email = `three-${tag}@example.com`
      const telephone = new Visitor(site)
      const opened = await telephone.get(linkOf(site, `three-${tag}`, email).slice(site.url.length))
      const consentPage = await signUp(site, telephone, email, { link: opened.location!.slice('/signup?link='.length) })
      const mailed = await site.linkMailedTo(email)
      const page = await open()
      await page.goto(`${site.url}${consentPage}`)
      await logIn(page, email)
      await agree(page)
      await page.goto(mailed)
      await sees(page, 'This link is not good any more')
    })

    it('says that an id belongs to another account, and mails both without naming either', async () => {
      const { site } = stage
      const [holder, claimant] = [`holder-${tag}@example.com`, `claimant-${tag}@example.com`]
      await existing(holder, 'Hilda Holder')
      await existing(claimant, 'Clara Claimant')
      await linked(holder, `held-${tag}`)
      const before = await statusOf(`held-${tag}`)
      const page = await open()
      await page.goto(linkOf(site, `held-${tag}`, claimant))
      await logIn(page, claimant)
      await sees(page, 'Link your account to Courier Ltd?')
      await press(page, 'Agree and link')
      await sees(page, 'We could not link you yet')
      await page.getByText(`The id held-${tag} at Courier Ltd belongs to another account already.`).waitFor()
      assert.deepEqual(await statusOf(`held-${tag}`), before)
      const told = [
        { to: claimant, other: [holder, 'Hilda'] },
        { to: holder, other: [claimant, 'Clara'] },
      ]
      for (const { to, other } of told) {
        const mails = (await site.mailsTo(to)).filter((mail) => mail.kind === 'link conflict')
        assert.equal(mails.length, 1, to)
        const text = `${mails[0]!.subject}\n${mails[0]!.body}`
        assert.ok(text.includes('Courier Ltd') && text.includes(`held-${tag}`), text)
        for (const name of other) assert.ok(!text.includes(name), text)
      }
    })

    it('stops sharing by two clicks from home, and shares again by two more', async () => {
      const { site } = stage
      const email = `stop-${tag}@example.com`
      await existing(email)
      await linked(email, `stop-${tag}`)
      const page = await open()
      await page.goto(`${site.url}/login`)
      await logIn(page, email)
      await follow(page, 'Stop sharing with Courier Ltd')
      await sees(page, 'Stop sharing with Courier Ltd?')
      assert.equal((await statusOf(`stop-${tag}`)).status, 200)
      await press(page, 'Stop sharing')
      await sees(page, 'Hello, Dana Driver')
      assert.equal((await statusOf(`stop-${tag}`)).status, 404)
      await page.getByText(/^stopped /).waitFor()
      await press(page, 'Share again with Courier Ltd')
      await agree(page)
      assert.equal((await statusOf(`stop-${tag}`)).status, 200)
    })

    it('undoes an agreement by the link in its receipt, in a browser that is logged in nowhere', async () => {
      const { site } = stage
      const email = `undo-${tag}@example.com`
      await existing(email)
      await linked(email, `undo-${tag}`)
      const receipt = (await site.mailsTo(email)).at(-1)!
      const undo = receipt.body.match(/\S+\/undo\/\S+/)![0]
      const page = await open()
      await page.goto(undo)
      await sees(page, 'Stop sharing with Courier Ltd?')
      assert.equal((await statusOf(`undo-${tag}`)).status, 200)
      await press(page, 'Stop sharing')
      await sees(page, 'Nothing is shared with Courier Ltd any more')
      assert.equal((await statusOf(`undo-${tag}`)).status, 404)
    })

    it('asks a driver whom a work provider recognised, and links when they agree', async () => {
      const { site } = stage
      const email = `match-${tag}@example.com`
      await existing(email)
      const page = await open()
      await page.goto(`${site.url}/login`)
      await logIn(page, email)
      await sees(page, 'Hello, Dana Driver')
      const customerNumber = await page.locator('dt:text-is("Customer number") + dd').innerText()
      const response = await fetch(`${site.url}/v1/match`, {
        method: 'POST',
        headers: { Authorization: site.key },
        body: JSON.stringify({ customerNumber, success: true }),
      })
      assert.equal(response.status, 202)
      await page.reload()
      await page.getByRole('heading', { name: 'Courier Ltd says that you work with them' }).waitFor()
      assert.equal((await site.status(`customerNumber=${customerNumber}`)).status, 404)
      await press(page, 'See what it asks')
      await agree(page)
      assert.equal((await site.status(`customerNumber=${customerNumber}`)).status, 200)
    })
  })

  it('says plainly what is wrong with a link that names nobody', async () => {
    const page = await stage.open()
    await page.goto(linkOf(stage.site, 'x', undefined, 'No Such Company'))
    await sees(page, 'This link does not work')
    await page.getByText('The link does not name a company that works with us.').waitFor()
    await page.goto(`${stage.site.url}/link-work-provider?work_provider=Courier+Ltd`)
    await page.getByText('The link does not say who you are at the company.').waitFor()
  })

  it('offers both ways to a network that tried many addresses, and completes the same link', async () => {
    const { site } = stage
    const email = 'welcome@example.com'
    await existing(email)
    const page = await stage.open()
    for (let n = 0; n < 20; n++) await page.request.get(linkOf(site, `many-${n}`, `many-${n}@example.com`))
    await page.goto(linkOf(site, 'welcome', email))
    await sees(page, 'Log in or sign up')
    await follow(page, 'I have an account')
    await type(page, { 'E-mail address': email })
    await logIn(page, email)
    await agree(page)
    assert.equal((await statusOf('welcome')).status, 200)
  })
})
