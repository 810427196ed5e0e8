export type Cell = { readonly value: string; readonly isQuoted: boolean }

/** The rows of a CSV (RFC 4180), its headings too. */
export function parseCsv(text: string): Cell[][] {
  const rows: Cell[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    const isQuoted = quoted !== undefined
    rows.at(-1)!.push({ value: isQuoted ? quoted.replaceAll('""', '"') : plain!, isQuoted })
    if (end === '\r\n') rows.push([])
  }
  return rows.slice(0, -1)
}

/** What a spreadsheet could take for a formula, and cells that it would split where its list separator is another. */
export function dangerousCells(rows: readonly (readonly Cell[])[]): string[] {
  return rows
    .flat()
    .filter(({ value, isQuoted }) => /^[=+\-@\t\r\n]/.test(value) || (!isQuoted && /[;\t|]/.test(value)))
    .map(({ value }) => JSON.stringify(value))
}
