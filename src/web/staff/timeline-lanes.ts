import type { Cut, PolicyStretch, Timeline, TimelineEvent, WorkLane } from '../../domain/timeline.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { formatLength, formatTime } from '../kit/times.ts'
import {
  barText,
  beyond,
  choice,
  eventBox,
  extent,
  glyph,
  round,
  shortened,
  type Scale,
  TARGET,
  targetOf,
  WIDTH,
} from './timeline-marks.ts'
import { and, eventTitle, fromTo, lengthWords, policyTitle, policyWords, shiftTitle } from './timeline-words.ts'

/* The lanes of the picture. Each is drawn from a `y` downwards, and says how high it came to be. */

export type Lane = { readonly label: string; readonly y: number; readonly height: number; readonly marks: Markup }

const LABEL = 22
const GAP = 10
const BAR = 16
/** More events than this in one lane cannot be told apart: the picture says how many are left out. */
const MAX_EVENTS = 300
const MAX_LEVELS = 5

export type Pen = { readonly scale: Scale; readonly timeZone: string }

export function workLane(pen: Pen, lane: WorkLane, top: number): Lane {
  const { scale, timeZone } = pen
  const drawn = levelled(lane.events.slice(0, MAX_EVENTS), scale)
  const levels = Math.max(1, ...drawn.map(({ level }) => level + 1))
  const bars = top + LABEL + levels * TARGET
  const middle = bars + TARGET / 2
  const shifts = lane.shifts.map((cut) => {
    const { x, width } = extent(scale, cut)
    const { shift } = cut
    const end = shift.endReason ?? 'open'
    const times = `${formatTime(shift.startedAt, timeZone)} – ${end === 'open' ? 'open' : formatTime(cut.whole.to, timeZone)}`
    const texts = end === 'cap' ? [`${times} cap`, 'cap'] : end === 'open' ? [times, 'open'] : [times]
    const mark = html`<rect
        class="shift ${end}"
        x="${x}"
        y="${middle - BAR / 2}"
        width="${width}"
        height="${BAR}"
      ></rect
      >${endMark(end, cut, x + width, middle)}${beyond(cut, x, width, middle)}${barText(texts, x, width, middle + 4)}`
    return choice(scale.choose(cut.from), shiftTitle(shift, cut.whole, timeZone), targetOf(x, width, bars), mark)
  })
  const marks = html`${note(top, workNote(lane))}${lane.active.map((cut) => {
    const { x, width } = extent(scale, cut)
    const title = `The link was active ${fromTo(cut.whole, timeZone)}`
    return html`<rect class="active" x="${x}" y="${bars + TARGET + 1}" width="${width}" height="4"
      ><title>${title}</title></rect
    >`
  })}${shifts}${drawn.map(({ told, level }) => eventMark(pen, told, bars - (level + 1) * TARGET, middle))}`
  return { label: lane.workProvider, y: top, height: bars + TARGET + 5 + GAP - top, marks }
}

function workNote(lane: WorkLane): string {
  const { length } = lane.events
  if (length === 0 && lane.shifts.length === 0) return 'nothing reported'
  const hours = `${formatLength(lane.onShift)} on shift, ${formatLength(lane.covered)} covered`
  return length <= MAX_EVENTS ? hours : `${hours}; the first ${MAX_EVENTS} of ${length} events are drawn`
}

/** A cap is a bar across the end, an open shift an arrow. */
function endMark(end: string, cut: Cut, x: number, middle: number): Markup {
  if (cut.whole.to > cut.to || end === 'logout') return nothing
  if (end === 'cap') return html`<path class="cap" d="M${round(x)} ${middle - BAR / 2 - 3}v${BAR + 6}"></path>`
  return html`<path class="open-end" d="M${round(x)} ${middle - BAR / 2}l7 ${BAR / 2}l-7 ${BAR / 2}z"></path>`
}

function eventMark({ scale, timeZone }: Pen, told: TimelineEvent, y: number, barMiddle: number): Markup {
  const { event, outcome } = told
  const x = scale.x(event.at)
  const mark = html`<path class="stem ${outcome}" d="M${x} ${y + 7}V${barMiddle + BAR / 2}"></path
    >${glyph(event.kind, outcome, x, y + 7)}`
  return choice(scale.choose(event.at), eventTitle(told, timeZone), eventBox(event.kind, x, y), mark)
}

/** Events that would lie on each other go one above the other. */
function levelled(events: readonly TimelineEvent[], scale: Scale): { told: TimelineEvent; level: number }[] {
  const ends: number[] = []
  return events.map((told) => {
    const { x, width } = eventBox(told.event.kind, scale.x(told.event.at), 0)
    const free = ends.findIndex((end) => end <= x)
    const level = free === -1 ? Math.min(ends.length, MAX_LEVELS - 1) : free
    ends[level] = x + width
    return { told, level }
  })
}

export function consentLane({ scale, timeZone }: Pen, lane: WorkLane, top: number): Lane {
  const bars = top + LABEL
  const middle = bars + TARGET / 2
  const marks = lane.consent.map((cut) => {
    const { x, width } = extent(scale, cut)
    const words = cut.given ? 'given' : 'withdrawn'
    const mark = html`<rect
        class="consent ${words}"
        ${cut.given ? nothing : html`fill="url(#lanes-hatch)"`}
        x="${x}"
        y="${middle - 7}"
        width="${width}"
        height="14"
      ></rect
      >${beyond(cut, x, width, middle)}${barText([words], x, width, middle + 4)}`
    const title = `Consent to ${lane.workProvider} ${words} ${fromTo(cut.whole, timeZone)}.`
    return choice(scale.choose(cut.from), title, targetOf(x, width, bars), mark)
  })
  const none = lane.consent.length === 0 ? note(top, 'no consent yet') : nothing
  return {
    label: `Consent to ${lane.workProvider}`,
    y: top,
    height: LABEL + TARGET + GAP,
    marks: html`${none}${marks}`,
  }
}

export function policyLane({ scale, timeZone }: Pen, policies: readonly PolicyStretch[], top: number): Lane {
  const rows = Math.max(1, policies.length)
  const marks = policies.map((stretch, row) => {
    const y = top + LABEL + row * TARGET
    const middle = y + TARGET / 2
    const { x, width } = extent(scale, stretch)
    const only = stretch.policy.workProviderId === null ? '' : ` (${stretch.onlyFor ?? 'not linked'} only)`
    const mark = html`<rect class="policy" x="${x}" y="${middle - 9}" width="${width}" height="18"></rect
      >${beyond(stretch, x, width, middle)}${barText(shortened(`${policyWords(stretch.policy)}${only}`, width), x, width, middle + 4)}`
    return choice(scale.choose(stretch.from), policyTitle(stretch, timeZone), targetOf(x, width, y), mark)
  })
  const none = policies.length === 0 ? note(top, 'no policy is valid') : nothing
  return { label: 'Policy', y: top, height: LABEL + rows * TARGET + GAP, marks: html`${none}${marks}` }
}

export function coverLane({ scale, timeZone }: Pen, timeline: Timeline, top: number): Lane {
  const bars = top + LABEL
  const middle = bars + TARGET / 2
  const without = timeline.uncovered.map((gap) => {
    const { x, width } = extent(scale, gap)
    const mark = html`<rect class="uncovered" x="${x}" y="${middle - 10}" width="${width}" height="20"></rect>`
    return choice(scale.choose(gap.from), `Not covered ${fromTo(gap, timeZone)}.`, targetOf(x, width, bars), mark)
  })
  const pieces = timeline.cover.map((piece) => {
    const { x, width } = extent(scale, piece)
    const names = and(piece.workProviders)
    const count = piece.workProviders.length
    const texts = [names, ...(count > 1 ? [`${count} work providers`] : shortened(names, width))]
    const mark = html`<rect class="cover" x="${x}" y="${middle - 10}" width="${width}" height="20"></rect
      >${beyond(piece, x, width, middle)}${barText(texts, x, width, middle + 4)}`
    const title = `Covered ${fromTo(piece.whole, timeZone)} (${lengthWords(piece.whole)}), on shift for ${names}.`
    return choice(scale.choose(piece.from), title, targetOf(x, width, bars), mark)
  })
  const total = `${formatLength(timeline.covered)} covered`
  return { label: 'Cover', y: top, height: LABEL + TARGET + GAP, marks: html`${note(top, total)}${without}${pieces}` }
}

export function emptyLane(top: number): Lane {
  return { label: 'No work provider is linked', y: top, height: LABEL + GAP, marks: nothing }
}

/** What a lane comes to, at its right end. */
function note(top: number, text: string): Markup {
  return html`<text class="lane-note" x="${WIDTH - 8}" y="${top + 15}" text-anchor="end">${text}</text>`
}
