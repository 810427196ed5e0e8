import type { Page } from 'playwright-core'
import type { TestSite } from '../support/site.ts'
import { PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { statesOfDesk } from './desk-states.ts'
import { becomes, follow, linkOf, press, sees, type } from './driver.ts'
import { statesOfReconciliation } from './reconciliation-states.ts'
import { type Drivers, LONG_EMAIL, LONG_PROVIDER, seed, SCRIPT_PROVIDER } from './people.ts'

/** A page of the site as it can be seen: `open` leads a fresh browser there. */
export type State = {
  readonly name: string
  /** What of it is worth a picture of its own. */
  readonly part?: string
  open(page: Page): Promise<void>
}

const UUID_WITHOUT_ANYTHING = '00000000-0000-4000-8000-000000000000'

/** Fills a site with drivers, and lists every page in each state worth a look. */
export async function makeStates(site: TestSite): Promise<State[]> {
  const drivers = await seed(site)
  return [
    ...statesForAll(site),
    ...statesOfAccess(site),
    ...statesOfLinking(site, drivers),
    ...statesOfHome(site, drivers),
    ...statesOfAccount(site, drivers),
    ...(await statesOfDesk(site)),
    ...(await statesOfReconciliation(site)),
  ]
}

/** Shows a page as a driver who is logged in sees it, or as anybody does. */
function at(site: TestSite, path: string, visitor?: Visitor): State['open'] {
  return async (page) => {
    if (visitor !== undefined) await becomes(page, site, visitor)
    await page.goto(new URL(path, site.url).href)
  }
}

function statesForAll(site: TestSite): State[] {
  return [
    { name: 'front', open: at(site, '/') },
    ...['', '/calls', '/errors', '/linking', '/webhooks', '/testing', '/limits', '/changes'].map((chapter) => ({
      name: `docs${chapter.replace('/', '-')}`,
      open: at(site, `/docs${chapter}`),
    })),
    { name: 'terms', open: at(site, '/terms') },
    { name: 'not-found', open: at(site, '/account/nothing-here') },
    { name: 'link-problem', open: at(site, '/link-problem/work-provider') },
  ]
}

function statesOfAccess(site: TestSite): State[] {
  const sent = (path: string, fields: Record<string, string>, button: string): State['open'] => {
    return async (page) => {
      await page.goto(`${site.url}${path}`)
      await type(page, fields)
      await press(page, button)
      await page.waitForURL(`${site.url}${path}`)
    }
  }
  const mailed = async (visitPath: '/signup' | '/reset', email: string): Promise<string> => {
    await new Visitor(site).post(visitPath, { email })
    return site.linkMailedTo(email)
  }
  return [
    { name: 'login', open: at(site, '/login') },
    {
      name: 'login-errors',
      async open(page) {
        await sent('/login', { 'E-mail address': 'nobody', Password: '' }, 'Log in')(page)
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'login-wrong',
      async open(page) {
        await sent('/login', { 'E-mail address': 'full@example.com', Password: 'guess' }, 'Log in')(page)
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'login-for-link',
      async open(page) {
        await page.goto(linkOf(site, 'known-7', 'full@example.com'))
      },
    },
    { name: 'welcome', open: at(site, '/welcome') },
    {
      name: 'welcome-for-link',
      async open(page) {
        await page.goto(linkOf(site, 'known-8'))
        await page.goto(page.url().replace('/signup?', '/welcome?'))
        await sees(page, 'Log in or sign up')
      },
    },
    { name: 'signup', open: at(site, '/signup') },
    {
      name: 'signup-for-link',
      async open(page) {
        await page.goto(linkOf(site, 'courier-with-a-long-id-'.repeat(11), LONG_EMAIL, LONG_PROVIDER))
      },
    },
    {
      name: 'signup-errors',
      async open(page) {
        await sent('/signup', { 'E-mail address': 'dana at example.com' }, 'Send me the link')(page)
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'signup-sent',
      async open(page) {
        await sent('/signup', { 'E-mail address': LONG_EMAIL }, 'Send me the link')(page)
        await sees(page, 'Look into your mail')
      },
    },
    {
      name: 'finish-signup',
      async open(page) {
        await page.goto(await mailed('/signup', 'finish@example.com'))
        await sees(page, 'Finish your sign-up')
      },
    },
    {
      name: 'finish-signup-errors',
      async open(page) {
        await page.goto(await mailed('/signup', LONG_EMAIL))
        await type(page, { 'Choose a password': 'short', 'Telephone (optional)': 'call me' })
        await press(page, 'Make my account')
        await page.getByRole('alert').waitFor()
      },
    },
    { name: 'signup-stale', open: at(site, '/signup/no-such-token') },
    { name: 'reset', open: at(site, '/reset') },
    {
      name: 'reset-errors',
      async open(page) {
        await sent('/reset', { 'E-mail address': '' }, 'Send me the link')(page)
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'reset-sent',
      async open(page) {
        await sent('/reset', { 'E-mail address': 'full@example.com' }, 'Send me the link')(page)
        await sees(page, 'Look into your mail')
      },
    },
    {
      name: 'new-password',
      async open(page) {
        await page.goto(await mailed('/reset', 'full@example.com'))
        await sees(page, 'Choose a new password')
      },
    },
    {
      name: 'new-password-errors',
      async open(page) {
        await page.goto(await mailed('/reset', 'full@example.com'))
        await type(page, { 'New password': 'short' })
        await press(page, 'Set the password')
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'new-password-set',
      async open(page) {
        await page.goto(await mailed('/reset', 'forgot@example.com'))
        await type(page, { 'New password': 'another three words' })
        await press(page, 'Set the password')
        await sees(page, 'Your password is set')
      },
    },
    { name: 'new-password-stale', open: at(site, '/reset/no-such-token') },
  ]
}

function statesOfLinking(site: TestSite, { full, long, script, capped }: Drivers): State[] {
  const consent = (visitor: Visitor, userId: string, workProvider?: string): State['open'] => {
    return at(site, linkOf(site, userId, undefined, workProvider), visitor)
  }
  return [
    { name: 'consent', open: consent(full, 'new-id-1', 'Dinner Dash') },
    {
      name: 'consent-terms-open',
      async open(page) {
        await consent(full, 'new-id-2', 'Dinner Dash')(page)
        await page.locator('summary').click()
      },
    },
    { name: 'consent-long', open: consent(long, 'another-long-id-'.repeat(15), LONG_PROVIDER) },
    { name: 'consent-script', open: consent(script, '<script>alert("id")</script>', SCRIPT_PROVIDER) },
    { name: 'consent-signature-needed', open: consent(full, 'new-id-3', 'Signed Links Ltd') },
    { name: 'consent-match-needed', open: consent(full, 'new-id-4', 'Match First Ltd') },
    {
      name: 'consent-terms-changed',
      async open(page) {
        await consent(full, 'new-id-5', 'Dinner Dash')(page)
        // As when they change while the page is read.
        await page.locator('input[name=termsId]').evaluate((input, id) => {
          ;(input as unknown as { value: string }).value = id
        }, UUID_WITHOUT_ANYTHING)
        await press(page, 'Agree and link')
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'outcome-linked',
      async open(page) {
        await consent(long, 'linked-1', 'Dinner Dash')(page)
        await press(page, 'Agree and link')
        await sees(page, /^You are linked/)
      },
    },
    {
      name: 'outcome-linked-insured',
      async open(page) {
        await consent(full, 'linked-2', 'Lunch Run')(page)
        await press(page, 'Agree and link')
        await sees(page, /^You are linked/)
      },
    },
    {
      name: 'outcome-linked-waiting',
      async open(page) {
        await consent(script, 'linked-3', 'Match First Ltd')(page)
        await press(page, 'Agree and link')
        await sees(page, /^You are linked/)
      },
    },
    {
      name: 'outcome-declined',
      async open(page) {
        await consent(long, 'declined-1', SCRIPT_PROVIDER)(page)
        await press(page, 'Do not link')
        await sees(page, /^You are not linked/)
      },
    },
    {
      name: 'outcome-conflict',
      async open(page) {
        await consent(long, 'full-1')(page)
        await press(page, 'Agree and link')
        await sees(page, 'We could not link you yet')
      },
    },
    {
      name: 'outcome-stopped-since',
      async open(page) {
        await consent(capped, 'capped-2', 'Lunch Run')(page)
        await press(page, 'Agree and link')
        await sees(page, /^You are linked/)
        const outcomePage = page.url()
        await follow(page, 'Home')
        await follow(page, 'Stop sharing with Lunch Run')
        await press(page, 'Stop sharing')
        await sees(page, /^Hello/)
        await page.goto(outcomePage)
        await sees(page, /^You do not share/)
      },
    },
    { name: 'linked-before', open: consent(full, 'full-1') },
    { name: 'link-not-here', open: at(site, `/link/${UUID_WITHOUT_ANYTHING}`, full) },
    {
      name: 'undo',
      async open(page) {
        await page.goto(await undoOf(site, 'full@example.com'))
        await sees(page, /^Stop sharing with/)
      },
    },
    {
      name: 'undo-done',
      async open(page) {
        await page.goto(await undoOf(site, 'undo@example.com'))
        await press(page, 'Stop sharing')
        await sees(page, /^Nothing is shared/)
      },
    },
  ]
}

function statesOfHome(site: TestSite, { empty, full, long, script, capped }: Drivers): State[] {
  return [
    { name: 'home-empty', open: at(site, '/home', empty) },
    { name: 'home-full', open: at(site, '/home', full) },
    { name: 'home-long', open: at(site, '/home', long) },
    { name: 'home-script', open: at(site, '/home', script) },
    { name: 'home-capped', open: at(site, '/home', capped) },
    {
      name: 'withdraw',
      async open(page) {
        await at(site, '/home', full)(page)
        await page
          .getByRole('link', { name: /^Stop sharing/ })
          .first()
          .click()
        await sees(page, /^Stop sharing with/)
      },
    },
    {
      name: 'withdraw-long',
      async open(page) {
        await at(site, '/home', long)(page)
        await page
          .getByRole('link', { name: /^Stop sharing with Internationale/ })
          .first()
          .click()
        await sees(page, /^Stop sharing with/)
      },
    },
  ]
}

function statesOfAccount(site: TestSite, { full, empty, long }: Drivers): State[] {
  const done = (fields: Record<string, string>, button: string): State['open'] => {
    return async (page) => {
      await at(site, '/account', empty)(page)
      await type(page, fields)
      await press(page, button)
      await page.getByRole('status').waitFor()
    }
  }
  const wrong = (fields: Record<string, string>, button: string): State['open'] => {
    return async (page) => {
      await at(site, '/account', full)(page)
      await type(page, fields)
      await press(page, button)
      await page.getByRole('alert').waitFor()
    }
  }
  return [
    { name: 'account', open: at(site, '/account', full) },
    { name: 'account-long', open: at(site, '/account', long) },
    { name: 'account-saved', open: done({ 'Telephone (optional)': '07700 900123' }, 'Save') },
    { name: 'account-errors-details', open: wrong({ 'Your name': '', 'Telephone (optional)': 'call me' }, 'Save') },
    {
      name: 'account-errors-email',
      open: wrong({ 'New address': 'nowhere', 'Your password': '' }, 'Change the address'),
    },
    {
      name: 'account-errors-password',
      open: wrong({ 'Your password now': 'not this one', 'New password': 'short' }, 'Change the password'),
    },
    {
      name: 'account-email-asked',
      open: done({ 'New address': 'empty.new@example.com', 'Your password': PASSWORD }, 'Change the address'),
    },
    {
      name: 'email-confirm',
      async open(page) {
        await page.goto(await site.linkMailedTo('mover.new@example.com'))
        await sees(page, 'Confirm your new address')
      },
    },
    {
      name: 'email-confirmed',
      async open(page) {
        await page.goto(await site.linkMailedTo('mover.new@example.com'))
        await press(page, 'Confirm the address')
        await sees(page, 'Your address is changed')
      },
    },
    { name: 'close', open: at(site, '/account/close', full) },
    {
      name: 'close-errors',
      async open(page) {
        await at(site, '/account/close', full)(page)
        await press(page, 'Close my account')
        await page.getByRole('alert').waitFor()
      },
    },
    {
      name: 'closed',
      async open(page) {
        const leaver = new Visitor(site)
        await signUp(site, leaver, 'leaver@example.com')
        await at(site, '/account/close', leaver)(page)
        await type(page, { 'Your password': PASSWORD })
        await press(page, 'Close my account')
        await sees(page, 'Your account is closed')
      },
    },
  ]
}

async function undoOf(site: TestSite, email: string): Promise<string> {
  const receipt = (await site.mailsTo(email)).find((mail) => mail.kind === 'consent receipt')
  return /\S+\/undo\/\S+/.exec(receipt?.body ?? '')![0]
}
