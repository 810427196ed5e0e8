import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CustomerRecord } from '../../src/domain/customer-record.ts'
import { explainCover } from '../../src/domain/explain.ts'
import { formatInstant, type Instant } from '../../src/domain/instant.ts'
import { localDayOf, localWeekOf } from '../../src/domain/local-day.ts'
import { timelineOf } from '../../src/domain/timeline.ts'
import { explanation } from '../../src/web/staff/explanation.ts'
import { timelineFigure } from '../../src/web/staff/timeline.ts'
import type { World } from '../oracle/facts.ts'
import { consent, given, h, login, logout, number, policy, settings } from '../oracle/given.ts'
import { recordOf } from '../support/worlds.ts'
import { assertInert, elementsOf, textOf } from './markup.ts'

const TIME_ZONE = 'Europe/London'
const choose = (at: Instant): string => `/staff/somewhere?at=${formatInstant(at)}`

/* 1 June 2026 in London begins at 23 o'clock UTC the day before: h(-1). */
const WORLD: World = given({
  consents: [consent(1, 0, true), consent(2, 13, false), consent(3, 15, true)],
  policies: [policy(0, null, { id: 'P1', vehicle: 'AB12 CDE' })],
  workProviders: settings({ seq: 1, name: 'cap', value: 4 * 3_600_000_000, effectiveAt: h(12), recordedAt: h(0) }),
  reports: [login(1), login(2), logout(3), logout(4), login(12), login(17), login(18), logout(18), login(22)],
  annulments: [
    {
      seq: 1,
      workProvider: 'Ace',
      identity: number('C1'),
      kind: 'login',
      at: h(17),
      annulled: true,
      recordedAt: h(19),
    },
  ],
})
const NOW = h(20) as Instant

async function figure(record: CustomerRecord, chosen: Instant | null = null, isWeek = false): Promise<string> {
  const days = isWeek ? localWeekOf(NOW, TIME_ZONE) : [localDayOf(NOW, TIME_ZONE)]
  const timeline = timelineOf({ record, now: NOW }, { from: days[0]!.from, to: days.at(-1)!.to })
  const view = { days, timeZone: TIME_ZONE, chosen, choose, isAsKnown: false }
  return (await timelineFigure(timeline, view)).toString()
}

/** The picture alone, without its tables. */
async function picture(record: CustomerRecord, chosen: Instant | null = null): Promise<string> {
  return (await figure(record, chosen)).split('<ul class="lanes-legend">')[0]!
}

/** The titles of the links that choose an instant. */
function titlesAt(markup: string, hour: number): string[] {
  const href = choose(h(hour) as Instant)
  return [...markup.matchAll(/<a href="([^"]*)"\s*><title>([^<]*)<\/title>/g)]
    .filter((match) => match[1] === href)
    .map((match) => match[2]!.trim())
}

function hrefs(markup: string): string[] {
  return elementsOf(markup).flatMap(({ name, attributes }) => (name === 'a' ? [attributes.get('href')!] : []))
}

describe('the timeline', () => {
  const record = recordOf(WORLD, 'C1')

  test('every event is a link that chooses its instant and says what became of it', async () => {
    const markup = await picture(record)
    const said = (hour: number, kind: string): string =>
      titlesAt(markup, hour).find((title) => title.startsWith(`${kind}, `)) ?? 'nothing'
    assert.match(
      said(1, 'Login'),
      /^Login, Mon, 1 Jun 2026, 02:00:00 BST, customer number C1: opened a shift\. Received /,
    )
    assert.match(said(2, 'Login'), /: a repeat/)
    assert.match(said(3, 'Logout'), /: closed the shift/)
    assert.match(said(4, 'Logout'), /: an orphan/)
    assert.match(said(17, 'Login'), /: annulled by/)
    assert.match(said(18, 'Login'), /: an empty shift/)
    assert.match(said(18, 'Logout'), /: an empty shift/)
  })

  test('every shift, stretch of consent, policy, and piece with or without cover is a link to its start', async () => {
    const markup = await picture(record)
    const has = (hour: number, pattern: RegExp): void =>
      assert.ok(
        titlesAt(markup, hour).some((title) => pattern.test(title)),
        `${hour}: ${titlesAt(markup, hour).join(' | ')} has no ${pattern}`,
      )
    has(1, /^Shift from .* \(2.h\), ended by logout\.$/)
    has(12, /^Shift from .* \(4.h\), ended by its cap: no logout came\.$/)
    has(13, /^Consent to Ace withdrawn from .* 14:00:00 BST to .* 16:00:00 BST\.$/)
    has(15, /^Consent to Ace given from .*, until further notice\.$/)
    has(0, /^Policy P1: FOOD, TP, AB12 CDE, good for every work provider, valid from /)
    has(1, /^Covered from .*, on shift for Ace\.$/)
    has(3, /^Not covered from /)
    has(15, /^Covered from /)
  })

  test('an instant still to come is shown but cannot be chosen', async () => {
    const markup = await figure(record)
    assert.ok(!hrefs(markup).includes(choose(h(22) as Instant)))
    assert.match(markup, /<title\s*>Login, Mon, 1 Jun 2026, 23:00:00 BST[^<]*still to come/)
  })

  test('what can be chosen in the picture can be chosen in the tables', async () => {
    const [drawn, rest] = (await figure(record)).split('<ul class="lanes-legend">')
    const inTables = new Set(hrefs(rest!))
    const missing = hrefs(drawn!).filter((href) => href.startsWith('/') && !inTables.has(href))
    assert.deepEqual(missing, [])
  })

  test('the chosen instant is drawn only where it is in the span', async () => {
    assert.match(await picture(record, h(5) as Instant), /aria-label="Chosen: Mon, 1 Jun 2026, 06:00:00 BST"/)
    assert.doesNotMatch(await picture(record, h(50) as Instant), /Chosen:/)
  })

  test('signs differ by shape: a repeat is no login that opened, an annulled event is struck through', async () => {
    const shapes = async (kept: (report: World['reports'][number]) => boolean): Promise<number> => {
      const world = { ...WORLD, reports: WORLD.reports.filter(kept) }
      return elementsOf(await picture(recordOf(world, 'C1'))).filter(({ attributes }) =>
        /\b(?:hollow|strike)\b/.test(attributes.get('class') ?? ''),
      ).length
    }
    // The repeat, the orphan, the annulled one with its stroke, both of the empty shift, and the one still to come.
    assert.equal(await shapes(() => true), 7)
    assert.equal(await shapes((report) => report.at !== h(17)), 5)
    assert.equal(await shapes((report) => [h(1), h(3), h(12)].includes(report.at)), 0)
  })

  test('a long name is cut with an ellipsis, and whole where it is pointed at or read out', async () => {
    const name = `The ${'very '.repeat(30)}long company`
    const markup = await picture(renamed(record, name))
    assert.match(markup, /<title\s*>The very [^<]*long company<\/title[^>]*>The very [^<]*…/)
    assert.ok(markup.includes(`<g role="group" aria-label="${name}"`))
  })

  test('says so when nothing is linked, nothing is valid and nothing was reported', async () => {
    const empty = textOf(await figure({ customerNumber: 'C1', policies: [], streams: [] }))
    assert.match(empty, /No work provider is linked/)
    assert.match(empty, /no policy is valid/)
    const silent = textOf(await picture(recordOf(given(), 'C1')))
    assert.match(silent, /nothing reported/)
    assert.match(silent, /no consent yet/)
  })

  test('has every id that it points at, once, and none of a style or script', async () => {
    const markup = await figure(record, h(5) as Instant, true)
    assertInert(markup, 'the timeline')
    const ids = elementsOf(markup).flatMap(({ attributes }) => attributes.get('id') ?? [])
    assert.equal(new Set(ids).size, ids.length)
    for (const [, id] of markup.matchAll(/(?:href="#|url\(#)([\w-]+)/g)) assert.ok(ids.includes(id!), `#${id}`)
  })

  test('shows what others wrote as text', async () => {
    const hostile = `"><script>alert(1)</script>' onload='x`
    const world: World = {
      ...WORLD,
      reports: [...WORLD.reports, login(6, { by: { kind: 'user_id', text: hostile } })],
      bindings: [{ id: 1, workProvider: 'Ace', userId: hostile, linkId: 'L1', recordedAt: h(0) }],
      policies: [policy(0, null, { classOfUse: hostile, coverLevel: hostile, vehicle: hostile, id: hostile })],
    }
    const named = renamed(recordOf(world, 'C1'), hostile)
    const markup = await figure(named, h(6) as Instant, true)
    assertInert(markup, 'the timeline')
    assert.ok(textOf(markup).includes(`work provider user id ${hostile}`))
    const chain = await explained(named, h(6) as Instant)
    assertInert(chain, 'the explanation')
    assert.ok(textOf(chain).includes(hostile))
  })
})

describe('the explanation of an instant', () => {
  const record = recordOf(WORLD, 'C1')

  test('gives the verdict, its sentence, and every fact with its id and when it became known', async () => {
    for (const [hour, verdict] of [
      [2, 'Covered'],
      [14, 'Not covered'],
      [5, 'Not covered'],
    ] as const) {
      const at = h(hour) as Instant
      const { why, facts } = explainCover(record, at, NOW)
      const text = textOf(await explained(record, at)).replaceAll(/\s+/g, ' ')
      assert.ok(text.includes(` ${verdict} at Mon, 1 Jun 2026, `), text)
      assert.ok(text.includes(why))
      assert.ok(facts.length > 3)
      for (const fact of facts) {
        const known = fact.recordedAt === null ? 'derived from the events' : formatInstant(fact.recordedAt)
        for (const part of [fact.says, fact.id, formatInstant(fact.effectiveAt), known])
          assert.ok(text.includes(part), part)
      }
    }
  })

  test('gives every instant in UTC to the microsecond beside the local time', async () => {
    const late = login(6, { receivedAt: h(6) + 123_457 })
    const at = h(6) as Instant
    const markup = await explained(recordOf({ ...WORLD, reports: [...WORLD.reports, late] }, 'C1'), at)
    assert.match(markup, /<time datetime="2026-06-01T06:00:00\.123457Z"\s*>Mon, 1 Jun 2026, 07:00:00 BST/)
    assert.ok(textOf(markup).includes('2026-06-01T06:00:00.123457Z'))
  })
})

async function explained(record: CustomerRecord, at: Instant): Promise<string> {
  const view = { at, asKnownAt: null, timeZone: TIME_ZONE }
  return (await explanation(explainCover(record, at, NOW), view)).toString()
}

function renamed(record: CustomerRecord, workProvider: string): CustomerRecord {
  return { ...record, streams: record.streams.map((stream) => ({ ...stream, workProvider })) }
}
