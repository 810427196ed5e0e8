/** The pairs of a query as they were sent; a value that cannot be decoded is null. */
export function parseQuery(query: string): { name: string; value: string | null }[] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const [name = '', ...rest] = pair.split('=')
    return { name: decodeForm(name) ?? '', value: decodeForm(rest.join('=')) }
  })
}

/** Null for what is not percent-encoded UTF-8. */
export function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function decodeForm(text: string): string | null {
  return decode(text.replaceAll('+', ' '))
}
