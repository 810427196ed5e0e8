import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('./site.css', import.meta.url), 'utf8')

/** Named by its content: a browser may keep it for ever. */
export const STYLESHEET_PATH = `/assets/site-${createHash('sha256').update(text).digest('hex').slice(0, 12)}.css`

export function stylesheet(): Response {
  return new Response(text, {
    headers: { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'public, max-age=31536000, immutable' },
  })
}
