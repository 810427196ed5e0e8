import type { ErrorName } from '../../domain/errors.ts'
import { ERRORS } from '../../domain/errors.ts'
import { html } from './html.ts'
import { layout, type PageContent } from './layout.ts'
import type { Visit } from './visit.ts'

type Told = Pick<Visit, 'requestId' | 'driver' | 'cookies'>

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

export type Problem = { readonly title: string; readonly text: string; readonly way?: { to: string; label: string } }

/** A page that says plainly what is wrong, and where to go. */
export function problemPage(
  visit: Told,
  error: ErrorName,
  problem: Problem,
  extra: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const way = problem.way ?? { to: visit.driver === null ? '/' : '/home', label: 'Back to the start' }
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

function answer(visit: Told, body: string | null, status: number, headers: Record<string, string>): Response {
  const response = new Response(body, {
    status,
    headers: { 'Cache-Control': 'no-store', 'Request-Id': visit.requestId, ...headers },
  })
  for (const cookie of visit.cookies) response.headers.append('Set-Cookie', cookie)
  return response
}
