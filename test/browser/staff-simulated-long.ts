import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import type { Page } from 'playwright-core'
import { explain, readCustomer } from '../../src/app/customer-record.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { contains, type Interval } from '../../src/domain/interval.ts'
import { localWeekOf } from '../../src/domain/local-day.ts'
import { formatLocalTime } from '../../src/domain/local-time.ts'
import { formatExactly } from '../../src/web/kit/times.ts'
import type { World } from '../oracle/facts.ts'
import { oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { dangerousCells, parseCsv } from '../support/csv.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { withAndWithoutScripts } from './chromium.ts'
import { look, verdict } from './desk-walk.ts'
import { becomes, downloaded, follow, press, sees, type } from './driver.ts'
import { decisiveLogins, isCoveredAt, lateLogin, severalAtWork, within } from './simulated-choices.ts'
import { describeSimulatedDesk, type SimulatedStage } from './simulated-desk.ts'
import { situationsOf } from './simulated-situations.ts'
import { countHeldEvents, factsInStore, storedStarts } from './stored-facts.ts'

const TIME_ZONE = 'Europe/London'

describeSimulatedDesk('simulated customers at the desk, in a browser', (stage) => {
  let operator: DeskVisitor
  let factsOf: (customerNumber: string) => World
  before(async () => {
    operator = await joinStaff(stage.site, 'operator')
    factsOf = await stage.facts()
  })
  const pathOf = (customerNumber: string): string => `${stage.site.url}/staff/customers/${customerNumber}`

  withAndWithoutScripts(stage, (open, tag) => {
    const enter = async (): Promise<Page> => {
      const page = await open()
      await page.setViewportSize({ width: 1280, height: 900 })
      await becomes(page, stage.site, operator.visitor)
      return page
    }

    it('are found by number, e-mail address, name, user id, registration and a request', async () => {
      const { couriers, requests } = stage.made.world
      const told = new Set(requests.flatMap(({ reports }) => reports.map(({ identity }) => identity.text)))
      const { customer, policies, links } = couriers.find(
        (one) => told.has(one.links[0]?.userIds[0] ?? '') && one.policies[0]?.vehicleRegistration != null,
      )!
      const { customerNumber, email, name } = customer
      const userId = links[0]!.userIds[0]!
      const page = await enter()
      for (const text of [customerNumber.toLowerCase(), email, userId, policies[0]!.vehicleRegistration!]) {
        await page.goto(`${stage.site.url}/staff`)
        await look(page, text)
        await sees(page, name)
        assert.equal(new URL(page.url()).pathname, `/staff/customers/${customerNumber}`, text)
      }
      await page.goto(`${stage.site.url}/staff`)
      await look(
        page,
        name
          .split(' ')
          .map((word) => word.slice(0, 4))
          .join(' '),
      )
      await sees(page, 'Search')
      await page.getByRole('row').filter({ hasText: email }).getByRole('link', { name: customerNumber }).click()
      await sees(page, name)

      const request = requests.findLast(({ reports }) => reports.some(({ identity }) => identity.text === userId))!
      await page.goto(`${stage.site.url}/staff`)
      await look(page, request.requestId)
      await sees(page, 'Request')
      assert.equal(await page.locator('tbody tr').count(), request.reports.length)
      const item = page.getByRole('cell', { name: `user id ${userId}`, exact: true }).first()
      await page.getByRole('row').filter({ has: item }).getByRole('link', { name: customerNumber }).first().click()
      await sees(page, name)
    })

    it('have a picture of a day and of a week: a lane for each work provider, with every event, shift and stretch of cover', async () => {
      const { courier, day } = severalAtWork(stage.made.world, factsOf, TIME_ZONE)
      const { customerNumber } = courier.customer
      const page = await enter()
      await page.goto(`${pathOf(customerNumber)}?on=${day.day}`)
      assert.deepEqual(await drawnIn(page), expectedIn(factsOf(customerNumber), customerNumber, day, stage))
      await follow(page, 'The whole week')
      const week = localWeekOf(day.from, TIME_ZONE)
      const span = { from: week[0]!.from, to: week.at(-1)!.to }
      await page.getByRole('heading', { level: 2, name: / to / }).waitFor()
      assert.deepEqual(await drawnIn(page), expectedIn(factsOf(customerNumber), customerNumber, span, stage))
    })

    it('are said to be covered, or not and why, as the simulation, the oracle and zego cover say', async () => {
      const page = await enter()
      for (const { what, courier, at, isCovered, says } of situationsOf(stage.made.world, TIME_ZONE)) {
        const { customerNumber, name } = courier.customer
        const now = stage.site.context.now()
        assert.equal(isCoveredAt(factsOf(customerNumber), customerNumber, at, { now }), isCovered, what)
        await page.goto(pathOf(customerNumber))
        await sees(page, name)
        await choose(page, at)
        await verdict(page, isCovered ? 'Covered' : 'Not covered')
        const told = await explanationOn(page)
        const answer = explain(await readCustomer(stage.site.context, { customerNumber }), at)
        assert.equal(told.why, answer.why, what)
        for (const words of says) assert.ok(told.why.includes(words), `${what}: ${words}: ${told.why}`)
        const known = await factsInStore(stage.site, customerNumber)
        assert.deepEqual(
          told.facts.filter((fact) => !known.has(fact)),
          [],
          what,
        )
        assert.equal(told.facts.length, answer.facts.length, what)
      }
    })

    it('were not known to be covered before a late login came, and are since', async () => {
      const { courier, at, known } = lateLogin(stage.made.world, factsOf, TIME_ZONE)
      const page = await enter()
      await page.goto(pathOf(courier.customer.customerNumber))
      await choose(page, at)
      await verdict(page, 'Covered')
      for (const [instant, words] of [
        [known, 'Not covered'],
        [plus(known, 3 * MICROSECONDS_PER_SECOND), 'Covered'],
      ] as const) {
        await page.getByLabel('As known at (empty: now)').fill(formatLocalTime(instant, TIME_ZONE))
        await press(page, 'Show as known then')
        await page.getByRole('region', { name: 'As known at' }).getByText(formatInstant(instant)).first().waitFor()
        await verdict(page, words)
      }
      await follow(page, 'As it is known now')
      await verdict(page, 'Covered')
    })

    it('lose a shift with its login annulled, and have it again when that is restored', async () => {
      const { courier, report, at } = decisiveLogins(stage.made.world, factsOf, 2)[tag === 'scripts' ? 0 : 1]!
      const { customerNumber } = courier.customer
      const { expected } = courier.links.find((link) => link.workProvider === report.workProvider)!
      const page = await enter()
      const shift = page.getByRole('link', { name: new RegExp(`^Shift from ${formatExactly(at, TIME_ZONE)}`) })
      const login = page
        .getByRole('region', { name: 'Events', exact: true })
        .getByRole('link', { name: `Login, ${formatExactly(at, TIME_ZONE)}` })
      await page.goto(`${pathOf(customerNumber)}?at=${encodeURIComponent(formatInstant(at))}`)
      await verdict(page, 'Covered')
      assert.equal(await shift.count(), 1)
      await login.click()
      await type(page, { Reason: 'The courier was at home' })
      await press(page, 'Annul')
      await verdict(page, 'Not covered')
      assert.equal(await shift.count(), 0)
      const now = stage.site.context.now()
      const annulled = (await stage.facts())(customerNumber)
      assert.ok(!isCoveredAt(annulled, customerNumber, at, { now }))
      assert.deepEqual(
        await storedStarts(stage.site, customerNumber, report.workProvider),
        startsOf(oracleShifts(annulled, customerNumber, FOREVER), report.workProvider),
      )
      await login.click()
      await type(page, { Reason: 'The courier was at work' })
      await press(page, 'Restore')
      await verdict(page, 'Covered')
      assert.equal(await shift.count(), 1)
      assert.deepEqual(
        await storedStarts(stage.site, customerNumber, report.workProvider),
        expected.shifts.map(({ startedAt }) => startedAt),
      )
    })

    it('are downloaded whole: events, shifts, cover and policies', async () => {
      const { courier } = severalAtWork(stage.made.world, factsOf, TIME_ZONE)
      const { customerNumber } = courier.customer
      const facts = factsOf(customerNumber)
      const now = stage.site.context.now()
      const page = await enter()
      await page.goto(pathOf(customerNumber))
      const tables = [
        ['events', 'events', await countHeldEvents(stage.site, customerNumber)],
        ['shifts', 'shifts', oracleShifts(facts, customerNumber, { now }).length],
        ['cover', 'cover', oracleCover(facts, customerNumber, { now }).length],
        ['Policies (CSV)', 'policies', courier.policies.length],
      ] as const
      for (const [link, file, count] of tables) {
        const rows = parseCsv(await downloaded(page, link, `${customerNumber}-${file}.csv`))
        assert.equal(rows.length - 1, count, file)
        assert.deepEqual(dangerousCells(rows), [])
      }
    })
  })
})

const FOREVER = { now: Number.MAX_SAFE_INTEGER }

async function choose(page: Page, at: Instant): Promise<void> {
  await page.getByLabel(/^Choose an instant/).fill(formatLocalTime(at, TIME_ZONE))
  await press(page, 'Show why')
}

/** What is drawn: of each lane, how many signs. */
async function drawnIn(page: Page): Promise<Record<string, Record<string, number>>> {
  const picture = page.getByRole('region', { name: 'Timeline, scrolls sideways' })
  const drawn: Record<string, Record<string, number>> = {}
  for (const lane of await picture.locator('g[role=group]').all()) {
    const name = (await lane.getAttribute('aria-label'))!
    if (name.startsWith('Consent to') || name === 'Policy') continue
    const count = (signs: RegExp): Promise<number> => lane.getByRole('link', { name: signs }).count()
    drawn[name] =
      name === 'Cover'
        ? { covered: await count(/^Covered /) }
        : { events: await count(/^Log(in|out), /), shifts: await count(/^Shift /) }
  }
  return drawn
}

function expectedIn(
  facts: World,
  customerNumber: string,
  span: Interval,
  { site }: SimulatedStage,
): Record<string, Record<string, number>> {
  const now = site.context.now()
  const shifts = oracleShifts(facts, customerNumber, { now })
  const lanes = facts.links.map(({ workProvider }) => {
    const own = shifts.filter((one) => one.workProvider === workProvider)
    const told = distinct(facts).filter((one) => one.workProvider === workProvider && one.at <= now)
    const stretches = own.map(({ startedAt, endedAt, capAt }) => ({
      from: startedAt,
      to: endedAt ?? Math.min(capAt, now),
    }))
    const events = told.filter((one) => contains(span, one.at as Instant)).length
    return [workProvider, { events, shifts: within(stretches, span).length }] as const
  })
  const cover = within(oracleCover(facts, customerNumber, { now }), span)
  return { ...Object.fromEntries(lanes), Cover: { covered: cover.length } }
}

/** Events: what was told, each once. */
function distinct({ reports }: World): World['reports'] {
  const keyOf = ({ workProvider, identity, kind, at }: World['reports'][number]): string =>
    `${workProvider}/${identity.kind}/${identity.text}/${kind}/${at}`
  return [...new Map(reports.map((report) => [keyOf(report), report])).values()]
}

/** The sentence, and each fact with its id, as the page tells them. */
async function explanationOn(page: Page): Promise<{ why: string; facts: string[] }> {
  const section = page.locator('section.explanation')
  const kinds = await section.locator('tbody th').allInnerTexts()
  const ids = await section.locator('tbody td:last-child code').allInnerTexts()
  const facts = ids.map((id, index) => `${kinds[index]!.split('\n')[0]} ${id}`)
  return { why: await section.locator('> p', { hasText: /^(Covered|Not covered) at / }).innerText(), facts }
}

function startsOf(shifts: readonly { workProvider: string; startedAt: number }[], workProvider: string): number[] {
  return shifts.filter((one) => one.workProvider === workProvider).map(({ startedAt }) => startedAt)
}
