import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createPolicy } from '../../src/app/policies.ts'
import { onEachEngine } from '../support/stores.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { agree, finishSignUp, logIn, signUp, Visitor } from '../support/visitor.ts'

onEachEngine('a link of a work provider', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
  })
  after(() => site.close())

  const link = (id: string, email?: string): string =>
    `/link-work-provider?${new URLSearchParams({
      work_provider: 'Courier Ltd',
      work_provider_user_id: id,
      ...(email === undefined ? {} : { email }),
    }).toString()}`

  it('takes a new driver from the link to linked and DISABLED, and ENABLED once there is a policy', async () => {
    const browser = new Visitor(site)
    const opened = await browser.get(link('new-1', 'new-1@example.com'))
    assert.equal(opened.status, 302)
    assert.match(opened.location!, /^\/signup\?link=[0-9a-f-]{36}$/)
    const intentId = opened.location!.slice('/signup?link='.length)
    const form = await browser.get(opened.location!)
    assert.match(form.text, /value="new-1@example\.com"/)
    assert.match(form.text, /Courier Ltd/)
    const consentPage = await signUp(site, browser, 'new-1@example.com', { link: intentId })
    assert.equal(consentPage, `/link/${intentId}`)
    assert.equal((await site.status('workProviderUserId=new-1')).status, 404)
    assert.equal((await agree(browser, consentPage)).location, consentPage)
    assert.match((await browser.get(consentPage)).text, /You are linked to Courier Ltd/)
    const { status, body } = await site.status('workProviderUserId=new-1')
    assert.equal(status, 200)
    assert.equal(body['status'], 'DISABLED')
    await createPolicy(site.context, {
      customerNumber: body['customer_number'] as string,
      classOfUse: 'Delivery',
      coverLevel: 'Third Party (TPO)',
    })
    assert.equal((await site.status('workProviderUserId=new-1')).body['status'], 'ENABLED')
  })

  it('leads an existing driver who is logged out to the login, and on to the link', async () => {
    await signUp(site, new Visitor(site), 'old-1@example.com')
    const browser = new Visitor(site)
    const opened = await browser.get(link('old-1', 'Old-1@Example.com'))
    assert.match(opened.location!, /^\/login\?link=/)
    const intentId = opened.location!.slice('/login?link='.length)
    const loggedIn = await logIn(browser, 'old-1@example.com', undefined, intentId)
    assert.equal(loggedIn.location, `/link/${intentId}`)
    await agree(browser, `/link/${intentId}`)
    assert.equal((await site.status('workProviderUserId=old-1')).status, 200)
  })

  it('completes in another browser for the account that signed up with it there', async () => {
    const telephone = new Visitor(site)
    const opened = await telephone.get(link('two-1', 'two-1@example.com'))
    const intentId = opened.location!.slice('/signup?link='.length)
    await telephone.post('/signup', { email: 'two-1@example.com', link: intentId })
    const mailApp = new Visitor(site)
    const next = await finishSignUp(mailApp, await site.linkMailedTo('two-1@example.com'))
    assert.equal(next, `/link/${intentId}`)
    await agree(mailApp, next)
    assert.equal((await site.status('workProviderUserId=two-1')).status, 200)
  })
})
