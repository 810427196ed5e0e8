import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A file that pages are made of. Named by its content: a browser may keep it for ever. */
export type Asset = { readonly path: string; answer(): Response }

/** One file made of several, one after another. */
export function asset(name: string, extension: 'css' | 'js', files: readonly URL[]): Asset {
  const text = files.map((file) => readFileSync(file, 'utf8')).join('')
  const type = extension === 'css' ? 'text/css' : 'text/javascript'
  return {
    path: `/assets/${name}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}.${extension}`,
    answer: () =>
      new Response(text, {
        headers: {
          'Content-Type': `${type}; charset=utf-8`,
          'Cache-Control': 'public, max-age=31536000, immutable',
        },
      }),
  }
}
