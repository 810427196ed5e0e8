import { formatInstant, type Instant } from '../../domain/instant.ts'
import { html, type Markup } from './html.ts'
import { formatMoment } from './times.ts'

/** An instant as people read it beside `now`: the time alone on the same day, with the day before it on another. */
export function moment(instant: Instant, now: Instant, timeZone: string): Markup {
  return html`<time datetime="${formatInstant(instant)}">${formatMoment(instant, now, timeZone)}</time>`
}
