import { isUtf8 } from 'node:buffer'
import type { Report } from '../app/accept.ts'
import { type DeprecatedField, type IdentityKind, type IdentityName, parseIdentity } from '../domain/identity.ts'
import { type Instant, parseReportInstant } from '../domain/instant.ts'
import { Refusal } from '../domain/errors.ts'
import { parseQuery } from '../domain/query.ts'

/** From the wire to the domain: what passes here is good, what does not is refused with words that say why. */
export const MAX_NESTING = 32

/** The fields that name a person, old and new; a null counts as absent. */
export const IDENTITY_FIELDS = [
  { name: 'customerNumber', kind: 'customer_number', isDeprecated: false },
  { name: 'policyId', kind: 'customer_number', isDeprecated: true },
  { name: 'workProviderUserId', kind: 'user_id', isDeprecated: false },
  { name: 'driverId', kind: 'user_id', isDeprecated: true },
] as const satisfies readonly { name: string; kind: IdentityKind; isDeprecated: boolean }[]

const NONE: readonly DeprecatedField[] = []
const DEPRECATED_FIELDS: readonly DeprecatedField[] = IDENTITY_FIELDS.flatMap((field) =>
  field.isDeprecated ? [field.name] : [],
)

/** Where it is noted which deprecated fields a request used: also one that is refused. */
export type DeprecationNote = { deprecated: readonly DeprecatedField[] }

type JsonObject = Readonly<Record<string, unknown>>

export function parseBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw invalid('the body is empty')
  if (!isUtf8(bytes)) throw invalid('the body is not UTF-8')
  const text = bytes.toString('utf8')
  let body: unknown
  try {
    body = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    throw invalid('the body is not JSON')
  }
  if (isNestedDeeper(body, MAX_NESTING)) throw invalid(`the body is nested deeper than ${MAX_NESTING}`)
  return body
}

export function parseReport(body: unknown, now: Instant, note: DeprecationNote): Report {
  if (!isObject(body)) throw invalid('the body is not an object')
  note.deprecated = deprecatedIn([body])
  return parseItem(body, now, '')
}

export function parseBatch(body: unknown, maxItems: number, now: Instant, note: DeprecationNote): Report[] {
  if (!Array.isArray(body)) throw invalid('the body is not an array')
  if (body.length > maxItems) {
    throw new Refusal('TOO_LARGE', `the batch has more than ${maxItems} items`)
  }
  note.deprecated = deprecatedIn(body)
  return body.map((item: unknown, index) => {
    if (!isObject(item)) throw invalid(`item ${index}: not an object`)
    return parseItem(item, now, `item ${index}: `)
  })
}

export type MatchBody = { readonly customerNumber: string; readonly success: boolean }

export function parseMatch(body: unknown, note: DeprecationNote): MatchBody {
  if (!isObject(body)) throw invalid('the body is not an object')
  note.deprecated = deprecatedIn([body])
  const identity = parseIdentityFields(body, '')
  if (identity.kind !== 'customer_number') throw invalid('a match takes customerNumber only')
  if (typeof body['success'] !== 'boolean') throw invalid('success is not a boolean')
  return { customerNumber: identity.text, success: body['success'] }
}

/** The identity of a status query: null for one that nobody can have, which is answered as one that nobody has. */
export function parseStatusQuery(query: string, note: DeprecationNote): IdentityName | null {
  const given = parseQuery(query).flatMap(({ name, value }) => {
    const field = IDENTITY_FIELDS.find((one) => one.name === name)
    return field === undefined ? [] : [{ ...field, value }]
  })
  note.deprecated = DEPRECATED_FIELDS.filter((name) => given.some((field) => field.name === name))
  const [field] = given
  if (field === undefined) throw invalid('the query names no identity')
  if (given.length > 1) throw invalid('the query names more than one identity')
  if (field.value === '') throw invalid(`${field.name} is empty`)
  if (field.value === null) return null
  const parsed = parseIdentity(field.kind, field.value)
  return 'identity' in parsed ? parsed.identity : null
}

/** The e-mail of a validate query: undefined when none is given, null when what is given cannot be one's. */
export function parseEmailQuery(query: string): string | null | undefined {
  const given = parseQuery(query).filter((pair) => pair.name === 'email')
  const [pair] = given
  if (pair === undefined) return undefined
  return given.length > 1 || pair.value === null || pair.value.trim() === '' ? null : pair.value
}

function parseItem(item: JsonObject, now: Instant, where: string): Report {
  const identity = parseIdentityFields(item, where)
  const timestamp = item['timestamp']
  if (typeof timestamp !== 'string') throw invalid(`${where}timestamp is not a string`)
  const parsed = parseReportInstant(timestamp, now)
  if ('problem' in parsed) throw invalid(where + parsed.problem)
  return { identity, at: parsed.instant }
}

function parseIdentityFields(item: JsonObject, where: string): IdentityName {
  const given = IDENTITY_FIELDS.filter((field) => isGiven(item, field.name))
  const [field] = given
  if (field === undefined) throw invalid(`${where}no identity is given`)
  if (given.length > 1) throw invalid(`${where}more than one identity is given`)
  const text = item[field.name]
  if (typeof text !== 'string') throw invalid(`${where}${field.name} is not a string`)
  const parsed = parseIdentity(field.kind, text)
  if ('problem' in parsed) throw invalid(`${where}${field.name} ${parsed.problem}`)
  return parsed.identity
}

/** Nearly always none: every report comes by here. */
function deprecatedIn(items: readonly unknown[]): readonly DeprecatedField[] {
  const uses = items.filter((item) => isObject(item) && usesDeprecated(item)) as JsonObject[]
  return uses.length === 0 ? NONE : DEPRECATED_FIELDS.filter((name) => uses.some((item) => isGiven(item, name)))
}

function usesDeprecated(item: JsonObject): boolean {
  return DEPRECATED_FIELDS.some((name) => isGiven(item, name))
}

function isGiven(item: JsonObject, name: string): boolean {
  return item[name] !== undefined && item[name] !== null
}

function invalid(detail: string): Refusal {
  return new Refusal('INVALID_DATA', detail)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Goes no deeper than the limit, so that a body of brackets alone cannot overflow the stack. */
function isNestedDeeper(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (limit === 0) return true
  if (Array.isArray(value)) return value.some((item) => isNestedDeeper(item, limit - 1))
  for (const name in value) if (isNestedDeeper((value as JsonObject)[name], limit - 1)) return true
  return false
}
