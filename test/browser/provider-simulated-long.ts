import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { dangerousCells, parseCsv } from '../support/csv.ts'
import { type DeskVisitor, joinStaff, joinWorkProvider } from '../support/desk.ts'
import { withAndWithoutScripts } from './chromium.ts'
import { becomes, downloaded, follow, press, sees, type } from './driver.ts'
import { ask, describeSimulatedDesk, type SimulatedStage } from './simulated-desk.ts'

const AHEAD = 'Parcelfinch Logistics'
const SILENT = 'Moonfare'
const IN_BATCHES = 'Quickwren'

describeSimulatedDesk('work providers of the simulation, in a browser', (stage) => {
  let admin: DeskVisitor
  let person: DeskVisitor
  let whyRefused: string
  before(async () => {
    admin = await joinStaff(stage.site, 'admin')
    person = await joinWorkProvider(stage.site, SILENT)
    const refused = await ask(stage, IN_BATCHES, '/v1/shift/login', { method: 'POST', body: '{"policyId":"X1"}' })
    whyRefused = refused.headers.get('zego-error-detail')!
  })

  withAndWithoutScripts(stage, (open) => {
    const enter = async ({ visitor }: DeskVisitor, path: string): Promise<Page> => {
      const page = await open()
      await page.setViewportSize({ width: 1280, height: 900 })
      await becomes(page, stage.site, visitor)
      await page.goto(`${stage.site.url}${path}`)
      return page
    }
    const pathOf = (workProvider: string): string => `/staff/work-providers/${stage.workProviderId(workProvider)}`

    it('are listed, the one whose clocks are ahead and the one that fell silent named as such, and no other', async () => {
      const page = await enter(admin, '/staff/work-providers')
      const found = new Map<string, string>()
      for (const row of await page.locator('tbody tr').all()) {
        const cells = await row.locator('td').allInnerTexts()
        found.set(cells[0]!, cells.at(-1)!)
      }
      assert.deepEqual([...found.keys()], ['Courier Ltd', 'Larder & Lane', SILENT, AHEAD, IN_BATCHES])
      for (const [name, stands] of found) {
        assert.equal(/sit one hour ahead/.test(stands), name === AHEAD, `${name}: ${stands}`)
        assert.equal(/fallen silent/.test(stands), name === SILENT, `${name}: ${stands}`)
      }
      const rows = parseCsv(await downloaded(page, 'All of them (CSV)', 'work-providers.csv'))
      assert.deepEqual(
        rows.slice(1).map(([name]) => name!.value),
        [...found.keys()],
      )
      assert.deepEqual(dangerousCells(rows), [])
    })

    it('have their data quality drawn day by day, as it is in the database', async () => {
      const page = await enter(admin, '/staff/work-providers')
      await follow(page, AHEAD)
      await sees(page, AHEAD)
      await page
        .getByRole('status')
        .getByText(/^\s*Its reports sit one hour ahead/)
        .waitFor()
      const byDay = await reportsByDay(stage, AHEAD)
      const plot = page.getByRole('img', { name: /^Reports by day: at most / })
      const bars = await plot.locator('title').allTextContents()
      const shown = bars.map((bar) => bar.replace(/,/g, '').split(': ')).filter(([, count]) => count !== '0')
      assert.deepEqual(new Map(shown.map(([day, count]) => [day!, Number(count)])), byDay)
      const total = [...byDay.values()].reduce((sum, count) => sum + count, 0)
      const caption = page.locator('figcaption', { hasText: 'Reports' })
      assert.match(await caption.innerText(), new RegExp(`^Reports\\s+${total.toLocaleString('en-GB')}\\s+in 30 days$`))
      for (const name of ['Late', 'Duplicate', 'Orphan', 'Capped', 'Parked']) {
        assert.equal(await page.getByRole('img', { name: new RegExp(`^${name} by day: at most [\\d.]+ %`) }).count(), 1)
      }
      const rows = parseCsv(await downloaded(page, 'All counts (CSV)', 'data-quality.csv'))
      const reports = rows[0]!.findIndex(({ value }) => value === 'reports')
      const told = rows.slice(1).map((row) => [row[0]!.value, Number(row[reports]!.value)] as const)
      assert.deepEqual(new Map(told.filter(([, count]) => count > 0)), byDay)
      assert.deepEqual(dangerousCells(rows), [])
    })

    it('have keys made, used, rotated and revoked, each after a code', async () => {
      const { site } = stage
      const path = pathOf(AHEAD)
      const page = await enter(admin, path)
      const answerTo = async (key: string): Promise<number> =>
        (await fetch(`${site.url}/v1/status?customerNumber=NOBODY`, { headers: { Authorization: key } })).status
      const act = async (button: string, key?: string): Promise<void> => {
        await page.goto(`${site.url}${path}`)
        await page.getByText('Make, rotate or revoke').click()
        if (key !== undefined) await page.getByLabel('Which key, to rotate or revoke').selectOption(key)
        await page.locator('#code').fill(await admin.code())
        await press(page, button)
      }
      const shownKey = async (): Promise<string> => (await page.locator('code.secret').textContent()) ?? ''
      const row = page.getByRole('region', { name: 'Keys' }).locator('tbody tr').first()

      await page.getByText('Make, rotate or revoke').click()
      await press(page, 'Make a key')
      await page.getByRole('alert').getByText('That code is not right').waitFor()
      await act('Make a key')
      await sees(page, 'A new key')
      const made = await shownKey()
      await follow(page, `Back to ${AHEAD}`)
      const id = await row.locator('code').innerText()
      assert.match(await row.innerText(), /never/)
      assert.equal(await answerTo(made), 404)
      await reloadUntil(page, async () => !/never/.test(await row.innerText()))

      await act('Rotate', id)
      await sees(page, 'A new key')
      const rotated = await shownKey()
      assert.deepEqual([await answerTo(made), await answerTo(rotated)], [404, 404])
      await follow(page, `Back to ${AHEAD}`)
      const old = page.getByRole('row').filter({ hasText: id })
      assert.match(await old.innerText(), /live until /)
      const newId = await row.locator('code').innerText()
      await act('Revoke', newId)
      await sees(page, 'The key is revoked')
      assert.deepEqual([await answerTo(made), await answerTo(rotated)], [404, 401])
      await follow(page, `Back to ${AHEAD}`)
      await page
        .getByRole('row')
        .filter({ hasText: newId })
        .getByText(/^revoked /)
        .waitFor()
    })

    it('have a link made for a driver, with a code to scan, that leads to sign-up', async () => {
      const page = await enter(admin, pathOf(AHEAD))
      await buildLink(page, AHEAD)
      assert.equal(new URL(await linkOn(page)).searchParams.get('work_provider'), AHEAD)
      const driver = await open()
      await driver.goto(await linkOn(page))
      await driver.waitForURL(/\/signup\?link=/)
    })

    it('have their refused requests listed and downloaded, and their requests with what became of each', async () => {
      const page = await enter(admin, pathOf(IN_BATCHES))
      const refusals = page.getByRole('region', { name: 'Refused requests' })
      await reloadUntil(page, async () => (await refusals.getByRole('row').count()) > 1)
      await refusals.getByRole('cell', { name: whyRefused, exact: true }).waitFor()
      const refused = parseCsv(await downloaded(page, 'The last 1000 (CSV)', 'refusals.csv'))
      assert.equal(refused.length - 1, await countRefusals(stage, IN_BATCHES))
      await follow(page, 'Its requests, and what became of them')
      await sees(page, `Requests of ${IN_BATCHES}`)
      const requests = parseCsv(await downloaded(page, 'All of them (CSV)', 'requests.csv'))
      assert.equal(requests.length - 1, await countRequests(stage, IN_BATCHES))
      for (const rows of [refused, requests]) assert.deepEqual(dangerousCells(rows), [])
    })

    it('see of their own requests, quality and keys all, and nothing of others', async () => {
      const page = await enter(person, '/work-provider')
      const seen = [await page.content()]
      await sees(page, SILENT)
      await page
        .getByRole('status')
        .getByText(/^\s*It has fallen silent/)
        .waitFor()
      seen.push(await downloaded(page, 'All counts (CSV)', 'data-quality.csv'))
      await buildLink(page, SILENT)
      seen.push(await page.content())
      await follow(page, `Back to ${SILENT}`)
      await follow(page, 'Its requests, and what became of them')
      await sees(page, `Requests of ${SILENT}`)
      const listed = await requestsOn(page)
      for (const [id, outcome] of listed) assert.deepEqual(outcome, await outcomeByApi(stage, SILENT, id), id)
      seen.push(await downloaded(page, 'All of them (CSV)', 'requests.csv'), await page.content())
      for (const older = page.getByRole('link', { name: 'Older' }); (await older.count()) > 0;) {
        const before = page.url()
        await older.click()
        await page.waitForURL((url) => url.href !== before)
        const rows = await requestsOn(page)
        assert.ok(rows.every(([id]) => listed.every(([known]) => known !== id)))
        listed.push(...rows)
        seen.push(await page.content())
      }
      assert.equal(listed.length, await countRequests(stage, SILENT))

      const { couriers, workProviders } = stage.made.world
      const others = workProviders.map(({ name }) => name).filter((name) => name !== SILENT)
      const secrets = [...others, ...couriers.flatMap(({ customer }) => [customer.email, customer.name])]
      for (const secret of secrets) assert.ok(!seen.some((text) => text.includes(secret)), secret)
      for (const path of ['/staff', '/staff/live', pathOf(AHEAD)]) {
        assert.equal((await page.goto(`${stage.site.url}${path}`))?.status(), 404, path)
      }
    })
  })
})

async function buildLink(page: Page, workProvider: string): Promise<void> {
  await sees(page, workProvider)
  await type(page, {
    'The driver’s id at the work provider': 'new-driver/1',
    'E-mail address (optional)': 'new@example.com',
  })
  await press(page, 'Make the link')
  await sees(page, 'A link for new-driver/1')
  await page.getByRole('img', { name: 'The link, to scan' }).waitFor()
}

async function linkOn(page: Page): Promise<string> {
  return (await page.locator('code.secret').textContent()) ?? ''
}

/** What is noted in the background is there a little later. */
async function reloadUntil(page: Page, isThere: () => Promise<boolean>): Promise<void> {
  for (let asked = 0; asked < 500; asked++) {
    if (await isThere()) return
    await page.reload()
  }
  throw new Error(`${page.url()} never shows it`)
}

async function reportsByDay({ site }: SimulatedStage, workProvider: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ day: string; reports: number }>`
    select (r.received_at at time zone 'UTC')::date::text as day, count(*)::integer as reports
    from report r join work_provider w on w.id = r.work_provider_id where w.name = ${workProvider}
    group by 1 order by 1
  `.execute(site.context.db)
  return new Map(rows.map(({ day, reports }) => [day, reports]))
}

async function countRefusals({ site }: SimulatedStage, workProvider: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from refusal r join work_provider w on w.id = r.work_provider_id
    where w.name = ${workProvider}
  `.execute(site.context.db)
  return rows[0]!.count
}

/** Requests of the last 30 days: with reports, and words on matches. */
async function countRequests({ site }: SimulatedStage, workProvider: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(distinct told.request_id)::integer as count
    from (
      select work_provider_id, request_id, received_at from report
      union all
      select work_provider_id, request_id, received_at from match
    ) told join work_provider w on w.id = told.work_provider_id
    where w.name = ${workProvider} and told.received_at > now() - interval '30 days'
  `.execute(site.context.db)
  return rows[0]!.count
}

/** The ids of the requests on a page, each with its kind and the words for what became of it. */
async function requestsOn(page: Page): Promise<[id: string, outcome: string[]][]> {
  const requests: [string, string[]][] = []
  const cells = await page.locator('tbody td').allInnerTexts()
  for (let first = 0; first < cells.length; first += 5) {
    const [id, kind, items, became] = cells.slice(first + 1, first + 5)
    requests.push([id!, [kind!, items!, ...became!.split(', ').sort()]])
  }
  return requests
}

type Answer = {
  readonly items?: readonly { readonly kind: string; readonly outcome: string; readonly duplicateOf: string | null }[]
  readonly match?: { readonly success: boolean; readonly outcome: string }
}

/** The same by what the API says to the work provider. */
async function outcomeByApi(stage: SimulatedStage, workProvider: string, id: string): Promise<string[]> {
  const answer = (await (await ask(stage, workProvider, `/v1/requests/${id}`)).json()) as Answer
  if (answer.match !== undefined) {
    const { success, outcome } = answer.match
    return ['match', '1', `${success ? 'recognised' : 'not recognised'}: ${outcome}`]
  }
  const items = answer.items!
  const counted = (count: number, words: string): string => (items.length === 1 ? words : `${count} ${words}`)
  const outcomes = [...Map.groupBy(items, ({ outcome }) => outcome)].map(([outcome, all]) =>
    counted(all.length, outcome),
  )
  const again = items.filter(({ duplicateOf }) => duplicateOf !== null).length
  const words = [...outcomes, ...(again === 0 ? [] : [counted(again, 'told before')])]
  return [items[0]!.kind, String(items.length), ...words.sort()]
}
