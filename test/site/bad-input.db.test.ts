import assert from 'node:assert/strict'
import { METHODS } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { DRIVER_PAGES } from '../../src/web/driver/pages.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { PASSWORD, Visitor } from '../support/visitor.ts'
import { type DriverWorld, GET_PATTERNS, openDriverWorld, POST_PATTERNS, stayLoggedIn } from './driver-world.ts'
import { type RawAnswer, sendRaw } from './raw.ts'

/** As bytes in a form or a query, percent-encoded. */
const BAD: Readonly<Record<string, string>> = {
  NUL: '%00',
  'NUL inside': 'a%00b%40example.com',
  'a lone surrogate': '%ED%A0%80',
  'the other surrogate': 'x%ED%BF%BF%40example.com',
  'invalid UTF-8': '%FF%FE%C0%80',
  'no percent-encoding': '%zz%',
  'controls and line ends': '%0D%0A%08%1B%5B31m%C2%85%E2%80%A8',
  'a byte order mark and marks of direction': '%EF%BB%BF%E2%80%AE%E2%81%A6',
  'nothing but spaces': '%20%09%E3%80%80',
  'something long': 'x'.repeat(9_999),
  'something too long': 'x'.repeat(10_001),
  'characters beyond 16 bits': '%F0%9F%9A%B4'.repeat(40),
  'a number too large': '99999999999999999999999999',
  'a negative number': '-1',
  'the name of a property': '__proto__',
}

const FIELDS = [
  'email',
  'password',
  'currentPassword',
  'newPassword',
  'newEmail',
  'emailPassword',
  'name',
  'phone',
  'termsId',
  'agree',
  'decision',
  'link',
  '__proto__',
  'constructor',
]

/** Valid as far as one who only tries out can know: each form has its own in it. */
const VALID: Readonly<Record<string, string>> = {
  email: 'tries@example.com',
  newEmail: 'tries-too@example.com',
  name: 'Tries',
  phone: '',
  agree: 'yes',
}

describe('bad input to the pages', () => {
  let site: TestSite
  let world: DriverWorld
  before(async () => {
    site = await openSite()
    world = await openDriverWorld(site, 'bad@example.com')
  })
  after(() => site.close())

  function assertServed(answer: RawAnswer, what: string): void {
    assert.ok(answer.status < 500, `${what}: ${answer.status}`)
  }

  let networks = 0
  /** From a network of its own, so that no limit answers instead. */
  const anywhere = (): Record<string, string> => ({ 'X-Forwarded-For': `2001:db8:${(++networks).toString(16)}::1` })

  for (const pattern of POST_PATTERNS) {
    it(`in any field of POST ${pattern} is refused or taken, and never a 5xx`, async () => {
      await stayLoggedIn(world)
      const send = (body: string, what: string) =>
        sendRaw(site, world.pathOf(pattern), {
          method: 'POST',
          isOwn: true,
          as: world.browser,
          headers: anywhere(),
          body,
        }).then((answer) => assertServed(answer, `${pattern}, ${what}`))
      for (const [name, bad] of Object.entries(BAD)) {
        // In all fields at once, and in those that are looked at when the address is right.
        await send(FIELDS.map((field) => `${field}=${bad}`).join('&'), `${name} everywhere`)
        const others = Object.keys(VALID).filter((field) => field !== 'name')
        const pairs = others.map((field) => `${field}=${encodeURIComponent(VALID[field]!)}`)
        await send(
          ['name', 'link', 'termsId']
            .map((field) => `${field}=${bad}`)
            .concat(pairs)
            .join('&'),
          `${name} in some`,
        )
      }
      await send('%00=%00&%ED%A0%80=1&%zz=%zz&=&%FF', 'bad names')
      await send(FIELDS.map((field) => `${field}=a&${field}=b`).join('&'), 'every field twice')
      await send(FIELDS.map((field) => `${field}[]=a&${field}[x]=b&${field}.x=c`).join('&'), 'fields as objects')
      await send('a=b&'.repeat(60), 'many fields')
      await send('&&&===&', 'nothing but separators')
    })
  }

  it('of a megabyte is refused as too large, at every form', async () => {
    for (const pattern of POST_PATTERNS) {
      await stayLoggedIn(world)
      for (const body of ['x'.repeat(1_000_000), `email=${'x'.repeat(1_000_000)}`, `email=${'%00'.repeat(333_333)}`]) {
        const answer = await sendRaw(site, world.pathOf(pattern), {
          method: 'POST',
          isOwn: true,
          as: world.browser,
          body,
        })
        assert.equal(answer.status, 413, pattern)
        assert.match(answer.text, /too much text/)
      }
      // Without a length it is found too large while it is read.
      const chunked = await sendChunked(world.pathOf(pattern))
      assert.equal(chunked.status, 413, `${pattern}, chunked`)
    }
  })

  async function sendChunked(path: string): Promise<{ status: number }> {
    const cookie = [...world.browser.cookies].map((pair) => pair.join('=')).join('; ')
    return fetch(`${site.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      duplex: 'half',
      headers: {
        Accept: 'text/html',
        Cookie: cookie,
        Origin: site.url,
        'Sec-Fetch-Site': 'same-origin',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: new ReadableStream({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode('email=x&'.repeat(66_000)))
          controller.close()
        },
      }),
    } as RequestInit & { duplex: 'half' })
  }

  it('in a query is never a 5xx, on any page', async () => {
    const names = [
      'link',
      'done',
      'next',
      'work_provider',
      'wp',
      'work_provider_user_id',
      'wp_id',
      'email',
      'exp',
      'sig',
    ]
    await stayLoggedIn(world)
    for (const pattern of GET_PATTERNS) {
      for (const [name, bad] of Object.entries(BAD)) {
        const short = bad.slice(0, 900)
        const query = [...names.map((one) => `${one}=${short}`), `${short}=${short}`].join('&')
        const asked = { headers: anywhere(), as: name.length % 2 === 0 ? world.browser : new Visitor(site) }
        assertServed(await sendRaw(site, `${world.pathOf(pattern)}?${query}`, asked), `${pattern}, ${name}`)
      }
    }
  })

  it('in a link of a work provider leads to a page, and is never a 5xx', async () => {
    for (const [name, bad] of Object.entries(BAD)) {
      for (const query of [
        `work_provider=Courier+Ltd&work_provider_user_id=${bad}`,
        `work_provider=${bad}&work_provider_user_id=1`,
        `work_provider=Courier+Ltd&work_provider_user_id=1&email=${bad}`,
        `work_provider=Courier+Ltd&work_provider_user_id=1&exp=${bad}&sig=1`,
        `work_provider=Courier+Ltd&work_provider_user_id=1&exp=4000000000&sig=${bad}`,
        `work_provider=Courier+Ltd&work_provider_user_id=1&${bad}=1`,
      ]) {
        const answer = await sendRaw(site, `/link-work-provider?${query}`, { headers: anywhere() })
        assert.equal(answer.status, 302, `${name}: ${query.slice(0, 80)}`)
        assert.match(answer.headers.location!, /^\/(?:login|signup|welcome|link-problem)/)
        assertServed(await sendRaw(site, answer.headers.location!), name)
      }
    }
  })

  it('in a path is never a 5xx, whatever it stands for', async () => {
    await stayLoggedIn(world)
    const patterns = DRIVER_PAGES.filter((route) => route.path.includes(':'))
    const failed: string[] = []
    for (const { method, path } of patterns) {
      for (const [name, bad] of Object.entries(BAD)) {
        const target = path.replaceAll(/:\w+/g, bad.slice(0, 4_000))
        const answer = await sendRaw(site, target, {
          method,
          headers: anywhere(),
          as: world.browser,
          ...(method === 'POST' ? { isOwn: true, body: `password=${encodeURIComponent(PASSWORD)}&decision=yes` } : {}),
        })
        if (answer.status >= 500) failed.push(`${method} ${path}, ${name}: ${answer.status}`)
      }
    }
    assert.deepEqual(failed, [])
    for (const target of [
      '/%zz',
      '/%',
      '/%00',
      '/%ED%A0%80',
      '/..%2f..%2fetc/passwd',
      '/./home/../..',
      '/home%00',
      '/;/home',
    ]) {
      assert.equal((await sendRaw(site, target)).status, 404, target)
    }
  })

  it('in a cookie is never a 5xx, and nobody is logged in by it', async () => {
    for (const [name, bad] of Object.entries(BAD)) {
      for (const cookie of ['zego.session_token', 'zego.browser', bad.slice(0, 500).replaceAll(/[=;\s]/g, '')]) {
        const answer = await sendRaw(site, '/home', { headers: { Cookie: `${cookie}=${bad.slice(0, 4_000)}; =; ;;` } })
        assert.equal(answer.status, 303, `${cookie}, ${name}`)
      }
    }
  })

  it('by a method that a page does not have is a 405 that names those it has, with and without a session', async () => {
    await stayLoggedIn(world)
    const paths = [...new Set(DRIVER_PAGES.map((route) => route.path))]
    // Without CONNECT, which names no path, and M-SEARCH and the like are enough.
    const wrong: string[] = []
    const methods = METHODS.filter((method) => !['GET', 'HEAD', 'POST', 'CONNECT'].includes(method))
    for (const [index, pattern] of paths.entries()) {
      const has = DRIVER_PAGES.filter((route) => route.path === pattern).map((route) => route.method)
      const allow = has.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).sort()
      const others = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', methods[index % methods.length]!]
      if (!has.includes('GET')) others.push('GET', 'HEAD')
      if (!has.includes('POST')) others.push('POST')
      for (const method of others) {
        for (const asked of [{}, { as: world.browser, isOwn: true }]) {
          const answer = await sendRaw(site, world.pathOf(pattern), { method, ...asked })
          // A form that is sent to a page without one, from elsewhere, may be refused for where it comes from.
          if (method === 'POST' && !('isOwn' in asked) && answer.status === 403) continue
          if (answer.status !== 405) wrong.push(`${method} ${pattern}: ${answer.status}`)
          else assert.deepEqual(answer.headers.allow?.split(/, */).sort(), allow, `${method} ${pattern}`)
        }
      }
    }
    assert.deepEqual(wrong.slice(0, 5), [])
  })

  it('by HEAD is what GET answers, without the body', async () => {
    await stayLoggedIn(world)
    for (const pattern of GET_PATTERNS) {
      if (pattern.endsWith('link-work-provider')) continue
      for (const as of [new Visitor(site), world.browser]) {
        const [get, head] = [
          await sendRaw(site, world.pathOf(pattern), { as }),
          await sendRaw(site, world.pathOf(pattern), { method: 'HEAD', as }),
        ]
        assert.equal(head.status, get.status, pattern)
        assert.equal(head.headers.location, get.headers.location, pattern)
        assert.equal(head.headers['content-type'], get.headers['content-type'], pattern)
        assert.equal(head.text, '')
      }
    }
  })
})
