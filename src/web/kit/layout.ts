import type { DeskAccount } from '../../app/desk-accounts.ts'
import { type DeskRole, mayAs } from '../../domain/desk.ts'
import { html, type Markup, nothing } from './html.ts'
import { STYLESHEET } from './stylesheet.ts'
import type { Visit } from './visit.ts'

export type PageContent = {
  readonly title: string
  readonly body: Markup
  /** Something is wrong with what was sent: the title says so first, for those who hear it. */
  readonly hasErrors?: boolean
  /** For what needs the room; everything else is in one narrow column. */
  readonly isWide?: boolean
  /** What else stands in the head: a script of ours, say. */
  readonly head?: Markup
}

type Told = Pick<Visit, 'driver' | 'person'>

/** Where somebody's pages begin. */
export function startOf({ driver, person }: Told): string {
  if (person !== null) return person.role === 'work provider' ? '/work-provider' : '/staff'
  return driver === null ? '/' : '/home'
}

export function layout(visit: Told, { title, body, hasErrors, isWide, head = nothing }: PageContent): Markup {
  const fullTitle = `${hasErrors === true ? 'Error: ' : ''}${title} – Zego`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${fullTitle}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${STYLESHEET.path}" />
        ${head}
      </head>
      <body class="${visit.person === null ? '' : 'desk'}">
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <div class="bar-inside">
            <a class="brand" href="${startOf(visit)}">Zego</a>
            ${navigation(visit)}
          </div>
        </header>
        <main id="main" class="${isWide === true ? 'wide' : ''}">${body}</main>
        <footer>
          <p>Pay-as-you-go insurance for couriers. <a href="/terms">Terms</a> <a href="/docs">For work providers</a></p>
        </footer>
      </body>
    </html>`
}

function navigation({ driver, person }: Told): Markup {
  if (person !== null) return deskNavigation(person)
  if (driver === null) return html`<nav aria-label="Site"><a href="/login">Log in</a></nav>`
  return html`<nav aria-label="Site">
    <a href="/home">Home</a> <a href="/account">Account</a>
    <form method="post" action="/logout"><button class="as-link">Log out</button></form>
  </nav>`
}

/** By role, what somebody of the desk may open at all. */
function deskNavigation({ role, hasSecondFactor }: DeskAccount): Markup {
  const pages = hasSecondFactor ? DESK_NAVIGATION.filter((one) => one.isFor(role)) : []
  return html`<nav aria-label="Desk">
    ${pages.map(({ path, label }) => html`<a href="${path}">${label}</a> `)}
    <form method="post" action="/desk/logout"><button class="as-link">Log out</button></form>
  </nav>`
}

const isStaff = (role: DeskRole): boolean => mayAs(role, 'viewer')
const isAdmin = (role: DeskRole): boolean => mayAs(role, 'admin')

const DESK_NAVIGATION: readonly { path: string; label: string; isFor: (role: DeskRole) => boolean }[] = [
  { path: '/staff', label: 'Search', isFor: isStaff },
  { path: '/staff/live', label: 'Live', isFor: isStaff },
  { path: '/staff/reconciliation', label: 'Reconciliation', isFor: isStaff },
  { path: '/staff/work-providers', label: 'Work providers', isFor: isStaff },
  { path: '/staff/audit', label: 'Audit', isFor: isStaff },
  { path: '/staff/people', label: 'People', isFor: isAdmin },
  { path: '/staff/outbox', label: 'Outbox', isFor: isAdmin },
  { path: '/work-provider', label: 'Overview', isFor: (role) => role === 'work provider' },
  { path: '/desk/account', label: 'Account', isFor: () => true },
]
