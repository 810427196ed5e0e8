import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isPossibleEmail } from '../../src/domain/customer.ts'
import { parseIdentity } from '../../src/domain/identity.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { deriveStream, momentsOf, type ToldAt } from '../../src/domain/shift-engine.ts'
import { simulatedWorld } from '../../src/domain/simulation.ts'
import { SIMULATION_VERSION, type SimulatedLink, type SimulatedWorld } from '../../src/domain/simulated-world.ts'
import { isUuid } from '../../src/domain/uuid.ts'
import { DEFAULT_CAP } from '../../src/domain/work-provider.ts'
import { runs } from '../support/properties.ts'

const UNTIL = (Date.UTC(2026, 10, 25, 20, 30) * 1_000) as Instant
const DAY = 24 * MICROSECONDS_PER_HOUR

const sizes = fc.record({
  drivers: fc.integer({ min: 1, max: 12 }),
  days: fc.integer({ min: 1, max: 20 }),
  seed: fc.nat(),
})
/** Of summer and winter, and of any hour. */
const untils = fc
  .integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) })
  .map((milliseconds) => (milliseconds * 1_000) as Instant)

function linksOf(world: SimulatedWorld): SimulatedLink[] {
  return world.couriers.flatMap(({ links }) => links)
}

/** All that was told of each person at each work provider, by the identities' texts. */
function toldByIdentity(world: SimulatedWorld): Map<string, ToldAt[]> {
  const told = new Map<string, ToldAt[]>()
  for (const { workProvider, kind, reports } of world.requests) {
    for (const { identity, at } of reports) {
      const key = `${workProvider}/${identity.kind}/${identity.text}`
      told.set(key, [...(told.get(key) ?? []), { kind, at }])
    }
  }
  return told
}

function toldOf(link: SimulatedLink, told: ReadonlyMap<string, ToldAt[]>): ToldAt[] {
  const names = [`customer_number/${link.customerNumber}`, ...link.userIds.map((id) => `user_id/${id}`)]
  return names.flatMap((name) => told.get(`${link.workProvider}/${name}`) ?? [])
}

describe('a simulated world', () => {
  test('is the same for the same arguments, and another for another seed', () => {
    fc.assert(
      fc.property(sizes, untils, (size, until) => {
        const world = JSON.stringify(simulatedWorld(size, until))
        assert.equal(world, JSON.stringify(simulatedWorld(size, until)))
        assert.notEqual(world, JSON.stringify(simulatedWorld({ ...size, seed: size.seed + 1 }, until)))
      }),
      runs(30),
    )
  })

  test('expects the shifts and anomalies that the rules make of what is told', () => {
    fc.assert(
      fc.property(sizes, untils, (size, until) => {
        const world = simulatedWorld(size, until)
        const told = toldByIdentity(world)
        for (const link of linksOf(world)) {
          const derived = deriveStream(momentsOf(toldOf(link, told)), (startedAt) => plus(startedAt, DEFAULT_CAP))
          assert.deepEqual(link.expected, derived)
        }
      }),
      runs(100),
    )
  })

  test('is told of nothing before it happened, after its end, or by who fell silent', () => {
    fc.assert(
      fc.property(sizes, untils, (size, until) => {
        const world = simulatedWorld(size, until)
        const byName = new Map(world.workProviders.map((one) => [one.name, one]))
        for (const { workProvider, receivedAt, requestId, reports } of world.requests) {
          const { until: silentFrom, clockAhead } = byName.get(workProvider)!
          assert.ok(receivedAt < silentFrom && isUuid(requestId))
          for (const { at } of reports) {
            assert.ok(at >= world.period.from && at - clockAhead <= receivedAt)
            assert.ok(receivedAt - at < 25 * MICROSECONDS_PER_HOUR)
          }
        }
      }),
      runs(100),
    )
  })

  test('has people whose numbers, ids and addresses are their own and could be anybody’s', () => {
    fc.assert(
      fc.property(sizes, untils, (size, until) => {
        const world = simulatedWorld(size, until)
        const customers = world.couriers.map(({ customer }) => customer)
        const userIds = linksOf(world).flatMap((link) => link.userIds.map((id) => `${link.workProvider}/${id}`))
        for (const all of [customers.map((one) => one.customerNumber), customers.map((one) => one.email), userIds]) {
          assert.equal(new Set(all).size, all.length)
        }
        for (const { customerNumber, email } of customers) {
          assert.ok('identity' in parseIdentity('customer_number', customerNumber))
          assert.ok(isPossibleEmail(email) && email.endsWith('@example.com'), email)
        }
        for (const { customer, links, policies } of world.couriers) {
          for (const { recordedAt, consents } of links) {
            assert.ok(recordedAt >= customer.recordedAt && recordedAt < world.period.until)
            assert.ok(consents.every(({ at }) => at >= recordedAt && at < world.period.until))
          }
          assert.ok(policies.every(({ validFrom, validTo }) => validTo === null || validFrom < validTo))
        }
      }),
      runs(100),
    )
  })
})

describe('the world of 500 drivers and 14 days', () => {
  const world = simulatedWorld({ drivers: 500, days: 14, seed: 1 }, UNTIL)
  const links = linksOf(world)
  const shifts = links.flatMap(({ expected }) => expected.shifts)

  test('has all that goes wrong', () => {
    for (const [what, count] of Object.entries(world.counts)) assert.ok(count > 20, what)
    assert.ok(
      shifts.some(({ endedAt, capAt }) => endedAt === null && capAt < UNTIL),
      'shifts that end by their cap',
    )
    for (const kind of ['repeat', 'orphan']) {
      assert.ok(
        links.some(({ expected }) => expected.anomalies.some((one) => one.kind === kind)),
        kind,
      )
    }
    const lags = world.requests.map(({ receivedAt, reports }) => receivedAt - reports[0]!.at)
    assert.ok(
      lags.some((lag) => lag > 12 * MICROSECONDS_PER_HOUR),
      'reports half a day late',
    )
    assert.ok(lags.filter((lag) => lag < -50 * 60 * 1_000_000).length > 100, 'clocks an hour ahead')
    const received = Map.groupBy(world.requests, ({ workProvider }) => workProvider)
    assert.ok(
      received.get('Moonfare')!.every(({ receivedAt }) => receivedAt < plus(UNTIL, -2 * DAY)),
      'one is silent',
    )
    assert.ok(
      world.requests.some(({ reports }) => reports.length > 10),
      'batches',
    )
  })

  test('has couriers at several work providers at once, through the night, and on shift now', () => {
    const overlapping = world.couriers.filter(({ links: [one, other] }) =>
      one?.work.some((a) => other?.work.some((b) => a.start < b.end && b.start < a.end)),
    )
    assert.ok(overlapping.length > 50)
    const isAcrossMidnight = ({ start, end }: { start: Instant; end: Instant }): boolean =>
      Math.floor(start / DAY) < Math.floor(end / DAY)
    assert.ok(links.filter(({ work }) => work.some(isAcrossMidnight)).length > 20)
    assert.ok(shifts.filter(({ endedAt, capAt }) => endedAt === null && capAt > UNTIL).length > 20)
  })

  test('has every kind of link and policy', () => {
    const consents = links.map((link) => link.consents)
    assert.ok(consents.some((all) => all.length === 0) && consents.some((all) => all.length === 2))
    assert.ok(links.some(({ recordedAt }) => recordedAt > world.period.from))
    assert.ok(links.some(({ userIds }) => userIds.length === 0) && links.some(({ userIds }) => userIds.length === 2))
    const policies = world.couriers.map((courier) => courier.policies)
    assert.ok(policies.some((all) => all.length === 0) && policies.some((all) => all.length === 2))
    const each = policies.flat()
    assert.ok(each.some((one) => one.workProvider !== null) && each.some((one) => one.cancelledAt !== null))
    assert.ok(each.some((one) => one.vehicleRegistration !== null))
    assert.ok(world.matches.some((match) => !match.success) && world.claims.length > 0)
  })

  test(`is the one of version ${SIMULATION_VERSION}: a store made by it can still be compared`, () => {
    assert.equal(hash('sha256', JSON.stringify(world)).slice(0, 16), 'f8154092775511ec')
  })
})
