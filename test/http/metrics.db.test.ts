import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import { waitFor } from '../faults/harness.ts'
import { GreedyClient } from '../support/greedy-client.ts'
import { FORM } from '../site/raw.ts'
import { METRICS_TOKEN, openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { signUp, Visitor } from '../support/visitor.ts'

/** What Prometheus makes of the text: values by name and labels as they are written. */
type Scraped = ReadonlyMap<string, number>

const PERSON = 'courier-4711'
const ADDRESS = 'dana.driver@example.com'

onEachEngine('GET /metrics', (engine) => {
  let site: TestSite
  before(async () => {
    site = await openSite(engine)
  })
  after(() => site.close())

  const ask = (headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(`${site.url}/metrics`, { method, headers })

  async function text(): Promise<string> {
    const response = await ask({ Authorization: `Bearer ${METRICS_TOKEN}` })
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    return response.text()
  }

  async function scrape(): Promise<Scraped> {
    const lines = (await text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ')
        return [line.slice(0, at), Number(line.slice(at + 1))]
      }),
    )
  }

  /** How much more there is of each after some work. */
  async function gained(work: () => Promise<unknown>): Promise<(name: string) => number> {
    const earlier = await scrape()
    await work()
    const later = await scrape()
    return (name) => (later.get(name) ?? 0) - (earlier.get(name) ?? 0)
  }

  const post = (path: string, body: unknown, key = site.key): Promise<Response> =>
    fetch(`${site.url}${path}`, { method: 'POST', headers: { Authorization: key }, body: JSON.stringify(body) })

  const requests = (method: string, route: string, status: number): string =>
    `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"}`

  it('is for whoever has the token, and for nobody else', async () => {
    const others = [{}, { Authorization: METRICS_TOKEN }, { Authorization: 'Bearer another token' }]
    for (const headers of [...others, { Authorization: `Bearer ${site.key}` }, { Authorization: 'Bearer' }]) {
      const response = await ask(headers as Record<string, string>)
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('www-authenticate'), 'Bearer')
      assert.equal(await response.text(), '')
    }
    assert.equal((await ask({ Authorization: `Bearer ${METRICS_TOKEN}` }, 'POST')).status, 405)
  })

  it('counts requests by method, pattern of the path, and status, of the API and of the pages', async () => {
    const gain = await gained(async () => {
      await post('/v1/shift/login/', { workProviderUserId: PERSON, timestamp: new Date().toISOString() })
      await post('/v1/shift/login', {})
      await fetch(`${site.url}/v1/validate/customer-number/NOBODY1`, { headers: { Authorization: site.key } })
      await fetch(`${site.url}/v1/nowhere/${PERSON}`)
      const visitor = new Visitor(site)
      await visitor.get('/login')
      await visitor.get(`/${PERSON}`)
      await visitor.get(`/link/${PERSON}`)
    })
    assert.equal(gain(requests('POST', '/v1/shift/login', 202)), 1)
    assert.equal(gain(requests('POST', '/v1/shift/login', 400)), 1)
    assert.equal(gain(requests('GET', '/v1/validate/customer-number/*', 404)), 1)
    assert.equal(gain(requests('GET', '/login', 200)), 1)
    assert.equal(gain(requests('GET', '', 404)), 2)
    assert.equal(gain(requests('GET', '/link/:intent', 303)) + gain(requests('GET', '/link/:intent', 404)), 1)
  })

  for (const [what, line, part] of [
    ['of a length', 'Content-Length: 100', 'email=a'],
    ['in chunks', 'Transfer-Encoding: chunked', '7\r\nemail=a\r\n'],
  ] as const) {
    it(`a form ${what} whose sender leaves half way is no fault of the server`, async () => {
      const gain = await gained(async () => {
        const client = new GreedyClient(Number(new URL(site.url).port))
        const lines = ['POST /login HTTP/1.1', `Host: a`, `Origin: ${site.url}`, `Content-Type: ${FORM}`]
        await client.write([...lines, 'Expect: 100-continue', line, '', part].join('\r\n'))
        await waitFor('the page reading the form', () => client.text.includes('100 Continue'))
        client.socket.resetAndDestroy()
        await waitFor('the end of the request', async () => {
          const answered = [...(await scrape())].filter(([name]) => name.includes('{http_request_method="POST",'))
          return answered.some(([name, count]) => name.includes('_count{') && count > 0 && /"(400|5\d\d)"/.test(name))
        })
      })
      for (const status of [500, 503]) {
        for (const route of ['', '/login']) assert.equal(gain(requests('POST', route, status)), 0)
      }
    })
  }

  it('counts reports on disk and derived, refusals by reason, and deprecated fields by work provider', async () => {
    const at = new Date().toISOString()
    const gain = await gained(async () => {
      const items = [1, 2, 3].map((one) => ({ driverId: `${PERSON}-${one}`, timestamp: at }))
      assert.equal((await post('/v1/batch/login', items)).status, 202)
      await post('/v1/shift/login', { workProviderUserId: PERSON, timestamp: 'yesterday' })
      await post('/v1/shift/login', {}, 'not a key')
      await site.settle()
    })
    assert.equal(gain('zego_reports_stored_total'), 3)
    assert.equal(gain('zego_store_commit_duration_seconds_count'), 1)
    assert.equal(gain('zego_refusals_total{error_type="INVALID_DATA"}'), 1)
    assert.equal(gain('zego_refusals_total{error_type="INVALID_KEY"}'), 1)
    const used = 'zego_deprecated_field_requests_total{work_provider="Courier Ltd",field="driverId"}'
    assert.equal(gain(used), 1)
  })

  it('tells how long the oldest report waits, and when each work provider was last heard of', async () => {
    await site.settle()
    const settled = await scrape()
    assert.equal(settled.get('zego_inbox_reports'), 0)
    assert.equal(settled.get('zego_inbox_age_seconds'), 0)
    await site.report('login', { workProviderUserId: PERSON, timestamp: new Date().toISOString() })
    await sql`update inbox set received_at = now() - interval '90 seconds'`.execute(site.context.db)
    const waiting = await scrape()
    assert.equal(waiting.get('zego_inbox_reports'), 1)
    assert.ok(waiting.get('zego_inbox_age_seconds')! >= 90)
    const last = waiting.get('zego_work_provider_last_report_timestamp_seconds{work_provider="Courier Ltd"}')!
    assert.ok(Math.abs(last - (Date.now() / 1000 - 90)) < 60, String(last))
    assert.equal(waiting.get('zego_accept_queue_reports'), 0)
    await site.settle()
  })

  it('names work providers, and no person, key or address', async () => {
    await signUp(site, new Visitor(site), ADDRESS)
    await site.report('login', { workProviderUserId: PERSON, timestamp: new Date().toISOString() })
    const told = await text()
    assert.match(told, /Courier Ltd/)
    for (const secret of [PERSON, ADDRESS, site.key, METRICS_TOKEN]) assert.ok(!told.includes(secret), secret)
  })

  it('without the database tells what the process knows, and that the database is gone', async () => {
    await site.context.db.destroy()
    const scraped = await scrape()
    assert.equal(scraped.get('zego_database_up'), 0)
    assert.ok(!scraped.has('zego_inbox_age_seconds'))
    assert.ok(scraped.get('zego_reports_stored_total')! > 0)
    assert.ok(scraped.get('process_cpu_seconds_total')! > 0)
  })
})
