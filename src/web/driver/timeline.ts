import { type CoverPiece, shiftInterval } from '../../domain/cover.ts'
import type { Instant } from '../../domain/instant.ts'
import { clip, contains, type Interval } from '../../domain/interval.ts'
import type { ShiftOf } from '../../app/customer-record.ts'
import { hourMarks } from '../../domain/local-day.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import type { Day } from './week.ts'

/* A picture of some days, one row a day, midnight to midnight. The table beside it says the same in words. */

const WIDTH = 320
const LABEL = 52
const RIGHT = 6
const TOP = 18
const ROW = 30
const BAR = 18
const HOURS = [0, 6, 12, 18, 24]
const HOURS_APART = 6

export function timeline(
  { days, now, timeZone }: { days: readonly Day[]; now: Instant; timeZone: string },
  shifts: readonly ShiftOf[],
  cover: readonly CoverPiece[],
): Markup {
  const height = TOP + days.length * ROW + 2
  const worked = shifts.map((shift) => shiftInterval(shift, now))
  return html`<svg
    class="timeline"
    viewBox="0 0 ${WIDTH} ${height}"
    role="img"
    aria-label="Your shifts and cover of the last ${days.length} days, day by day; the table below says the same"
  >
    ${HOURS.map((hour) => {
      const x = LABEL + (hour / 24) * (WIDTH - LABEL - RIGHT)
      const anchor = hour === 24 ? 'end' : hour === 0 ? 'start' : 'middle'
      return html`<text x="${x}" y="11" text-anchor="${anchor}">${String(hour).padStart(2, '0')}</text>`
    })}
    ${days.map((day, row) => html`${hourLines(day, row, timeZone)} ${dayRow(day, row, worked, cover, now)}`)}
  </svg>`
}

/** Where the clock shows those hours: on a day of 23 or 25 hours that is not below their names. */
function hourLines(day: Day, row: number, timeZone: string): Markup {
  const top = TOP + row * ROW
  const hours = [...hourMarks(day, timeZone, HOURS_APART).map((mark) => mark.at), day.to]
  return html`${hours.map((hour) => {
    const x = at(day, hour)
    return html`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${top + ROW}"></line>`
  })}`
}

function dayRow(day: Day, row: number, worked: readonly Interval[], cover: readonly Interval[], now: Instant): Markup {
  const y = TOP + row * ROW + (ROW - BAR) / 2
  const label = day.date.toLocaleString('en-GB', { weekday: 'short', day: 'numeric' })
  const nowLine = contains(day, now)
    ? html`<line class="now" x1="${at(day, now)}" x2="${at(day, now)}" y1="${y - 3}" y2="${y + BAR + 3}"></line>`
    : nothing
  return html`<text x="0" y="${y + BAR - 5}">${label}</text>
    <rect class="lane" x="${LABEL}" y="${y}" width="${WIDTH - LABEL - RIGHT}" height="${BAR}" rx="3"></rect>
    ${cover.flatMap((piece) => clip([piece], day)).map((piece) => bar('cover', day, piece, y + 3, BAR - 6))}
    ${worked.flatMap((one) => clip([one], day)).map((one) => bar('shift', day, one, y, BAR))} ${nowLine}`
}

function bar(kind: 'cover' | 'shift', day: Day, { from, to }: Interval, y: number, height: number): Markup {
  const x = at(day, from)
  const width = Math.max(1, at(day, to) - x)
  return html`<rect class="${kind}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="${height}" rx="2"></rect>`
}

function at(day: Day, instant: Instant): number {
  const share = (instant - day.from) / (day.to - day.from)
  return Number((LABEL + share * (WIDTH - LABEL - RIGHT)).toFixed(1))
}
