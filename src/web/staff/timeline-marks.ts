import type { Instant } from '../../domain/instant.ts'
import type { Interval } from '../../domain/interval.ts'
import type { Cut, EventOutcome } from '../../domain/timeline.ts'
import type { EventKind } from '../../domain/shift-event.ts'
import { html, type Markup, nothing } from '../kit/html.ts'

/** The drawing's width in its own units, which are about a pixel each. */
export const WIDTH = 1000
const MARGIN = 8
/** What a thumb can hit. */
export const TARGET = 24
const GLYPH = 10

/** Where instants lie, and where a click on one leads; null where no answer can be had, as it is still to come. */
export type Scale = {
  readonly span: Interval
  readonly x: (at: Instant) => number
  readonly choose: (at: Instant) => string | null
}

export function scaleOf(span: Interval, now: Instant, choose: (at: Instant) => string): Scale {
  return {
    span,
    x: (at) => round(MARGIN + ((at - span.from) / (span.to - span.from)) * (WIDTH - 2 * MARGIN)),
    choose: (at) => (at > now ? null : choose(at)),
  }
}

export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** A mark that chooses an instant, with its meaning in words. `box` is what can be hit. */
export function choice(href: string | null, title: string, box: Box, mark: Markup): Markup {
  const { x, y, width, height } = box
  const hit = html`<path class="hit" d="M${x} ${y}h${width}v${height}h-${width}z"></path>`
  if (href === null) return html`<g role="img" aria-label="${title}"><title>${title}</title>${mark}</g>`
  return html`<a href="${href}"><title>${title}</title>${mark}${hit}</a>`
}

/** What can be hit of a bar: itself, or more where it is too narrow. */
export function targetOf(x: number, width: number, y: number): Box {
  const wide = Math.max(width, TARGET)
  const left = Math.min(Math.max(x - (wide - width) / 2, 0), WIDTH - wide)
  return { x: round(left), y, width: round(wide), height: TARGET }
}

export function extent(scale: Scale, { from, to }: Interval): { x: number; width: number } {
  const x = scale.x(from)
  return { x, width: Math.max(1.5, round(scale.x(to) - x)) }
}

/**
 * The sign of an event, left edge or right edge at its instant: a login points on, a logout stops. What changed nothing
 * is hollow; what staff annulled is struck through.
 */
export function glyph(kind: EventKind, outcome: EventOutcome, x: number, y: number): Markup {
  const shape = html`<path
    class="${outcome === 'opened' || outcome === 'closed' ? 'glyph' : `glyph hollow ${outcome}`}"
    d="${outline(kind, outcome, x, y)}"
  ></path>`
  if (outcome !== 'annulled') return shape
  const left = kind === 'login' ? x - 2 : x - GLYPH - 2
  return html`${shape}<path class="strike" d="M${left} ${y + GLYPH + 1}l${GLYPH + 4} -${GLYPH + 2}"></path>`
}

function outline(kind: EventKind, outcome: EventOutcome, x: number, y: number): string {
  const half = GLYPH / 2
  if (outcome === 'empty') return `M${x} ${y}l${half} ${half}l-${half} ${half}l-${half} -${half}z`
  if (outcome === 'pending')
    return `M${x - half} ${y + half}a${half} ${half} 0 1 0 ${GLYPH} 0a${half} ${half} 0 1 0 -${GLYPH} 0z`
  if (kind === 'login') return `M${x} ${y}l${GLYPH} ${half}l-${GLYPH} ${half}z`
  return `M${x} ${y}h-${GLYPH}v${GLYPH}h${GLYPH}z`
}

/** What of the drawing an event takes up in its row. */
export function eventBox(kind: EventKind, x: number, y: number): Box {
  const left = kind === 'login' ? x - 7 : x - TARGET + 7
  return { x: round(Math.min(Math.max(left, 0), WIDTH - TARGET)), y, width: TARGET, height: TARGET }
}

/** Arrowheads where something goes on beyond the span. */
export function beyond(cut: Cut, x: number, width: number, middle: number): Markup {
  const left = cut.whole.from < cut.from
  const right = cut.whole.to > cut.to
  return html`${left ? html`<path class="beyond" d="M${x - 1} ${middle - 4}l-5 4l5 4"></path>` : nothing}${
    right ? html`<path class="beyond" d="M${round(x + width + 1)} ${middle - 4}l5 4l-5 4"></path>` : nothing
  }`
}

/** The first of some texts that fits a bar; none where none does. */
export function barText(texts: readonly string[], x: number, width: number, baseline: number): Markup {
  const text = texts.find((one) => estimate(one, EM) <= width - 10)
  if (text === undefined) return nothing
  return html`<text class="bar-text" x="${round(x + 5)}" y="${baseline}">${text}</text>`
}

/** What a bar can be called by: its words, or their beginning where that still says something. */
export function shortened(text: string, width: number): string[] {
  return width < MIN_SHORTENED ? [text] : [fitted(text, width - 10, EM)]
}

const EM = 11.5
/** For bold letters: in the widest of usual typefaces. */
export const NAME_EM = 15
const MIN_SHORTENED = 90
const segments = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The text, or as much of its beginning as fits, with an ellipsis. SVG measures nothing: widths are estimates. */
export function fitted(text: string, room: number, em: number): string {
  if (estimate(text, em) <= room) return text
  let [used, kept] = [em, '']
  for (const { segment } of segments.segment(text)) {
    used += widthOf(segment) * em
    if (used > room) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

function estimate(text: string, em: number): number {
  return [...segments.segment(text)].reduce((sum, { segment }) => sum + widthOf(segment) * em, 0)
}

/** In ems, rather too much than too little. */
function widthOf(letter: string): number {
  if (/^[\u0020-\u007e]$/.test(letter))
    return /[ijlIt.,:;'!|()[\] ]/.test(letter) ? 0.36 : /[mwMW@%]/.test(letter) ? 0.95 : 0.62
  return (letter.codePointAt(0) ?? 0) < 0x1100 ? 0.7 : 1.1
}

export function round(value: number): number {
  return Number(value.toFixed(1))
}
