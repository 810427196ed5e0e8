import type { StaffRole } from '../../domain/desk.ts'
import type { ErrorName } from '../../domain/errors.ts'
import { ERRORS } from '../../domain/errors.ts'
import { csvCell } from '../../domain/csv.ts'
import { html } from './html.ts'
import { layout, type PageContent, startOf } from './layout.ts'
import type { Visit } from './visit.ts'

type Told = Pick<Visit, 'requestId' | 'driver' | 'person' | 'cookies'>
type Streamed = Told & Pick<Visit, 'context'>

/** A page of HTML. Nothing of it is kept by caches: most are about one person. */
export async function page(
  visit: Told,
  content: PageContent,
  status = 200,
  extra: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const body = (await layout(visit, content)).toString()
  return answer(visit, body, status, { 'Content-Type': 'text/html; charset=utf-8', ...extra })
}

/** After a POST, and wherever another page is the answer. `to` is always a path of ours. */
export function seeOther(visit: Told, to: string): Response {
  return answer(visit, null, 303, { Location: to })
}

/** What the contract asks of `link-work-provider`. */
export function found(visit: Told, to: string): Response {
  return answer(visit, null, 302, { Location: to })
}

export function download(visit: Told, name: string, type: string, body: string): Response {
  return answer(visit, body, 200, { 'Content-Type': type, 'Content-Disposition': `attachment; filename="${name}"` })
}

/**
 * A table for a spreadsheet, written as it is read: however long it is, a piece of it is in memory at a time. A caller
 * that goes away ends the reading. Where reading fails half way, the connection ends without an end: no whole file.
 */
export function csvDownload(
  visit: Streamed,
  name: string,
  headings: readonly string[],
  pieces: AsyncIterable<readonly (readonly string[])[]>,
): Response {
  return answer(visit, csvStream(visit, headings, pieces), 200, {
    'Content-Type': 'text/csv; charset=utf-8',
    'Content-Disposition': `attachment; filename="${name}"`,
  })
}

function csvStream(
  visit: Streamed,
  headings: readonly string[],
  pieces: AsyncIterable<readonly (readonly string[])[]>,
): ReadableStream<Uint8Array> {
  const text = (rows: readonly (readonly string[])[]): string =>
    rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')
  async function* texts(): AsyncGenerator<string> {
    yield text([headings])
    for await (const rows of pieces) if (rows.length > 0) yield text(rows)
  }
  return streamOf(visit, texts())
}

function streamOf(
  { context }: Streamed,
  pieces: AsyncIterable<string>,
  end: () => void = () => {},
): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(stream) {
      const { done, value } = await iterator.next().catch((error: unknown) => {
        context.log.error({ err: error }, 'a page failed')
        // What is thrown on is printed by the library as it is: a statement that failed has people in it.
        throw new Error('a page failed half way')
      })
      if (done === true) stream.close()
      else stream.enqueue(encoder.encode(value))
    },
    async cancel() {
      end()
      await iterator.return?.()
    },
  })
}

/** Server-sent events (HTML, 9.2), one piece after another. Proxies are asked not to gather them. `end`: told of a caller who went away. */
export function eventStream(visit: Streamed, pieces: AsyncIterable<string>, end: () => void): Response {
  const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' }
  return answer(visit, streamOf(visit, pieces, end), 200, headers)
}

export type Problem = { readonly title: string; readonly text: string; readonly way?: { to: string; label: string } }

/** A page that says plainly what is wrong, and where to go. */
export function problemPage(
  visit: Told,
  error: ErrorName,
  problem: Problem,
  extra: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const way = problem.way ?? { to: startOf(visit), label: 'Back to the start' }
  const body = html`<h1>${problem.title}</h1>
    <p>${problem.text}</p>
    <p><a class="button" href="${way.to}">${way.label}</a></p>`
  return page(visit, { title: problem.title, body }, ERRORS[error].status, extra)
}

export function notFound(visit: Told): Promise<Response> {
  return problemPage(visit, 'NOT_FOUND', {
    title: 'There is nothing here',
    text: 'The address may be mistyped, or the page is not there any more.',
  })
}

/** Staff of this role may less than the page does. */
export function notAllowed(visit: Told, needed: StaffRole): Promise<Response> {
  return problemPage(visit, 'FORBIDDEN', {
    title: 'Your role does not allow this',
    text: `It needs the role ${needed}. An administrator can give it to you.`,
  })
}

function answer(
  visit: Told,
  body: string | ReadableStream<Uint8Array> | null,
  status: number,
  headers: Record<string, string>,
): Response {
  const response = new Response(body, {
    status,
    headers: { 'Cache-Control': 'no-store', 'Request-Id': visit.requestId, ...headers },
  })
  for (const cookie of visit.cookies) response.headers.append('Set-Cookie', cookie)
  return response
}
