// Shifts and anomalies, worked out by hand from "From events to shifts", "Binding", "Annulment" and "Two clocks".

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { anomalies, given, h, HOUR, hour, later, link, login } from './given.ts'
import { logout, number, settings, shifts, told, userId } from './given.ts'
import { knownAt, oracleAnomalies, oracleShifts } from './oracle.ts'

describe('rule 1', () => {
  test('login, no shift open: opens one', () => {
    assert.deepEqual(oracleShifts(told(login(9)), 'C1', { now: h(10) }), [
      { workProvider: 'Ace', startedAt: h(9), endedAt: null, capAt: h(23), endReason: null },
    ])
  })

  test('login, shift open: a repeat; noted, changes nothing', () => {
    const world = told(login(9), login(12), logout(17))
    assert.deepEqual(shifts(world), [[9, 17, 'logout']])
    assert.deepEqual(anomalies(world), [[12, 'repeat']])
  })

  test('a repeat does not move the cap', () => {
    const world = told(login(9), login(22), logout(24))
    assert.deepEqual(shifts(world), [[9, null, 'cap']])
    assert.deepEqual(anomalies(world), [
      [22, 'repeat'],
      [24, 'orphan'],
    ])
  })
})

describe('rule 2', () => {
  test('logout, shift open: closes it', () => {
    assert.deepEqual(oracleShifts(told(login(9), logout(17)), 'C1', later), [
      { workProvider: 'Ace', startedAt: h(9), endedAt: h(17), capAt: h(23), endReason: 'logout' },
    ])
  })

  test('logout, none open: an orphan', () => {
    const world = told(logout(8), login(9), logout(10), logout(11))
    assert.deepEqual(shifts(world), [[9, 10, 'logout']])
    assert.deepEqual(anomalies(world), [
      [8, 'orphan'],
      [11, 'orphan'],
    ])
  })

  test('an earlier login that arrives later pairs with an orphan', () => {
    const world = told(logout(17), login(9, { receivedAt: h(20) }))
    assert.deepEqual(anomalies(world, { now: h(100), asKnownAt: h(19) }), [[17, 'orphan']])
    assert.deepEqual(shifts(world), [[9, 17, 'logout']])
    assert.deepEqual(anomalies(world), [])
  })
})

describe('rule 3', () => {
  test('both at one instant, a shift open: logout then login, the two abut', () => {
    const world = told(login(9), login(12), logout(12), logout(17))
    assert.deepEqual(shifts(world), [
      [9, 12, 'logout'],
      [12, 17, 'logout'],
    ])
    assert.deepEqual(anomalies(world), [])
  })

  test('both at one instant, none open: an empty shift, an anomaly, never listed as a shift', () => {
    const world = told(login(9), logout(9), logout(10))
    assert.deepEqual(shifts(world), [])
    assert.deepEqual(anomalies(world), [
      [9, 'empty'],
      [10, 'orphan'],
    ])
  })
})

describe('rule 4', () => {
  test('a shift without logout ends at start + cap, 14 h', () => {
    assert.deepEqual(shifts(told(login(9)), { now: h(23) }), [[9, null, 'cap']])
    assert.deepEqual(shifts(told(login(9)), { now: h(23) - 1 }), [[9, null, null]])
  })

  test('a logout exactly at start + cap closes the shift', () => {
    assert.deepEqual(shifts(told(login(9), logout(23))), [[9, 23, 'logout']])
  })

  test('a microsecond later the logout is an orphan', () => {
    const world = told(login(9), { ...logout(23), at: h(23) + 1 })
    assert.deepEqual(shifts(world), [[9, null, 'cap']])
    assert.deepEqual(oracleAnomalies(world, 'C1', later), [{ workProvider: 'Ace', at: h(23) + 1, kind: 'orphan' }])
  })

  test('a login exactly at start + cap opens a new one, a microsecond earlier it is a repeat', () => {
    assert.deepEqual(shifts(told(login(9), login(23), logout(30))), [
      [9, null, 'cap'],
      [23, 30, 'logout'],
    ])
    const early = told(login(9), { ...login(23), at: h(23) - 1 }, logout(30))
    assert.deepEqual(shifts(early), [[9, null, 'cap']])
    assert.deepEqual(
      oracleAnomalies(early, 'C1', later).map((a) => a.kind),
      ['repeat', 'orphan'],
    )
  })

  test('both exactly at start + cap: the logout closes, the login opens', () => {
    const world = told(login(9), logout(23), login(23), logout(25))
    assert.deepEqual(shifts(world), [
      [9, 23, 'logout'],
      [23, 25, 'logout'],
    ])
    assert.deepEqual(anomalies(world), [])
  })

  test('both after start + cap: an empty shift', () => {
    const world = told(login(9), logout(24), login(24))
    assert.deepEqual(shifts(world), [[9, null, 'cap']])
    assert.deepEqual(anomalies(world), [[24, 'empty']])
  })

  test('the cap is the one in force at the login, by (effectiveAt, seq)', () => {
    const cap = (seq: number, hours: number, from: number) =>
      ({ seq, name: 'cap', value: hours * HOUR, effectiveAt: h(from), recordedAt: h(0) }) as const
    const world = given({
      workProviders: settings(cap(4, 7, 5), cap(1, 2, 10), cap(3, 3, 20), cap(2, 5, 20)),
      reports: [login(1), logout(9), login(9.5), logout(9.75), login(10), login(19), login(22)],
    })
    assert.deepEqual(
      oracleShifts(world, 'C1', later).map((s) => hour(s.capAt)),
      [1 + 14, 9.5 + 7, 10 + 2, 19 + 2, 22 + 3],
    )
  })

  test('a late logout that arrives within the cap simply changes the result', () => {
    const world = told(login(9), logout(17, { receivedAt: h(40) }))
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(39) }), [[9, null, 'cap']])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(40) }), [[9, 17, 'logout']])
  })
})

describe('rule 5', () => {
  test('an answer at instant N uses only events with at <= N', () => {
    const world = told(login(9), logout(17), login(18))
    assert.deepEqual(shifts(world, { now: h(9) - 1 }), [])
    assert.deepEqual(shifts(world, { now: h(9) }), [[9, null, null]])
    assert.deepEqual(shifts(world, { now: h(17) - 1 }), [[9, null, null]])
    assert.deepEqual(shifts(world, { now: h(17) }), [[9, 17, 'logout']])
  })
})

describe('streams and binding', () => {
  const u1 = { by: userId('u1') }
  const bound = (id: number, linkId: string, recordedAt: number, user = 'u1') =>
    ({ id, workProvider: 'Ace', userId: user, linkId, recordedAt }) as const
  const links = [link('L1', 'Ace', 'C1'), link('L2', 'Ace', 'C2'), link('L3', 'Ace', 'C3')]

  test('the order of arrival, duplicates and the identity used change nothing', () => {
    const world = given({
      bindings: [bound(1, 'L1', h(0))],
      reports: [logout(17), login(9, u1), logout(17, u1), login(9), login(9, { receivedAt: h(30) })],
    })
    assert.deepEqual(shifts(world), [[9, 17, 'logout']])
    assert.deepEqual(anomalies(world), [])
  })

  test('a report whose identity is bound to nobody there is parked, and derived as soon as it is bound', () => {
    const world = given({ bindings: [bound(1, 'L1', h(20))], reports: [login(9, u1), logout(17, u1)] })
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(19) }), [])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(20) }), [[9, 17, 'logout']])
  })

  test('an identity is of one work provider; without a link there is no stream', () => {
    const elsewhere = { to: 'Bolt', by: number('C1') }
    const userElsewhere = { to: 'Bolt', by: userId('u1') }
    const reports = [login(9), login(10, elsewhere), login(11, userElsewhere), logout(12, elsewhere)]
    const bindings = [bound(1, 'L1', h(0))]
    assert.deepEqual(shifts(given({ bindings, reports }), { now: h(13) }), [[9, null, null]])
    const both = given({ bindings, reports, links: [link('L1', 'Ace', 'C1'), link('L9', 'Bolt', 'C1')] })
    assert.deepEqual(
      oracleShifts(both, 'C1', { now: h(13) }).map((s) => [s.workProvider, hour(s.startedAt)]),
      [
        ['Ace', 9],
        ['Bolt', 10],
      ],
    )
  })

  test('only staff release a user id, from an instant on; the next binding holds it from there', () => {
    const world = given({
      links,
      bindings: [bound(1, 'L1', h(0)), bound(2, 'L2', h(31))],
      releases: [{ bindingId: 1, effectiveAt: h(12), recordedAt: h(30) }],
      reports: [login(9, u1), logout(11, u1), login(12, u1), logout(13, u1)],
    })
    assert.deepEqual(shifts(world), [[9, 11, 'logout']])
    assert.deepEqual(shifts(world, later, 'C2'), [[12, 13, 'logout']])
    const before = { now: h(100), asKnownAt: h(29) }
    assert.deepEqual(shifts(world, before), [
      [9, 11, 'logout'],
      [12, 13, 'logout'],
    ])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(30) }, 'C2'), [])
  })

  test('a release inside a shift parts its login from its logout', () => {
    const world = given({
      links,
      bindings: [bound(1, 'L1', h(0)), bound(2, 'L2', h(31))],
      releases: [{ bindingId: 1, effectiveAt: h(12), recordedAt: h(30) }],
      reports: [login(9, u1), logout(12, u1)],
    })
    assert.deepEqual(shifts(world), [[9, null, 'cap']])
    assert.deepEqual(anomalies(world, later, 'C2'), [[12, 'orphan']])
  })

  test('a release before the binding began leaves it nothing', () => {
    const world = given({
      links,
      bindings: [bound(1, 'L1', h(0)), bound(2, 'L2', h(31)), bound(3, 'L3', h(41))],
      releases: [
        { bindingId: 1, effectiveAt: h(12), recordedAt: h(30) },
        { bindingId: 2, effectiveAt: h(10), recordedAt: h(40) },
      ],
      reports: [login(9, u1), logout(11, u1), login(12, u1), logout(13, u1)],
    })
    assert.deepEqual(shifts(world), [[9, 11, 'logout']])
    assert.deepEqual(shifts(world, later, 'C2'), [])
    assert.deepEqual(shifts(world, later, 'C3'), [[12, 13, 'logout']])
    assert.deepEqual(anomalies(world, later, 'C3'), [])
  })

  test('the same user id at another work provider is another identity', () => {
    const world = given({
      links: [...links, link('L9', 'Bolt', 'C2')],
      bindings: [{ id: 1, workProvider: 'Bolt', userId: 'u1', linkId: 'L9', recordedAt: h(0) }, bound(2, 'L1', h(0))],
      reports: [login(9, u1), logout(17, u1)],
    })
    assert.deepEqual(shifts(world), [[9, 17, 'logout']])
    assert.deepEqual(shifts(world, later, 'C2'), [])
  })

  test('a link may hold several user ids', () => {
    const world = given({
      bindings: [bound(1, 'L1', h(0)), bound(2, 'L1', h(0), 'u2')],
      reports: [login(9, u1), logout(17, { by: userId('u2') })],
    })
    assert.deepEqual(shifts(world), [[9, 17, 'logout']])
  })
})

describe('annulment and the two clocks', () => {
  const annulment = (seq: number, annulled: boolean, recordedAt: number) =>
    ({ seq, workProvider: 'Ace', identity: number('C1'), kind: 'login', at: h(9), annulled, recordedAt }) as const

  test('staff can annul a wrong event and undo that', () => {
    const world = given({
      reports: [login(9)],
      annulments: [annulment(1, true, h(20)), annulment(2, false, h(30))],
    })
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(19) }), [[9, null, null]])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(20) }), [])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(30) }), [[9, null, 'cap']])
    assert.deepEqual(shifts(world, { now: h(20) }), [[9, null, null]])
  })

  test('an annulment is of one event: not of the logout then, nor at another work provider or instant', () => {
    const one = annulment(1, true, h(9))
    const annulments = [
      { ...one, kind: 'logout' as const },
      { ...one, workProvider: 'Bolt' },
      { ...one, at: h(9) + 1 },
    ]
    assert.deepEqual(shifts(given({ reports: [login(9)], annulments })), [[9, null, 'cap']])
  })

  test('the same login told under another identity still counts', () => {
    const world = given({
      bindings: [{ id: 1, workProvider: 'Ace', userId: 'u1', linkId: 'L1', recordedAt: h(0) }],
      reports: [login(9), login(9, { by: userId('u1') })],
      annulments: [annulment(1, true, h(9))],
    })
    assert.deepEqual(shifts(world), [[9, null, 'cap']])
  })

  test('as known at T uses the facts recorded by T, T included', () => {
    const world = told(login(9, { receivedAt: h(10) }), logout(11, { receivedAt: h(12) }))
    assert.equal(knownAt(world, h(10) - 1).reports.length, 0)
    assert.equal(knownAt(world, h(10)).reports.length, 1)
    assert.equal(knownAt(world, h(12)).reports.length, 2)
  })

  test('an event received before its at is used from its at on', () => {
    const world = told(login(9, { receivedAt: h(8) }))
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(8.5) }), [])
    assert.deepEqual(shifts(world, { now: h(100), asKnownAt: h(9) }), [[9, null, null]])
  })
})
