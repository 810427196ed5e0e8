import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { readAudit } from '../../src/app/audit-log.ts'
import { readCustomer, shiftsOf } from '../../src/app/customer-record.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { eraseCustomer } from '../../src/app/erase-customer.ts'
import { createLink } from '../../src/app/links.ts'
import { cancelPolicy, changePolicy, createPolicy } from '../../src/app/policies.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { startOfUtcDay, utcDayOf } from '../../src/domain/utc-day.ts'
import { formatLocalTime } from '../../src/domain/local-time.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { assertInert, elementsOf, textOf } from '../site/markup.ts'
import { statementsOf } from '../site/statements.ts'
import { assertSame, contentsOf } from '../site/tables.ts'
import { joinStaff, joinWorkProvider } from '../support/desk.ts'
import { type DeskCustomerWorld, makeDeskCustomer } from '../support/desk-customer.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { type Answer, Visitor } from '../support/visitor.ts'

const HOSTILE = `"><script>alert('x')</script>&amp;'`
const ZONE = 'Europe/London'
const page = '/staff/customers/RITA1'

function words({ text }: Answer): string {
  return textOf(text).replaceAll(/\s+/g, ' ')
}

function hrefs({ text }: Answer): string[] {
  return elementsOf(text).flatMap(({ name, attributes }) =>
    name === 'a' ? [(attributes.get('href') ?? '').replaceAll('&amp;', '&')] : [],
  )
}

function actions({ text }: Answer): string[] {
  return elementsOf(text).flatMap(({ attributes }) =>
    [attributes.get('action') ?? [], attributes.get('formaction') ?? []].flat(),
  )
}

onEachEngine('the page of a customer', (engine) => {
  let site: TestSite
  let world: DeskCustomerWorld
  let viewer: Visitor
  let operator: Visitor
  before(async () => {
    site = await openSite(engine)
    ;({ visitor: viewer } = await joinStaff(site, 'viewer'))
    ;({ visitor: operator } = await joinStaff(site, 'operator'))
    world = await makeDeskCustomer(site)
  })
  after(() => site.close())

  const chosen = (at: Instant, more: Record<string, string> = {}): string =>
    `${page}?${new URLSearchParams({ at: formatInstant(at), ...more }).toString()}`
  const local = (at: Instant): string => formatLocalTime(at, ZONE)
  const covered = async (at: Instant): Promise<boolean> =>
    !words(await viewer.get(chosen(at))).includes('Not covered at')
  const shifts = async (): Promise<string[]> =>
    shiftsOf(await readCustomer(site.context, { customerNumber: 'RITA1' })).map(
      (shift) =>
        `${shift.workProvider} ${local(shift.startedAt).slice(11, 16)}-${shift.endedAt === null ? '' : local(shift.endedAt).slice(11, 16)}`,
    )
  const lastActions = async (count: number): Promise<string[]> =>
    (await readAudit(site.context, { customerNumber: 'RITA1', limit: count })).map((line) => line.action)

  it('shows who they are, their policies, links, ids, consents and who did what', async () => {
    const answer = await viewer.get(page)
    assert.equal(answer.status, 200)
    assertInert(answer.text, page)
    const text = words(answer)
    for (const fact of [
      'RITA1',
      'rita@example.com',
      'none: they have not signed up',
      'Delivery, Third Party (TPO), AB12 CDE',
      'Delivery, Third Party (TPO), XY67 ZZZ',
      'user id bolt-RITA1',
      'customer number RITA1',
      'consent given',
      'policy cancelled',
      'user id bound',
    ]) {
      assert.ok(text.includes(fact), fact)
    }
    assert.ok(hrefs(answer).includes('/staff/audit?customer=RITA1'))
    assert.equal((await viewer.get('/staff/customers/rita1')).status, 200)
  })

  it('says why an instant is covered, and why another is not, by the facts and their ids', async () => {
    const good = words(await viewer.get(chosen(world.at('12:30'))))
    assert.match(good, /Covered at .* 12:30:00 GMT|BST/)
    assert.match(good, /on shift for Courier Ltd since .*, link active since .*, policy [0-9a-f-]{36}/)
    assert.match(good, /event Courier Ltd login reported for customer number RITA1/)
    assert.match(words(await viewer.get(chosen(world.at('21:00')))), /Not covered at .* policy [0-9a-f-]{36} ended at/)
    assert.match(words(await viewer.get(chosen(world.at('16:45')))), /Not covered at .* not on shift for Courier Ltd/)
  })

  it('shows a day or the week around it, and leads on, back, and to the instant of everything that is drawn', async () => {
    const day = await viewer.get(chosen(world.at('12:30')))
    assert.match(words(day), /10 h 15 m/)
    const links = hrefs(day)
    const places = links.filter((href) => href.startsWith(`${page}?at=`))
    for (const time of ['8:50', '9:35', '14:05', '22:30']) {
      assert.ok(places.includes(`${chosen(world.at(time))}#picture`), time)
    }
    const date = Temporal.PlainDate.from(world.day.day)
    for (const days of [-1, 1]) assert.ok(links.includes(`${page}?on=${date.add({ days }).toString()}`))
    const week = await viewer.get(`${page}?span=week&on=${world.day.day}`)
    const monday = date.subtract({ days: date.dayOfWeek - 1 })
    for (const weeks of [-1, 1]) {
      assert.ok(hrefs(week).includes(`${page}?span=week&on=${monday.add({ weeks }).toString()}`))
    }
    assert.ok(hrefs(week).some((href) => href.startsWith(`${page}?span=week&at=`)))
  })

  it('always shows the day that the chosen instant is in, however it is asked for', async () => {
    for (const on of ['2020-01-01', world.day.day]) {
      const text = words(await viewer.get(chosen(world.at('12:30'), { on })))
      assert.match(text, /Covered at/)
      assert.ok(text.includes('10 h 15 m covered'), on)
    }
    const typed = words(await viewer.get(`${page}?at=${local(world.at('12:30'))}`))
    assert.match(typed, /Covered at .* 12:30:00/)
  })

  it('tells both instants of a time that the clock showed twice', async () => {
    const twice = await viewer.get(`${page}?at=2025-10-26T01:30:00`)
    assert.match(
      words(twice),
      /showed that time twice\. This is the first, .*01:30:00 BST; the second is .*01:30:00 GMT/,
    )
    assert.ok(hrefs(twice).includes(`${page}?at=2025-10-26T01%3A30%3A00Z#picture`))
  })

  it('says what is wrong with a time that is none, is still to come, or was leapt over', async () => {
    const ahead = formatInstant(plus(site.context.now(), MICROSECONDS_PER_HOUR))
    for (const [query, said] of [
      ['at=yesterday', /Enter a date and a time/],
      ['at=2026-03-29T01:30', /Enter a date and a time/],
      [`at=${ahead}`, /still to come/],
      [`known=${ahead}`, /still to come/],
      ['known=%00', /Enter a date and a time/],
      ['on=2026-02-30', /not a date/],
      [`at=${local(world.at('12:30'))}&known=${local(world.at('11:00'))}`, /still to come/],
    ] as const) {
      const answer = await viewer.get(`${page}?${query}`)
      assert.equal(answer.status, 422, query)
      assert.match(words(answer), said, query)
      assertInert(answer.text, query)
    }
  })

  it('as known at an instant speaks of that instant: what became known later does not count, and nothing can be changed', async () => {
    const before = await databaseNow(site.context.db)
    await site.report('login', { customerNumber: 'RITA1', timestamp: formatInstant(world.at('2:00')) })
    await site.report('logout', { customerNumber: 'RITA1', timestamp: formatInstant(world.at('3:00')) })
    const { id } = await createPolicy(site.context, {
      customerNumber: 'RITA1',
      classOfUse: 'Later',
      coverLevel: 'Later',
    })
    assert.equal(await covered(world.at('2:30')), true)
    const known = { known: formatInstant(before) }
    const then = await operator.get(chosen(world.at('2:30'), known))
    assert.match(words(then), /Everything below speaks of that instant/)
    assert.match(words(then), /Not covered at/)
    assert.ok(!then.text.includes(id) && !words(then).includes('Later'))
    assert.deepEqual(
      actions(then).filter((action) => !action.startsWith('/desk') && action !== `${page}#picture` && action !== page),
      [],
    )
    assert.ok(!hrefs(then).some((href) => href.includes('/policies/') || href.includes('/links/')))
    assert.ok(hrefs(then).some((href) => href === `${page}/events.csv?${new URLSearchParams(known).toString()}`))
    const early = words(await viewer.get(`${page}?known=${formatInstant(plus(world.day.from, 0))}`))
    assert.match(early, /The customer was not known yet\./)
    assert.match(early, /There is no policy\..*No work provider is linked\./)
  })

  it('is not there for a number that nobody has', async () => {
    for (const path of ['NOBODY', '-', '%00', encodeURIComponent(HOSTILE), 'x'.repeat(300)]) {
      for (const below of ['', '/events.csv', '/events/x']) {
        assert.equal((await viewer.get(`/staff/customers/${path}${below}`)).status, 404, path + below)
      }
      assert.equal((await operator.get(`/staff/customers/${path}/policies/new`)).status, 404)
      assert.equal(
        (await operator.post(`/staff/customers/${path}/links/new`, { workProvider: 'Bolt Food' })).status,
        404,
      )
    }
  })

  it('downloads policies, events, shifts and cover whole, safe for a spreadsheet, and as known then', async () => {
    const rows = async (table: string, query = ''): Promise<string[]> => {
      const answer = await viewer.get(`${page}/${table}.csv${query}`)
      assert.equal(answer.status, 200)
      assert.match(answer.headers.get('content-disposition') ?? '', new RegExp(`RITA1-${table}\\.csv`))
      return answer.text.trimEnd().split('\r\n')
    }
    assert.ok((await rows('policies')).some((row) => row.includes('XY67 ZZZ')))
    const events = await rows('events')
    assert.ok(events.some((row) => row.includes('bolt-RITA1,login') && row.includes('yes,tester,Signed in by mistake')))
    assert.ok(
      (await rows('shifts')).some(
        (row) => row.startsWith(`Courier Ltd,${formatInstant(world.at('8:50'))}`) && row.endsWith('logout,315.00'),
      ),
    )
    assert.ok((await rows('cover')).some((row) => row.endsWith('Bolt Food and Courier Ltd')))
    const early = `?known=${formatInstant(world.day.from)}`
    for (const table of ['policies', 'events', 'shifts', 'cover']) assert.equal((await rows(table, early)).length, 1)
    assert.equal((await viewer.get(`${page}/events.csv?known=tomorrow`)).status, 404)
    await createCustomer(site.context, { customerNumber: 'CSV1', email: 'csv@example.com' })
    await createPolicy(site.context, { customerNumber: 'CSV1', classOfUse: '=1+1', coverLevel: '@x' })
    assert.match((await viewer.get('/staff/customers/CSV1/policies.csv')).text, /,'=1\+1,'@x,/)
  })

  it('a time that the clock shows twice is asked about, and the second is as good as the first', async () => {
    const what = { classOfUse: 'Delivery', coverLevel: 'TPO', vehicle: 'TWICE 1', workProvider: '', to: '' }
    const from = '2025-10-26T01:30'
    const asked = await operator.post(`${page}/policies/new`, { ...what, from })
    assert.equal(asked.status, 422)
    assert.match(words(asked), /The clock shows that time twice/)
    assert.match(words(asked), /Sun, 26 Oct 2025, 01:30:00 BST.*Sun, 26 Oct 2025, 01:30:00 GMT/)
    const wrong = { ...what, from, fromWhich: '2025-10-26T02:30:00Z' }
    assert.equal((await operator.post(`${page}/policies/new`, wrong)).status, 422)
    assert.equal(
      (await operator.post(`${page}/policies/new`, { ...wrong, fromWhich: '2025-10-26T01:30:00Z' })).status,
      303,
    )
    const { rows } = await sql<{ at: string }>`
      select to_char(valid_from at time zone 'UTC', 'HH24:MI') as at from policy where vehicle_registration = 'TWICE 1'
    `.execute(site.context.db)
    assert.deepEqual(rows, [{ at: '01:30' }])
    const known = await viewer.get(`${page}?known=${from}`)
    assert.match(words(known), /showed that time twice. This is the first, .* BST; the second is .* GMT/)
    assert.ok(hrefs(known).some((href) => href.includes('known=2025-10-26T01%3A30%3A00Z')))
  })

  it('a policy that two change at once is changed by one of them', async () => {
    const { context } = site
    const policy = await createPolicy(context, { customerNumber: 'RITA1', classOfUse: 'Raced', coverLevel: 'TPO' })
    const change = { customerNumber: 'RITA1', id: policy.id, classOfUse: 'Raced', coverLevel: 'Other' }
    const done = await Promise.allSettled([changePolicy(context, change), changePolicy(context, change)])
    assert.deepEqual(done.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    const { rows } = await sql<{ valid: number }>`
      select count(*)::int as valid from policy p
      where p.class_of_use = 'Raced' and not exists (select from policy_cancellation c where c.policy_id = p.id)
    `.execute(context.db)
    assert.deepEqual(rows, [{ valid: 1 }])
    const [changed] = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value.id] : []))
    await cancelPolicy(context, changed!)
  })

  it('a policy is made, changed and cancelled, with what it was before and after', async () => {
    const made = await operator.post(`${page}/policies/new`, {
      classOfUse: ' Courier ',
      coverLevel: 'Comprehensive',
      vehicle: 'MADE 1',
      workProvider: 'Bolt Food',
      from: local(world.at('6:00')),
      to: '',
    })
    assert.equal(made.location, page)
    const find = async (vehicle: string): Promise<string> => {
      const { rows } = await sql<{ id: string }>`
        select id from policy where vehicle_registration = ${vehicle}
      `.execute(site.context.db)
      return rows[0]!.id
    }
    const id = await find('MADE 1')
    const shown = await operator.get(`${page}/policies/${id}`)
    assert.match(words(shown), /Courier, Comprehensive, MADE 1\. Valid from .* until further notice/)
    assert.ok(elementsOf(shown.text).some(({ attributes }) => attributes.get('value') === 'MADE 1'))
    const what = { classOfUse: 'Courier', coverLevel: 'Third Party', vehicle: 'CHANGED 2', workProvider: '' }
    const changed = await operator.post(`${page}/policies/${id}/change`, { ...what, at: local(world.at('10:00')) })
    assert.equal(changed.location, page)
    const next = await find('CHANGED 2')
    const lines = await readAudit(site.context, { customerNumber: 'RITA1', limit: 2 })
    assert.deepEqual(
      lines.map((line) => [line.action, line.subject, line.by.name]),
      [
        ['policy cancelled', id, 'operator@insurer.example'],
        ['policy created', next, 'operator@insurer.example'],
      ],
    )
    const told = lines[1]!.details as { replaces: string; before: { vehicleRegistration: string }; after: object }
    assert.equal(told.replaces, id)
    assert.equal(told.before.vehicleRegistration, 'MADE 1')
    assert.deepEqual(told.after, {
      classOfUse: 'Courier',
      coverLevel: 'Third Party',
      vehicleRegistration: 'CHANGED 2',
      from: formatInstant(world.at('10:00')),
      to: null,
    })
    const cancelled = await operator.post(`${page}/policies/${next}/cancel`, { cancelAt: local(world.at('11:00')) })
    assert.equal(cancelled.location, page)
    const { record } = await readCustomer(site.context, { customerNumber: 'RITA1' })
    const policies = new Map(
      record.policies.map((policy) => [policy.id, policy.cancellations.map((one) => one.effectiveAt)]),
    )
    assert.deepEqual(policies.get(id), [world.at('10:00')])
    assert.deepEqual(policies.get(next), [world.at('11:00')])
  })

  it('a policy that cannot be made or changed so is refused, and nothing is half done', async () => {
    const { rows } = await sql<{ id: string }>`
      select id from policy where vehicle_registration = 'XY67 ZZZ'
    `.execute(site.context.db)
    const own = rows[0]!.id
    await createCustomer(site.context, { customerNumber: 'OTHER1', email: 'other@example.com' })
    const other = await createPolicy(site.context, {
      customerNumber: 'OTHER1',
      classOfUse: 'Delivery',
      coverLevel: 'TPO',
    })
    const what = { classOfUse: 'Delivery', coverLevel: 'TPO', vehicle: '', workProvider: '' }
    const before = await contentsOf(site.context)
    for (const [path, fields, said] of [
      ['/policies/new', { ...what, classOfUse: '' }, /A class of use has 1 to 200 characters/],
      [
        '/policies/new',
        { ...what, from: local(world.at('9:00')), to: local(world.at('8:00')) },
        /ends after it begins/,
      ],
      ['/policies/new', { ...what, from: 'soon' }, /Enter a date and a time/],
      ['/policies/new', { ...what, workProvider: 'Nobody Ltd' }, /no work provider named/],
      [`/policies/${own}/change`, { ...what, at: local(world.at('17:00')) }, /only begins at/],
      [`/policies/${own}/change`, { ...what, at: local(world.at('20:45')) }, /ends at/],
      [
        `/policies/${own}/change`,
        { ...what, coverLevel: 'x'.repeat(201), at: local(world.at('19:00')) },
        /cover level/,
      ],
    ] as const) {
      const answer = await operator.post(page + path, fields)
      assert.equal(answer.status, 422, path)
      assert.match(words(answer), said)
    }
    for (const action of ['change', 'cancel']) {
      assert.equal((await operator.post(`${page}/policies/${other.id}/${action}`, what)).status, 404)
    }
    assertSame(await contentsOf(site.context), before, 'what was refused')
  })

  it('consent is recorded and withdrawn, and cover follows', async () => {
    const { rows } = await sql<{ id: number }>`
      select l.id from link l join work_provider w on w.id = l.work_provider_id where w.name = 'Courier Ltd' and customer_number = 'RITA1'
    `.execute(site.context.db)
    const link = `${page}/links/${rows[0]!.id}`
    assert.equal(await covered(world.at('9:00')), true)
    assert.equal((await operator.post(`${link}/withdraw`, { at: local(world.at('8:55')) })).location, page)
    assert.equal(await covered(world.at('9:00')), false)
    assert.equal((await operator.post(`${link}/consent`, { at: local(world.at('8:57')) })).location, page)
    assert.equal(await covered(world.at('9:00')), true)
    assert.equal(await covered(world.at('8:56')), false)
    assert.deepEqual(await lastActions(2), ['consent withdrawn', 'consent given'])
    assert.equal((await operator.post(`${link}/consent`, { at: 'never' })).status, 422)
  })

  it('a user id is bound and its reports are shifts at once; released, later ones are nobody’s', async () => {
    const timestamp = (time: string): string => formatInstant(world.at(time))
    await site.report('login', { workProviderUserId: 'parked 1', timestamp: timestamp('4:00') })
    await site.report('logout', { workProviderUserId: 'parked 1', timestamp: timestamp('5:00') })
    await site.settle()
    const { rows } = await sql<{ id: number }>`
      select l.id from link l join work_provider w on w.id = l.work_provider_id where w.name = 'Courier Ltd' and customer_number = 'RITA1'
    `.execute(site.context.db)
    const link = `${page}/links/${rows[0]!.id}`
    assert.equal((await operator.post(`${link}/bind`, { userId: 'parked 1' })).location, page)
    const stored = await sql`
      select from shift where link_id = ${rows[0]!.id} and started_at = ${timestamp('4:00')}
    `.execute(site.context.db)
    assert.equal(stored.rows.length, 1)
    assert.ok((await shifts()).includes('Courier Ltd 04:00-05:00'))
    assert.ok(words(await viewer.get(page)).includes('user id parked 1'))
    const again = await operator.post(`${link}/bind`, { userId: 'parked 1' })
    assert.equal(again.status, 422)
    assert.match(words(again), /already holds the id parked 1/)
    assert.match(words(await operator.post(`${link}/bind`, { userId: '' })), /Enter the user id/)

    const released = await operator.post(`${link}/release`, { held: 'parked 1', releaseAt: local(world.at('4:30')) })
    assert.equal(released.location, page)
    assert.ok(!(await shifts()).includes('Courier Ltd 04:00-05:00'))
    assert.deepEqual(await lastActions(2), ['user id bound', 'user id released'])
    await createCustomer(site.context, { customerNumber: 'TAKER1', email: 'taker@example.com' })
    await createLink(site.context, {
      workProvider: 'Courier Ltd',
      customerNumber: 'TAKER1',
      workProviderUserId: 'parked 1',
    })
    const others = await operator.post(`${link}/release`, { held: 'parked 1', releaseAt: '' })
    assert.equal(others.status, 422)
    assert.match(words(others), /another customer who holds the id/)
  })

  it('a customer is linked to another work provider, with consent', async () => {
    await createWorkProvider(site.context, 'Third Ltd')
    const done = await operator.post(`${page}/links/new`, {
      workProvider: 'Third Ltd',
      userId: 't-1',
      consented: 'yes',
      at: local(world.at('1:00')),
    })
    assert.equal(done.location, page)
    assert.deepEqual(await lastActions(3), ['link created', 'user id bound', 'consent given'])
    assert.match(words(await viewer.get(page)), /Third Ltd Active ?: consent given\./)
    assert.equal((await operator.post(`${page}/links/new`, { workProvider: 'Third Ltd' })).status, 422)
  })

  it('an event is annulled and restored with a reason: shifts follow at once, and who said so is told', async () => {
    const answer = await operator.get(chosen(world.at('17:10')))
    const event = hrefs(answer).find(
      (href) =>
        href.startsWith(`${page}/events/`) && new RegExp(`href="${href}"\\s*>Login, [^<]*17:10:00`).test(answer.text),
    )!
    const wanted = 'Courier Ltd 17:10-21:40'
    assert.ok((await shifts()).includes(wanted))
    const nothing = await operator.post(`${event}/annul`, { reason: ' ' })
    assert.equal(nothing.status, 422)
    assert.ok((await shifts()).includes(wanted))
    const annulled = await operator.post(`${event}/annul`, { reason: HOSTILE })
    assert.equal(annulled.location, `${chosen(world.at('17:10'))}#picture`)
    assert.ok(!(await shifts()).includes(wanted))
    const shown = await viewer.get(event)
    assertInert(shown.text, event)
    assert.ok(textOf(shown.text).includes(HOSTILE))
    assertInert((await viewer.get(annulled.location!)).text, 'an annulled event')
    assert.equal((await operator.post(`${event}/annul`, { reason: 'twice' })).status, 422)
    assert.equal((await operator.post(`${event}/restore`, { reason: 'It was right' })).status, 303)
    assert.ok((await shifts()).includes(wanted))
    const lines = (await readAudit(site.context, { customerNumber: 'RITA1', limit: 2 })).map((line) => [
      line.action,
      line.by.name,
      line.details['reason'],
    ])
    assert.deepEqual(lines, [
      ['event annulled', 'operator@insurer.example', HOSTILE],
      ['event restored', 'operator@insurer.example', 'It was right'],
    ])
  })

  it('an event that still waits to be derived can be annulled', async () => {
    await site.report('login', { customerNumber: 'RITA1', timestamp: formatInstant(world.at('0:30')) })
    const event = hrefs(await operator.get(chosen(world.at('0:30')))).find((href) =>
      href.startsWith(`${page}/events/`),
    )!
    assert.equal((await operator.post(`${event}/annul`, { reason: 'A slip' })).status, 303)
    await site.settle()
    assert.ok(!(await shifts()).some((shift) => shift.startsWith('Courier Ltd 00:30')))
    assert.match(words(await viewer.get(event)), /State annulled/)
  })

  it('a viewer sees no form, and whatever a viewer sends changes nothing', async () => {
    const answer = await viewer.get(chosen(world.at('12:30')))
    assert.ok(!actions(answer).some((action) => action.startsWith(`${page}/`)))
    const event = hrefs(answer).find((href) => href.startsWith(`${page}/events/`))!
    assert.deepEqual(
      actions(await viewer.get(event)).filter((action) => action !== '/desk/logout'),
      [],
    )
    const { rows } = await sql<{ policy: string; link: number }>`
      select p.id as policy, l.id as link from policy p join link l using (customer_number) where customer_number = 'RITA1' limit 1
    `.execute(site.context.db)
    const { policy, link } = rows[0]!
    const person = await joinWorkProvider(site)
    for (const path of [page, `${page}/events.csv`, event]) {
      assert.equal((await person.visitor.get(path)).status, 404, path)
      assert.match((await new Visitor(site).get(path)).location ?? '', /^\/desk\/login/)
    }
    const before = await contentsOf(site.context)
    for (const path of [
      '/policies/new',
      `/policies/${policy}/change`,
      `/policies/${policy}/cancel`,
      '/links/new',
      ...['consent', 'withdraw', 'bind', 'release'].map((action) => `/links/${link}/${action}`),
      ...['annul', 'restore'].map((action) => `${event.slice(page.length)}/${action}`),
    ]) {
      const fields = {
        classOfUse: 'x',
        coverLevel: 'x',
        userId: 'x',
        held: 'bolt-RITA1',
        reason: 'x',
        workProvider: 'Third Ltd',
      }
      assert.equal((await viewer.post(page + path, fields)).status, 403, path)
      assert.equal((await person.visitor.post(page + path, fields)).status, 404, path)
    }
    assertSame(await contentsOf(site.context), before, 'a viewer')
    for (const path of ['/policies/new', `/policies/${policy}`, '/links/new', `/links/${link}`]) {
      assert.equal((await viewer.get(page + path)).status, 403, path)
    }
  })

  it('names, ids and policies of others are text, whatever they are', async () => {
    const { context } = site
    await createWorkProvider(context, HOSTILE)
    await createCustomer(context, { customerNumber: 'EVIL1', email: 'evil@example.com', name: HOSTILE })
    await createLink(context, {
      workProvider: HOSTILE,
      customerNumber: 'EVIL1',
      workProviderUserId: HOSTILE,
      consentedAt: world.at('0:00'),
    })
    await createPolicy(context, {
      customerNumber: 'EVIL1',
      classOfUse: HOSTILE,
      coverLevel: HOSTILE,
      vehicleRegistration: HOSTILE,
    })
    const { rows } = await sql<{ policy: string; link: number }>`
      select p.id as policy, l.id as link from policy p join link l using (customer_number) where customer_number = 'EVIL1'
    `.execute(context.db)
    for (const path of [
      '',
      '?span=week',
      `/policies/${rows[0]!.policy}`,
      `/links/${rows[0]!.link}`,
      '/links/new',
      '/policies/new',
    ]) {
      const answer = await operator.get(`/staff/customers/EVIL1${path}`)
      assert.equal(answer.status, 200, path)
      assertInert(answer.text, path)
    }
    assert.ok(textOf((await operator.get('/staff/customers/EVIL1')).text).includes(HOSTILE))
  })

  it('of an erased customer the record is shown and nothing can be made', async () => {
    await createCustomer(site.context, { customerNumber: 'GONE1', email: 'gone@example.com', name: 'Gone Girl' })
    await eraseCustomer(site.context, 'GONE1', 'asked to')
    const answer = await operator.get('/staff/customers/GONE1')
    assert.match(words(answer), /Erased .*: name, telephone and addresses are gone for good/)
    assert.ok(!hrefs(answer).some((href) => /\/(policies|links)\/new$/.test(href)))
    const made = await operator.post('/staff/customers/GONE1/policies/new', { classOfUse: 'x', coverLevel: 'x' })
    assert.equal(made.status, 422)
  })

  it('takes as many statements among many customers as among few', async () => {
    const count = async (): Promise<number> => (await statementsOf(() => viewer.get(chosen(world.at('12:30'))))).length
    const few = await count()
    await sql`
      insert into customer (customer_number, email, email_key)
      select 'MANY' || n, 'many' || n || '@example.com', 'many' || n || '@example.com' from generate_series(1, 2000) n
    `.execute(site.context.db)
    await sql`
      insert into link (work_provider_id, customer_number)
      select ${site.workProviderId}, customer_number from customer where customer_number like 'MANY%'
    `.execute(site.context.db)
    assert.equal(await count(), few)
    assert.ok(few < 45, `${few} statements`)
  })
})

describe('the page of a customer with a very long record', () => {
  let site: TestSite
  let visitor: Visitor
  before(async () => {
    site = await openSite()
    ;({ visitor } = await joinStaff(site, 'viewer'))
  })
  after(() => site.close())

  it('stays short: what is not in the span is not on it, and of a crowded day as much as can be read', async () => {
    const { context } = site
    await createCustomer(context, { customerNumber: 'LONG1', email: 'long@example.com' })
    await createLink(context, { workProvider: 'Courier Ltd', customerNumber: 'LONG1' })
    // At noon: what is reported of the quarter of an hour before is all of one day, whenever this runs.
    const yesterday = plus(startOfUtcDay(utcDayOf(context.now())), -12 * MICROSECONDS_PER_HOUR)
    const body = (count: number, at: (index: number) => Instant): string =>
      JSON.stringify(
        Array.from({ length: count }, (_, index) => ({ customerNumber: 'LONG1', timestamp: formatInstant(at(index)) })),
      )
    const send = async (kind: string, text: string): Promise<void> => {
      const headers = { Authorization: site.key }
      const response = await fetch(`${site.url}/v1/batch/${kind}`, { method: 'POST', headers, body: text })
      assert.equal(response.status, 202)
    }
    const ago = (hours: number): Instant => plus(yesterday, -hours * MICROSECONDS_PER_HOUR)
    await send(
      'login',
      body(4_500, (index) => ago(48 + 4 * index)),
    )
    await send(
      'logout',
      body(4_500, (index) => ago(46 + 4 * index)),
    )
    await send(
      'login',
      body(1_000, (index) => plus(yesterday, -index * 1_000_000)),
    )
    await site.settle()
    const crowded = await visitor.get(`/staff/customers/LONG1?at=${encodeURIComponent(formatInstant(yesterday))}`)
    assert.equal(crowded.status, 200)
    assert.match(textOf(crowded.text), /more are left out/)
    assert.ok(crowded.text.length < 2_000_000, `${crowded.text.length} characters`)
    const old = await visitor.get(
      `/staff/customers/LONG1?span=week&at=${encodeURIComponent(formatInstant(ago(1_000)))}`,
    )
    assert.equal(old.status, 200)
    assert.ok(old.text.length < 400_000, `${old.text.length} characters`)
  })
})
