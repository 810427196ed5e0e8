import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Collection, PostmanRequest } from '../../scripts/postman.ts'
import { DOCUMENT } from '../support/openapi.ts'
import { openSite, type TestSite } from '../support/site.ts'

/* The collection as Postman sends it: its variables filled in, and what is switched off left out. */

const COLLECTION = JSON.parse(
  readFileSync(new URL('../../docs/zego.postman_collection.json', import.meta.url), 'utf8'),
) as Collection
const REQUESTS = COLLECTION.item.flatMap(({ item }) => item)

describe('the Postman collection', () => {
  let site: TestSite
  before(async () => {
    site = await openSite()
  })
  after(() => site.close())

  function filledIn(text: string): string {
    const values: Record<string, string> = { baseUrl: site.url, key: site.key, $isoTimestamp: new Date().toISOString() }
    return text.replaceAll(/\{\{([$\w]+)\}\}/g, (_, name: string) => values[name] ?? assert.fail(name))
  }

  function send({ request: { method, url, body, auth } }: PostmanRequest): Promise<Response> {
    const variables = new Map((url.variable ?? []).map(({ key, value }) => [key, value]))
    const path = url.path.map((part) => (part.startsWith(':') ? variables.get(part.slice(1))! : part))
    const query = (url.query ?? []).filter((pair) => pair.disabled === undefined)
    const search = query.map(({ key, value }) => `${key}=${encodeURIComponent(value)}`).join('&')
    return fetch(`${filledIn(url.host[0]!)}/${path.join('/')}${search === '' ? '' : `?${search}`}`, {
      method,
      redirect: 'manual',
      headers: auth === undefined ? { Authorization: filledIn('{{key}}') } : {},
      ...(body === undefined ? {} : { body: filledIn(body.raw) }),
    })
  }

  test('has every call of the API, each in one folder', () => {
    const calls = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map(
        (method) => `${method.toUpperCase()} /${path.slice(1).replaceAll(/\{(\w+)\}/g, ':$1')}`,
      ),
    )
    const listed = REQUESTS.map(({ request: { method, url } }) => `${method} /${url.path.join('/')}`)
    assert.deepEqual(listed.sort(), calls.sort())
  })

  for (const item of REQUESTS) {
    test(`sends what the API understands: ${item.request.method} ${item.name}`, async () => {
      const { status } = await send(item)
      const { method, url } = item.request
      if (method === 'POST') return assert.equal(status, 202)
      const isOfSomebodyUnknown = /status|validate|requests/.test(url.path.join('/'))
      const expected = isOfSomebodyUnknown ? [404] : url.path.at(-1) === 'link-work-provider' ? [302] : [200]
      assert.deepEqual([status], expected)
    })
  }
})
