import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { type Api, openApi } from '../support/api.ts'
import {
  assertAccepted,
  assertRefused,
  assertServed,
  idOf,
  LONG_AGO,
  postShift,
  readFirstItem,
  report,
} from './answers.ts'

/** Work provider user ids: opaque texts, kept byte for byte. */
const TEXTS: readonly [string, string][] = [
  ['emoji', '🛵👩🏽‍🍳'],
  ['255 characters outside the BMP', '🛵'.repeat(255)],
  ['right-to-left marks', '\u200f1686\u202e\u2066'],
  ['zero-width characters', '\u200b1686\ufeff'],
  ['composed', 'caf\u00e9'],
  ['decomposed', 'cafe\u0301'],
  ['a space before', ' 1686'],
  ['a space after', '1686 '],
  ['one space', ' '],
  ['another case', 'ID-1686'],
  ['lower case', 'id-1686'],
  ['a dotted capital I', 'İD'],
  ['control characters', 'a\u0001\u001b[31m\u007f'],
  ['CRLF', 'a\r\nSet-Cookie: a=b'],
  ['a log line', 'a\n{"level":30,"msg":"forged"}'],
  ['SQL', "'; drop table event; --"],
  ['SQL of arrays', '{"a",NULL,"b\\"}'],
  ['COPY escapes', '\\N\\.\t\\x00'],
  ['HTML', '<script>alert(1)</script>&amp;'],
  ['a template', '{{7*7}}${7*7}<%= 7 %>'],
  ['a format string', '%s%n%00%2F'],
  ['a path', '../../etc/passwd'],
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['JSON', '{"customerNumber":"A"}'],
  ['null', 'null'],
  ['a number', '0'],
  ['noncharacters', '\uffff\ufffe\u{10ffff}'],
  ['a replacement character', '\ufffd'],
]

describe('texts of every kind are inert: stored and given back exactly, or 400', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    for (const [index, [, text]] of TEXTS.entries()) {
      const customerNumber = `TEXT${index}`
      await createCustomer(api.context, { customerNumber, email: `${customerNumber}@example.com` })
      await createLink(api.context, {
        workProvider: 'Courier Ltd',
        customerNumber,
        workProviderUserId: text,
        consentedAt: LONG_AGO,
      })
    }
  })
  after(() => api.close())

  for (const [index, [what, text]] of TEXTS.entries()) {
    it(`a user id with ${what}: status finds its customer and no other`, async () => {
      const answer = await api.request('GET', `/v1/status?workProviderUserId=${encodeURIComponent(text)}`)
      assertServed(answer, `{"status":"DISABLED","policyId":"TEXT${index}","customer_number":"TEXT${index}"}`)
    })

    it(`a user id with ${what}: a report of it is one of that customer, raw or escaped`, async () => {
      const raw = await postShift(api, 'login', text)
      const escaped = report({ workProviderUserId: text }).replace(
        /[^\x20-\x7e]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      const again = await api.request('POST', '/v1/shift/login', { body: escaped })
      const byNumber = await api.request('POST', '/v1/shift/logout', {
        body: report({ customerNumber: `TEXT${index}` }, '2025-07-06T11:00:00Z'),
      })
      for (const answer of [raw, again, byNumber]) assertAccepted(answer)
      await api.settle()
      const [first, second] = [await readFirstItem(api, raw), await readFirstItem(api, again)]
      assert.deepEqual([first.outcome, first.duplicateOf], ['opened', null])
      assert.equal(second.duplicateOf, idOf(raw))
      assert.equal((await readFirstItem(api, byNumber)).outcome, 'closed')
    })
  }

  it('256 characters are too long, however many bytes or code units they have: 400', async () => {
    for (const text of ['🛵'.repeat(256), 'a'.repeat(256), 'é'.repeat(256)]) {
      assertRefused(await postShift(api, 'login', text), 400, 'INVALID_DATA')
    }
  })

  const headers: readonly string[] = [
    "User-Agent: '; drop table event; --",
    'User-Agent: <script>alert(1)</script>',
    'User-Agent: \xff\xfe\x80',
    'Accept: \xe9, application/\xe9',
    'Referer: javascript:alert(1)',
    'Cookie: __proto__=1; a=%zz',
    'Origin: null',
    'X-Forwarded-For: 127.0.0.1, <b>, \xff',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /v1/nothing',
    'Forwarded: for="_x;host=evil"',
    '__proto__: 1',
    'constructor: 1',
    'Range: bytes=0-1',
    'If-None-Match: *',
    'Traceparent: \t',
  ]
  for (const header of headers) {
    it(`a header changes nothing: ${JSON.stringify(header)}`, async () => {
      const body = report({ workProviderUserId: 'headers' })
      assertAccepted(await api.request('POST', '/v1/shift/login', { body, headers: [header] }))
      const status = await api.request('GET', '/v1/status?customerNumber=NOBODY', { headers: [header] })
      assertRefused(status, 404, 'INVALID_CUSTOMER')
    })
  }

  const injections = [
    "' or 1=1 --",
    '<svg onload=alert(1)>',
    '{{7*7}}',
    '\r\nSet-Cookie: a=b',
    '\n{"level":50}',
    '\0',
    '%n',
  ]
  for (const text of injections) {
    it(`in a query or a path ${JSON.stringify(text)} is a text that nobody has`, async () => {
      const encoded = encodeURIComponent(text)
      const get = (target: string) => api.request('GET', target)
      assertRefused(await get(`/v1/status?workProviderUserId=${encoded}`), 404, 'INVALID_CUSTOMER')
      assertRefused(await get(`/v1/status?customerNumber=${encoded}`), 404, 'INVALID_CUSTOMER')
      assertRefused(await get(`/v1/validate/customer-number/${encoded}`), 404, 'INVALID_CUSTOMER')
      assertRefused(await get(`/v1/validate/customer-number/TEXT0?email=${encoded}`), 404, 'INVALID_CUSTOMER_EMAIL')
      assertRefused(await get(`/v1/requests/${encoded}`), 404, 'NOT_FOUND')
      assertRefused(await get(`/v1/${encoded}`), 404, 'NOT_FOUND')
    })
  }
})
