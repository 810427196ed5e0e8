import { formatInstant, type Instant } from '../../domain/instant.ts'
import { html, type Markup } from './html.ts'
import { formatExactly } from './times.ts'

/** An instant as evidence: in the insurer's time zone, and as it is kept, in UTC to the microsecond. */
export function exactTime(instant: Instant, timeZone: string): Markup {
  const kept = formatInstant(instant)
  return html`<time datetime="${kept}">${formatExactly(instant, timeZone)} <small class="utc">${kept}</small></time>`
}
