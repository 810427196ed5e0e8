/** A request target's path without its trailing slash, and its query without its question mark; neither is decoded. */
export function splitTarget(target = '/'): { path: string; query: string } {
  const end = target.indexOf('?')
  const path = end === -1 ? target : target.slice(0, end)
  return {
    path: path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path,
    query: end === -1 ? '' : target.slice(end + 1),
  }
}

/** The pairs of a query as they were sent; a value that cannot be decoded is null. */
export function parseQuery(query: string): { name: string; value: string | null }[] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const end = pair.includes('=') ? pair.indexOf('=') : pair.length
    return { name: decodeForm(pair.slice(0, end)) ?? '', value: decodeForm(pair.slice(end + 1)) }
  })
}

/** Null for what is not percent-encoded UTF-8. */
export function decode(text: string): string | null {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text
  } catch {
    return null
  }
}

function decodeForm(text: string): string | null {
  return decode(text.replaceAll('+', ' '))
}
