import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { LIVE_PACE } from '../../src/app/live.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { openSite } from '../support/site.ts'
import { describeInBrowser } from './chromium.ts'
import { narrowTargets, scrollsSideways } from './measure.ts'

const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const PACE = { ...LIVE_PACE, restMs: 50, share: 1, admittedMs: 0 }

let drivers = 0
let viewers = 0

describeInBrowser(
  'the live page in a browser',
  (stage) => {
    const open = async (javaScriptEnabled = true): Promise<{ page: Page; viewer: DeskVisitor }> => {
      const viewer = await joinStaff(stage.site, 'viewer', { email: `viewer-${++viewers}@insurer.example` })
      const page = await stage.open({ javaScriptEnabled, viewport: { width: 1280, height: 740 } })
      const cookies = [...viewer.visitor.cookies].map(([name, value]) => ({ name, value, url: stage.site.url }))
      await page.context().addCookies(cookies)
      await page.goto(`${stage.site.url}/staff/live`)
      return { page, viewer }
    }
    /** Somebody without a policy logs in at Courier Ltd; their customer number. */
    const comesOnShift = async (): Promise<string> => {
      const { site } = stage
      const name = `driver-${++drivers}`
      const { customerNumber } = await createCustomer(site.context, { email: `${name}@example.com` })
      const consentedAt = plus(site.context.now(), -MICROSECONDS_PER_HOUR)
      await createLink(site.context, {
        workProvider: 'Courier Ltd',
        customerNumber,
        workProviderUserId: name,
        consentedAt,
      })
      const timestamp = formatInstant(plus(site.context.now(), -MICROSECONDS_PER_SECOND))
      await site.report('login', { workProviderUserId: name, timestamp })
      await site.settle()
      return customerNumber
    }
    const onShift = (page: Page, count: number) =>
      page
        .locator('.figures > div', { hasText: 'On shift now' })
        .locator('.figure', { hasText: new RegExp(`^${count}$`) })

    it('changes by itself when somebody comes on shift, and holds still when it is told to', async () => {
      const { page } = await open()
      await page.getByText('Connected. The figures change by themselves.').waitFor()
      await onShift(page, 0).waitFor()
      const first = await comesOnShift()
      await onShift(page, 1).waitFor()
      await page
        .getByRole('row', { name: new RegExp(first) })
        .getByText('There is no policy')
        .waitFor()
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.getByText('Paused.').waitFor()
      await comesOnShift()
      const shown = await page.locator('#live').innerHTML()
      await page.getByRole('button', { name: 'Continue' }).click()
      await onShift(page, 2).waitFor()
      assert.match(shown, /On shift now[^]*?class="figure[^"]*">1</)
    })

    it('keeps the focus where it is while the figures change', async () => {
      const { page } = await open()
      const customerNumber = await comesOnShift()
      const link = page.getByRole('row', { name: /There is no policy/ }).getByRole('link', { name: customerNumber })
      await link.focus()
      await onShift(page, drivers).waitFor()
      await comesOnShift()
      await onShift(page, drivers).waitFor()
      assert.equal(await page.locator(':focus').textContent(), customerNumber)
    })

    it('is as complete without scripts, and loads itself again', async () => {
      const { page } = await open(false)
      assert.match(await page.locator('#live-state').innerText(), /This page loads itself again every 5 seconds\./)
      await comesOnShift()
      await onShift(page, drivers).waitFor()
      assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0)
    })

    it('says so when nobody is logged in any more', async () => {
      const { page, viewer } = await open()
      await page.getByText('Connected.').waitFor()
      await viewer.visitor.post('/desk/logout')
      await page.getByText('You are logged out. Load the page again to log in.').waitFor()
    })

    it('has nothing that axe finds, fits a telephone, and does not move while it changes', async () => {
      await comesOnShift()
      const { page } = await open()
      await page.getByText('Connected.').waitFor()
      for (const [width, colorScheme] of [
        [360, 'light'],
        [360, 'dark'],
        [1280, 'light'],
        [1280, 'dark'],
      ] as const) {
        await page.setViewportSize({ width, height: 740 })
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        assert.deepEqual(await violations(page), [], `${width} px, ${colorScheme}`)
        assert.equal(await scrollsSideways(page), 0, `${width} px`)
        assert.deepEqual(await narrowTargets(page), [])
        const before = await boxes(page)
        await comesOnShift()
        await onShift(page, drivers).waitFor()
        assert.deepEqual(await boxes(page), before)
      }
    })
  },
  () => openSite('embedded', {}, undefined, PACE),
)

async function violations(page: Page): Promise<string[]> {
  // Past the policy of the page, which has no inline scripts.
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: AXE })
  await session.detach()
  const found = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))
}

type Shown = { getBoundingClientRect(): { x: number; y: number; width: number; height: number } }

/** At one moment: a part that is replaced is nowhere. */
function boxes(page: Page): Promise<unknown[]> {
  // Found and measured in one step: the page may put others in their place between two.
  return page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { querySelectorAll(what: string): Iterable<Shown> } }
    return [...document.querySelectorAll('.figures > div')].map((one) => {
      const { x, y, width, height } = one.getBoundingClientRect()
      return { x, y, width, height }
    })
  })
}
