import type { DOCUMENT, Operation, Parameter } from '../test/support/openapi.ts'

/* The API as a Postman collection (format 2.1), made of its OpenAPI document. */

export const COLLECTION_SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json'

type Pair = { readonly key: string; readonly value: string; readonly description?: string; readonly disabled?: true }
export type PostmanRequest = {
  readonly name: string
  readonly request: {
    readonly method: string
    readonly description: string
    readonly auth?: { readonly type: 'noauth' }
    readonly url: {
      readonly raw: string
      readonly host: readonly string[]
      readonly path: readonly string[]
      readonly variable?: readonly Pair[]
      readonly query?: readonly Pair[]
    }
    readonly body?: { readonly mode: 'raw'; readonly raw: string; readonly options: object }
  }
}
export type Folder = { readonly name: string; readonly description: string; readonly item: readonly PostmanRequest[] }
export type Collection = {
  readonly info: object
  readonly auth: object
  readonly variable: readonly Pair[]
  readonly item: readonly Folder[]
}

type Described = Operation & {
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
}
type DescribedParameter = Parameter & { readonly description?: string; readonly deprecated?: boolean }
type Document = typeof DOCUMENT & {
  readonly info: { readonly title: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
}

/** One folder a tag; the key and where the server is are variables of the collection. */
export function postmanCollection(document: Document): Collection {
  const requests = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      tag: (operation as Described).tags[0],
      item: requestOf(path, method.toUpperCase(), operation as Described),
    })),
  )
  return {
    info: { name: document.info.title, description: document.info.description, schema: COLLECTION_SCHEMA },
    auth: {
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'Authorization', type: 'string' },
        { key: 'value', value: '{{key}}', type: 'string' },
        { key: 'in', value: 'header', type: 'string' },
      ],
    },
    variable: [
      { key: 'baseUrl', value: 'http://127.0.0.1:8080' },
      { key: 'key', value: '', description: 'Your key. Keep it out of what you share: set it in an environment.' },
    ],
    item: document.tags.map(({ name, description }) => ({
      name,
      description,
      item: requests.filter(({ tag }) => tag === name).map(({ item }) => item),
    })),
  }
}

function requestOf(path: string, method: string, operation: Described): PostmanRequest {
  const parameters = (operation.parameters ?? []) as readonly DescribedParameter[]
  const ofPath = parameters.filter((one) => one.in === 'path').map((one) => pairOf(one))
  const ofQuery = parameters.filter((one) => one.in === 'query')
  const query = ofQuery.map((one, index): Pair => ({
    ...pairOf(one),
    ...(isSent(operation, index) ? {} : { disabled: true }),
  }))
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => part.replace(/^\{(\w+)\}$/, ':$1'))
  const sent = query.filter((pair) => pair.disabled === undefined)
  const search = sent.map(({ key, value }) => `${key}=${encodeURIComponent(value)}`).join('&')
  return {
    name: `${operation.summary} (${path})`,
    request: {
      method,
      description: operation.description ?? operation.summary,
      ...(operation.security === undefined ? {} : { auth: { type: 'noauth' as const } }),
      url: {
        raw: `{{baseUrl}}/${parts.join('/')}${search === '' ? '' : `?${search}`}`,
        host: ['{{baseUrl}}'],
        path: parts,
        ...(ofPath.length === 0 ? {} : { variable: ofPath }),
        ...(query.length === 0 ? {} : { query }),
      },
      ...bodyOf(operation),
    },
  }
}

/** A question names one person, by the first of the names that it may be asked by; a link says of whom and for whom. */
function isSent({ operationId }: Described, index: number): boolean {
  if (operationId.endsWith('status')) return index === 0
  return operationId.endsWith('link-work-provider') && (index === 0 || index === 3)
}

function pairOf({ name, example = '', description }: DescribedParameter): Pair {
  return { key: name, value: String(example), ...(description === undefined ? {} : { description }) }
}

/** The first example, with the time at which it is sent. */
function bodyOf({ requestBody }: Described): Pick<PostmanRequest['request'], 'body'> {
  const type = requestBody?.content['application/json']
  const [example] = Object.values(type?.examples ?? {})
  if (example === undefined) return {}
  const raw = JSON.stringify(example.value, null, 2).replaceAll(
    /"timestamp": "[^"]*"/g,
    '"timestamp": "{{$isoTimestamp}}"',
  )
  return { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } }
}
