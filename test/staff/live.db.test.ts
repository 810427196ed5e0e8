import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { LIVE_PACE, type LivePace } from '../../src/app/live.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { type DeskVisitor, joinStaff } from '../support/desk.ts'
import { openEvents } from '../support/event-stream.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { TEST_DATABASE_URL } from '../support/stores.ts'
import { Visitor } from '../support/visitor.ts'
import { sendRaw } from '../site/raw.ts'

const EVENTS = '/staff/live/events'
/** Whoever watches is asked about each time, and nobody waits for the next sample. */
const FAST: LivePace = { ...LIVE_PACE, restMs: 20, share: 1, heartbeatMs: 50, admittedMs: 0 }
const STREAMS = 3

describe('the live page', () => {
  let site: TestSite
  let viewer: DeskVisitor
  before(async () => {
    site = await openSite('embedded', { liveStreams: STREAMS }, undefined, FAST)
    viewer = await joinStaff(site, 'viewer')
    await createCustomer(site.context, { email: 'dana@example.com', customerNumber: 'DANA1' })
    const consentedAt = plus(site.context.now(), -MICROSECONDS_PER_HOUR)
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: 'DANA1',
      workProviderUserId: 'u-<1>',
      consentedAt,
    })
  })
  after(() => site.close())

  const logIn = async (): Promise<void> => {
    const timestamp = formatInstant(plus(site.context.now(), -1_000_000))
    await site.report('login', { workProviderUserId: 'u-<1>', timestamp })
    await site.settle()
  }

  it('shows who is on shift without cover and why, the last events and what was refused, to a viewer', async () => {
    await logIn()
    await site.report('login', { workProviderUserId: 'nobody', timestamp: formatInstant(site.context.now()) })
    const refused = await fetch(`${site.url}/v1/shift/login`, { method: 'POST', headers: { Authorization: site.key } })
    assert.equal(refused.status, 400)
    const shown = await until('what was reported and refused', async () => {
      const { text } = await viewer.visitor.get('/staff/live')
      return /INVALID_DATA/.test(text) && /On shift now<\/dt>\s*<dd class="figure">1</.test(text) ? text : null
    })
    assert.match(shown, /Covered now<\/dt>\s*<dd class="figure">0</)
    assert.match(shown, /On shift without cover<\/dt>\s*<dd class="figure">1</)
    assert.match(shown, /Waiting in the inbox<\/dt>\s*<dd class="figure">1</)
    assert.match(shown, /<a href="\/staff\/customers\/DANA1">DANA1<\/a>[^]*There is no policy/)
    assert.match(shown, /user id u-&lt;1&gt;\s*<a href="\/staff\/customers\/DANA1">/)
    assert.match(shown, /user id nobody\s*<span class="soft">\(bound to nobody\)/)
  })

  it('is as complete without scripts, and loads itself again: what the stream sends is what the page shows', async () => {
    const { text } = await viewer.visitor.get('/staff/live')
    assert.match(text, /<noscript>\s*<meta http-equiv="refresh" content="5"\s*\/?>\s*<\/noscript>/)
    const stream = await openEvents(site, EVENTS, viewer.visitor)
    const sent = partsOf(await stream.figures())
    await stream.close()
    const shown = partsOf(text)
    assert.deepEqual([...shown.keys()], ['figures', 'uncovered', 'received', 'refusals'])
    for (const [name, part] of sent) assert.equal(timeless(shown.get(name)!), timeless(part), name)
  })

  it('has a script of ours, named by its content and kept by browsers', async () => {
    const { text } = await viewer.visitor.get('/staff/live')
    const path = /<script type="module" src="(\/assets\/live-[0-9a-f]{12}\.js)"><\/script>/.exec(text)![1]!
    const { status, headers } = await new Visitor(site).get(path)
    assert.equal(status, 200)
    assert.match(headers.get('content-type')!, /^text\/javascript/)
    assert.match(headers.get('cache-control')!, /immutable/)
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(text.match(/<script/g)!.length, 1)
  })

  it('has a stream that no cache or proxy gathers, and that says again and again that it is there', async () => {
    const stream = await openEvents(site, EVENTS, viewer.visitor)
    assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.equal(stream.headers.get('cache-control'), 'no-store')
    assert.equal(stream.headers.get('x-accel-buffering'), 'no')
    assert.match(await stream.until((text) => /^retry: \d+\n\n/.test(text)), /^retry: 3000\n\n/)
    await stream.close()
    const slow = await openSite('embedded', {}, undefined, { ...FAST, restMs: 600_000 })
    try {
      const { visitor } = await joinStaff(slow, 'viewer')
      const quiet = await openEvents(slow, EVENTS, visitor)
      await quiet.until((text) => text.split(': still here\n\n').length > 2)
      await quiet.close()
    } finally {
      await slow.close()
    }
  })

  // On the embedded engine nobody may hold a transaction for so long.
  const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'
  it('is watched by nobody when it comes too late to be read', { skip }, async () => {
    const slow = await openSite('server', { liveStreams: 1 }, undefined, FAST, { pageMs: 3_000 })
    try {
      const { visitor } = await joinStaff(slow, 'viewer')
      const { promise: answered, resolve: release } = Promise.withResolvers<void>()
      const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>()
      // Whoever asks whether somebody is logged in waits.
      const held = slow.context.db.transaction().execute(async (trx) => {
        await sql`lock table desk_session in access exclusive mode`.execute(trx)
        isLocked()
        await answered
      })
      await locked
      await assert.rejects(openEvents(slow, EVENTS, visitor), /no stream: 503/)
      release()
      await held
      const stream = await until('a place for one who watches', () =>
        openEvents(slow, EVENTS, visitor).catch(() => null),
      )
      await stream.figures()
      await stream.close()
    } finally {
      await slow.close()
    }
  })

  it('tells new figures to everybody who watches', async () => {
    const streams = await Promise.all([1, 2].map(() => openEvents(site, EVENTS, viewer.visitor)))
    await site.report('login', { workProviderUserId: 'u-<later>', timestamp: formatInstant(site.context.now()) })
    for (const stream of streams) await stream.until((text) => text.includes('u-&lt;later&gt;'))
    for (const stream of streams) await stream.close()
  })

  it('ends for whoever logs out, says so, and is then closed to them', async () => {
    const { visitor } = await joinStaff(site, 'operator')
    const stream = await openEvents(site, EVENTS, visitor)
    await stream.figures()
    const cookies = new Map(visitor.cookies)
    await visitor.post('/desk/logout')
    assert.match(await stream.ended(), /event: over\ndata: logged out\n\n$/)
    for (const [name, value] of cookies) visitor.cookies.set(name, value)
    const again = await visitor.get(EVENTS)
    assert.equal(again.status, 303)
  })

  it('ends for whoever is shut out', async () => {
    const { visitor, email } = await joinStaff(site, 'viewer', { email: 'gone@insurer.example' })
    const stream = await openEvents(site, EVENTS, visitor)
    await stream.figures()
    await sql`update desk_account set disabled_at = now() where email = ${email}`.execute(site.context.db)
    assert.match(await stream.ended(), /event: over\n/)
  })

  it('is for so many at once: one more is told so by a page, and has room when another goes', async () => {
    const streams = await Promise.all(Array.from({ length: STREAMS }, () => openEvents(site, EVENTS, viewer.visitor)))
    const full = await viewer.visitor.get(EVENTS)
    assert.equal(full.status, 503)
    assert.match(full.text, /Too many are watching/)
    assert.ok(Number(full.headers.get('retry-after')) > 0)
    assert.equal((await viewer.visitor.get('/staff/live')).status, 200)
    for (const stream of streams) await stream.close()
    const next = await until('room', () => openEvents(site, EVENTS, viewer.visitor).catch(() => null))
    await next.close()
  })

  it('takes no place for a HEAD, which ends at once', async () => {
    for (let asked = 0; asked <= STREAMS; asked++) {
      const { status, headers, text } = await sendRaw(site, EVENTS, { method: 'HEAD', as: viewer.visitor })
      assert.equal(status, 200)
      assert.match(String(headers['content-type']), /^text\/event-stream/)
      assert.equal(text, '')
    }
  })

  it('ends for everybody when the server stops', async () => {
    const other = await openSite('embedded', {}, undefined, FAST)
    const { visitor } = await joinStaff(other, 'viewer')
    const stream = await openEvents(other, EVENTS, visitor)
    await stream.figures()
    other.stop()
    assert.doesNotMatch(await stream.ended(), /event: over/)
    await other.close()
  })
})

/** The parts of the page by their names. */
function partsOf(text: string): Map<string, string> {
  const parts = [...text.matchAll(/<section data-part="(\w+)"[^]*?<\/section>/g)]
  return new Map(parts.map(([part, name]) => [name!, part.replaceAll(/\s+/g, ' ')]))
}

/** Without what says when it was read. */
function timeless(part: string): string {
  return part.replaceAll(
    /<time[^>]*>[^<]*<\/time>|counted at [\d:]+|the oldest for \d+ \w|\d+(?:\.\d+)?(?=<\/dd> <dd class="soft">received in)/g,
    '',
  )
}

async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    const found = await look()
    if (found !== null) return found
  }
  throw new Error(`waited in vain for ${what}`)
}
