import type { EventKind } from '../../domain/shift-event.ts'
import type { EventOutcome } from '../../domain/timeline.ts'
import { html, type Markup } from '../kit/html.ts'
import { glyph } from './timeline-marks.ts'

/* What the signs of a timeline mean. */

const EVENTS: readonly (readonly [EventKind, EventOutcome, string])[] = [
  ['login', 'opened', 'login that opened a shift'],
  ['logout', 'closed', 'logout that closed it'],
  ['login', 'repeat', 'repeated login'],
  ['logout', 'orphan', 'orphan logout'],
  ['login', 'empty', 'login and logout at one instant'],
  ['login', 'annulled', 'annulled'],
  ['login', 'pending', 'still to come'],
]

const BARS: readonly (readonly [Markup, string])[] = [
  [html`<rect class="shift" x="1" y="2" width="26" height="14"></rect>`, 'shift'],
  [
    html`<rect class="shift cap" x="1" y="4" width="23" height="10"></rect><path class="cap" d="M24 1v16"></path>`,
    'ended by its cap',
  ],
  [
    html`<rect class="shift open" x="1" y="3" width="19" height="12"></rect
      ><path class="open-end" d="M20 3l7 6l-7 6z"></path>`,
    'still open',
  ],
  [html`<rect class="active" x="1" y="7" width="26" height="4"></rect>`, 'link active'],
  [
    html`<rect class="consent withdrawn" fill="url(#lanes-hatch)" x="1" y="2" width="26" height="14"></rect>`,
    'withdrawn',
  ],
  [html`<rect class="cover" x="1" y="1" width="26" height="16"></rect>`, 'covered'],
  [html`<rect class="uncovered" x="1" y="1" width="26" height="16"></rect>`, 'not covered'],
  [html`<path class="beyond" d="M12 5l-5 4l5 4M18 5l5 4l-5 4"></path>`, 'goes on beyond this'],
]

export function legend(): Markup {
  const events = EVENTS.map(([kind, outcome, words]) => item(glyph(kind, outcome, kind === 'login' ? 9 : 19, 4), words))
  return html`<ul class="lanes-legend">
    ${events} ${BARS.map(([sign, words]) => item(sign, words))}
  </ul>`
}

function item(sign: Markup, words: string): Markup {
  return html`<li><svg class="lanes sign" viewBox="0 0 28 18" aria-hidden="true">${sign}</svg>${words}</li>`
}
