import { formatInstant, type Instant, MICROSECONDS_PER_SECOND } from '../../domain/instant.ts'
import type { InboxFigures, LiveSnapshot, Rate, ReceivedReport, ShiftCount, Uncovered } from '../../domain/live.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { moment } from '../kit/moment.ts'
import { formatClock } from '../kit/times.ts'

/** What of the live page changes: each part has a name, by which a newer one takes its place. */
export function liveParts(snapshot: LiveSnapshot, timeZone: string): Markup {
  const { at, shifts } = snapshot
  return html`${figures(snapshot, timeZone)} ${shifts === null ? nothing : withoutCover(shifts, at, timeZone)}
  ${lastReports(snapshot.received, timeZone)} ${refusalsToday(snapshot)}`
}

function figures({ at, shifts, inbox, rate, refusals }: LiveSnapshot, timeZone: string): Markup {
  const counted = (of: (shifts: ShiftCount) => number): Markup | string =>
    shifts === null ? '…' : html`${number(of(shifts))}${shifts.isAll ? '' : '+'}`
  const shown: readonly { label: string; value: Markup | string; note: string; isWrong?: boolean }[] = [
    { label: 'On shift now', value: counted((one) => one.onShift), note: shiftNote(shifts, timeZone) },
    { label: 'Covered now', value: counted((one) => one.covered), note: 'on shift, link active, policy valid' },
    {
      label: 'On shift without cover',
      value: counted((one) => one.onShift - one.covered),
      note: shifts !== null && shifts.onShift > shifts.covered ? 'listed below' : '',
      isWrong: shifts !== null && shifts.onShift > shifts.covered,
    },
    { label: 'Events a second', value: rateText(rate), note: 'received in the last minute' },
    {
      label: 'Waiting in the inbox',
      value: `${number(inbox.waiting)}${inbox.isMore ? '+' : ''}`,
      note: inboxNote(inbox, at),
    },
    {
      label: 'Refused in the last hour',
      value: `${number(refusals.lastHour)}${refusals.isMore ? '+' : ''}`,
      note: 'requests to the API',
    },
  ]
  return html`<section data-part="figures" aria-label="Figures">
    <p class="soft">As of ${clock(at, timeZone)}</p>
    <dl class="figures">
      ${shown.map(
        ({ label, value, note, isWrong }) =>
          html`<div class="${isWrong === true ? 'figure-wrong' : ''}">
            <dt>${label}</dt>
            <dd class="figure">${value}</dd>
            <dd class="soft">${note}</dd>
          </div>`,
      )}
    </dl>
  </section>`
}

function shiftNote(shifts: ShiftCount | null, timeZone: string): string {
  return shifts === null ? 'being counted' : `counted at ${formatClock(shifts.at, timeZone)}`
}

function inboxNote({ oldestAt }: InboxFigures, at: Instant): string {
  return oldestAt === null ? 'nothing waits' : `the oldest for ${ageText(at - oldestAt)}`
}

function withoutCover({ onShift, covered, uncovered }: ShiftCount, at: Instant, timeZone: string): Markup {
  const count = onShift - covered
  const title = 'On shift without cover'
  if (count === 0) {
    return html`<section data-part="uncovered">
      <h2>${title}</h2>
      <p>Nobody.</p>
    </section>`
  }
  const rest = uncovered.length < count ? html`<p>The first ${uncovered.length} of ${number(count)}.</p>` : nothing
  return html`<section data-part="uncovered">
    <h2>${title}</h2>
    ${table(
      title,
      ['Customer', 'Work provider', 'On shift since', 'What is lacking'],
      uncovered.map((one) => uncoveredRow(one, at, timeZone)),
    )}
    ${rest}
  </section>`
}

function uncoveredRow({ customerNumber, workProvider, startedAt, why }: Uncovered, at: Instant, timeZone: string) {
  return html`<tr>
    <td><a href="/staff/customers/${customerNumber}">${customerNumber}</a></td>
    <td class="name">${workProvider}</td>
    <td>${moment(startedAt, at, timeZone)}</td>
    <td class="name">${why.charAt(0).toUpperCase()}${why.slice(1)}</td>
  </tr>`
}

function lastReports(received: readonly ReceivedReport[], timeZone: string): Markup {
  return html`<section data-part="received">
    <h2>Last events</h2>
    ${
      received.length === 0
        ? html`<p>None in the last day.</p>`
        : table(
            'Last events',
            ['Received', 'Work provider', 'What', 'Of', 'At'],
            received.map((one) => reportRow(one, timeZone)),
          )
    }
  </section>`
}

function reportRow(report: ReceivedReport, timeZone: string): Markup {
  const { workProvider, identityKind, identity, customerNumber, kind, at, receivedAt } = report
  const of = identityKind === 'customer_number' ? 'customer' : 'user id'
  const held =
    customerNumber === null
      ? html`<span class="soft">(bound to nobody)</span>`
      : html`<a href="/staff/customers/${customerNumber}">${customerNumber}</a>`
  return html`<tr>
    <td>${clock(receivedAt, timeZone)}</td>
    <td class="name">${workProvider}</td>
    <td>${kind}</td>
    <td class="name">
      ${identityKind === 'customer_number' && customerNumber === identity ? held : html`${of} ${identity} ${held}`}
    </td>
    <td>${moment(at, receivedAt, timeZone)}</td>
  </tr>`
}

function refusalsToday({ refusals }: LiveSnapshot): Markup {
  return html`<section data-part="refusals">
    <h2>Refused today (UTC)</h2>
    ${
      refusals.today.length === 0
        ? html`<p>Nothing.</p>`
        : table(
            'Refused today',
            ['Why', 'Requests'],
            refusals.today.map(
              (one) =>
                html`<tr>
                  <td><code>${one.error}</code></td>
                  <td>${number(one.refusals)}</td>
                </tr>`,
            ),
          )
    }
  </section>`
}

/** Wider than a telephone: whoever has no pointer scrolls it by its focus. */
function table(name: string, headings: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">
    <table class="live-table">
      <thead>
        <tr>
          ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`
}

function clock(instant: Instant, timeZone: string): Markup {
  return html`<time datetime="${formatInstant(instant)}">${formatClock(instant, timeZone)}</time>`
}

function rateText({ perSecond, isEstimate }: Rate): string {
  const rounded = perSecond >= 10 ? number(Math.round(perSecond)) : (Math.round(perSecond * 10) / 10).toString()
  return isEstimate ? `about ${rounded}` : rounded
}

/** `3 s`, `5 m`, `2 h`: how long, roughly. */
function ageText(microseconds: number): string {
  const seconds = Math.max(0, Math.round(microseconds / MICROSECONDS_PER_SECOND))
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} m` : `${Math.floor(seconds / 3_600)} h`
}

function number(value: number): string {
  return value.toLocaleString('en-GB')
}
