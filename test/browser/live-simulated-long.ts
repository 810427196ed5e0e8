import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { type Instant, MICROSECONDS_PER_SECOND, parseInstant, plus } from '../../src/domain/instant.ts'
import type { World } from '../oracle/facts.ts'
import { oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { joinStaff } from '../support/desk.ts'
import { withAndWithoutScripts } from './chromium.ts'
import { becomes } from './driver.ts'
import { ask, describeSimulatedDesk, report, type SimulatedStage } from './simulated-desk.ts'

const EMPLOYER = 'Larder & Lane'

describeSimulatedDesk('the live page over the simulation, in a browser', (stage) => {
  withAndWithoutScripts(stage, (open, tag) => {
    it('tells what is so, also after somebody came on shift and a request was refused', async () => {
      const { visitor } = await joinStaff(stage.site, 'viewer', { email: `viewer-${tag}@insurer.example` })
      const page = await open()
      await page.setViewportSize({ width: 1280, height: 900 })
      await becomes(page, stage.site, visitor)
      await page.goto(`${stage.site.url}/staff/live`)
      const first = await shownOn(page)
      assert.deepEqual(first, await expectedAt(stage, first))

      const userId = await somebodyToCome(stage)
      assert.equal((await ask(stage, EMPLOYER, '/v1/shift/login', { method: 'POST', body: '{}' })).status, 400)
      await report(stage, EMPLOYER, userId)
      const newest = page.getByRole('region', { name: 'Last events' }).locator('tbody tr').first()
      await newest.filter({ hasText: `login user id ${userId} ` }).waitFor()
      const refused = Number(first.figures['Refused in the last hour']) + 1
      await page
        .locator('.figures > div', { hasText: 'Refused in the last hour' })
        .locator('.figure', { hasText: new RegExp(`^${refused}$`) })
        .waitFor()
      const then = await shownOn(page)
      assert.deepEqual(then, await expectedAt(stage, then))
    })
  })
})

type Live = {
  /** The instant of which the page speaks. */
  readonly at: Instant
  readonly figures: Readonly<Record<string, string>>
  /** On shift without cover: the customer, and at which work provider. */
  readonly uncovered: readonly string[]
  /** The last events: of which work provider, and what. */
  readonly received: readonly string[]
}

type Part = {
  readonly textContent: string
  readonly dateTime: string
  querySelector(what: string): Part
  querySelectorAll(what: string): Iterable<Part>
}

/** Read in one step: the page may put others in its parts' place between two. */
async function shownOn(page: Page): Promise<Live> {
  const { at, ...shown } = await page.evaluate(() => {
    const { document } = globalThis as unknown as { document: Part }
    const rows = (part: string, columns: number[]): string[] =>
      [...document.querySelectorAll(`[data-part="${part}"] tbody tr`)].map((row) => {
        const cells = [...row.querySelectorAll('td')].map(({ textContent }) => textContent.trim())
        return columns.map((column) => cells[column]).join(', ')
      })
    const figures = [...document.querySelectorAll('.figures > div')].map((one) => [
      one.querySelector('dt').textContent,
      one.querySelector('.figure').textContent,
    ])
    return {
      at: document.querySelector('[data-part="figures"] time').dateTime,
      figures: Object.fromEntries(figures) as Record<string, string>,
      uncovered: rows('uncovered', [0, 1]).sort(),
      received: rows('received', [1, 2]),
    }
  })
  const parsed = parseInstant(at)
  if ('problem' in parsed) throw new Error(`${at}: ${parsed.problem}`)
  return { at: parsed.instant, ...shown }
}

/** The same by what the database holds, and by the oracle. */
async function expectedAt(stage: SimulatedStage, { at, figures }: Live): Promise<Live> {
  const { db } = stage.site.context
  const seconds = at / MICROSECONDS_PER_SECOND
  const { rows } = await sql<{ lately: number; waiting: number; refused: number }>`
    select (select count(*) from report where received_at > to_timestamp(${seconds - 60}::float8)) as lately,
      (select count(*) from inbox) as waiting,
      (select count(*) from refusal where at > to_timestamp(${seconds - 3600}::float8)) as refused
  `.execute(db)
  const { rows: received } = await sql<{ workProvider: string; kind: string }>`
    select w.name as "workProvider", r.kind from report r join work_provider w on w.id = r.work_provider_id
    order by r.received_at desc, r.request_id desc, r.item desc limit 20
  `.execute(db)
  const factsOf = await stage.facts()
  const onShift = stage.made.world.couriers.flatMap(({ customer: { customerNumber } }) =>
    onShiftAt(factsOf(customerNumber), customerNumber, at),
  )
  const uncovered = onShift.filter(({ isCovered }) => !isCovered)
  const { lately, waiting, refused } = rows[0]!
  return {
    at,
    figures: {
      'On shift now': String(onShift.length),
      'Covered now': String(onShift.length - uncovered.length),
      'On shift without cover': String(uncovered.length),
      'Events a second': isRounded(figures['Events a second'], lately / 60)
        ? figures['Events a second']!
        : `${lately} / 60`,
      'Waiting in the inbox': String(waiting),
      'Refused in the last hour': String(refused),
    },
    uncovered: uncovered.map(({ customerNumber, workProvider }) => `${customerNumber}, ${workProvider}`).sort(),
    received: received.map(({ workProvider, kind }) => `${workProvider}, ${kind}`),
  }
}

/** To one decimal, whichever way a half went. */
function isRounded(shown: string | undefined, exact: number): boolean {
  return Math.abs(Number(shown) - exact) < 0.0501
}

type OnShift = { readonly customerNumber: string; readonly workProvider: string; readonly isCovered: boolean }

function onShiftAt(facts: World, customerNumber: string, now: Instant): OnShift[] {
  const cover = oracleCover(facts, customerNumber, { now }).filter(({ to }) => to === now)
  return oracleShifts(facts, customerNumber, { now })
    .filter(({ endReason }) => endReason === null)
    .map(({ workProvider }) => ({
      customerNumber,
      workProvider,
      isCovered: cover.some(({ workProviders }) => workProviders.includes(workProvider)),
    }))
}

/** The user id of somebody who is off shift, and would be covered. */
async function somebodyToCome({ made, facts, site }: SimulatedStage): Promise<string> {
  const factsOf = await facts()
  const now = site.context.now()
  for (const { customer, links } of made.world.couriers) {
    const userId = links.find(({ workProvider }) => workProvider === EMPLOYER)?.userIds[0]
    if (userId === undefined) continue
    const known = factsOf(customer.customerNumber)
    const at = plus(now, -MICROSECONDS_PER_SECOND)
    const identity = { kind: 'user_id', text: userId } as const
    const login = { workProvider: EMPLOYER, identity, kind: 'login', at, receivedAt: now } as const
    const then = onShiftAt({ ...known, reports: [...known.reports, login] }, customer.customerNumber, now)
    if (onShiftAt(known, customer.customerNumber, now).length === 0 && then.some(({ isCovered }) => isCovered))
      return userId
  }
  throw new Error('nobody is left who could come on shift')
}
