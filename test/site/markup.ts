import assert from 'node:assert/strict'

export type Element = { readonly name: string; readonly attributes: ReadonlyMap<string, string> }

const TAG = /<(\/?)([a-z][a-z0-9-]*)((?:\s+[a-z][a-z0-9:-]*(?:="[^"<>]*")?)*)\s*\/?>/gi
const ATTRIBUTE = /([a-z][a-z0-9:-]*)(?:="([^"<>]*)")?/gi

/**
 * The elements of a page of ours. It is stricter than a browser: whatever is not written as we write it (an unquoted
 * attribute, a `<` that begins no tag) is a failure, so nothing can hide from it that a browser would see.
 */
export function elementsOf(page: string): Element[] {
  const text = page.replace(/^<!doctype html>/i, '')
  const elements: Element[] = []
  const rest = text.replaceAll(TAG, (_, closing: string, name: string, attributes: string) => {
    if (closing === '') {
      const pairs = [...attributes.matchAll(ATTRIBUTE)]
      const names = pairs.map((pair) => pair[1]!.toLowerCase())
      assert.equal(new Set(names).size, names.length, `an attribute twice in <${name}${attributes}>`)
      elements.push({
        name: name.toLowerCase(),
        attributes: new Map(pairs.map((pair, i) => [names[i]!, pair[2] ?? ''])),
      })
    }
    return ' '
  })
  const stray = /[^\s]{0,40}[<>][^\s]{0,40}/.exec(rest)
  assert.equal(stray, null, `markup that is none of ours: ${stray?.[0]}`)
  return elements
}

const FORBIDDEN = ['script', 'img', 'iframe', 'object', 'embed', 'style', 'base', 'video', 'audio', 'math', 'template']

/** That a page does nothing but what our own do: no scripts, no handlers, no way to elsewhere. */
export function assertInert(page: string, what: string): void {
  for (const { name, attributes } of elementsOf(page)) {
    assert.ok(!FORBIDDEN.includes(name), `${what} has a <${name}>`)
    for (const [attribute, value] of attributes) {
      assert.ok(!attribute.startsWith('on') && attribute !== 'style' && attribute !== 'srcdoc', `${what}: ${attribute}`)
      if (['href', 'src', 'action', 'formaction'].includes(attribute)) {
        assert.match(value, /^(?:\/(?![/\\])|#|data:,$)/, `${what}: <${name} ${attribute}="${value}">`)
      }
    }
  }
}

/** The text of a page as its reader sees it. */
export function textOf(page: string): string {
  return page
    .replaceAll(TAG, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}
