import { METHODS } from 'node:http'
import type { RawAnswer } from './api.ts'
import { answersTo, type Described, fits, pointerTo, resolve } from './openapi.ts'

/** Headers that only answers have that the document says have them. */
const SPOKEN_OF = ['location', 'zego-error-detail', 'retry-after', 'deprecation', 'allow']

/**
 * What is wrong with an answer by the document: its status, headers or body. `isHttp` false: the request was hardly HTTP,
 * so that it may have been refused before its method and path were looked at.
 */
export async function problemsOf(
  method: string,
  target: string,
  answer: RawAnswer,
  { isHttp = true }: { isHttp?: boolean } = {},
): Promise<string[]> {
  const pointer = describedAt(method, target, answer.status, isHttp)
  if (pointer === null) return [`the document has no ${answer.status} for this path and method`]
  const described = resolve<Described>(pointer)
  return [...(await headerProblems(described, answer)), ...(await bodyProblems(described, answer, method === 'HEAD'))]
}

function describedAt(method: string, target: string, status: number, isHttp: boolean): string | null {
  const { statuses, only } = answersTo(method, target)
  if (only === null) return documentedAt(statuses!, status)
  const early =
    isHttp && METHODS.includes(method) ? null : documentedAt(pointerTo('paths', '/livez', 'get', 'responses'), status)
  const own = only === '/components/responses/NotFound' ? 404 : 405
  return status === own ? only : early
}

function documentedAt(responses: string, status: number): string | null {
  const { value } = resolve<object>(responses)
  return Object.hasOwn(value, String(status)) ? `${responses}/${status}` : null
}

type Found = { readonly pointer: string; readonly value: Described }

async function headerProblems({ pointer, value }: Found, answer: RawAnswer): Promise<string[]> {
  const problems: string[] = []
  const documented = Object.keys(value.headers ?? {})
  for (const name of documented) {
    const header = resolve<{ required?: boolean }>(`${pointer}${pointerTo('headers', name)}`)
    const sent = answer.headers.get(name.toLowerCase())
    if (sent === undefined && header.value.required === true) problems.push(`${name} is missing`)
    if (sent !== undefined && !(await fits(`${header.pointer}/schema`, sent))) problems.push(`${name}: ${sent}`)
  }
  const names = documented.map((name) => name.toLowerCase())
  const more = SPOKEN_OF.filter((name) => answer.headers.has(name) && !names.includes(name))
  return [...problems, ...more.map((name) => `${name} is not documented here`)]
}

async function bodyProblems({ pointer, value }: Found, answer: RawAnswer, isHead: boolean): Promise<string[]> {
  const sent = answer.headers.get('content-type')
  if (value.content === undefined)
    return sent === undefined && answer.body === '' ? [] : ['a body, and none is documented']
  const type = sent?.split(';', 1)[0] ?? 'none'
  if (!Object.hasOwn(value.content, type)) return [`Content-Type ${type} is not documented`]
  if (isHead) return answer.body === '' ? [] : ['a body to HEAD']
  if (type === 'text/html') return []
  const body = JSON.parse(answer.body) as unknown
  if (JSON.stringify(body) !== answer.body) return [`not compact: ${answer.body}`]
  const isFit = await fits(`${pointer}${pointerTo('content', type, 'schema')}`, body)
  return isFit ? [] : [`not of its schema: ${answer.body.slice(0, 300)}`]
}
