import { sql } from 'kysely'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { DRIVER_PAGES } from '../../src/web/driver/pages.ts'
import type { TestSite } from '../support/site.ts'
import { logIn, PASSWORD, signUp, Visitor } from '../support/visitor.ts'
import { claim, openIntent } from './links.ts'

/**
 * A driver with something behind every path of the drivers' pages: a link to take away, an intent to decide, and a mail
 * of every kind that has a link in it.
 */
export type DriverWorld = {
  readonly browser: Visitor
  readonly email: string
  readonly customerNumber: string
  /** What the path of each page holds for this driver. */
  pathOf(pattern: string): string
}

export type DriverOptions = { readonly name?: string; readonly userId?: string; readonly address?: string }

export async function openDriverWorld(
  site: TestSite,
  email: string,
  { name = 'Dana Driver', userId = 'world-1', address = '192.0.2.1' }: DriverOptions = {},
): Promise<DriverWorld> {
  const browser = new Visitor(site, { address })
  const other = `Other of ${userId}`
  const { id: otherId } = await createWorkProvider(site.context, other)
  await signUp(site, browser, email, { name })
  await claim(browser, { id: userId })
  const undo = linkIn((await site.mailsTo(email)).at(-1)!.body, '/undo/')
  await claim(browser, { id: `${userId}-too`, workProvider: other })
  const { rows } = await sql<{ number: string; link: number }>`
    select c.customer_number as number, l.id::int as link from customer c join link l using (customer_number)
    where c.email_key = ${email} and l.work_provider_id = ${otherId}
  `.execute(site.context.db)
  const [{ number, link }] = rows as [{ number: string; link: number }]
  await browser.post('/signup', { email: `new-${email}` })
  await browser.post('/reset', { email })
  const reset = linkIn((await site.mailsTo(email)).at(-1)!.body, '/reset/')
  await browser.post('/account/email', { newEmail: `next-${email}`, emailPassword: PASSWORD })
  const { rows: terms } = await sql<{ id: string }>`select id from terms limit 1`.execute(site.context.db)
  const places: Readonly<Record<string, string>> = {
    '/link/:intent': `/link/${await openIntent(browser, { id: `${userId}-three`, email })}`,
    '/signup/:token': linkIn((await site.mailsTo(`new-${email}`)).at(-1)!.body, '/signup/'),
    '/reset/:token': reset,
    '/email/:token': linkIn((await site.mailsTo(`next-${email}`)).at(-1)!.body, '/email/'),
    '/undo/:token': undo,
    '/withdraw/:link': `/withdraw/${link}`,
    '/share/:workProvider': `/share/${otherId}`,
    '/terms/:terms': `/terms/${terms[0]!.id}`,
    '/link-problem/:problem': '/link-problem/id',
  }
  return {
    browser,
    email,
    customerNumber: number,
    pathOf(pattern) {
      const known = Object.keys(places).find((place) => pattern === place || pattern.startsWith(`${place}/`))
      const path = known === undefined ? pattern : places[known]! + pattern.slice(known.length)
      // A page that nobody told this file of has its names as they are.
      return path.replaceAll('/:', '/')
    },
  }
}

/** The path of the link to this site in a mail that begins so. */
export function linkIn(body: string, beginning: string): string {
  const path = body
    .match(/https?:\/\/\S+/g)
    ?.map((url) => new URL(url).pathname)
    .find((one) => one.startsWith(beginning) && one.length > beginning.length)
  if (path === undefined) throw new Error(`no link ${beginning} in ${body}`)
  return path
}

export async function stayLoggedIn(
  world: DriverWorld,
  { email = world.email, password = PASSWORD }: { email?: string; password?: string } = {},
): Promise<void> {
  if ((await world.browser.get('/home')).status !== 200) await logIn(world.browser, email, password)
}

export const POST_PATTERNS = DRIVER_PAGES.filter((route) => route.method === 'POST').map((route) => route.path)
export const GET_PATTERNS = DRIVER_PAGES.filter((route) => route.method === 'GET').map((route) => route.path)
