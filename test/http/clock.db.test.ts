import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { type Instant, MICROSECONDS_PER_HOUR, plus, temporal } from '../../src/domain/instant.ts'
import { type Api, openApi } from '../support/api.ts'
import { onEachEngine } from '../support/stores.ts'
import { addLinked, assertAccepted, at, postShift, readFirstItem } from './answers.ts'

onEachEngine('O4 the length of a shift', (engine) => {
  let api: Api
  let now: Instant
  let people = 0
  before(async () => {
    api = await openApi(engine)
    now = api.context.now()
    Object.assign(api.context, { now: () => now })
  })
  after(() => api.close())

  /** Posts a login and a logout, `between` the two does something, and answers the shift that they are. */
  async function shiftOf(login: string, logout: string, between: () => void = () => {}) {
    const userId = `clock-${++people}`
    await addLinked(api, { customerNumber: `CLOCK${people}`, workProviderUserId: userId })
    assertAccepted(await postShift(api, 'login', userId, login))
    between()
    const accepted = await postShift(api, 'logout', userId, logout)
    assertAccepted(accepted)
    await api.settle()
    const { shift } = await readFirstItem(api, accepted)
    assert.notEqual(shift, null)
    return { startedAt: at(shift!.startedAt), endedAt: at(shift!.endedAt!) }
  }

  for (const [what, login, logout, hours] of [
    ['over the night when clocks go forward', '2025-03-30T00:30:00+00:00', '2025-03-30T02:30:00+01:00', 1],
    ['over the night when clocks go back', '2025-10-26T00:30:00+01:00', '2025-10-26T02:30:00+00:00', 3],
    ['within the hour that comes twice', '2025-10-26T01:30:00+01:00', '2025-10-26T01:30:00+00:00', 1],
    ['over the end of a year', '2024-12-31T23:30:00Z', '2025-01-01T01:30:00Z', 2],
    ['over a 29 February', '2024-02-28T23:00:00Z', '2024-03-01T01:00:00+12:00', 14],
    ['told in offsets far apart', '2025-07-06T00:00:00+14:00', '2025-07-05T01:00:00-12:00', 3],
    ['told in offsets far apart, the other way', '2025-07-05T00:00:00-12:00', '2025-07-06T04:00:00+14:00', 2],
  ] as const) {
    it(`${what} is that between its instants: ${hours} h`, async () => {
      const { startedAt, endedAt } = await shiftOf(login, logout)
      assert.deepEqual([startedAt, endedAt], [at(login), at(logout)])
      assert.equal(endedAt - startedAt, hours * MICROSECONDS_PER_HOUR)
    })
  }

  for (const jump of [2, -2]) {
    it(`is not changed by the server's clock jumping ${jump} h between the two reports`, async () => {
      const start = plus(now, -3 * MICROSECONDS_PER_HOUR)
      const end = plus(start, 1_500_000)
      const { startedAt, endedAt } = await shiftOf(temporal(start).toString(), temporal(end).toString(), () => {
        now = plus(now, jump * MICROSECONDS_PER_HOUR)
      })
      assert.deepEqual([startedAt, endedAt], [start, end])
    })
  }
})
