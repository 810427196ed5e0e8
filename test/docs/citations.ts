/** A test as the documents name it: `test/file.test.ts: "its title"`, within backticks. */
export type Citation = { readonly file: string; readonly title: string }

export function citationsIn(text: string): Citation[] {
  const found = text.matchAll(/`(test\/[\w./-]+\.ts): "([^`]+)"`/g)
  return [...found].map(([, file = '', title = '']) => ({ file, title }))
}

/** The rows of all tables of a document, as cells. */
export function rowsIn(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => /^\|.*\|$/.test(line))
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

/** What a test or suite begins with, or a row of the faults (test/faults/row.ts), whose id comes before its guarantee. */
const DECLARATION =
  /(?:\b(?:it|test|describe|onEachEngine|onPlainEngines|describeInBrowser)\(|\bid: '(\w+)',\s+guarantee:)\s*(['"`])/g
const IMPORT_BESIDE = /^import .* from '\.\/([\w-]+\.ts)'$/gm
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t' }

/** The titles of all tests of a file; of one that runs rows of the faults, also those of the files beside it. */
export function titlesOf(file: string, read: (path: string) => string): Set<string> {
  const source = read(file)
  if (!source.includes('testRow(')) return titlesIn(source)
  const folder = file.slice(0, file.lastIndexOf('/'))
  const beside = [...source.matchAll(IMPORT_BESIDE)].map(([, name]) => read(`${folder}/${name}`))
  return new Set([source, ...beside].flatMap((one) => [...titlesIn(one)]))
}

/** The titles of all tests and suites of a source; `...` stands for each part of a template that varies. */
export function titlesIn(source: string): Set<string> {
  const found = [...source.matchAll(DECLARATION)]
  return new Set(
    found.map((match) => {
      const [whole, row, quote = ''] = match
      const title = titleAt(source, match.index + whole.length, quote)
      return row === undefined ? title : `${row} ${title}`
    }),
  )
}

function titleAt(source: string, start: number, quote: string): string {
  let title = ''
  for (let at = start; source[at] !== quote; at++) {
    const next = source[at + 1] ?? ''
    if (at >= source.length) throw new Error('a title has no end')
    if (source[at] === '\\') {
      title += ESCAPES[next] ?? next
      at++
    } else if (quote === '`' && source.startsWith('${', at)) {
      at = endOfInserted(source, at + 2)
      title += '...'
    } else title += source[at]
  }
  return title
}

/** Where the brace is that ends an inserted part; braces within it are counted. */
function endOfInserted(source: string, start: number): number {
  let depth = 1
  for (let at = start; at < source.length; at++) {
    if (source[at] === '{') depth++
    if (source[at] === '}' && --depth === 0) return at
  }
  throw new Error('an inserted part has no end')
}
