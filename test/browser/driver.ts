import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import type { TestSite } from '../support/site.ts'
import { PASSWORD, type Visitor } from '../support/visitor.ts'

/* What a driver does, by what a driver sees: labels, buttons, links, headings. */

export function linkOf(site: TestSite, userId: string, email?: string, workProvider = 'Courier Ltd'): string {
  const query = new URLSearchParams({
    work_provider: workProvider,
    work_provider_user_id: userId,
    ...(email === undefined ? {} : { email }),
  })
  return `${site.url}/link-work-provider?${query.toString()}`
}

/** Waits until the page with this heading is there. */
export async function sees(page: Page, heading: string | RegExp): Promise<void> {
  const exact = typeof heading === 'string'
  await page.getByRole('heading', { level: 1, name: heading, exact }).waitFor()
}

export async function press(page: Page, button: string): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
}

export async function follow(page: Page, link: string): Promise<void> {
  await page.getByRole('link', { name: link, exact: true }).click()
}

export async function type(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) {
    await page.getByRole('textbox', { name: label, exact: true }).fill(text)
  }
}

/** Fills in the login that is on the page. */
export async function logIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await sees(page, 'Log in')
  await type(page, { 'E-mail address': email, Password: password })
  await press(page, 'Log in')
}

/** Fills in the page behind the mailed link, that is on the page. */
export async function finishSignUp(page: Page, name = 'Dana Driver'): Promise<void> {
  await sees(page, 'Finish your sign-up')
  await type(page, { 'Your name': name, 'Choose a password': PASSWORD })
  await page.getByRole('checkbox', { name: /^I agree to the/ }).check()
  await press(page, 'Make my account')
}

/** Agrees on the consent page that is on the page, and sees that it is done. */
export async function agree(page: Page, workProvider = 'Courier Ltd'): Promise<void> {
  await sees(page, `Link your account to ${workProvider}?`)
  await press(page, 'Agree and link')
  await sees(page, `You are linked to ${workProvider}`)
}

/** Takes over where a visitor without a screen is logged in. */
export async function becomes(page: Page, site: TestSite, { cookies }: Visitor): Promise<void> {
  await page.context().addCookies([...cookies].map(([name, value]) => ({ name, value, url: site.url })))
}

/** What the browser keeps when a link is followed, under which name. */
export async function downloaded(page: Page, link: string, file: string): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), follow(page, link)])
  assert.equal(download.suggestedFilename(), file)
  return readFileSync(await download.path(), 'utf8')
}
