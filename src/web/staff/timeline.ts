import { MICROSECONDS_PER_HOUR } from '../../domain/instant.ts'
import { contains, earlier } from '../../domain/interval.ts'
import { hourMarks } from '../../domain/local-day.ts'
import type { Timeline } from '../../domain/timeline.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { formatDay, formatExactly } from '../kit/times.ts'
import { consentLane, coverLane, emptyLane, type Lane, type Pen, policyLane, workLane } from './timeline-lanes.ts'
import { fitted, NAME_EM, round, scaleOf, WIDTH } from './timeline-marks.ts'
import { legend } from './timeline-legend.ts'
import { timelineTables } from './timeline-tables.ts'
import type { TimelineView } from './timeline-view.ts'

const HEAD = 66
const USUAL_HOURS = 24
/** What the names of lanes may take: they stay in sight when the picture is scrolled on a telephone. */
const NAMES = 300

/** The picture, what its signs mean, and the same as tables. */
export function timelineFigure(timeline: Timeline, view: TimelineView): Markup {
  return html`<figure class="lanes-figure">
    <a class="skip" href="#lanes-after">Skip the picture</a>
    <p class="lanes-hint hint">Scroll sideways to see all of it.</p>
    ${picture(timeline, view)} ${legend()}
    <div id="lanes-after">${timelineTables(timeline, view)}</div>
  </figure>`
}

function picture(timeline: Timeline, view: TimelineView): Markup {
  const pen: Pen = { scale: scaleOf(timeline.span, timeline.now, view.choose), timeZone: view.timeZone }
  const lanes = lanesOf(timeline, pen)
  const last = lanes.at(-1)!
  const height = last.y + last.height
  const label = `Timeline of ${spanWords(view)}. The tables below say the same.`
  return html`<div class="lanes-box" tabindex="0" role="region" aria-label="Timeline, scrolls sideways">
    <div class="lanes-sheet">
      <svg class="lanes" viewBox="0 0 ${WIDTH} ${height}" role="group" aria-label="${label}">
        <defs>
          <pattern id="lanes-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="6" height="6"></rect>
            <line class="hatch-line" x1="0" x2="0" y1="0" y2="6"></line>
          </pattern>
        </defs>
        ${grid(view, pen, height)} ${toCome(timeline, pen, height)} ${nowLine(timeline, view, pen, height)}
        ${lanes.map(
          (lane) =>
            html`<g role="group" aria-label="${lane.label}"
              ><line class="lane-line" x1="0" x2="${WIDTH}" y1="${lane.y}" y2="${lane.y}"></line>${lane.marks}</g
            >`,
        )}
        ${chosenLine(view, pen, timeline, height)} ${axis(view, pen)}
      </svg>
      <svg class="lanes lanes-names" viewBox="0 0 ${NAMES} ${height}" aria-hidden="true">
        ${lanes.map(
          ({ label: name, y }) =>
            html`<text class="lane-name" x="8" y="${y + 16}"
              ><title>${name}</title>${fitted(name, NAMES - 12, NAME_EM)}</text
            >`,
        )}
      </svg>
    </div>
  </div>`
}

function lanesOf(timeline: Timeline, pen: Pen): Lane[] {
  const lanes: Lane[] = []
  let top = HEAD
  const add = (draw: (top: number) => Lane): void => {
    const lane = draw(top)
    lanes.push(lane)
    top += lane.height
  }
  if (timeline.lanes.length === 0) add(emptyLane)
  for (const lane of timeline.lanes) add((y) => workLane(pen, lane, y))
  for (const lane of timeline.lanes) add((y) => consentLane(pen, lane, y))
  add((y) => policyLane(pen, timeline.policies, y))
  add((y) => coverLane(pen, timeline, y))
  return lanes
}

function grid({ days, timeZone }: TimelineView, { scale }: Pen, height: number): Markup {
  return html`${days.map((day) => {
    const x = scale.x(day.from)
    const hours = hourMarks(day, timeZone, hoursApart(days)).map(({ at }) => {
      const hour = scale.x(at)
      return html`<line class="hour-line" x1="${hour}" x2="${hour}" y1="${HEAD}" y2="${height}"></line>`
    })
    return html`<line class="day-line" x1="${x}" x2="${x}" y1="30" y2="${height}"></line>${hours}`
  })}`
}

function axis({ days, timeZone }: TimelineView, { scale }: Pen): Markup {
  return html`${days.map((day) => {
    const middle = round((scale.x(day.from) + scale.x(day.to)) / 2)
    const length = (day.to - day.from) / MICROSECONDS_PER_HOUR
    const name = `${formatDay(day.from, timeZone)}${length === USUAL_HOURS ? '' : ` (${length} hours)`}`
    const hours = hourMarks(day, timeZone, hoursApart(days)).map(({ at, hour }) => {
      const anchor = at === scale.span.from ? 'start' : 'middle'
      const text = String(hour).padStart(2, '0')
      return html`<text x="${scale.x(at)}" y="58" text-anchor="${anchor}">${text}</text>`
    })
    return html`<text class="day-name" x="${middle}" y="43" text-anchor="middle">${name}</text>${hours}`
  })}`
}

function hoursApart(days: TimelineView['days']): number {
  return days.length === 1 ? 1 : 6
}

/** What is still to come, or was when this was known. */
function toCome({ span, now }: Timeline, { scale }: Pen, height: number): Markup {
  if (now >= span.to) return nothing
  const x = scale.x(earlier(span.to, now > span.from ? now : span.from))
  return html`<rect
    class="to-come"
    x="${x}"
    y="${HEAD}"
    width="${scale.x(span.to) - x}"
    height="${height - HEAD}"
  ></rect>`
}

function nowLine({ span, now }: Timeline, view: TimelineView, { scale }: Pen, height: number): Markup {
  if (!contains(span, now)) return nothing
  const x = scale.x(now)
  const text = view.isAsKnown ? 'as known then' : 'now'
  return html`<line class="now-line" x1="${x}" x2="${x}" y1="28" y2="${height}"></line>
    ${flag(x, 24, text, 'now-text')}`
}

function chosenLine({ chosen, timeZone }: TimelineView, { scale }: Pen, { span }: Timeline, height: number): Markup {
  if (chosen === null || !contains(span, chosen)) return nothing
  const x = scale.x(chosen)
  return html`<g class="chosen" role="img" aria-label="Chosen: ${formatExactly(chosen, timeZone)}"
    ><path d="M${x} 14V${height}M${x - 5} 14h10l-5 7z"></path
    >${flag(x, 10, formatExactly(chosen, timeZone), 'chosen-text')}</g
  >`
}

function flag(x: number, y: number, text: string, name: string): Markup {
  const anchor = x < 120 ? 'start' : x > WIDTH - 120 ? 'end' : 'middle'
  const at = anchor === 'start' ? Math.max(x - 5, 0) : anchor === 'end' ? Math.min(x + 5, WIDTH) : x
  return html`<text class="${name}" x="${at}" y="${y}" text-anchor="${anchor}">${text}</text>`
}

function spanWords({ days, timeZone }: TimelineView): string {
  const [first, last] = [days[0]!, days.at(-1)!]
  return days.length === 1
    ? formatDay(first.from, timeZone)
    : `${formatDay(first.from, timeZone)} to ${formatDay(last.from, timeZone)}`
}
