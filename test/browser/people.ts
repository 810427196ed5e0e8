import { createKey } from '../../src/app/api-keys.ts'
import { createLink } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import type { TestSite } from '../support/site.ts'
import { agree, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { linkOf } from './driver.ts'

/* Who is on the site whose pages are looked at: drivers with nothing, with everything, and with names of every kind. */

const LONG_NAME = 'Maximiliana Bartholomea Wolfeschlegelsteinhausenbergerdorff y Gonçalves-Ødegård '
  .repeat(2)
  .slice(0, 150)
const SCRIPT_NAME = '<script>alert("name")</script>'
const LONG_ID = 'courier-with-a-long-id-'.repeat(11)
export const LONG_EMAIL = `${'an.address.that.goes.on'.repeat(2)}@${'sub-domain.'.repeat(5)}example.com`
export const LONG_PROVIDER =
  'Internationale Lebensmittelzustellungsgesellschaft und Donaudampfschifffahrtskapitänsmützen & Co KG'
export const SCRIPT_PROVIDER = '<script>alert("company")</script>'

/** Drivers, each logged in in a browser of their own. */
export type Drivers = Record<'empty' | 'full' | 'long' | 'script' | 'capped', Visitor>

type Person = { readonly visitor: Visitor; readonly customerNumber: string }
/** From and until so many hours ago; null: nobody said until when. */
type Shift = readonly [from: number, until: number | null]

/** What the making of each of them needs. */
type Making = {
  readonly site: TestSite
  hoursAgo(hours: number): Instant
  report(workProvider: string, person: Person, shifts: readonly Shift[]): Promise<void>
  match(workProvider: string, person: Person): Promise<void>
}

export async function seed(site: TestSite): Promise<Drivers> {
  const keys = await seedWorkProviders(site)
  let people = 0
  const person = async (email: string, name: string): Promise<Person> => {
    people += 1
    const visitor = new Visitor(site, { address: `203.0.113.${people}` })
    await signUp(site, visitor, email, { name })
    const home = await visitor.get('/home')
    return { visitor, customerNumber: /<dt>Customer number<\/dt>\s*<dd><strong>(\w+)/.exec(home.text)![1]! }
  }
  const now = site.context.now()
  const hoursAgo = (hours: number): Instant => plus(now, -Math.round(hours * MICROSECONDS_PER_HOUR))
  const making: Making = {
    site,
    hoursAgo,
    async report(workProvider, { customerNumber }, shifts) {
      const items = (hours: readonly (number | null)[]) =>
        hours.filter((ago) => ago !== null).map((ago) => ({ customerNumber, timestamp: formatInstant(hoursAgo(ago)) }))
      const key = keys.get(workProvider)!
      await callApi(site, '/v1/batch/login', key, items(shifts.map(([from]) => from)))
      await callApi(site, '/v1/batch/logout', key, items(shifts.map(([, until]) => until)))
    },
    match: (workProvider, { customerNumber }) =>
      callApi(site, '/v1/match', keys.get(workProvider)!, { customerNumber, success: true }),
  }
  const drivers = {
    empty: await person('empty@example.com', 'Emma Empty'),
    full: await person('full@example.com', 'Fred Full'),
    long: await person(LONG_EMAIL.replace('an.', 'my.'), LONG_NAME),
    script: await person('script@example.com', SCRIPT_NAME),
    capped: await person('capped@example.com', 'Carl Capped'),
  }
  await fill(making, drivers.full)
  await fillLong(making, drivers.long)
  await fillScript(making, drivers.script)
  await fillCapped(making, drivers.capped)
  await site.settle()
  await stopSharing(drivers.capped)
  await agreeToLink(site, await person('undo@example.com', 'Una Undo'), 'undo-1')
  await person('forgot@example.com', 'Fay Forgot')
  const { visitor: mover } = await person('mover@example.com', 'Mo Mover')
  await mover.post('/account/email', { newEmail: 'mover.new@example.com', emailPassword: PASSWORD })
  const visitors = Object.entries(drivers).map(([name, { visitor }]) => [name, visitor])
  return Object.fromEntries(visitors) as Drivers
}

/** Answers the keys of those who report. */
async function seedWorkProviders({ context, key }: TestSite): Promise<Map<string, string>> {
  const keys = new Map([['Courier Ltd', key]])
  for (const name of ['Dinner Dash', LONG_PROVIDER, SCRIPT_PROVIDER]) {
    await createWorkProvider(context, name)
    keys.set(name, (await createKey(context, name)).key)
  }
  for (const name of ['Lunch Run', 'Signed Links Ltd', 'Match First Ltd']) await createWorkProvider(context, name)
  await changeSettings(context, 'Signed Links Ltd', { linkRequires: 'signature' })
  await changeSettings(context, 'Match First Ltd', { linkRequires: 'match' })
  return keys
}

/** Works for two, sometimes at once; consent and policy came within the week: what was before is not covered. */
async function fill({ site, hoursAgo, report, match }: Making, person: Person): Promise<void> {
  const { context } = site
  const { customerNumber } = person
  const ids = [
    ['Courier Ltd', 'full-1'],
    ['Courier Ltd', 'full-1-bike'],
    ['Dinner Dash', 'full-2'],
  ] as const
  for (const [workProvider, workProviderUserId] of ids) {
    await createLink(context, { workProvider, customerNumber, workProviderUserId, consentedAt: hoursAgo(110) })
  }
  await createPolicy(context, {
    customerNumber,
    classOfUse: 'Carriage of Goods for Hire & Reward',
    coverLevel: 'Third Party (TPO)',
    vehicleRegistration: 'VY7 JC3',
    from: hoursAgo(78),
  })
  await createPolicy(context, {
    customerNumber,
    classOfUse: 'Delivery',
    coverLevel: 'Comprehensive',
    workProvider: 'Dinner Dash',
    from: hoursAgo(-20 * 24),
    to: hoursAgo(-50 * 24),
  })
  await report('Courier Ltd', person, [
    [140, 133],
    [116, 108],
    [92.5, 90],
    [81, 74.25],
    [52, 45.4],
    [28, 27.995],
    [26, 20.2],
    [2.6, null],
  ])
  await report('Dinner Dash', person, [
    [91, 88],
    [50, 47],
    [1.25, null],
  ])
  await agreeToLink(site, person, 'full-1-moped')
  await match(SCRIPT_PROVIDER, person)
}

/** Everything that has a length has the longest. */
async function fillLong({ site, hoursAgo, report, match }: Making, person: Person): Promise<void> {
  const { customerNumber } = person
  await createLink(site.context, {
    workProvider: LONG_PROVIDER,
    customerNumber,
    workProviderUserId: LONG_ID,
    consentedAt: hoursAgo(150),
  })
  await createPolicy(site.context, {
    customerNumber,
    classOfUse: 'Carriage of goods for hire and reward, of food and of parcels, by bicycle, moped or on foot, '.repeat(
      2,
    ),
    coverLevel: 'Third party, fire and theft, with everything that anybody ever asked about',
    vehicleRegistration: 'A VERY LONG REGISTRATION 123456',
    workProvider: LONG_PROVIDER,
    from: hoursAgo(130),
  })
  await report(LONG_PROVIDER, person, [
    [70, 60],
    [5, null],
  ])
  await match('Dinner Dash', person)
}

/** On shift, without a policy. */
async function fillScript({ site, hoursAgo, report }: Making, person: Person): Promise<void> {
  await createLink(site.context, {
    workProvider: SCRIPT_PROVIDER,
    customerNumber: person.customerNumber,
    workProviderUserId: '<b>me</b>',
    consentedAt: hoursAgo(150),
  })
  await report(SCRIPT_PROVIDER, person, [[3, null]])
}

/** Forgot to log out, twice. */
async function fillCapped({ site, hoursAgo, report }: Making, person: Person): Promise<void> {
  const { customerNumber } = person
  await createLink(site.context, {
    workProvider: 'Courier Ltd',
    customerNumber,
    workProviderUserId: 'capped-1',
    consentedAt: hoursAgo(150),
  })
  await createPolicy(site.context, {
    customerNumber,
    classOfUse: 'Delivery',
    coverLevel: 'Third Party (TPO)',
    from: hoursAgo(150),
  })
  await report('Courier Ltd', person, [
    [76, null],
    [30, null],
  ])
}

async function stopSharing({ visitor }: Person): Promise<void> {
  const home = await visitor.get('/home')
  await visitor.post(/\/withdraw\/\d+/.exec(home.text)![0])
}

/** By the pages, so that a receipt is mailed. */
async function agreeToLink(site: TestSite, { visitor }: Person, userId: string): Promise<void> {
  const opened = await visitor.get(linkOf(site, userId).slice(site.url.length))
  await agree(visitor, opened.location!)
}

async function callApi(site: TestSite, path: string, key: string, body: unknown): Promise<void> {
  const response = await fetch(`${site.url}${path}`, {
    method: 'POST',
    headers: { Authorization: key },
    body: JSON.stringify(body),
  })
  if (response.status !== 202) throw new Error(`${path}: ${response.status} ${await response.text()}`)
}
