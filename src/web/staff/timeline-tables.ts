import type { Instant } from '../../domain/instant.ts'
import { FOREVER } from '../../domain/interval.ts'
import type { PolicyStretch, Timeline, TimelineEvent } from '../../domain/timeline.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { exactTime } from '../kit/exact-time.ts'
import type { TimelineView } from './timeline-view.ts'
import {
  and,
  consentWords,
  goodForWords,
  identityWords,
  kindWords,
  lengthWords,
  outcomeWords,
  policyWords,
  shiftEndWords,
} from './timeline-words.ts'

/** A page stays readable, and light, whatever a client sends. */
const MAX_ROWS = 1_000

type Table = {
  readonly caption: string
  readonly heads: readonly string[]
  readonly rows: readonly Markup[]
  readonly none: string
}

/** All that the picture shows, in words: closed at first, but printed. */
export function timelineTables(timeline: Timeline, view: TimelineView): Markup {
  const tables = [
    eventsTable(timeline, view),
    shiftsTable(timeline, view),
    consentTable(timeline, view),
    policyTable(timeline, view),
    coverTable(timeline, view),
  ]
  return html`<details class="as-table">
    <summary>As a table</summary>
    ${tables.map(table)}
  </details>`
}

function table({ caption, heads, rows, none }: Table): Markup {
  const left = rows.length - MAX_ROWS
  if (rows.length === 0) return html`<p><strong>${caption}</strong>: ${none}</p>`
  return html`<div class="table-box" tabindex="0" role="region" aria-label="${caption}">
      <table>
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            ${heads.map((head) => html`<th scope="col">${head}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MAX_ROWS)}
        </tbody>
      </table>
    </div>
    ${left > 0 ? html`<p class="hint">${left} more are left out: choose a shorter time.</p>` : nothing}`
}

function eventsTable({ lanes, now }: Timeline, view: TimelineView): Table {
  const told = lanes
    .flatMap((lane) => lane.events.map((one) => ({ ...one, workProvider: lane.workProvider })))
    .sort((a, b) => a.event.at - b.event.at)
  return {
    caption: 'Events',
    heads: ['At', 'Event', 'What became of it', 'Became known', 'Event id'],
    none: 'none was reported in this time.',
    rows: told.map(
      (one) =>
        html`<tr>
          <td>${chosenBy(one.event.at, now, view)}</td>
          <td class="name">
            ${kindWords(one.event)} for ${identityWords(one.event)}<br /><span class="hint">${one.workProvider}</span>
          </td>
          <td class="name">${outcomeCell(one, view)}</td>
          <td>${exactTime(one.event.receivedAt, view.timeZone)}</td>
          <td><code>${one.id}</code></td>
        </tr>`,
    ),
  }
}

function outcomeCell(told: TimelineEvent, { timeZone }: TimelineView): Markup {
  const annulment = told.event.annulments.at(-1)
  if (told.outcome !== 'annulled' || annulment === undefined) return html`${outcomeWords(told)}`
  return html`${outcomeWords(told)}, known since ${exactTime(annulment.recordedAt, timeZone)}`
}

function shiftsTable({ lanes, now }: Timeline, view: TimelineView): Table {
  const shifts = lanes
    .flatMap((lane) => lane.shifts.map((cut) => ({ ...cut, workProvider: lane.workProvider })))
    .sort((a, b) => a.whole.from - b.whole.from)
  return {
    caption: 'Shifts',
    heads: ['From', 'To', 'Length', 'Work provider', 'How it ended'],
    none: 'none in this time.',
    rows: shifts.map(
      ({ shift, whole, workProvider }) =>
        html`<tr>
          <td>${chosenBy(whole.from, now, view)}</td>
          <td>${shift.endReason === null ? 'open' : exactTime(whole.to, view.timeZone)}</td>
          <td>${lengthWords(whole)}</td>
          <td class="name">${workProvider}</td>
          <td>${shiftEndWords(shift, view.timeZone)}</td>
        </tr>`,
    ),
  }
}

function consentTable({ lanes, now }: Timeline, view: TimelineView): Table {
  return {
    caption: 'Consent',
    heads: ['In effect from', 'Work provider', 'Consent', 'Became known', 'Consent id'],
    none: 'nothing changed in this time.',
    rows: lanes
      .flatMap((lane) => lane.consents.map((consent) => ({ consent, workProvider: lane.workProvider })))
      .map(
        ({ consent, workProvider }) =>
          html`<tr>
            <td>${chosenBy(consent.effectiveAt, now, view)}</td>
            <td class="name">${workProvider}</td>
            <td>${consentWords(consent)}</td>
            <td>${exactTime(consent.recordedAt, view.timeZone)}</td>
            <td><code>${consent.seq}</code></td>
          </tr>`,
      ),
  }
}

function policyTable({ policies, now }: Timeline, view: TimelineView): Table {
  return {
    caption: 'Policies',
    heads: ['Valid from', 'To', 'Policy', 'Good for', 'Became known', 'Policy id'],
    none: 'none is valid in this time.',
    rows: policies.map(
      (stretch) =>
        html`<tr>
          <td>${chosenBy(stretch.whole.from, now, view)}</td>
          <td>${policyEnd(stretch, view)}</td>
          <td class="name">${policyWords(stretch.policy)}</td>
          <td class="name">${goodForWords(stretch)}</td>
          <td>${exactTime(stretch.policy.recordedAt, view.timeZone)}</td>
          <td><code>${stretch.policy.id}</code></td>
        </tr>`,
    ),
  }
}

function policyEnd({ policy, whole }: PolicyStretch, { timeZone }: TimelineView): Markup {
  if (whole.to === FOREVER) return html`until further notice`
  const cancellation = policy.cancellations.find((one) => one.effectiveAt <= whole.to && whole.to !== policy.validTo)
  if (cancellation === undefined) return exactTime(whole.to, timeZone)
  return html`${exactTime(whole.to, timeZone)}, cancelled, known since ${exactTime(cancellation.recordedAt, timeZone)}`
}

/** What was covered and what was not, in one order. */
function coverTable({ cover, uncovered, now }: Timeline, view: TimelineView): Table {
  const pieces = [
    ...cover.map((piece) => ({ ...piece, names: and(piece.workProviders) })),
    ...uncovered.map((gap) => ({ ...gap, whole: gap, names: null })),
  ].sort((a, b) => a.from - b.from)
  return {
    caption: 'Cover',
    heads: ['From', 'To', 'Length', 'Covered', 'On shift for'],
    none: 'nothing of this time has come yet.',
    rows: pieces.map(
      ({ whole, names }) =>
        html`<tr>
          <td>${chosenBy(whole.from, now, view)}</td>
          <td>${exactTime(whole.to, view.timeZone)}</td>
          <td>${lengthWords(whole)}</td>
          <td>${names === null ? 'no' : 'yes'}</td>
          <td class="name">${names ?? nothing}</td>
        </tr>`,
    ),
  }
}

/** A time that chooses itself, where an answer for it can be had. */
function chosenBy(at: Instant, now: Instant, { choose, timeZone }: TimelineView): Markup {
  return at > now
    ? exactTime(at, timeZone)
    : html`<a class="choice" href="${choose(at)}">${exactTime(at, timeZone)}</a>`
}
