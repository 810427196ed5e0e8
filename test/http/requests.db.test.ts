import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createLink } from '../../src/app/links.ts'
import { MICROSECONDS_PER_HOUR, plus, temporal } from '../../src/domain/instant.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { addLinked, assertServed, idOf, type Item, postShift, readBack, readFirstItem } from './answers.ts'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/
const hour = (hours: string) => `2025-07-06T${hours}:00Z`

onEachEngine('GET /v1/requests/<id>: what became of a report', (engine) => {
  let api: Api
  before(async () => {
    api = await openApi(engine)
  })
  after(() => api.close())

  /** Posts reports of one linked person, derives, and reads the first item of each. */
  async function told(userId: string, ...reports: (readonly ['login' | 'logout', string])[]): Promise<Item[]> {
    await addLinked(api, { customerNumber: userId.toUpperCase(), workProviderUserId: userId })
    const answers: RawAnswer[] = []
    for (const [kind, at] of reports) answers.push(await postShift(api, kind, userId, at))
    await api.settle()
    return Promise.all(answers.map((answer) => readFirstItem(api, answer)))
  }
  const outcomes = (items: readonly Item[]) => items.map((item) => item.outcome)
  const ends = (items: readonly Item[]) =>
    items.map((item) => (item.shift === null ? null : [item.shift.startedAt, item.shift.endedAt]))

  it('pending: the bytes of a report that is not derived yet', async () => {
    const accepted = await postShift(api, 'login', 'waiting', '2025-07-06T10:00:00.000120Z')
    const answer = await api.request('GET', `/v1/requests/${idOf(accepted)}`)
    const { receivedAt } = JSON.parse(answer.body) as { receivedAt: string }
    assert.match(receivedAt, INSTANT)
    assertServed(
      answer,
      `{"id":"${idOf(accepted)}","receivedAt":"${receivedAt}","items":[{"index":0,"kind":"login",` +
        '"at":"2025-07-06T10:00:00.000120Z","outcome":"pending","shift":null,"duplicateOf":null}],"next":null}',
    )
  })

  it('parked: nobody holds the identity; opened as soon as somebody does', async () => {
    const accepted = await postShift(api, 'login', 'bound-later', hour('10:00'))
    const before = await readFirstItem(api, accepted)
    await api.settle()
    const parked = await readFirstItem(api, accepted)
    await addLinked(api, { customerNumber: 'BOUNDLATER' })
    const link = { workProvider: 'Courier Ltd', customerNumber: 'BOUNDLATER' }
    await createLink(api.context, { ...link, workProviderUserId: 'bound-later' })
    await api.settle()
    const bound = await readFirstItem(api, accepted)
    assert.deepEqual(outcomes([before, parked, bound]), ['pending', 'parked', 'opened'])
    assert.deepEqual([parked.shift, parked.duplicateOf], [null, null])
  })

  it('opened and closed: shift is its start and end', async () => {
    const items = await told('pair', ['login', hour('10:00')], ['logout', hour('12:30')])
    assert.deepEqual(outcomes(items), ['opened', 'closed'])
    const shift = [hour('10:00'), hour('12:30')]
    assert.deepEqual(ends(items), [shift, shift])
  })

  it('the same id with a trailing slash is the same answer', async () => {
    const accepted = await postShift(api, 'login', 'slash')
    const [bare, slashed] = await Promise.all(
      ['', '/'].map((slash) => api.request('GET', `/v1/requests/${idOf(accepted)}${slash}`)),
    )
    assert.equal(slashed!.status, 200)
    assert.equal(slashed!.body, bare!.body)
  })

  it('repeat: a login while a shift is open is noted and changes nothing', async () => {
    const items = await told('repeat', ['login', hour('10:00')], ['login', hour('11:00')], ['logout', hour('12:00')])
    assert.deepEqual(outcomes(items), ['opened', 'repeat', 'closed'])
    assert.deepEqual(ends(items), [[hour('10:00'), hour('12:00')], null, [hour('10:00'), hour('12:00')]])
  })

  it('orphan: a logout while none is open; logging out twice is one', async () => {
    const items = await told('orphan', ['login', hour('10:00')], ['logout', hour('11:00')], ['logout', hour('12:00')])
    assert.deepEqual(outcomes(items), ['opened', 'closed', 'orphan'])
    assert.deepEqual(items[2]!.shift, null)
  })

  it('logout first is an orphan; an earlier login that arrives later pairs with it', async () => {
    const [orphan] = await told('late', ['logout', hour('12:00')])
    assert.equal(orphan!.outcome, 'orphan')
    const again = await postShift(api, 'logout', 'late', hour('12:00'))
    const login = await postShift(api, 'login', 'late', hour('11:00'))
    await api.settle()
    const items = [await readFirstItem(api, login), await readFirstItem(api, again)]
    assert.deepEqual(outcomes(items), ['opened', 'closed'])
    assert.deepEqual(ends(items)[1], [hour('11:00'), hour('12:00')])
  })

  it('empty: both at one instant with no shift open', async () => {
    const items = await told('empty', ['login', hour('10:00')], ['logout', hour('10:00')])
    assert.deepEqual(outcomes(items), ['empty', 'empty'])
    assert.deepEqual(ends(items), [null, null])
  })

  it('both at one instant with a shift open: logout then login, the two abut', async () => {
    const items = await told(
      'abut',
      ['login', hour('10:00')],
      ['login', hour('11:00')],
      ['logout', hour('11:00')],
      ['logout', hour('12:00')],
    )
    const [first, second] = [
      [hour('10:00'), hour('11:00')],
      [hour('11:00'), hour('12:00')],
    ]
    assert.deepEqual(outcomes(items), ['opened', 'opened', 'closed', 'closed'])
    assert.deepEqual(ends(items), [first, second, first, second])
  })

  it('the cap: a logout at start + 14 h closes the shift', async () => {
    const items = await told('atcap', ['login', hour('01:00')], ['logout', hour('15:00')])
    assert.deepEqual(outcomes(items), ['opened', 'closed'])
    assert.deepEqual(ends(items)[0], [hour('01:00'), hour('15:00')])
  })

  it('the cap: a shift without logout ends at start + 14 h, and the answer says so', async () => {
    const [login] = await told('capped', ['login', hour('01:00')])
    assert.equal(login!.shift!.startedAt, hour('01:00'))
    assert.ok(Object.values(login!.shift!).includes(hour('15:00')), JSON.stringify(login))
  })

  it('the cap: a logout after start + 14 h is an orphan', async () => {
    const items = await told('aftercap', ['login', hour('01:00')], ['logout', '2025-07-06T15:00:00.000001Z'])
    assert.deepEqual(outcomes(items), ['opened', 'orphan'])
    assert.equal(items[1]!.shift, null)
  })

  it('the cap: a login at start + 14 h opens a new shift, one before is a repeat', async () => {
    const items = await told(
      'logincap',
      ['login', hour('01:00')],
      ['login', '2025-07-06T14:59:59.999999Z'],
      ['login', hour('15:00')],
    )
    assert.deepEqual(outcomes(items), ['opened', 'repeat', 'opened'])
  })

  it('an answer now uses only events up to now: what lies ahead is pending, and closes nothing', async () => {
    const now = api.context.now()
    const text = (hours: number) => temporal(plus(now, hours * MICROSECONDS_PER_HOUR)).toString()
    const items = await told('ahead', ['login', text(-1)], ['logout', text(1)])
    assert.deepEqual(outcomes(items), ['opened', 'pending'])
    assert.equal(items[0]!.shift!.endedAt, null)
    assert.equal(items[1]!.shift, null)
  })

  it('duplicateOf: a report told again has the same outcome and shift, and names the request that told it first', async () => {
    await addLinked(api, { customerNumber: 'AGAIN', workProviderUserId: 'again' })
    const first = await postShift(api, 'login', 'again', hour('10:00'))
    const again = await postShift(api, 'login', 'again', hour('10:00'))
    await api.settle()
    const [item, repeated] = [await readFirstItem(api, first), await readFirstItem(api, again)]
    assert.equal(item.outcome, 'opened')
    assert.deepEqual(repeated, { ...item, duplicateOf: idOf(first) })
  })

  it('it is worked out when read, from the events as they are then', async () => {
    await addLinked(api, { customerNumber: 'CHANGED', workProviderUserId: 'changed' })
    const login = await postShift(api, 'login', 'changed', hour('10:00'))
    await api.settle()
    assert.equal((await readFirstItem(api, login)).outcome, 'opened')
    await postShift(api, 'login', 'changed', hour('09:00'))
    await api.settle()
    assert.equal((await readFirstItem(api, login)).outcome, 'repeat')
    await postShift(api, 'logout', 'changed', hour('09:30'))
    await api.settle()
    assert.equal((await readFirstItem(api, login)).outcome, 'opened')
  })

  it('a batch tells of each of its items', async () => {
    await addLinked(api, { customerNumber: 'MIXED', workProviderUserId: 'mixed' })
    const identity = { workProviderUserId: 'mixed' }
    const items = [
      { ...identity, timestamp: hour('10:00') },
      { ...identity, timestamp: hour('11:00') },
      { workProviderUserId: 'unknown to all', timestamp: hour('12:00') },
      { customerNumber: 'mixed', timestamp: hour('10:00') },
    ]
    const accepted = await api.request('POST', '/v1/batch/login', { body: JSON.stringify(items) })
    await api.settle()
    const state = await readBack(api, accepted)
    assert.deepEqual(
      state.items.map((item) => [item.index, item.outcome]),
      [
        [0, 'opened'],
        [1, 'repeat'],
        [2, 'parked'],
        [3, 'opened'],
      ],
    )
    assert.equal(state.next, null)
  })
})
