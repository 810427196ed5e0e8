import { html, type Markup } from '../kit/html.ts'

/* How a courier comes to be linked, and what of it each side hears, as a picture of three lanes. */

type Lane = 'app' | 'courier' | 'zego'
type Step = { readonly from: Lane; readonly to: Lane; readonly says: string; readonly isCode?: boolean }

const LANES: Readonly<Record<Lane, { readonly x: number; readonly name: string }>> = {
  app: { x: 44, name: 'Your app' },
  courier: { x: 180, name: 'Courier' },
  zego: { x: 316, name: 'Zego' },
}
const STEPS: readonly Step[] = [
  { from: 'app', to: 'courier', says: 'your link' },
  { from: 'courier', to: 'zego', says: 'opens it' },
  { from: 'zego', to: 'courier', says: 'log in or sign up' },
  { from: 'courier', to: 'zego', says: 'who they are' },
  { from: 'zego', to: 'courier', says: 'what is shared?' },
  { from: 'courier', to: 'zego', says: 'agrees' },
  { from: 'zego', to: 'app', says: 'link.created', isCode: true },
  { from: 'app', to: 'zego', says: 'POST /v1/shift/login', isCode: true },
]
const WIDTH = 360
const TOP = 44
const STEP_HEIGHT = 38
const HEIGHT = TOP + STEPS.length * STEP_HEIGHT + 12
/** What the head of an arrow takes at its end. */
const HEAD = 7

export function linkingPicture(): Markup {
  return html`<figure>
    <svg class="linking-way" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="linking-way-name">
      <title id="linking-way-name">${inWords()}</title>
      ${Object.values(LANES).map(
        ({ x, name }) =>
          html`<line class="lane" x1="${x}" y1="34" x2="${x}" y2="${HEIGHT}" />
            <rect x="${x - 42}" y="4" width="84" height="28" rx="6" />
            <text class="lane-name" x="${x}" y="23">${name}</text>`,
      )}
      ${STEPS.map((step, index) => arrow(step, TOP + (index + 1) * STEP_HEIGHT - 10))}
    </svg>
    <figcaption class="hint">
      Until they agree you are told nothing of them; what you report meanwhile is kept.
    </figcaption>
  </figure>`
}

function arrow({ from, to, says, isCode = false }: Step, y: number): Markup {
  const [start, end] = [LANES[from].x, LANES[to].x]
  const back = end > start ? -HEAD : HEAD
  return html`<line class="arrow" x1="${start}" y1="${y}" x2="${end + back}" y2="${y}" />
    <path class="head" d="M${end} ${y}l${back} -4.5v9z" />
    <text class="${isCode ? 'says code' : 'says'}" x="${(start + end) / 2}" y="${y - 7}">${says}</text>`
}

/** The same for those who hear the page. */
function inWords(): string {
  return STEPS.map(({ from, to, says }) => `${LANES[from].name} to ${LANES[to].name}: ${says}`).join('. ')
}
