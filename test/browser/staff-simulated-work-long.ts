import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import { sql } from 'kysely'
import type { Locator, Page } from 'playwright-core'
import { formatInstant, type Instant, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { formatLocalTime } from '../../src/domain/local-time.ts'
import type { SimulatedWorld } from '../../src/domain/simulated-world.ts'
import type { World } from '../oracle/facts.ts'
import { oracleShifts } from '../oracle/oracle.ts'
import { dangerousCells, parseCsv } from '../support/csv.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { withAndWithoutScripts } from './chromium.ts'
import { becomes, downloaded, follow, press, sees, type } from './driver.ts'
import { describeSimulatedDesk, report, type SimulatedStage } from './simulated-desk.ts'

const TIME_ZONE = 'Europe/London'
const FOREVER = Number.MAX_SAFE_INTEGER
/** An id that a spreadsheet would take for a formula. */
const FORMULA = '=HYPERLINK("https://evil.example";"x")'

describeSimulatedDesk('the work of the desk over the simulation, in a browser', (stage) => {
  let operator: DeskVisitor
  before(async () => {
    operator = await joinStaff(stage.site, 'operator')
    await report(stage, 'Larder & Lane', FORMULA)
  })

  withAndWithoutScripts(stage, (open, tag) => {
    const enter = async (path: string): Promise<Page> => {
      const page = await open()
      await page.setViewportSize({ width: 1280, height: 900 })
      await becomes(page, stage.site, operator.visitor)
      await page.goto(`${stage.site.url}${path}`)
      return page
    }
    /** One for each way to walk. */
    const mine = <T>(each: readonly T[]): T => {
      assert.ok(each.length > 1, 'there are too few in the simulation')
      return each[tag === 'scripts' ? 0 : 1]!
    }

    it('counts open cases as they are in the database, and lists and downloads all of them', async () => {
      const page = await enter('/staff/reconciliation')
      const counts = await openCases(stage)
      assert.deepEqual(await countsOn(page), counts)
      const total = [...counts.values()].flat().reduce((sum, count) => sum + count, 0)
      const rows = parseCsv(await downloaded(page, 'All of it (CSV)', 'reconciliation.csv'))
      assert.equal(rows.length - 1, total)
      assert.deepEqual(dangerousCells(rows), [])
      assert.ok(rows.some(([, , about]) => about!.value === `'${FORMULA}`))
      const cases = page.getByRole('region', { name: 'Cases', exact: true }).locator('tbody tr')
      let listed = await cases.count()
      for (const next = page.getByRole('link', { name: 'Next 50' }); (await next.count()) > 0;) {
        const before = page.url()
        await next.click()
        await page.waitForURL((url) => url.href !== before)
        listed += await cases.count()
      }
      assert.equal(listed, total)
    })

    it('holds as parked whom the simulation linked to nobody, and nobody else', async () => {
      const strangers = unlinkedOf(stage.made.world).map(({ workProvider, text }) => `${workProvider}/${text}`)
      const page = await enter('/staff/reconciliation?kind=parked')
      const rows = parseCsv(await downloaded(page, 'All of it (CSV)', 'reconciliation.csv')).slice(1)
      const parked = rows.map(([, workProvider, about]) => `${workProvider!.value}/${about!.value}`)
      assert.deepEqual(
        new Set([...parked, ...(await boundSince(stage))]),
        new Set([...strangers, `Larder & Lane/'${FORMULA}`]),
      )
    })

    it('links a parked customer number to the customer whose it is, and the shifts are there at once', async () => {
      const { workProvider, text: customerNumber } = mine(
        unlinkedOf(stage.made.world).filter(({ kind }) => kind === 'customer_number'),
      )
      const facts = (await stage.facts())(customerNumber)
      const link = { id: 'made', workProvider, customerNumber, recordedAt: stage.site.context.now() }
      const linked = { ...facts, links: [...facts.links, link] }
      const startsAt = (now: number): string[] => startsOf(linked, customerNumber, workProvider, now)
      const page = await enter('/staff/reconciliation')
      await openCaseOf(page, workProvider, customerNumber)
      await sees(page, `Parked customer number at ${workProvider}`)
      await follow(page, `Link customer ${customerNumber}`)
      await sees(page, `Bind this id to ${customerNumber}?`)
      await page.getByText('This customer does not agree to share').waitFor()
      await press(page, `Bind it to ${customerNumber}`)
      await sees(page, `Bound to ${customerNumber}`)
      await page.getByText(cameOfIt(startsAt(FOREVER).length), { exact: true }).waitFor()
      await page.getByRole('main').getByRole('link', { name: customerNumber, exact: true }).click()
      assert.deepEqual(await downloadedStarts(page, customerNumber, workProvider), startsAt(stage.site.context.now()))
    })

    it('binds a parked user id, and releases it again: the shifts come, and go', async () => {
      const { world } = stage.made
      const { workProvider, text: userId } = mine(strangersOf(world))
      const { customer } = world.couriers
        .flatMap(({ customer, links }) => links.map((link) => ({ customer, ...link })))
        .filter((link) => link.workProvider === workProvider)
        .toSorted((one, other) => one.expected.shifts.length - other.expected.shifts.length)[0]!
      const { customerNumber } = customer
      const facts = await stage.facts()
      const starts = (known: (customerNumber: string) => World, now: number): string[] =>
        startsOf(known(customerNumber), customerNumber, workProvider, now)
      const page = await enter('/staff/reconciliation')
      await openCaseOf(page, workProvider, userId)
      await type(page, { 'Customer number': customerNumber })
      await press(page, 'Look up the customer')
      await page.getByText(customer.name).waitFor()
      await press(page, `Bind it to ${customerNumber}`)
      await sees(page, `Bound to ${customerNumber}`)
      const factsThen = await stage.facts()
      const now = stage.site.context.now()
      assert.notDeepEqual(starts(factsThen, now), starts(facts, now))
      const gained = starts(factsThen, FOREVER).length - starts(facts, FOREVER).length
      await page.getByText(cameOfIt(gained), { exact: true }).waitFor()
      await page.getByRole('main').getByRole('link', { name: customerNumber, exact: true }).click()
      assert.deepEqual(await downloadedStarts(page, customerNumber, workProvider), starts(factsThen, now))

      await follow(page, `Change consent or ids at ${workProvider}`)
      await page.getByLabel('User id', { exact: true }).selectOption(userId)
      const first = Math.min(
        ...world.requests.flatMap((one) =>
          one.reports.filter(({ identity }) => identity.text === userId).map(({ at }) => at as number),
        ),
      )
      await page
        .getByLabel(/^Released from/)
        .fill(formatLocalTime(plus(first as Instant, -2 * MICROSECONDS_PER_SECOND), TIME_ZONE))
      await press(page, 'Release')
      await sees(page, customer.name)
      assert.deepEqual(await downloadedStarts(page, customerNumber, workProvider), starts(facts, now))
      await page.goto(`${stage.site.url}/staff/reconciliation`)
      await openCaseOf(page, workProvider, userId)
      await page.getByText('Open', { exact: true }).waitFor()
    })

    it('has a case noted, done, and opened again', async () => {
      const { workProvider, text: userId } = mine(strangersOf(stage.made.world).slice(2))
      const page = await enter('/staff/reconciliation')
      await openCaseOf(page, workProvider, userId)
      await type(page, { Note: 'Asked the work provider' })
      await press(page, 'Keep the note')
      await page.getByText('Asked the work provider').waitFor()
      await press(page, 'It is done')
      await page.getByText('Done', { exact: true }).waitFor()
      await page.goto(`${stage.site.url}/staff/reconciliation?kind=parked`)
      await sees(page, 'Reconciliation')
      assert.equal(await rowOf(page, userId).count(), 0)
      await page.getByLabel('State').selectOption('done')
      await press(page, 'Show')
      await rowOf(page, userId).getByRole('link', { name: 'Parked user id' }).click()
      await press(page, 'Open it again')
      await page.getByText('Open again', { exact: true }).waitFor()
    })

    it('is told in the audit log, to the last line', async () => {
      const page = await enter('/staff/audit')
      await page.getByRole('row').filter({ hasText: 'simulation made' }).waitFor()
      const rows = parseCsv(await downloaded(page, 'All of it (CSV)', 'audit.csv'))
      const { rows: counts } = await sql<{ lines: number }>`
        select count(*)::integer as lines from audit
      `.execute(stage.site.context.db)
      assert.equal(rows.length - 1, counts[0]!.lines)
      assert.deepEqual(dangerousCells(rows), [])
    })
  })
})

type Name = { readonly workProvider: string; readonly kind: 'user_id' | 'customer_number'; readonly text: string }

/** Who was told of, how often, and is linked to nobody at that work provider. */
function unlinkedOf({ couriers, requests }: SimulatedWorld): (Name & { readonly events: number })[] {
  const links = couriers.flatMap((courier) => courier.links)
  const held = new Set(
    links.flatMap(({ workProvider, customerNumber, userIds }) =>
      [customerNumber, ...userIds].map((text) => `${workProvider}/${text}`),
    ),
  )
  const told = requests.flatMap(({ workProvider, reports }) =>
    reports.map(({ identity }): Name => ({ workProvider, ...identity })),
  )
  return [...Map.groupBy(told, ({ workProvider, text }) => `${workProvider}/${text}`)]
    .filter(([name]) => !held.has(name))
    .map(([, reports]) => ({ ...reports[0]!, events: reports.length }))
}

/** Ids of nobody, told of often enough that shifts come of them. */
function strangersOf(world: SimulatedWorld): Name[] {
  return unlinkedOf(world).filter(({ kind, events }) => kind === 'user_id' && events > 4)
}

/** Open cases of each work provider: parked, failed matches, unknown numbers, waiting consents, conflicting ids. */
async function openCases({ site }: SimulatedStage): Promise<Map<string, number[]>> {
  const { rows } = await sql<{ name: string; counts: number[] }>`
    select w.name, array[
      count(*) filter (where kind in ('parked user id', 'parked customer number')),
      count(*) filter (where kind = 'failed match'),
      count(*) filter (where kind = 'unknown customer number'),
      count(*) filter (where kind = 'waiting for consent'),
      count(*) filter (where kind = 'conflicting claim')
    ]::integer[] as counts
    from reconciliation_case c join work_provider w on w.id = c.work_provider_id
    where not is_done group by w.name order by w.name
  `.execute(site.context.db)
  return new Map(rows.map(({ name, counts }) => [name, counts]))
}

/** The same as the page counts them: the parked ones by age, here together. */
async function countsOn(page: Page): Promise<Map<string, number[]>> {
  const counts = new Map<string, number[]>()
  for (const row of await page.getByRole('region', { name: 'Open cases' }).locator('tbody tr').all()) {
    const cells = (await row.locator('td').allInnerTexts()).map(Number)
    const parked = cells.slice(0, -4).reduce((sum, count) => sum + count, 0)
    counts.set(await row.locator('th').innerText(), [parked, ...cells.slice(-4)])
  }
  return counts
}

/** What was bound at the desk since the simulation was made. */
async function boundSince({ site, made }: SimulatedStage): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select concat_ws('/', w.name, b.identity) as name from binding b join work_provider w on w.id = b.work_provider_id
    where b.recorded_at > to_timestamp(${made.world.period.until / MICROSECONDS_PER_SECOND})
  `.execute(site.context.db)
  return rows.map(({ name }) => name)
}

async function openCaseOf(page: Page, workProvider: string, who: string): Promise<void> {
  await page.getByLabel('Kind').selectOption({ label: 'Parked persons' })
  await page.getByLabel('Work provider').selectOption({ label: workProvider })
  await press(page, 'Show')
  await rowOf(page, who)
    .getByRole('link', { name: /^Parked / })
    .click()
}

function rowOf(page: Page, who: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('cell', { name: who, exact: true }) })
}

/** When the shifts at a work provider began that the oracle knows of, up to an instant. */
function startsOf(facts: World, customerNumber: string, workProvider: string, now: number): string[] {
  return oracleShifts(facts, customerNumber, { now })
    .filter((shift) => shift.workProvider === workProvider)
    .map(({ startedAt }) => formatInstant(startedAt as Instant))
}

async function downloadedStarts(page: Page, customerNumber: string, workProvider: string): Promise<string[]> {
  const rows = parseCsv(await downloaded(page, 'shifts', `${customerNumber}-shifts.csv`))
  return rows.flatMap(([by, start]) => (by!.value === workProvider ? [start!.value] : []))
}

function cameOfIt(shifts: number): string {
  return shifts === 1 ? 'One shift came of it.' : `${shifts === 0 ? 'No shift' : `${shifts} shifts`} came of it.`
}
