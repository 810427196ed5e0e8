import { readDeskCustomer, type DeskCustomer } from '../../app/desk-customer.ts'
import { mayAs } from '../../domain/desk.ts'
import { timelineOf } from '../../domain/timeline.ts'
import { errorSummary } from '../kit/forms.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { CUSTOMER_DOWNLOADS } from './customer-csv.ts'
import { events, setAnnulled, showEvent } from './customer-events.ts'
import { auditLines, links, matches, policies, type Shown, who } from './customer-facts.ts'
import { LINK_PAGES } from './customer-links.ts'
import { POLICY_PAGES } from './customer-policies.ts'
import { knownBanner, spanWords, time } from './customer-time.ts'
import { addressOf, readView, type ReadView } from './customer-view.ts'

const AT = '/staff/customers/:number'

export const CUSTOMER_PAGES: readonly Route[] = [
  { method: 'GET', path: AT, page: showCustomer, for: 'viewer' },
  ...CUSTOMER_DOWNLOADS,
  ...POLICY_PAGES,
  ...LINK_PAGES,
  { method: 'GET', path: `${AT}/events/:event`, page: showEvent, for: 'viewer' },
  { method: 'POST', path: `${AT}/events/:event/annul`, page: setAnnulled(true), for: 'operator' },
  { method: 'POST', path: `${AT}/events/:event/restore`, page: setAnnulled(false), for: 'operator' },
]

/** GET /staff/customers/<number>: who, and what of their time is looked at (`readView`). */
async function showCustomer(visit: StaffVisit): Promise<Response> {
  const { context, parameters, query } = visit
  const { timeZone } = context
  const given = readView(parameters['number'] ?? '', query, context.now(), timeZone)
  const about = await readDeskCustomer(context, given.view.customerNumber, given.view.known)
  if (about === null) return notFound(visit)
  const { customerNumber, name } = about.customer
  const read: ReadView = { ...given, view: { ...given.view, customerNumber } }
  const timeline = timelineOf(about.reading, read.view.span)
  // What was known once is looked at, not changed.
  const mayChange = mayAs(visit.person.role, 'operator') && read.view.known === null
  const below = (path: string): string => addressOf(read.view, path)
  const mayInsure = mayChange && about.customer.erasedAt === null
  const shown: Shown = { about, timeZone, mayChange: mayInsure, below }
  const title = `Customer ${customerNumber}`
  const body = html`${errorSummary(read.errors)}
    <div class="evidence">
      <h1>${name ?? title}</h1>
      ${printed(visit, about, read)} ${knownBanner(read, about, timeZone)} ${who(shown)}
      ${time({ about, read, timeline, timeZone }, read.errors)} ${events({ timeline, timeZone, mayChange, below })}
      ${policies(shown)} ${links(shown)} ${matches(shown)} ${auditLines(shown)}
    </div>`
  const hasErrors = read.errors.size > 0
  return page(visit, { title, body, isWide: true, hasErrors }, hasErrors ? 422 : 200)
}

/** What a sheet of paper has to say of itself. */
function printed({ context, person }: StaffVisit, { customer }: DeskCustomer, { view }: ReadView): Markup {
  const { timeZone } = context
  const known =
    view.known === null ? 'as known when it was printed' : html`as known at ${exactTime(view.known, timeZone)}`
  return html`<p class="only-print">
    Customer ${customer.customerNumber}, ${spanWords(view, timeZone)} (${timeZone}), ${known}. Printed
    ${exactTime(context.now(), timeZone)} by ${person.name}, ${person.email}.
  </p>`
}
