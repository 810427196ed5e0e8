import { createReadStream, statSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { CsvError, parse } from 'csv-parse'
import { csvCell } from '../domain/csv.ts'
import { Impossible } from '../domain/errors.ts'
import type { Row } from '../domain/import-rows.ts'

export type FileRow = { readonly line: number; readonly cells: Row }

/**
 * The rows of a CSV with headings, or of a file of JSON objects a line (`.ndjson`, `.jsonl`), as they are read. Throws
 * `Impossible` for what is no such file. `onProgress`: how far it is, from 0 to 1.
 */
export async function* readRows(
  path: string,
  columns: readonly string[],
  onProgress: (share: number) => void,
): AsyncGenerator<FileRow> {
  const size = sizeOf(path)
  let read = 0
  const stream = createReadStream(path).on('data', (chunk) => (read += chunk.length))
  const rows = /\.(?:ndjson|jsonl)$/i.test(path) ? jsonRows(stream) : csvRows(stream, columns)
  for await (const row of rows) {
    onProgress(size === 0 ? 1 : read / size)
    yield row
  }
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path)
    if (found.isFile()) return found.size
  } catch {
    // What is wrong with it does not matter: it cannot be read.
  }
  throw new Impossible(`there is no file that can be read: ${path}`)
}

type Lines = NodeJS.ReadableStream

async function* csvRows(stream: Lines, columns: readonly string[]): AsyncGenerator<FileRow> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    columns: (headings: string[]) => checkedHeadings(headings, columns),
  })
  stream.on('error', (error) => parser.destroy(error)).pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      yield { line: info.lines, cells: record }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Impossible(`the file is no CSV that can be read: ${error.message}`)
  }
}

/** A heading that is not known would say something that is not taken: that is a mistake. */
function checkedHeadings(headings: readonly string[], columns: readonly string[]): string[] {
  const named = headings.map((heading) => heading.trim())
  const unknown = named.filter((heading) => !columns.includes(heading))
  if (unknown.length > 0) {
    throw new Impossible(`the first line has "${unknown[0]!}", which is none of ${columns.join(', ')}`)
  }
  return named
}

async function* jsonRows(stream: Lines): AsyncGenerator<FileRow> {
  let line = 0
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    line += 1
    if (text.trim() !== '') yield { line, cells: objectOf(text, line) }
  }
}

function objectOf(text: string, line: number): Row {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row
  } catch {
    // Told below, as every other thing that is no object.
  }
  throw new Impossible(`line ${line} is not a JSON object`)
}

/** What became of each row, as CSV. */
export function writeResults(
  path: string,
  results: readonly { readonly line: number; readonly outcome: string; readonly detail: string }[],
): void {
  const lines = results.map(({ line, outcome, detail }) => [String(line), outcome, detail].map(csvCell).join(','))
  writeFileSync(path, ['line,outcome,detail', ...lines, ''].join('\r\n'))
}
