import { annulKnownEvent } from '../../app/annul.ts'
import { type DeskCustomer, readDeskCustomer } from '../../app/desk-customer.ts'
import { streamEvents } from '../../domain/customer-record.ts'
import { mayAs } from '../../domain/desk.ts'
import { Impossible } from '../../domain/errors.ts'
import { formatInstant } from '../../domain/instant.ts'
import { eventId, isAnnulled, type ReceivedEvent } from '../../domain/shift-event.ts'
import type { Timeline, TimelineEvent } from '../../domain/timeline.ts'
import { exactTime } from '../kit/exact-time.ts'
import { errorSummary, formError, type FormErrors, NO_ERRORS, postForm, textArea } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page, seeOther } from '../kit/replies.ts'
import { formatExactly } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { backToCustomer } from './customer-facts.ts'
import { customerPath, requestPath } from './paths.ts'
import { identityWords, kindWords, outcomeWords } from './timeline-words.ts'

/** A page stays readable whatever a client sends; the download has all of them. */
const MAX_ROWS = 200

export type EventsShown = {
  readonly timeline: Timeline
  readonly timeZone: string
  readonly mayChange: boolean
  readonly below: (path: string) => string
}

/** The events of what is shown, each with its page. On paper the timeline's own tables tell them. */
export function events(shown: EventsShown): Markup {
  const { timeline, mayChange, below } = shown
  const told = timeline.lanes
    .flatMap((lane) => lane.events.map((one) => ({ ...one, workProvider: lane.workProvider })))
    .sort((a, b) => a.event.at - b.event.at)
  return html`<section class="card no-print" aria-labelledby="events">
    <h2 id="events">Events of this time</h2>
    ${told.length === 0 ? html`<p>None was reported.</p>` : eventsTable(told.slice(0, MAX_ROWS), shown)}
    ${told.length > MAX_ROWS ? html`<p>${told.length - MAX_ROWS} more are left out: look at a day, or at all of them.</p>` : nothing}
    <p>
      ${mayChange ? html`A wrong event can be annulled, and restored, on its page. ` : nothing}All of this customer, as
      CSV: <a href="${below('/events.csv')}">events</a>, <a href="${below('/shifts.csv')}">shifts</a>,
      <a href="${below('/cover.csv')}">cover</a>.
    </p>
  </section>`
}

function eventsTable(
  rows: readonly (TimelineEvent & { readonly workProvider: string })[],
  { timeZone, below }: EventsShown,
): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Events">
    <table>
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Of whom</th>
          <th scope="col">What became of it</th>
          <th scope="col">Became known</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (one) =>
            html`<tr>
              <td>
                <a class="choice" href="${below(`/events/${one.id}`)}"
                  >${kindWords(one.event)}, ${formatExactly(one.event.at, timeZone)}</a
                >
              </td>
              <td class="name">${identityWords(one.event)}<br /><span class="hint">${one.workProvider}</span></td>
              <td class="name">${outcomeWords(one)}</td>
              <td>${exactTime(one.event.receivedAt, timeZone)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

type Found = { readonly about: DeskCustomer; readonly event: ReceivedEvent; readonly workProvider: string }

async function findEvent(visit: StaffVisit): Promise<Found | null> {
  const about = await readDeskCustomer(visit.context, visit.parameters['number'] ?? '', null)
  const id = visit.parameters['event']
  for (const stream of about?.reading.record.streams ?? []) {
    const event = streamEvents(stream).find((one) => eventId(one) === id)
    if (event !== undefined) return { about: about!, event, workProvider: stream.workProvider }
  }
  return null
}

/** GET /staff/customers/<number>/events/<id> */
export async function showEvent(visit: StaffVisit): Promise<Response> {
  const found = await findEvent(visit)
  return found === null ? notFound(visit) : eventPage(visit, found, NO_ERRORS)
}

/** POST .../annul, .../restore: with a reason; what follows from it is derived at once. */
export function setAnnulled(annulled: boolean): (visit: StaffVisit) => Promise<Response> {
  return async (visit) => {
    const found = await findEvent(visit)
    if (found === null) return notFound(visit)
    const { about, event } = found
    if (isAnnulled(event) === annulled) {
      const problem = annulled ? 'It is annulled already' : 'It counts already'
      return eventPage(visit, found, formError('form', problem), 422)
    }
    try {
      await annulKnownEvent(visit.context, event, { annulled, reason: visit.form.get('reason') ?? '' })
    } catch (error) {
      if (!(error instanceof Impossible)) throw error
      return eventPage(visit, found, formError('reason', error.message), 422)
    }
    const query = new URLSearchParams({ at: formatInstant(event.at) }).toString()
    return seeOther(visit, `${customerPath(about.customer.customerNumber)}?${query}#picture`)
  }
}

function eventPage(visit: StaffVisit, found: Found, errors: FormErrors, status = 200): Promise<Response> {
  const { about, event, workProvider } = found
  const { timeZone } = visit.context
  const { customerNumber } = about.customer
  const title = `${kindWords(event)}, ${formatExactly(event.at, timeZone)}`
  const body = html`${errorSummary(errors)}
    <h1>${title}</h1>
    <dl class="facts">
      <dt>Of</dt>
      <dd>${identityWords(event)} at ${workProvider}</dd>
      <dt>At</dt>
      <dd>${exactTime(event.at, timeZone)}</dd>
      <dt>Became known</dt>
      <dd>${exactTime(event.receivedAt, timeZone)}</dd>
      <dt>First told by</dt>
      <dd><a href="${requestPath(event.requestId)}">request ${event.requestId}</a></dd>
      <dt>Event id</dt>
      <dd><code>${eventId(event)}</code></dd>
      <dt>State</dt>
      <dd><strong>${isAnnulled(event) ? 'annulled' : 'counts'}</strong></dd>
    </dl>
    ${
      event.annulments.length === 0
        ? nothing
        : html`<h2>What staff said of it</h2>
            <ul>
              ${event.annulments.map(
                (one) =>
                  html`<li>
                    ${formatExactly(one.recordedAt, timeZone)}: ${one.annulled ? 'annulled' : 'restored'} by ${one.by}:
                    ${one.reason}
                  </li>`,
              )}
            </ul>`
    }
    ${mayAs(visit.person.role, 'operator') ? annulForm(visit, found, errors) : nothing}
    ${backToCustomer(customerNumber)}`
  return page(visit, { title, body, hasErrors: errors.size > 0 }, status)
}

function annulForm(visit: StaffVisit, { about, event }: Found, errors: FormErrors): Markup {
  const at = `${customerPath(about.customer.customerNumber)}/events/${eventId(event)}`
  const isOut = isAnnulled(event)
  return html`<section class="card" aria-labelledby="annul">
    <h2 id="annul">${isOut ? 'Restore it' : 'Annul it'}</h2>
    <p>
      ${
        isOut
          ? 'It counts again, and shifts and cover are worked out with it at once.'
          : 'It stays on record and counts no more: shifts and cover are worked out without it at once. It can be restored.'
      }
    </p>
    ${postForm(
      `${at}/${isOut ? 'restore' : 'annul'}`,
      html`${textArea(errors, {
          name: 'reason',
          label: 'Reason',
          hint: 'It is kept, with your name, and shown wherever the event is.',
          value: visit.form.get('reason') ?? '',
        })} <button class="${isOut ? '' : 'button-danger'}">${isOut ? 'Restore' : 'Annul'}</button>`,
    )}
  </section>`
}
