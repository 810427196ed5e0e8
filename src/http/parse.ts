import { isUtf8 } from 'node:buffer'
import type { Report } from '../app/accept.ts'
import { type IdentityKind, type IdentityName, parseIdentity } from '../domain/identity.ts'
import { type Instant, parseReportInstant } from '../domain/instant.ts'
import { Refusal } from '../domain/errors.ts'

/** From the wire to the domain: what passes here is good, what does not is refused with words that say why. */
export const MAX_BATCH_ITEMS = 10_000
export const MAX_NESTING = 32

/** The fields that name a person, old and new; a null counts as absent. */
export const IDENTITY_FIELDS = [
  { name: 'customerNumber', kind: 'customer_number', isDeprecated: false },
  { name: 'policyId', kind: 'customer_number', isDeprecated: true },
  { name: 'workProviderUserId', kind: 'user_id', isDeprecated: false },
  { name: 'driverId', kind: 'user_id', isDeprecated: true },
] as const satisfies readonly { name: string; kind: IdentityKind; isDeprecated: boolean }[]

/** What was read, and whether a deprecated field was used to say it. */
export type Parsed<T> = { readonly value: T; readonly isDeprecated: boolean }

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

export function parseReport(body: unknown, now: Instant): Parsed<Report> {
  if (!isObject(body)) throw invalid('the body is not an object')
  return parseItem(body, now, '')
}

export function parseBatch(body: unknown, now: Instant): Parsed<Report[]> {
  if (!Array.isArray(body)) throw invalid('the body is not an array')
  if (body.length > MAX_BATCH_ITEMS) {
    throw new Refusal('TOO_LARGE', `the batch has more than ${MAX_BATCH_ITEMS} items`)
  }
  let isDeprecated = false
  const value = body.map((item: unknown, index) => {
    if (!isObject(item)) throw invalid(`item ${index}: not an object`)
    const report = parseItem(item, now, `item ${index}: `)
    isDeprecated ||= report.isDeprecated
    return report.value
  })
  return { value, isDeprecated }
}

export type MatchBody = { readonly customerNumber: string; readonly success: boolean }

export function parseMatch(body: unknown): Parsed<MatchBody> {
  if (!isObject(body)) throw invalid('the body is not an object')
  const { value: identity, isDeprecated } = parseIdentityFields(body, '')
  if (identity.kind !== 'customer_number') throw invalid('a match takes customerNumber only')
  if (typeof body['success'] !== 'boolean') throw invalid('success is not a boolean')
  return { value: { customerNumber: identity.text, success: body['success'] }, isDeprecated }
}

/** The identity of a status query: null for one that nobody can have, which is answered as one that nobody has. */
export function parseStatusQuery(query: string): Parsed<IdentityName | null> {
  const given = parseQuery(query).filter((pair) => IDENTITY_FIELDS.some((field) => field.name === pair.name))
  const [pair] = given
  if (pair === undefined) throw invalid('the query names no identity')
  if (given.length > 1) throw invalid('the query names more than one identity')
  if (pair.value === '') throw invalid(`${pair.name} is empty`)
  const field = IDENTITY_FIELDS.find((one) => one.name === pair.name)!
  const parsed = pair.value === null ? null : parseIdentity(field.kind, pair.value)
  const value = parsed !== null && 'identity' in parsed ? parsed.identity : null
  return { value, isDeprecated: field.isDeprecated }
}

/** The e-mail of a validate query: undefined when none is given, null when what is given cannot be one's. */
export function parseEmailQuery(query: string): string | null | undefined {
  const given = parseQuery(query).filter((pair) => pair.name === 'email')
  const [pair] = given
  if (pair === undefined) return undefined
  return given.length > 1 || pair.value === null || pair.value.trim() === '' ? null : pair.value
}

/** The pairs of a query as they were sent; a value that cannot be decoded is null. */
export function parseQuery(query: string): { name: string; value: string | null }[] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const [name = '', ...rest] = pair.split('=')
    return { name: decodeForm(name) ?? '', value: decodeForm(rest.join('=')) }
  })
}

/** Null for what is not percent-encoded UTF-8. */
export function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function decodeForm(text: string): string | null {
  return decode(text.replaceAll('+', ' '))
}

function parseItem(item: JsonObject, now: Instant, where: string): Parsed<Report> {
  const { value: identity, isDeprecated } = parseIdentityFields(item, where)
  const timestamp = item['timestamp']
  if (typeof timestamp !== 'string') throw invalid(`${where}timestamp is not a string`)
  const parsed = parseReportInstant(timestamp, now)
  if ('problem' in parsed) throw invalid(where + parsed.problem)
  return { value: { identity, at: parsed.instant }, isDeprecated }
}

function parseIdentityFields(item: JsonObject, where: string): Parsed<IdentityName> {
  const given = IDENTITY_FIELDS.filter((field) => item[field.name] !== undefined && item[field.name] !== null)
  const [field] = given
  if (field === undefined) throw invalid(`${where}no identity is given`)
  if (given.length > 1) throw invalid(`${where}more than one identity is given`)
  const text = item[field.name]
  if (typeof text !== 'string') throw invalid(`${where}${field.name} is not a string`)
  const parsed = parseIdentity(field.kind, text)
  if ('problem' in parsed) throw invalid(`${where}${field.name} ${parsed.problem}`)
  return { value: parsed.identity, isDeprecated: field.isDeprecated }
}

function invalid(detail: string): Refusal {
  return new Refusal('INVALID_DATA', detail)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Counts levels without recursion: a body of brackets alone would overflow the stack. */
function isNestedDeeper(body: unknown, limit: number): boolean {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value).filter((one) => typeof one === 'object') : [],
    )
  }
  return false
}
