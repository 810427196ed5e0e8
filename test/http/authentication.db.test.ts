import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKey, importKey, revokeKey, rotateKey } from '../../src/app/api-keys.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_HOUR } from '../../src/domain/instant.ts'
import { type Api, openApi, type RawAnswer } from '../support/api.ts'
import { addLinked, assertAccepted, assertRefused, report } from './answers.ts'

const BODY = report({ workProviderUserId: '1686' })

describe('Authorization', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await createWorkProvider(api.context, 'Other Ltd')
    await addLinked(api, { customerNumber: 'COURIER1', workProvider: 'Courier Ltd' })
    await addLinked(api, { customerNumber: 'OTHER1', workProvider: 'Other Ltd' })
  })
  after(() => api.close())

  /** A report with these header lines in place of Authorization. */
  const post = (...headers: string[]): Promise<RawAnswer> =>
    api.request('POST', '/v1/shift/login', { key: null, headers, body: BODY })

  /** The work provider that a value of Authorization stands for; null when it is refused. */
  async function speaksFor(authorization: string): Promise<string | null> {
    const [courier, other] = await Promise.all(
      ['COURIER1', 'OTHER1'].map((number) =>
        api.request('GET', `/v1/status?customerNumber=${number}`, { key: authorization }),
      ),
    )
    if (courier!.status === 401 && other!.status === 401) return null
    assert.deepEqual([courier!.status, other!.status].sort(), [200, 404])
    return courier!.status === 200 ? 'Courier Ltd' : 'Other Ltd'
  }

  const missing: readonly [string, string[]][] = [
    ['no header', []],
    ['an empty one', ['Authorization:']],
    ['one of spaces', ['Authorization:      ']],
    ['one of tabs', ['Authorization: \t\t']],
    ['another header that ends so', ['Proxy-Authorization: zego_key']],
  ]
  for (const [what, headers] of missing) {
    it(`absent or empty (${what}): MISSING_AUTH`, async () => {
      assertRefused(await post(...headers), 401, 'MISSING_AUTH')
    })
  }

  const wrong: readonly [string, string][] = [
    ['wrong', 'zego_wrong'],
    ['of 10 kB', 'k'.repeat(10_000)],
    ['of 10 kB after Bearer', `Bearer ${'k'.repeat(10_000)}`],
    ['non-ASCII', 'cl\u00e9-\u00ff-\u00a3'],
    ['non-ASCII as UTF-8', Buffer.from('ключ').toString('latin1')],
    ['Bearer alone', 'Bearer'],
    ['Bearer and a space', 'Bearer '],
    ['Bearer and a wrong key', 'Bearer zego_wrong'],
    ['Basic', 'Basic em9vOnpvbw=='],
    ['SQL', "' or true --"],
    ['HTML', '<script>alert(1)</script>'],
    ['a format string', '%s%n${jndi:ldap://x}'],
  ]
  for (const [what, value] of wrong) {
    it(`not a live key (${what}): INVALID_KEY`, async () => {
      assertRefused(await post(`Authorization: ${value}`), 401, 'INVALID_KEY')
    })
  }

  it('not a live key: one with something before, after or in it is another one', async () => {
    const { key } = api
    for (const value of [
      `${key}x`,
      `x${key}`,
      `${key} x`,
      `${key},`,
      key.toUpperCase(),
      key.slice(0, -1),
      `"${key}"`,
    ]) {
      assertRefused(await post(`Authorization: ${value}`), 401, 'INVALID_KEY')
    }
  })

  it('not a live key: one between non-ASCII spaces, which are no white space of HTTP', async () => {
    assertRefused(await post(`Authorization: \xa0${api.key}\xa0`), 401, 'INVALID_KEY')
  })

  it('more than one header: INVALID_KEY, whichever of them is live', async () => {
    const live = `Authorization: ${api.key}`
    for (const headers of [
      [live, live],
      [live, 'Authorization: zego_wrong'],
      ['Authorization: zego_wrong', live],
      [live, `authorization: ${api.key}`],
      [live, `AUTHORIZATION: Bearer ${api.key}`],
      [live, 'Authorization:'],
      ['Authorization:', live],
      [live, 'Accept: */*', live],
    ]) {
      assertRefused(await post(...headers), 401, 'INVALID_KEY')
    }
  })

  it('carries the bare key, trimmed, whatever the case of the header name', async () => {
    for (const header of ['Authorization: ', 'authorization:', 'AUTHORIZATION: \t  ']) {
      assertAccepted(await post(`${header}${api.key}  \t`))
    }
  })

  it('the value without a leading "Bearer " is looked up too', async () => {
    assertAccepted(await post(`Authorization: Bearer ${api.key}`))
    assert.equal(await speaksFor(`Bearer ${api.key}`), 'Courier Ltd')
  })

  it('several keys are live per work provider', async () => {
    const { key } = await createKey(api.context, 'Courier Ltd')
    assert.equal(await speaksFor(key), 'Courier Ltd')
    assert.equal(await speaksFor(api.key), 'Courier Ltd')
  })

  it('a key rotated with an overlap: old and new are live', async () => {
    const old = await createKey(api.context, 'Other Ltd')
    const { key } = await rotateKey(api.context, old.id, MICROSECONDS_PER_HOUR)
    assert.equal(await speaksFor(old.key), 'Other Ltd')
    assert.equal(await speaksFor(key), 'Other Ltd')
  })

  it('a key rotated without an overlap: the old one, never used here before, is not live', async () => {
    const old = await createKey(api.context, 'Other Ltd')
    const { key } = await rotateKey(api.context, old.id, 0)
    assert.equal(await speaksFor(old.key), null)
    assert.equal(await speaksFor(key), 'Other Ltd')
  })

  it('a revoked key, used just before, is not live', async () => {
    const { id, key } = await createKey(api.context, 'Courier Ltd')
    assertAccepted(await post(`Authorization: ${key}`))
    await revokeKey(api.context, id)
    assertRefused(await post(`Authorization: ${key}`), 401, 'INVALID_KEY')
    assertRefused(await post(`Authorization: Bearer ${key}`), 401, 'INVALID_KEY')
  })

  it('an imported key works, one that was refused just before too', async () => {
    const key = 'taken-over-from-old-clients'
    assert.equal(await speaksFor(key), null)
    await importKey(api.context, 'Other Ltd', key)
    assert.equal(await speaksFor(key), 'Other Ltd')
  })

  const imported: readonly [string, string][] = [
    ['8 characters', '8 chars!'],
    ['512 characters', 'k'.repeat(512)],
    ['inner spaces', 'my old  key with   spaces'],
    ['every visible character', Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('')],
    ['the form of another scheme', 'Token token="abc", realm="x"'],
  ]
  for (const [what, key] of imported) {
    it(`an imported key with ${what} is taken, bare and after "Bearer "`, async () => {
      await importKey(api.context, 'Other Ltd', key)
      assert.equal(await speaksFor(key), 'Other Ltd')
      assert.equal(await speaksFor(`Bearer ${key}`), 'Other Ltd')
    })
  }

  it('inner spaces count: the same key with fewer is another one', async () => {
    await importKey(api.context, 'Other Ltd', 'two  spaces in it')
    assert.equal(await speaksFor('two spaces in it'), null)
  })

  it('the whole trimmed value is looked up first, then the value without "Bearer "', async () => {
    await importKey(api.context, 'Courier Ltd', 'Bearer of-two-names')
    await importKey(api.context, 'Other Ltd', 'of-two-names')
    assert.equal(await speaksFor('Bearer of-two-names'), 'Courier Ltd')
    assert.equal(await speaksFor('Bearer Bearer of-two-names'), 'Courier Ltd')
    assert.equal(await speaksFor('of-two-names'), 'Other Ltd')
  })

  it('a key that itself begins with "Bearer " is not known without it', async () => {
    await importKey(api.context, 'Courier Ltd', 'Bearer and-only-so')
    assert.equal(await speaksFor('Bearer and-only-so'), 'Courier Ltd')
    assert.equal(await speaksFor('and-only-so'), null)
  })

  for (const [what, authorization, error] of [
    ['missing', '', 'MISSING_AUTH'],
    ['wrong', 'Authorization: zego_wrong\r\n', 'INVALID_KEY'],
  ]) {
    it(`401 (${what}) before the body is looked at: it is answered though the body never comes`, async () => {
      for (const framing of ['Content-Length: 100', 'Content-Length: 99999999999', 'Transfer-Encoding: chunked']) {
        const answer = await api.send(`POST /v1/batch/login/ HTTP/1.1\r\nHost: a\r\n${authorization}${framing}\r\n\r\n`)
        assertRefused(answer, 401, error!)
      }
    })
  }
})
