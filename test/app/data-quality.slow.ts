import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { Context } from '../../src/app/context.ts'
import { countDay, dueDays, startCountingQuality } from '../../src/app/count-quality.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { readDataQuality } from '../../src/app/data-quality.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { settle } from '../../src/app/settle.ts'
import { projectReports } from '../../src/app/project.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { COUNTS, NOTHING, type QualityDay } from '../../src/domain/data-quality.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { addDays, startOfUtcDay, type UtcDay, utcDayOf } from '../../src/domain/utc-day.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { dropLease, holdLease } from '../../src/storage/leases.ts'
import { readQualityDays, storeQualityDay } from '../../src/storage/quality-days.ts'
import { waitFor } from '../faults/harness.ts'
import type { Question, World } from '../oracle/facts.ts'
import { oracleAnomalies, oracleShifts } from '../oracle/oracle.ts'
import { runs } from '../support/properties.ts'
import { receive, type Received, requestIdOf } from '../support/received.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { worldOfStore } from '../support/world-of-store.ts'

const MINUTE = 60_000_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Between a request and its reports being stored. */
const STORED_AFTER = 7_000
const WORLD_DAYS = 4
const STEP = 10 * MINUTE
const CAP = 5 * HOUR
/** Of each small world: these are linked, one of them withdrew, and nobody knows the rest. */
const LINKED = 4
const WITHDRAWN = 3
const PEOPLE = 6

type Told = { step: number; lag: number; person: number; isNumber: boolean; kind: 'login' | 'logout'; again: number[] }

const LAGS_TOLD = [-1_440, -66, -65, -60, -56, -55, -5, -2, -1, 0, 1, 5, 59, 60, 90, 600, 1_439, 1_440, 3_000]

/** Reports on a coarse grid of ten minutes, some told again later; lags at and beside every bound there is. */
const tellings: fc.Arbitrary<Told[]> = fc.array(
  fc.record({
    step: fc.integer({ min: 0, max: (WORLD_DAYS * DAY) / STEP - 1 }),
    lag: fc.constantFrom(...LAGS_TOLD),
    person: fc.constantFrom(0, 1, 3, 4, 5),
    isNumber: fc.boolean(),
    kind: fc.constantFrom('login' as const, 'logout' as const),
    again: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 80 },
)

/** So that every count has something in every world: of one who is told of by nothing else, and of one nobody knows. */
function alwaysTold(lastStep: number): Told[] {
  const of = (step: number, kind: Told['kind'], lag = 0, person = 2): Told => ({
    step,
    lag,
    person,
    isNumber: true,
    kind,
    again: [1],
  })
  return [
    of(10, 'login'),
    of(10, 'logout'),
    of(20, 'login'),
    of(21, 'login'),
    of(22, 'logout'),
    of(23, 'logout'),
    of(30, 'login'),
    of(lastStep, 'login', -1_440),
    ...LAGS_TOLD.map((lag) => of(100, 'login', lag, 5)),
  ]
}

let made = 0

onEachEngine('data quality', (engine) => {
  let store: Store
  let context: Context
  before(async () => {
    store = await openStore(engine)
    context = store.context
  })
  after(() => store.close())

  async function newWorkProvider(): Promise<{ id: string; name: string; numberOf(person: number): string }> {
    const name = `Ace ${++made}`
    const { id } = await createWorkProvider(context, name)
    return { id, name, numberOf: (person) => `C${name.slice(4)}X${person}` }
  }
  type Made = Awaited<ReturnType<typeof newWorkProvider>>

  async function addPeople(workProvider: Made): Promise<void> {
    await changeSettings(context, workProvider.name, { cap: CAP })
    const longAgo = ((await databaseNow(context.db)) - 300 * DAY) as Instant
    for (let person = 0; person < LINKED; person++) {
      const customerNumber = workProvider.numberOf(person)
      await createCustomer(context, { customerNumber, email: `${customerNumber}@example.com` })
      const link = { workProvider: workProvider.name, customerNumber }
      await createLink(context, { ...link, workProviderUserId: `u${person}`, consentedAt: longAgo })
      if (person === WITHDRAWN) await recordConsent(context, link, false)
    }
  }

  /** The reports of a world as they are received, a request each for two in three, in pairs else. */
  function receivedOf(workProvider: Made, told: readonly Told[], start: Instant): Received[] {
    const all = told.flatMap(({ step, lag, person, isNumber, kind, again }) => {
      const at = start + step * STEP - lag * MINUTE
      const identity = isNumber
        ? { kind: 'customer_number' as const, text: workProvider.numberOf(person) }
        : { kind: 'user_id' as const, text: `u${person}` }
      return [0, ...again].map((later) => ({
        identity,
        kind,
        at: at as Instant,
        came: (start + (step + later) * STEP) as Instant,
      }))
    })
    return all.map(({ came, ...report }, index) => ({
      ...report,
      workProviderId: workProvider.id,
      requestId: requestIdOf(came),
      item: index % 3,
      receivedAt: (came + STORED_AFTER) as Instant,
    }))
  }

  async function derive(reports: readonly Received[]): Promise<void> {
    await receive(context.db, reports)
    while ((await projectReports(context.db)) > 0) continue
    await settle(context)
  }

  const countsOf = (days: readonly QualityDay[]) => days.map(({ countedAt: _, ...day }) => day)

  test('the running program counts all days that are due, and then has nothing to do until they are again', async () => {
    await newWorkProvider()
    const worker = startCountingQuality(context)
    const now = await waitFor('all days being counted', async () => {
      const at = await databaseNow(context.db)
      return (await dueDays(context, at)).length === 0 ? at : null
    })
    await worker.stop()
    const today = utcDayOf(now)
    const due = async (at: number) => (await dueDays(context, at as Instant)).map(({ day }) => day)
    const later = Math.min(now + 20 * MINUTE, startOfUtcDay(addDays(today, 1)) - 1)
    assert.deepEqual(await due(later), later - now < 15 * MINUTE ? [] : [today])
    // A new day; the one that is over; and those before it of which what became of their reports can still change.
    const tomorrow = startOfUtcDay(addDays(today, 1)) + 20 * MINUTE
    assert.deepEqual(
      await due(tomorrow),
      [1, 0, -1, -2, -3, -4].map((ahead) => addDays(today, ahead)),
    )
    assert.equal(await holdLease(context.db, 'data quality', context.newId(), 0), true)
  })

  test(
    'equals what is counted here, however many reports a piece has, and each time again',
    { timeout: 240_000 },
    async () => {
      let seen = new Set<string>()
      await fc.assert(
        fc.asyncProperty(tellings, async (told) => {
          const workProvider = await newWorkProvider()
          await addPeople(workProvider)
          const now = await databaseNow(context.db)
          const first = addDays(utcDayOf(now), -WORLD_DAYS)
          const start = startOfUtcDay(first)
          const all = [...told, ...alwaysTold(Math.floor((now - start - STORED_AFTER) / STEP))]
          const reports = receivedOf(workProvider, all, start).filter((one) => one.receivedAt <= now)
          await derive(reports)
          const days = [...Array(WORLD_DAYS + 1).keys()].map((index) => addDays(first, index))
          const expected = countedHere(await worldOfStore(context.db), { workProvider, reports, days, now })
          for (const limit of [1, 7, 1_000, 7]) {
            for (const day of days) await countDay(context, { workProviderId: workProvider.id, day }, now, limit)
            const counted = await readQualityDays(context.db, workProvider.id, days[0]!, days.at(-1)!)
            assert.deepEqual(countsOf(counted), expected, `${limit} reports a piece`)
            assert.deepEqual(new Set(counted.map((day) => day.countedAt)), new Set([now]))
          }
          seen = seen.union(new Set(COUNTS.filter((name) => expected.some((day) => day[name] > 0))))
        }),
        runs(12),
      )
      assert.deepEqual(
        [...COUNTS].filter((name) => !seen.has(name)),
        [],
        'something was never there to be counted',
      )
    },
  )

  test('a count is not replaced by one of earlier', async () => {
    const { id: workProviderId } = await newWorkProvider()
    const day = '2026-02-03'
    const now = await databaseNow(context.db)
    await storeQualityDay(context.db, { workProviderId, day, countedAt: now }, { ...NOTHING, reports: 2 })
    const earlier = (now - 1) as Instant
    await storeQualityDay(context.db, { workProviderId, day, countedAt: earlier }, { ...NOTHING, reports: 1 })
    const [stored] = await readQualityDays(context.db, workProviderId, day, day)
    assert.deepEqual([stored!.reports, stored!.countedAt], [2, now])
  })

  test('a late logout changes the day of its login when that is counted again', async () => {
    const workProvider = await newWorkProvider()
    await addPeople(workProvider)
    const now = await databaseNow(context.db)
    const day = addDays(utcDayOf(now), -2)
    const noon = (startOfUtcDay(day) + 12 * HOUR) as Instant
    const of = (kind: 'login' | 'logout', at: number, came: number): Received => ({
      workProviderId: workProvider.id,
      requestId: requestIdOf(came as Instant),
      item: 0,
      identity: { kind: 'user_id', text: 'u0' },
      kind,
      at: at as Instant,
      receivedAt: came as Instant,
    })
    const countAgain = async () => {
      await countDay(context, { workProviderId: workProvider.id, day }, await databaseNow(context.db))
      const [{ opened, capped } = NOTHING] = await readQualityDays(context.db, workProvider.id, day, day)
      return { opened, capped }
    }
    await derive([of('login', noon, noon)])
    assert.deepEqual(await countAgain(), { opened: 1, capped: 1 })
    await derive([of('logout', noon + CAP, noon + DAY)])
    assert.deepEqual(await countAgain(), { opened: 1, capped: 0 })
  })

  test('one process counts at a time; another goes on when the first stops or is gone', async () => {
    const { db } = context
    const [first, second] = [context.newId(), context.newId()]
    assert.equal(await holdLease(db, 'a lease', first, 600), true)
    assert.equal(await holdLease(db, 'a lease', second, 600), false)
    assert.equal(await holdLease(db, 'a lease', first, 600), true)
    assert.equal(await holdLease(db, 'another lease', second, 600), true)
    await dropLease(db, 'a lease', second)
    assert.equal(await holdLease(db, 'a lease', second, 600), false)
    await dropLease(db, 'a lease', first)
    assert.equal(await holdLease(db, 'a lease', second, 0), true)
    await waitFor('the time of the lease being over', () => holdLease(db, 'a lease', first, 600))
  })

  /** Reports every half hour of some days before today, each so many minutes after what it tells. */
  async function reportDaily(workProvider: Made, daysAgo: readonly number[], lag: number): Promise<UtcDay> {
    const today = utcDayOf(await databaseNow(context.db))
    const reports = daysAgo.flatMap((ago) => {
      const start = startOfUtcDay(addDays(today, -ago))
      return Array.from({ length: 48 }, (_, step): Received => {
        const came = (start + step * 30 * MINUTE) as Instant
        return {
          workProviderId: workProvider.id,
          requestId: requestIdOf(came),
          item: 0,
          identity: { kind: 'user_id', text: 'u0' },
          kind: step % 2 === 0 ? 'login' : 'logout',
          at: (came - lag * MINUTE) as Instant,
          receivedAt: came,
        }
      })
    })
    await derive(reports)
    const now = await databaseNow(context.db)
    for (let ago = 0; ago <= Math.max(...daysAgo); ago++) {
      await countDay(context, { workProviderId: workProvider.id, day: addDays(today, -ago) }, now)
    }
    return today
  }

  test('a steady lead of an hour is named, and nothing else of those that report until now', async () => {
    const [ahead, onTime] = [await newWorkProvider(), await newWorkProvider()]
    await reportDaily(ahead, [3, 2, 1], -58)
    await reportDaily(onTime, [3, 2, 1], 0)
    const kinds = async ({ id }: Made) => (await readDataQuality(context, id, 14)).findings.map(({ kind }) => kind)
    assert.deepEqual(await kinds(ahead), ['an hour ahead'])
    assert.deepEqual(await kinds(onTime), [])
  })

  test('a work provider that has fallen silent is named, with since when, however few days are asked for', async () => {
    const silent = await newWorkProvider()
    const today = await reportDaily(silent, [11, 10, 9, 8, 7, 6, 5, 4], 0)
    const last = startOfUtcDay(addDays(today, -3)) - 30 * MINUTE
    for (const days of [1, 30]) {
      const quality = await readDataQuality(context, silent.id, days)
      assert.equal(quality.lastReportAt, last)
      assert.deepEqual(quality.findings, [{ kind: 'fallen silent', since: last, usualGap: 30 * MINUTE }])
      assert.equal(quality.days.length, days)
    }
    // A report that only waits to be derived is a report.
    const came = await databaseNow(context.db)
    await receive(context.db, [
      {
        workProviderId: silent.id,
        requestId: requestIdOf(came),
        item: 0,
        identity: { kind: 'user_id', text: 'u0' },
        kind: 'login',
        at: came,
        receivedAt: came,
      },
    ])
    const quality = await readDataQuality(context, silent.id, 1)
    assert.deepEqual([quality.lastReportAt, quality.findings], [came, []])
  })

  test('days without a count are there, empty; a work provider that never reported has no last report', async () => {
    const { id } = await newWorkProvider()
    const quality = await readDataQuality(context, id, 3)
    const today = utcDayOf(await databaseNow(context.db))
    assert.deepEqual(
      quality.days,
      [-2, -1, 0].map((ago) => ({ ...NOTHING, day: addDays(today, ago), countedAt: null })),
    )
    assert.deepEqual([quality.countedAt, quality.lastReportAt, quality.findings], [null, null, []])
  })
})

type Asked = {
  workProvider: { name: string; numberOf(person: number): string }
  reports: readonly Received[]
  days: readonly UtcDay[]
  now: Instant
}

/** The same figures by other means: the oracle's shifts and anomalies, and plain loops. */
function countedHere(world: World, { workProvider, reports, days, now }: Asked): Omit<QualityDay, 'countedAt'>[] {
  const question: Question = { now }
  const derived = Array.from({ length: LINKED }, (_, person) => ({
    shifts: oracleShifts(world, workProvider.numberOf(person), question),
    anomalies: oracleAnomalies(world, workProvider.numberOf(person), question),
  }))
  const firsts = new Map<string, Received>()
  for (const report of reports) {
    const known = firsts.get(eventOf(report))
    if (known === undefined || isBefore(report, known)) firsts.set(eventOf(report), report)
  }
  return days.map((day) => {
    const ofDay = reports.filter((one) => utcDayOf((one.receivedAt - STORED_AFTER) as Instant) === day)
    const tally: Record<string, number> = Object.fromEntries(COUNTS.map((name) => [name, 0]))
    const add = (name: string): void => void (tally[name] = tally[name]! + 1)
    for (const report of ofDay) {
      add('reports')
      if (firsts.get(eventOf(report)) !== report) {
        add('duplicates')
        continue
      }
      if (report.kind === 'login') add('logins')
      add(lagHere((report.receivedAt - report.at) / MINUTE))
      const person = Array.from({ length: PEOPLE }, (_, index) => index).find((index) =>
        [`u${index}`, workProvider.numberOf(index)].includes(report.identity.text),
      )!
      if (person >= WITHDRAWN) add('parked')
      else if (report.at > now) add('pending')
      else {
        const { shifts, anomalies } = derived[person]!
        const opened = shifts.find((one) => one.startedAt === report.at)
        if (report.kind === 'login' && opened !== undefined) {
          add('opened')
          if (opened.endReason === 'cap') add('capped')
        } else if (report.kind === 'logout' && shifts.some((one) => one.endedAt === report.at)) add('closed')
        else
          add(
            { orphan: 'orphans', empty: 'empties', repeat: 'repeats' }[
              anomalies.find((one) => one.at === report.at)!.kind
            ],
          )
      }
    }
    const came = ofDay.map((one) => one.receivedAt).sort((a, b) => a - b)
    const gaps = came.slice(1).map((instant, index) => instant - came[index]!)
    return {
      ...(tally as typeof NOTHING),
      day,
      firstReceivedAt: came[0] ?? null,
      lastReceivedAt: came.at(-1) ?? null,
      longestGap: Math.max(0, ...gaps),
    }
  })
}

function eventOf({ identity, kind, at }: Received): string {
  return `${identity.kind}/${identity.text}/${kind}/${at}`
}

function isBefore(a: Received, b: Received): boolean {
  if (a.receivedAt !== b.receivedAt) return a.receivedAt < b.receivedAt
  return a.requestId !== b.requestId ? a.requestId < b.requestId : a.item < b.item
}

function lagHere(minutes: number): string {
  if (minutes < -65) return 'farAhead'
  if (minutes < -55) return 'hourAhead'
  if (minutes < -1) return 'ahead'
  if (minutes < 1) return 'onTime'
  if (minutes < 60) return 'minutesLate'
  return minutes < 24 * 60 ? 'hoursLate' : 'daysLate'
}
