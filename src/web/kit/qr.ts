import { encodeQR } from 'qr'
import { html, type Markup, nothing } from './html.ts'

const MODULE = 4
/** What readers need around it (ISO/IEC 18004). */
const QUIET_MODULES = 4

/** ASCII characters that fit into the largest one. */
const MAX_CHARACTERS = 2_331

/**
 * A QR code as an SVG, dark on light in every colour scheme: readers expect that. `label` says what it holds. Nothing for
 * what does not fit into one: a link with a very long id of another script.
 */
export function qrCode(text: string, label: string): Markup {
  if (text.length > MAX_CHARACTERS) return nothing
  const modules = encodeQR(text, 'raw', { border: QUIET_MODULES })
  const side = modules.length * MODULE
  const dark = modules.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x * MODULE} ${y * MODULE}h${MODULE}v${MODULE}h-${MODULE}z`] : [])),
  )
  return html`<svg
    class="qr"
    viewBox="0 0 ${side} ${side}"
    width="${side}"
    height="${side}"
    role="img"
    aria-label="${label}"
  >
    <rect width="${side}" height="${side}" fill="#ffffff" />
    <path d="${dark.join('')}" fill="#000000" shape-rendering="crispEdges" />
  </svg>`
}
