import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { MICROSECONDS_PER_HOUR, plus, temporal } from '../../src/domain/instant.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { assertAccepted, assertRefused, holdClock, readFirstItem, report } from './answers.ts'

/** As it is sent, and the instant that it is. */
const TAKEN: readonly [string, string, string][] = [
  ['Z', '2025-07-06T10:15:30Z', '2025-07-06T10:15:30Z'],
  ['+00:00', '2025-07-06T10:15:30+00:00', '2025-07-06T10:15:30Z'],
  ['+0000', '2025-07-06T10:15:30+0000', '2025-07-06T10:15:30Z'],
  ['+00', '2025-07-06T10:15:30+00', '2025-07-06T10:15:30Z'],
  ['-00:00', '2025-07-06T10:15:30-00:00', '2025-07-06T10:15:30Z'],
  ['an offset east', '2025-07-06T10:15:30+01:00', '2025-07-06T09:15:30Z'],
  ['an offset west', '2025-07-06T10:15:30-0330', '2025-07-06T13:45:30Z'],
  ['an offset of hours', '2025-07-06T10:15:30+02', '2025-07-06T08:15:30Z'],
  ['an offset of 45 minutes', '2025-07-06T10:15:30+05:45', '2025-07-06T04:30:30Z'],
  ['an offset over midnight', '2025-01-01T00:30:00+14:00', '2024-12-31T10:30:00Z'],
  ['+18:00', '2025-07-06T18:00:00+18:00', '2025-07-06T00:00:00Z'],
  ['-18:00', '2025-07-06T06:00:00-18:00', '2025-07-07T00:00:00Z'],
  ['t', '2025-07-06t10:15:30Z', '2025-07-06T10:15:30Z'],
  ['z', '2025-07-06T10:15:30z', '2025-07-06T10:15:30Z'],
  ['a space for the T', '2025-07-06 10:15:30Z', '2025-07-06T10:15:30Z'],
  ['a space for the T, and an offset', '2025-07-06 10:15:30.5+01:00', '2025-07-06T09:15:30.5Z'],
  ['no seconds', '2025-07-06T10:15Z', '2025-07-06T10:15:00Z'],
  ['no seconds, and an offset', '2025-07-06T10:15+01:00', '2025-07-06T09:15:00Z'],
  ['basic form', '20250706T101530Z', '2025-07-06T10:15:30Z'],
  ['basic form with an offset', '20250706T101530+0100', '2025-07-06T09:15:30Z'],
  ['basic form without seconds', '20250706T1015Z', '2025-07-06T10:15:00Z'],
  ['basic form with a fraction', '20250706T101530.250Z', '2025-07-06T10:15:30.25Z'],
  ['a comma fraction', '2025-07-06T10:15:30,123456Z', '2025-07-06T10:15:30.123456Z'],
  ['1 digit', '2025-07-06T10:15:30.1Z', '2025-07-06T10:15:30.1Z'],
  ['3 digits', '2025-07-06T10:15:30.123Z', '2025-07-06T10:15:30.123Z'],
  ['6 digits', '2025-07-06T10:15:30.123456Z', '2025-07-06T10:15:30.123456Z'],
  ['the first microsecond', '2025-07-06T10:15:30.000001Z', '2025-07-06T10:15:30.000001Z'],
  ['the last microsecond', '2025-07-06T10:15:30.999999Z', '2025-07-06T10:15:30.999999Z'],
  ['9 digits, cut to 6', '2025-07-06T10:15:30.123456789Z', '2025-07-06T10:15:30.123456Z'],
  ['9 digits, cut and not rounded', '2025-12-31T23:59:59.999999999Z', '2025-12-31T23:59:59.999999Z'],
  [':60 as :59', '2025-06-30T23:59:60Z', '2025-06-30T23:59:59Z'],
  [':60 as :59 with its fraction', '2025-06-30T23:59:60.25Z', '2025-06-30T23:59:59.25Z'],
  ['basic :60', '20250630T235960Z', '2025-06-30T23:59:59Z'],
  ['29 February of a leap year', '2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
  ['midnight', '2025-07-06T00:00:00Z', '2025-07-06T00:00:00Z'],
  ['the first instant', '2015-01-01T00:00:00Z', '2015-01-01T00:00:00Z'],
  ['the first instant, told with an offset', '2014-12-31T23:00:00-01:00', '2015-01-01T00:00:00Z'],
  ["Python's isoformat()", '2025-07-06T10:15:30.654321+00:00', '2025-07-06T10:15:30.654321Z'],
  ["Python's isoformat(), its fraction zero", '2025-07-06T10:15:31+00:00', '2025-07-06T10:15:31Z'],
  ['a summer-time night', '2025-10-26T01:30:00+01:00', '2025-10-26T00:30:00Z'],
]

const REFUSED: readonly [string, unknown][] = [
  ['no offset', '2025-07-06T10:15:30'],
  ['no offset, with a fraction', '2025-07-06T10:15:30.123456'],
  ['no offset, a space for the T', '2025-07-06 10:15:30'],
  ['no offset, basic', '20250706T101530'],
  ['an offset with seconds', '2025-07-06T10:15:30+01:00:00'],
  ['an offset with seconds, basic', '2025-07-06T10:15:30+010000'],
  ['an offset of +18:01', '2025-07-06T10:15:30+18:01'],
  ['an offset of -18:01', '2025-07-06T10:15:30-18:01'],
  ['an offset of +19', '2025-07-06T10:15:30+19'],
  ['an offset of +99:99', '2025-07-06T10:15:30+99:99'],
  ['an offset of 60 minutes', '2025-07-06T10:15:30+01:60'],
  ['an offset of one digit', '2025-07-06T10:15:30+1'],
  ['Z and an offset', '2025-07-06T10:15:30Z+01:00'],
  ['a zone by its name', '2025-07-06T10:15:30 UTC'],
  ['date only', '2025-07-06'],
  ['date only with Z', '2025-07-06Z'],
  ['hours only', '2025-07-06T10Z'],
  ['hours only, basic', '20250706T10Z'],
  ['30 February', '2025-02-30T10:15:30Z'],
  ['29 February of a common year', '2025-02-29T10:15:30Z'],
  ['29 February of 2100', '2100-02-29T10:15:30Z'],
  ['31 April', '2025-04-31T10:15:30Z'],
  ['day 0', '2025-07-00T10:15:30Z'],
  ['month 13', '2025-13-01T10:15:30Z'],
  ['month 0', '2025-00-01T10:15:30Z'],
  ['24:00', '2025-07-06T24:00:00Z'],
  ['24:00 without seconds', '2025-07-06T24:00Z'],
  ['minute 60', '2025-07-06T10:60:00Z'],
  ['second 61', '2025-07-06T10:15:61Z'],
  ['[Europe/London]', '2025-07-06T10:15:30+01:00[Europe/London]'],
  ['[u-ca=gregory]', '2025-07-06T10:15:30Z[u-ca=gregory]'],
  ['a week date', '2025-W27-7T10:15:30Z'],
  ['a basic week date', '2025W277T101530Z'],
  ['an ordinal date', '2025-187T10:15:30Z'],
  ['a basic ordinal date', '2025187T101530Z'],
  ['an expanded year', '+002025-07-06T10:15:30Z'],
  ['a negative year', '-002025-07-06T10:15:30Z'],
  ['a year of five digits', '12025-07-06T10:15:30Z'],
  ['white space before', ' 2025-07-06T10:15:30Z'],
  ['white space after', '2025-07-06T10:15:30Z '],
  ['a line feed after', '2025-07-06T10:15:30Z\n'],
  ['white space before the offset', '2025-07-06T10:15:30 +01:00'],
  ['two spaces for the T', '2025-07-06  10:15:30Z'],
  ['U+2212', '2025-07-06T10:15:30\u221201:00'],
  ['digits that are not ASCII', '２０２５-07-06T10:15:30Z'],
  ['a NUL after', '2025-07-06T10:15:30Z\0'],
  ['unix seconds', '1751796930'],
  ['unix seconds as a number', 1751796930],
  ['unix milliseconds', '1751796930000'],
  ['10 digits of a fraction', '2025-07-06T10:15:30.1234567890Z'],
  ['a fraction without digits', '2025-07-06T10:15:30.Z'],
  ['a date of one digit', '2025-7-6T10:15:30Z'],
  ['a date with slashes', '2025/07/06T10:15:30Z'],
  ['the form of HTTP', 'Sun, 06 Jul 2025 10:15:30 GMT'],
  ['empty', ''],
  ['a word', 'now'],
  ['null', null],
  ['true', true],
  ['an object', { iso: '2025-07-06T10:15:30Z' }],
  ['an array', ['2025-07-06T10:15:30Z']],
  ['before 2015-01-01T00:00:00Z', '2014-12-31T23:59:59.999999Z'],
  ['before 2015-01-01T00:00:00Z by its offset', '2015-01-01T00:59:59+01:00'],
  ['the unix epoch', '1970-01-01T00:00:00Z'],
  ['the year 0000', '0000-01-01T00:00:00Z'],
  ['the year 9999', '9999-12-31T23:59:59Z'],
  ['1 MB', `2025-07-06T10:15:30.${'1'.repeat(1_000_000)}Z`],
]

describe('timestamps', () => {
  let api: Api
  before(async () => {
    api = await openApi()
  })
  after(() => api.close())

  const post = (timestamp: unknown): Promise<RawAnswer> =>
    api.request('POST', '/v1/shift/login', { body: report({ workProviderUserId: '1686' }, timestamp) })
  const instantOf = async (accepted: RawAnswer): Promise<string> =>
    Temporal.Instant.from((await readFirstItem(api, accepted)).at).toString()

  const accepted: { answer: RawAnswer; instant: string }[] = []
  for (const [what, sent, instant] of TAKEN) {
    it(`taken: ${what} (${sent})`, async () => {
      const answer = await post(sent)
      assertAccepted(answer)
      const expected = Temporal.Instant.from(instant).toString()
      assert.equal(await instantOf(answer), expected)
      accepted.push({ answer, instant: expected })
    })
  }

  it('kept to the microsecond when derived, too', async () => {
    await api.settle()
    assert.equal(accepted.length, TAKEN.length)
    for (const { answer, instant } of accepted) assert.equal(await instantOf(answer), instant)
  })

  it('the same instant told in another way is the same event', async () => {
    const told = { workProviderUserId: 'other ways' }
    const ways = ['2025-07-06T10:15:30.5Z', '20250706T111530,500000+01', '2025-07-06 10:15:30.5000009-00:00']
    const items = ways.map((timestamp) => ({ ...told, timestamp }))
    const answer = await api.request('POST', '/v1/batch/login', { body: JSON.stringify(items) })
    await api.settle()
    const state = await api.request('GET', answer.headers.get('location')!)
    const { items: read } = JSON.parse(state.body) as { items: { duplicateOf: string | null }[] }
    const id = answer.headers.get('request-id')
    assert.deepEqual(
      read.map((item) => item.duplicateOf),
      [null, id, id],
    )
  })

  for (const [what, sent] of REFUSED) {
    it(`refused with 400: ${what} (${JSON.stringify(sent).slice(0, 60)})`, async () => {
      assertRefused(await post(sent), 400, 'INVALID_DATA')
      const item = report({ workProviderUserId: '1686' }, sent)
      assertRefused(await api.request('POST', '/v1/batch/logout', { body: `[${item}]` }), 400, 'INVALID_DATA')
    })
  }

  it('refused with 400: no timestamp', async () => {
    const answer = await api.request('POST', '/v1/shift/login', { body: '{"workProviderUserId":"1686"}' })
    assertRefused(answer, 400, 'INVALID_DATA')
  })

  it('the detail of a timestamp without an offset says that it has no time zone', async () => {
    const answer = await post('2025-07-06T10:15:30')
    assert.equal(answer.headers.get('zego-error-detail'), 'timestamp has no time zone')
  })

  it('24 h ahead is taken, more than 24 h ahead is refused, to the microsecond', async () => {
    const clock = holdClock(api)
    const limit = plus(clock.now(), 24 * MICROSECONDS_PER_HOUR)
    const answer = await post(temporal(limit).toString())
    assertAccepted(answer)
    assert.equal(await instantOf(answer), temporal(limit).toString())
    assertRefused(await post(temporal(plus(limit, 1)).toString()), 400, 'INVALID_DATA')
  })
})
