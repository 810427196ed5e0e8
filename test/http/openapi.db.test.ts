import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { validate } from '@hyperjump/json-schema/openapi-3-1'
import { ROUTES } from '../../src/http/api.ts'
import { type Api, openApi } from '../support/api.ts'
import { problemsOf } from '../support/openapi-answers.ts'
import { type Described, DOCUMENT, fits, type MediaType, pointerTo, resolve } from '../support/openapi.ts'
import { addLinked, assertAccepted } from './answers.ts'

const PAGES = ['/link-work-provider', '/v1/link-work-provider']
const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

describe('the description of the API', () => {
  let api: Api
  before(async () => {
    api = await openApi()
    await addLinked(api, { customerNumber: 'ABC123', workProviderUserId: '1686', isInsured: true })
  })
  after(() => api.close())

  it('is OpenAPI 3.1', async () => {
    const { valid } = await validate('https://spec.openapis.org/oas/3.1/schema-base', DOCUMENT as never)
    assert.ok(valid)
  })

  it('is served without a key, and is the file in the repository', async () => {
    const answer = await api.request('GET', '/openapi.json', { key: null })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'application/json')
    const file = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as unknown
    assert.deepEqual(JSON.parse(answer.body), file)
  })

  it('has every path and method that the API answers, and no other', () => {
    const described = OPERATIONS.filter(({ path }) => !PAGES.includes(path)).map(
      ({ path, method }) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/, '*')}`,
    )
    const answered = [...ROUTES].map(([path, { method }]) => `${method} ${path}`)
    assert.deepEqual(described.sort(), answered.sort())
  })

  for (const { path, method, operation } of OPERATIONS) {
    const content = operation.requestBody?.content['application/json']
    for (const [name, { value }] of Object.entries(content?.examples ?? {})) {
      it(`${method.toUpperCase()} ${path}: the example "${name}" is accepted, with and without a slash`, async () => {
        const pointer = pointerTo('paths', path, method, 'requestBody', 'content', 'application/json', 'schema')
        assert.ok(await fits(pointer, value))
        for (const target of [path, `${path}/`]) {
          const answer = await api.request('POST', target, { body: JSON.stringify(value) })
          assert.equal(answer.status, 202)
          assert.deepEqual(await problemsOf('POST', target, answer), [])
        }
      })
    }
  }

  it('has examples of answers that are of their own schema', async () => {
    let count = 0
    for (const { path, method, operation } of OPERATIONS) {
      for (const status of Object.keys(operation.responses)) {
        const { pointer, value } = resolve<Described>(pointerTo('paths', path, method, 'responses', status))
        for (const [type, content] of Object.entries(value.content ?? {})) {
          for (const example of examplesOf(content)) {
            const schema = `${pointer}${pointerTo('content', type, 'schema')}`
            assert.ok(await fits(schema, example), `${method} ${path} ${status}: ${JSON.stringify(example)}`)
            count++
          }
        }
      }
    }
    assert.ok(count > 50, `${count} examples`)
  })

  it('tells the answers of a served status, a validated number and a read request as they are', async () => {
    const accepted = await api.request('POST', '/v1/shift/login', {
      body: '{"workProviderUserId":"1686","timestamp":"2025-07-06T18:00:00Z"}',
    })
    assertAccepted(accepted)
    await api.settle()
    for (const [target, status] of [
      ['/v1/status?customerNumber=ABC123', 200],
      ['/v1/user/status/?driverId=1686', 200],
      ['/v1/validate/customer-number/ABC123/', 204],
      [accepted.headers.get('location')!, 200],
      ['/livez', 200],
      ['/readyz/', 200],
    ] as const) {
      const answer = await api.request('GET', target)
      assert.equal(answer.status, status)
      assert.deepEqual(await problemsOf('GET', target, answer), [], target)
    }
  })

  it('held against an answer tells what is wrong with it: the tests by it can fail', async () => {
    const target = '/v1/status?customerNumber=ABC123'
    const good = await api.request('GET', target)
    assert.deepEqual(await problemsOf('GET', target, good), [])
    const body = JSON.parse(good.body) as Record<string, unknown>
    const withHeader = (name: string, value: string | null) => {
      const headers = new Map(good.headers)
      if (value === null) headers.delete(name)
      else headers.set(name, value)
      return { ...good, headers }
    }
    const wrong = {
      'another status': { ...good, status: 204 },
      'no Request-Id': withHeader('request-id', null),
      'a Request-Id that is none': withHeader('request-id', '1'),
      'another type': withHeader('content-type', 'text/plain'),
      'a header too many': withHeader('location', '/v1/requests/1'),
      'a field too many': { ...good, body: JSON.stringify({ ...body, more: 1 }) },
      'a field too few': { ...good, body: JSON.stringify({ ...body, customer_number: undefined }) },
      'a field of another kind': { ...good, body: JSON.stringify({ ...body, cover_level: 1 }) },
      'white space': { ...good, body: JSON.stringify(body, null, 1) },
    }
    for (const [what, answer] of Object.entries(wrong)) {
      assert.notDeepEqual(await problemsOf('GET', target, answer), [], what)
    }
    assert.notDeepEqual(await problemsOf('POST', target, good), [], 'another method')
    assert.notDeepEqual(await problemsOf('GET', '/v1/nothing', good), [], 'another path')
  })
})

function examplesOf({ example, examples = {} }: MediaType): unknown[] {
  return [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)]
}
