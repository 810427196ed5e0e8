import type { Explanation, Fact } from '../../domain/explain.ts'
import type { Instant } from '../../domain/instant.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { exactTime } from '../kit/exact-time.ts'

export type ExplanationView = {
  /** The instant that is explained. */
  readonly at: Instant
  /** As known at: null when it is told as it is known now. */
  readonly asKnownAt: Instant | null
  readonly timeZone: string
}

/** Whether somebody was covered at an instant, and the chain of facts that says so. */
export function explanation(
  { covered, why, facts }: Explanation,
  { at, asKnownAt, timeZone }: ExplanationView,
): Markup {
  const known = asKnownAt === null ? nothing : html`<p>As known at ${exactTime(asKnownAt, timeZone)}</p>`
  return html`<section class="card state explanation ${covered ? 'state-good' : ''}" aria-labelledby="verdict">
    <h2 id="verdict"><strong>${covered ? 'Covered' : 'Not covered'}</strong> at ${exactTime(at, timeZone)}</h2>
    ${known}
    <p>${why}</p>
    ${facts.length === 0 ? html`<p>There are no facts to tell of.</p>` : chain(facts, timeZone)}
  </section>`
}

/** A table that becomes a list on a telephone: its roles are named, as a browser forgets them there. */
function chain(facts: readonly Fact[], timeZone: string): Markup {
  const heads = ['Fact', 'What it says', 'In effect since', 'Became known', 'Id']
  return html`<table class="chain" role="table">
    <caption>
      The facts that say so
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${heads.map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${facts.map((fact) => factRow(fact, timeZone))}
    </tbody>
  </table>`
}

function factRow({ fact, says, workProvider, effectiveAt, recordedAt, id }: Fact, timeZone: string): Markup {
  return html`<tr role="row">
    <th scope="row" role="rowheader">
      ${fact}${workProvider === null ? nothing : html`<br /><span class="hint">${workProvider}</span>`}
    </th>
    <td role="cell" class="name">${says}</td>
    <td role="cell"><span class="chain-head">In effect since</span> ${exactTime(effectiveAt, timeZone)}</td>
    <td role="cell">
      <span class="chain-head">Became known</span>
      ${recordedAt === null ? 'derived from the events' : exactTime(recordedAt, timeZone)}
    </td>
    <td role="cell"><span class="chain-head">Id</span> <code>${id}</code></td>
  </tr>`
}
