import { after, before, describe, it } from 'node:test'
import { type Api, openApi } from '../support/api.ts'
import { assertAccepted, assertRefused, DEPRECATED } from './answers.ts'

const TIMESTAMP = '"timestamp":"2025-07-06T10:00:00Z"'
const GOOD = `{"workProviderUserId":"1686",${TIMESTAMP}}`
const MATCH = '{"customerNumber":"ABC12","success":true}'

/** Each endpoint, a good body for it, and how fields become a body of its form. */
const ENDPOINTS = [
  { path: '/v1/shift/login', good: GOOD, form: (fields: string) => `{${fields}}` },
  { path: '/v1/shift/logout', good: GOOD, form: (fields: string) => `{${fields}}` },
  { path: '/v1/batch/login', good: `[${GOOD}]`, form: (fields: string) => `[${GOOD},{${fields}}]` },
  { path: '/v1/batch/logout', good: `[${GOOD}]`, form: (fields: string) => `[${GOOD},{${fields}}]` },
  { path: '/v1/match', good: MATCH, form: (fields: string) => `{${fields},"success":true}` },
] as const

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

/** Bodies that no endpoint takes. */
const REFUSED: readonly [string, string | Buffer][] = [
  ['empty body', ''],
  ['white space', ' \r\n\t'],
  ['a BOM alone', '\ufeff'],
  ['not JSON: text', 'hello'],
  ['not JSON: a form', 'workProviderUserId=1686&timestamp=2025-07-06T10:00:00Z'],
  ['not JSON: cut off', '{"workProviderUserId":"1686","timest'],
  ['not JSON: single quotes', "{'workProviderUserId':'1686'}"],
  ['not JSON: a trailing comma', `${GOOD.slice(0, -1)},}`],
  ['not JSON: a comment', `${GOOD}//`],
  ['not JSON: two documents', GOOD + GOOD],
  ['not JSON: NaN', '{"workProviderUserId":NaN}'],
  ['not JSON: undefined', 'undefined'],
  ['not JSON: a raw control character', `{"workProviderUserId":"a\nb",${TIMESTAMP}}`],
  ['not JSON: a raw NUL after it', `${GOOD}\0`],
  ['not JSON: two BOMs', `\ufeff\ufeff${GOOD}`],
  ['not JSON: XML', '<shift><login/></shift>'],
  ['null', 'null'],
  ['true', 'true'],
  ['a number', '1686'],
  ['a huge number', '1e999'],
  ['a string', '"1686"'],
  ['a string of JSON', JSON.stringify(GOOD)],
  ['an empty object', '{}'],
  ['an array of arrays', '[[]]'],
  ['an array of null', '[null]'],
  ['an array of an empty object', '[{}]'],
  ['invalid UTF-8: a lone byte', Buffer.from([0xff])],
  ['invalid UTF-8: UTF-16', utf16(GOOD)],
  ['invalid UTF-8: an encoded surrogate', Buffer.from(GOOD.replace('1686', '\xed\xa0\x80'), 'latin1')],
  ['invalid UTF-8: Latin-1', Buffer.from(GOOD.replace('1686', 'cl\xe9'), 'latin1')],
  ['invalid UTF-8: overlong', Buffer.from(GOOD.replace('1686', '\xc0\xaf'), 'latin1')],
  ['invalid UTF-8: cut off', Buffer.from(`${GOOD}\xe2\x82`, 'latin1')],
  ['invalid UTF-8 in an unknown field', Buffer.from(`${GOOD.slice(0, -1)},"x":"\xff"}`, 'latin1')],
  ['100,000 open brackets', '['.repeat(100_000)],
  ['100,000 brackets, closed', deep(100_000)],
  ['100,000 open braces', '{"a":'.repeat(100_000)],
  ['100,000 objects, closed', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ['100,000 brackets in an unknown field', `${GOOD.slice(0, -1)},"x":${deep(100_000)}}`],
]

/** The fields of one item that are refused on shift, batch and match. */
const REFUSED_FIELDS: readonly [string, string][] = [
  ['no identity', '"name":"x"'],
  ['null identities only', '"customerNumber":null,"workProviderUserId":null,"policyId":null,"driverId":null'],
  ['two identities', '"customerNumber":"A","workProviderUserId":"1686"'],
  ['the new and the old name', '"customerNumber":"A","policyId":"A"'],
  ['the new and the old name of a user id', '"workProviderUserId":"1","driverId":"1"'],
  ['all four identities', '"customerNumber":"A","workProviderUserId":"1","policyId":"A","driverId":"1"'],
  ['two identities, one of them empty', '"customerNumber":"A","workProviderUserId":""'],
  ['two identities, one of them of a wrong type', '"customerNumber":"A","workProviderUserId":false'],
  ['two NUL identities', '"customerNumber":"\\u0000","workProviderUserId":"\\u0000"'],
  ...['customerNumber', 'policyId', 'workProviderUserId', 'driverId'].flatMap((name): [string, string][] => [
    [`${name} a number`, `"${name}":1686`],
    [`${name} a boolean`, `"${name}":true`],
    [`${name} an object`, `"${name}":{}`],
    [`${name} an array`, `"${name}":["1686"]`],
    [`${name} empty`, `"${name}":""`],
    [`${name} of 256 characters`, `"${name}":"${'A'.repeat(256)}"`],
    [`${name} of 1 MB`, `"${name}":"${'A'.repeat(1_000_000)}"`],
    [`${name} with a NUL`, `"${name}":"16\\u000086"`],
    [`${name} with a lone high surrogate`, `"${name}":"16\\ud80086"`],
    [`${name} with a lone low surrogate`, `"${name}":"16\\udc0086"`],
    [`${name} with swapped surrogates`, `"${name}":"\\udc00\\ud800"`],
  ]),
  ...['A-1', 'A B', ' A', 'A\\n', 'É', 'Ａ', 'А', '٣', "A'--", '.'].map((text): [string, string] => [
    `a customer number outside [A-Za-z0-9]+: ${text}`,
    `"customerNumber":"${text}"`,
  ]),
  ['a deprecated number outside [A-Za-z0-9]+', '"policyId":"A_1"'],
  ['an identity under another case', '"CustomerNumber":"A"'],
  ['an identity inherited through __proto__', '"__proto__":{"customerNumber":"A"}'],
  ['an identity inherited through constructor', '"constructor":{"prototype":{"customerNumber":"A"}}'],
]

/** Fields beside a good item that are ignored. */
const IGNORED_FIELDS: readonly [string, string][] = [
  ['unknown fields', '"a":1,"b":"x","c":null,"d":[{}],"e":{"customerNumber":"B"}'],
  ['an identity under another case', '"customernumber":"B","DRIVERID":"1"'],
  ['null identities', '"policyId":null,"driverId":null'],
  ['__proto__', '"__proto__":{"customerNumber":"B","policyId":"B","driverId":"1"}'],
  ['constructor', '"constructor":{"prototype":{"driverId":"1"}}'],
  ['toString, hasOwnProperty and length', '"toString":1,"hasOwnProperty":1,"length":-1'],
  ['NUL and lone surrogates in what is not of the contract', '"x":"\\u0000\\ud800","\\u0000":1,"\\udc00":1'],
  ['an empty name', '"":""'],
  ['1 MB', `"x":"${'x'.repeat(1_000_000)}"`],
  ['many names', Array.from({ length: 10_000 }, (_, i) => `"x${i}":0`).join(',')],
]

describe('bodies', () => {
  let api: Api
  before(async () => {
    api = await openApi()
  })
  after(() => api.close())

  for (const { path, good, form } of ENDPOINTS) {
    const post = (body: string | Buffer) => api.request('POST', path, { body })
    const refused = async (body: string | Buffer) => assertRefused(await post(body), 400, 'INVALID_DATA')

    for (const [what, body] of REFUSED) {
      it(`${path}: 400 INVALID_DATA: ${what}`, () => refused(body))
    }

    for (const [what, fields] of REFUSED_FIELDS) {
      // Said of a refused request too: that it used a deprecated field.
      const extra = /"(policyId|driverId)":(?!null)/.test(fields) ? DEPRECATED : {}
      it(`${path}: 400 INVALID_DATA: ${what}`, async () => {
        assertRefused(await post(form(`${fields},${TIMESTAMP}`)), 400, 'INVALID_DATA', extra)
      })
    }

    for (const [what, fields] of IGNORED_FIELDS) {
      it(`${path}: ignored: ${what}`, async () => {
        assertAccepted(await post(form(`"customerNumber":"ABC12",${TIMESTAMP},${fields}`)))
        assertAccepted(await post(form(`${fields},${TIMESTAMP},"customerNumber":"ABC12"`)))
      })
    }

    it(`${path}: wrong type of body: an array for an object, an object for an array`, async () => {
      await refused(good.startsWith('[') ? good.slice(1, -1) : `[${good}]`)
    })

    it(`${path}: no body at all: 400`, async () => {
      assertRefused(await api.request('POST', path), 400, 'INVALID_DATA')
    })

    it(`${path}: a BOM is fine, and so is white space around`, async () => {
      assertAccepted(await post(`\ufeff${good}`))
      assertAccepted(await post(`\r\n\t ${good} \r\n`))
    })

    it(`${path}: an identity of 255 characters is taken`, async () => {
      assertAccepted(await post(form(`"customerNumber":"${'Z'.repeat(255)}",${TIMESTAMP}`)))
    })

    // The body, and in a batch the item, are levels too.
    const levels = 32 - (good.startsWith('[') ? 2 : 1)
    const nested = (depth: number) => form(`"customerNumber":"ABC12",${TIMESTAMP},"x":${deep(depth)}`)
    it(`${path}: nested 32 deep is taken`, async () => {
      assertAccepted(await post(nested(levels)))
    })
    it(`${path}: nesting deeper than 32 (33) is 400`, () => refused(nested(levels + 1)))
    it(`${path}: nesting deeper than 32 (40) is 400`, () => refused(nested(levels + 8)))
  }
})
