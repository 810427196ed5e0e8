// Activity, cover and usage, worked out by hand from "Links, status, match", "Cover" and "Usage".

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Question, World } from './facts.ts'
import { at, consent, given, h, hour, later, link, login, logout, number, policy, settings } from './given.ts'
import { oracleActive, oracleCover, oracleUsage } from './oracle.ts'

const active = (world: World, question = later) =>
  oracleActive(world, 'L1', question).map((i) => [hour(i.from), hour(i.to)])

const cover = (world: World, question = later) =>
  oracleCover(world, 'C1', question).map((c) => [hour(c.from), hour(c.to), c.workProviders.join('+')])

const requires = (seq: number, value: 'nothing' | 'signature' | 'match', from: number) =>
  ({ seq, name: 'link_requires', value, effectiveAt: h(from), recordedAt: h(from) }) as const

const match = (hour: number, success: boolean, workProvider = 'Ace', customerNumber = 'C1') => ({
  workProvider,
  customerNumber,
  success,
  at: h(hour),
})

describe('a link is active', () => {
  test('from consent until consent ends, when nothing is required', () => {
    const world = given({ consents: [consent(1, 5, true), consent(2, 10, false), consent(3, 20, true)] })
    assert.deepEqual(active(world), [
      [5, 10],
      [20, 100],
    ])
    assert.deepEqual(active(world, { now: h(8) }), [[5, 8]])
    assert.deepEqual(active(world, { now: h(5) }), [])
    assert.deepEqual(active(given()), [])
  })

  test('a repeated consent starts no new period; at one instant the last word counts', () => {
    const again = given({
      workProviders: settings(requires(1, 'match', 7)),
      consents: [consent(1, 5, true), consent(2, 8, true), consent(3, 10, false)],
    })
    assert.deepEqual(active(again), [[5, 10]])
    const undone = given({ consents: [consent(2, 5, false), consent(1, 5, true)] })
    assert.deepEqual(active(undone), [])
  })

  test('from the later of consent and the first success: true, for good', () => {
    const required = { workProviders: settings(requires(1, 'match', 0)) }
    const consents = [consent(1, 5, true), consent(2, 10, false), consent(3, 20, true)]
    assert.deepEqual(active(given({ ...required, consents })), [])
    const refusedOrElsewhere = [match(6, false), match(6, true, 'Bolt'), match(6, true, 'Ace', 'C2')]
    assert.deepEqual(active(given({ ...required, consents, matches: refusedOrElsewhere })), [])
    const matches = [match(7, true), match(8, false)]
    assert.deepEqual(active(given({ ...required, consents, matches })), [
      [7, 10],
      [20, 100],
    ])
    assert.deepEqual(active(given({ ...required, consents, matches: [match(3, true)] })), [
      [5, 10],
      [20, 100],
    ])
    assert.deepEqual(active(given({ ...required, consents, matches: [match(10, true)] })), [[20, 100]])
  })

  test('from the first signed consent, where a signed URL is required', () => {
    const required = { workProviders: settings(requires(1, 'signature', 0)) }
    const unsigned = [consent(1, 5, true)]
    assert.deepEqual(active(given({ ...required, consents: unsigned })), [])
    const signed = consent(2, 8, true, { signed: true })
    assert.deepEqual(active(given({ ...required, consents: [...unsigned, signed] })), [[8, 100]])
    const ofAnotherLink = consent(2, 8, true, { signed: true, linkId: 'L2' })
    assert.deepEqual(active(given({ ...required, consents: [...unsigned, ofAnotherLink] })), [])
    const signedAway = [consent(1, 5, true), consent(2, 6, false, { signed: true }), consent(3, 7, true)]
    assert.deepEqual(active(given({ ...required, consents: signedAway })), [])
    const signedOnce = [consent(1, 5, true, { signed: true }), consent(2, 6, false), consent(3, 7, true)]
    assert.deepEqual(active(given({ ...required, consents: signedOnce })), [
      [5, 6],
      [7, 100],
    ])
  })

  test('a requirement that is lifted lets it become active, one that is added ends nothing', () => {
    const consents = [consent(1, 5, true), consent(2, 30, false), consent(3, 40, true)]
    const lifted = settings(requires(1, 'match', 0), requires(2, 'nothing', 12))
    assert.deepEqual(active(given({ workProviders: lifted, consents })), [
      [12, 30],
      [40, 100],
    ])
    const added = settings(requires(1, 'match', 12))
    assert.deepEqual(active(given({ workProviders: added, consents })), [[5, 30]])
  })

  test('as known at T', () => {
    const world = given({ consents: [consent(1, 5, true), consent(2, 10, false, { recordedAt: h(20) })] })
    assert.deepEqual(active(world, { now: h(100), asKnownAt: h(19) }), [[5, 19]])
    assert.deepEqual(active(world, { now: h(100), asKnownAt: h(20) }), [[5, 10]])
    assert.deepEqual(active(world, { now: h(100), asKnownAt: h(-101) }), [])
  })
})

describe('cover', () => {
  const consents = [consent(1, 0, true)]
  const policies = [policy(0, null)]
  const reports = [login(9), logout(17)]

  test('is shifts, active link and valid policy together, and ends at N', () => {
    assert.deepEqual(cover(given({ consents, policies, reports })), [[9, 17, 'Ace']])
    assert.deepEqual(cover(given({ consents, policies, reports }), { now: h(12) }), [[9, 12, 'Ace']])
    assert.deepEqual(cover(given({ consents, policies, reports }), { now: h(9) }), [])
    assert.deepEqual(cover(given({ policies, reports })), [])
    assert.deepEqual(cover(given({ consents, reports })), [])
    assert.deepEqual(cover(given({ consents, policies })), [])
    const from10to15 = [consent(1, 10, true), consent(2, 15, false)]
    assert.deepEqual(cover(given({ consents: from10to15, policies: [policy(11, 14)], reports })), [[11, 14, 'Ace']])
  })

  test('of a shift without logout runs to start + cap or to N', () => {
    const world = given({ consents, policies, reports: [login(9)] })
    assert.deepEqual(cover(world), [[9, 23, 'Ace']])
    assert.deepEqual(cover(world, { now: h(20) }), [[9, 20, 'Ace']])
  })

  test('abutting shifts and abutting policies make one piece', () => {
    const world = given({
      consents,
      policies: [policy(0, 12), policy(12, null, { id: 'P2' })],
      reports: [login(9), logout(10), login(10), logout(17)],
    })
    assert.deepEqual(cover(world), [[9, 17, 'Ace']])
  })

  test('a policy ends at its earliest cancellation, and is empty when that is not after its start', () => {
    const cancelled = (...hours: number[]) =>
      hours.map((hour) => ({ policyId: 'P1', effectiveAt: h(hour), recordedAt: h(hour) }))
    const early = given({ consents, policies, reports, cancellations: cancelled(15, 13, 14) })
    assert.deepEqual(cover(early), [[9, 13, 'Ace']])
    const short = { consents, policies: [policy(10, 12)], reports }
    assert.deepEqual(cover(given({ ...short, cancellations: cancelled(8) })), [])
    assert.deepEqual(cover(given({ ...short, cancellations: cancelled(14) })), [[10, 12, 'Ace']])
  })

  test('every minute keeps which work providers reported it', () => {
    const bolt = { to: 'Bolt' }
    const world = given({
      links: [link('L2', 'Bolt', 'C1'), link('L1', 'Ace', 'C1')],
      consents: [...consents, consent(2, 0, true, { linkId: 'L2' })],
      policies,
      reports: [...reports, login(12, bolt), logout(13, bolt), login(16, bolt), logout(19, bolt)],
    })
    assert.deepEqual(cover(world), [
      [9, 12, 'Ace'],
      [12, 13, 'Ace+Bolt'],
      [13, 16, 'Ace'],
      [16, 17, 'Ace+Bolt'],
      [17, 19, 'Bolt'],
    ])
    const onlyBolt = { ...world, policies: [policy(0, null, { workProvider: 'Bolt' })] }
    assert.deepEqual(cover(onlyBolt), [
      [12, 13, 'Bolt'],
      [16, 19, 'Bolt'],
    ])
  })

  test('is of one customer: a policy of another customer gives none', () => {
    assert.deepEqual(cover(given({ consents, policies: [policy(0, null, { customerNumber: 'C2' })], reports })), [])
  })

  test('a failed match never un-covers anything', () => {
    assert.deepEqual(cover(given({ consents, policies, reports, matches: [match(12, false)] })), [[9, 17, 'Ace']])
  })

  test('as known at T uses the facts recorded by T, asked at N = T', () => {
    const world = given({
      consents,
      policies: [policy(0, null, { recordedAt: h(11) })],
      cancellations: [{ policyId: 'P1', effectiveAt: h(10), recordedAt: h(20) }],
      reports,
    })
    const known = (hour: number): Question => ({ now: h(100), asKnownAt: h(hour) })
    assert.deepEqual(cover(world, known(10.5)), [])
    assert.deepEqual(cover(world, known(11)), [[9, 11, 'Ace']])
    assert.deepEqual(cover(world, known(19)), [[9, 17, 'Ace']])
    assert.deepEqual(cover(world, known(20)), [[9, 10, 'Ace']])
  })
})

describe('usage', () => {
  const event = (kind: 'login' | 'logout', text: string, workProvider = 'Ace') =>
    ({ workProvider, identity: number('C1'), kind, at: at(text), receivedAt: at(text) }) as const
  const worked = (...reports: World['reports']) =>
    given({
      links: [link('L1', 'Ace', 'C1'), link('L2', 'Bolt', 'C1')],
      consents: [consent(1, -10_000, true), consent(2, -10_000, true, { linkId: 'L2' })],
      policies: [policy(-10_000, null)],
      reports,
    })
  const usage = (world: World, month: string) =>
    oracleUsage(world, 'C1', 'Europe/London', month, { now: at('2027-01-01T00:00Z') }).map((u) => [
      u.workProvider,
      u.day,
      u.minutes,
    ])

  // 25 October runs from 24 October 23:00 UTC (BST) to 26 October 00:00 UTC (GMT): 25 h = 1,500 minutes.
  test('a day of 25 h is right', () => {
    const world = worked(
      event('login', '2026-10-24T22:00Z'),
      event('logout', '2026-10-25T11:00Z'),
      event('login', '2026-10-25T11:00Z'),
      event('logout', '2026-10-26T01:00Z'),
    )
    assert.deepEqual(usage(world, '2026-10'), [
      ['Ace', '2026-10-24', 60],
      ['Ace', '2026-10-25', 1500],
      ['Ace', '2026-10-26', 60],
    ])
  })

  // 29 March runs from 29 March 00:00 UTC (GMT) to 29 March 23:00 UTC (BST): 23 h = 1,380 minutes.
  test('a day of 23 h is right', () => {
    const world = worked(
      event('login', '2026-03-28T23:00Z'),
      event('logout', '2026-03-29T12:00Z'),
      event('login', '2026-03-29T12:00Z'),
      event('logout', '2026-03-30T00:00Z'),
    )
    assert.deepEqual(usage(world, '2026-03'), [
      ['Ace', '2026-03-28', 60],
      ['Ace', '2026-03-29', 1380],
      ['Ace', '2026-03-30', 60],
    ])
  })

  test('a month is the local one, days without cover are left out, parts of a minute count', () => {
    // 30 June 23:00 UTC is midnight of 1 July in London
    const world = worked(event('login', '2026-06-30T22:59:30Z'), event('logout', '2026-06-30T23:00:15Z'))
    assert.deepEqual(usage(world, '2026-06'), [['Ace', '2026-06-30', 0.5]])
    assert.deepEqual(usage(world, '2026-07'), [['Ace', '2026-07-01', 0.25]])
  })

  test('minutes are per work provider: one covered through two counts for each', () => {
    const world = worked(
      event('login', '2026-06-10T10:00Z', 'Bolt'),
      event('logout', '2026-06-10T12:00Z', 'Bolt'),
      event('login', '2026-06-10T11:00Z'),
      event('logout', '2026-06-10T14:00Z'),
    )
    assert.deepEqual(usage(world, '2026-06'), [
      ['Ace', '2026-06-10', 180],
      ['Bolt', '2026-06-10', 120],
    ])
  })
})
