import assert from 'node:assert/strict'
import { registerSchema, validate, type Validator } from '@hyperjump/json-schema/openapi-3-1'
import { openApiDocument } from '../../src/http/openapi/document.ts'

/* The API's description, as one who holds answers against it reads it. */

type Schema = { readonly $ref?: string }
type Header = Schema & { readonly required?: boolean }
export type MediaType = {
  readonly schema: Schema
  readonly example?: unknown
  readonly examples?: Readonly<Record<string, { value: unknown }>>
}
export type Described = Schema & {
  readonly headers?: Readonly<Record<string, Header>>
  readonly content?: Readonly<Record<string, MediaType>>
}
export type Parameter = { readonly name: string; readonly in: 'query' | 'path'; readonly example?: string }
export type Operation = {
  readonly operationId: string
  readonly description?: string
  readonly security?: readonly unknown[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, Described>>
}
export type Method = 'get' | 'post'
export type OpenApi = {
  readonly paths: Readonly<Record<string, Partial<Record<Method, Operation>>>>
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>
  readonly components: { readonly responses: Readonly<Record<string, Described>> }
}

export const DOCUMENT = JSON.parse(JSON.stringify(openApiDocument())) as OpenApi

const URI = 'https://zego.test/openapi'
const DIALECT = 'https://spec.openapis.org/oas/3.1/dialect/base'
registerSchema(structuredClone(DOCUMENT) as never, URI, DIALECT)

const validators = new Map<string, Promise<Validator>>()

/** Whether a value is of the schema at a JSON pointer into the document. */
export async function fits(pointer: string, value: unknown): Promise<boolean> {
  let validator = validators.get(pointer)
  if (validator === undefined) {
    validator = validate(`${URI}#${encodeURI(pointer)}`)
    validators.set(pointer, validator)
  }
  return (await validator)(value as never).valid
}

/** What a pointer points at, through references. */
export function resolve<T>(pointer: string): { pointer: string; value: T } {
  let value: unknown = DOCUMENT
  for (const part of pointer.split('/').slice(1)) {
    value = (value as Record<string, unknown>)[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  assert.notEqual(value, undefined, `there is nothing at ${pointer}`)
  const { $ref } = value as Schema
  return $ref === undefined ? { pointer, value: value as T } : resolve($ref.slice(1))
}

export function pointerTo(...parts: readonly string[]): string {
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The documented path that answers a target, which may have a slash at its end; null for one that is not documented. */
export function pathOf(target: string): string | null {
  const path = target.split('?', 1)[0]!.replace(/(.)\/$/, '$1')
  if (Object.hasOwn(DOCUMENT.paths, path) && !path.includes('{')) return path
  const [, folder, last] = /^(.*\/)([^/]+)$/.exec(path) ?? []
  const template = Object.keys(DOCUMENT.paths).find((one) => folder !== undefined && one.replace(/\{.*/, '') === folder)
  return last !== undefined && template?.includes('{') === true ? template : null
}

/** Where the document says how a request may be answered, by its method and target. */
export function answersTo(method: string, target: string): { statuses: string | null; only: string | null } {
  const path = pathOf(target)
  if (path === null) return { statuses: null, only: '/components/responses/NotFound' }
  const name = method === 'HEAD' ? 'get' : method.toLowerCase()
  if (method !== method.toUpperCase() || !Object.hasOwn(DOCUMENT.paths[path]!, name)) {
    return {
      statuses: null,
      only: `/components/responses/MethodNotAllowed${path.endsWith('link-work-provider') ? 'Page' : ''}`,
    }
  }
  return { statuses: pointerTo('paths', path, name, 'responses'), only: null }
}
