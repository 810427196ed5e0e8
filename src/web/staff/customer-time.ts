import { explain } from '../../app/customer-record.ts'
import type { DeskCustomer } from '../../app/desk-customer.ts'
import { formatInstant, type Instant } from '../../domain/instant.ts'
import { contains } from '../../domain/interval.ts'
import { formatLocalTime } from '../../domain/local-time.ts'
import type { Timeline } from '../../domain/timeline.ts'
import { field, type FormErrors, hidden } from '../kit/forms.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { formatDate, formatDay, formatExactly, formatLength } from '../kit/times.ts'
import { addressOf, type CustomerView, moved, type ReadView, viewAt } from './customer-view.ts'
import { customerPath } from './paths.ts'
import { explanation } from './explanation.ts'
import { timelineFigure } from './timeline.ts'

/* A customer's time: which of it is looked at, why an instant is covered, and the picture. */

export type Looked = {
  readonly about: DeskCustomer
  readonly read: ReadView
  readonly timeline: Timeline
  readonly timeZone: string
}

export function time(looked: Looked, errors: FormErrors): Markup {
  const { about, read, timeline, timeZone } = looked
  const { view } = read
  const choose = (at: Instant): string => `${addressOf(viewAt({ ...view, chosen: at }, at, timeZone))}#picture`
  const figure = timelineFigure(timeline, {
    days: view.days,
    timeZone,
    chosen: view.chosen,
    choose,
    isAsKnown: view.known !== null,
  })
  return html`<section class="card" aria-labelledby="time">
      <h2 id="time">${spanWords(view, timeZone)}</h2>
      ${ways(view, about.reading.now, timeZone)} ${forms(view, errors, timeZone)} ${twice(read, timeZone)}
      ${totals(timeline)}
    </section>
    <section class="card" id="picture" aria-label="Timeline">${verdict(looked)} ${figure}</section>
    <div id="why">${why(looked)}</div>`
}

export function spanWords({ days }: CustomerView, timeZone: string): string {
  const [first, last] = [days[0]!, days.at(-1)!]
  const year = formatDate(last.from, timeZone).slice(-4)
  if (days.length === 1) return `${formatDay(first.from, timeZone)} ${year}`
  return `${formatDay(first.from, timeZone)} to ${formatDay(last.from, timeZone)} ${year}`
}

function ways(view: CustomerView, now: Instant, timeZone: string): Markup {
  const unit = view.isWeek ? 'week' : 'day'
  const link = (to: CustomerView, label: string): Markup => html`<a href="${addressOf(to)}">${label}</a> `
  const other = viewAt({ ...view, isWeek: !view.isWeek }, view.chosen ?? placeOf(view, now), timeZone)
  const today = viewAt({ ...view, chosen: null }, now, timeZone)
  return html`<nav class="ways no-print" aria-label="Time">
    ${link(moved(view, -1, timeZone), `Previous ${unit}`)} ${link(moved(view, 1, timeZone), `Next ${unit}`)}
    ${link(other, view.isWeek ? 'A day' : 'The whole week')}
    ${contains(view.span, now) ? nothing : link(today, view.known === null ? 'Now' : 'When it was known')}
  </nav>`
}

/** Of a week, the day to go to: the one that has now in it, else the first. */
function placeOf({ span }: CustomerView, now: Instant): Instant {
  return contains(span, now) ? now : span.from
}

function forms(view: CustomerView, errors: FormErrors, timeZone: string): Markup {
  const { customerNumber, isWeek, days, chosen, known } = view
  const path = customerPath(customerNumber)
  const span = hidden('span', isWeek ? 'week' : null)
  const local = (at: Instant | null): string => (at === null ? '' : formatLocalTime(at, timeZone))
  return html`<div class="no-print two">
    <form method="get" action="${path}#picture" class="filter" novalidate>
      ${span} ${hidden('known', known === null ? null : formatInstant(known))}
      ${field(errors, {
        name: 'at',
        label: `Choose an instant (${timeZone})`,
        type: 'datetime-local',
        step: 1,
        value: local(chosen),
      })}
      <button>Show why</button>
    </form>
    <form method="get" action="${path}" class="filter" novalidate>
      ${span} ${chosen === null ? hidden('on', days[0]!.day) : hidden('at', formatInstant(chosen))}
      ${field(errors, {
        name: 'known',
        label: 'As known at (empty: now)',
        type: 'datetime-local',
        step: 1,
        value: local(known),
      })}
      <button class="button-second">Show as known then</button>
    </form>
  </div>`
}

/** In the night in which the clock is put back a time names two instants. */
function twice({ view, again, knownAgain }: ReadView, timeZone: string): Markup {
  const words = (first: Instant, second: Instant, address: string): Markup =>
    html`<p>
      The clock showed that time twice. This is the first, ${formatExactly(first, timeZone)};
      <a href="${address}">the second is ${formatExactly(second, timeZone)}</a>.
    </p>`
  const later = (chosen: Instant): string => `${addressOf(viewAt({ ...view, chosen }, chosen, timeZone))}#picture`
  return html`${again === null || view.chosen === null ? nothing : words(view.chosen, again, later(again))}
  ${knownAgain === null || view.known === null ? nothing : words(view.known, knownAgain, addressOf({ ...view, known: knownAgain }))}`
}

function totals({ covered, lanes }: Timeline): Markup {
  return html`<dl class="facts">
    <dt>Covered</dt>
    <dd><strong>${formatLength(covered)}</strong></dd>
    ${lanes.map(
      (lane) =>
        html`<dt>${lane.workProvider}</dt>
          <dd>${formatLength(lane.onShift)} on shift, ${formatLength(lane.covered)} of it covered</dd>`,
    )}
  </dl>`
}

/** The instant that is chosen; now, where none is and now is in what is shown. Null: there is nothing to explain. */
function explained({ about, read: { view } }: Looked): Instant | null {
  const { now } = about.reading
  const at = view.chosen ?? (contains(view.span, now) ? now : null)
  return at === null || at > now ? null : at
}

/** Above the picture, so that it is in sight with what was chosen in it. */
function verdict(looked: Looked): Markup {
  const at = explained(looked)
  if (at === null) {
    return html`<p class="no-print">
      Choose an instant, in the picture or above, to read why it is covered or is not.
    </p>`
  }
  const { covered } = explain(looked.about.reading, at)
  return html`<p class="no-print">
    <strong>${covered ? 'Covered' : 'Not covered'}</strong> at ${formatExactly(at, looked.timeZone)}
    <a href="#why">Read why</a>
  </p>`
}

function why(looked: Looked): Markup {
  const at = explained(looked)
  if (at === null) return nothing
  const { about, read, timeZone } = looked
  return explanation(explain(about.reading, at), { at, asKnownAt: read.view.known, timeZone })
}

export function knownBanner({ view }: ReadView, { customer }: DeskCustomer, timeZone: string): Markup {
  const { known } = view
  if (known === null) return nothing
  const isEarly = customer.recordedAt > known
  return html`<section class="card note" aria-label="As known at">
    <p>
      <strong>As known at ${exactTime(known, timeZone)}</strong> Everything below speaks of that instant: only what had
      become known by then counts. Who the customer is is told as it is now.
      ${isEarly ? html`<strong>The customer was not known yet.</strong>` : nothing}
    </p>
    <p class="no-print"><a href="${addressOf({ ...view, known: null })}">As it is known now</a></p>
  </section>`
}
