import fc from 'fast-check'
import { resolve } from './openapi.ts'

/* Bodies from the schemas of the document: such as are taken, and such as are nearly so. */

type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

/** Instants that exist, written in the ways that clients write them. */
const timestamp = fc
  .record({
    year: fc.integer({ min: 2016, max: 2025 }),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    second: fc.integer({ min: 0, max: 60 }),
    fraction: fc.constantFrom('', '.1', ',25', '.123456', '.999999999'),
    letter: fc.constantFrom('T', 't', ' '),
    offset: fc.constantFrom('Z', 'z', '+00:00', '-00:00', '+01', '+0530', '-12:00', '+14:00', '+18:00'),
    isBasic: fc.boolean(),
  })
  .map(({ year, month, day, hour, minute, second, fraction, letter, offset, isBasic }) => {
    const [dash, colon] = isBasic ? ['', ''] : ['-', ':']
    const date = [pad(year, 4), pad(month), pad(day)].join(dash)
    return `${date}${letter}${[pad(hour), pad(minute), pad(second)].join(colon)}${fraction}${offset}`
  })

/** Where a pattern says too little, or a little known is worth more than much unknown. */
const BY_NAME: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  Timestamp: timestamp,
  CustomerNumber: fc.oneof(fc.constantFrom('ABC123', 'abc123', 'DIS1'), fc.stringMatching(/^[A-Za-z0-9]{1,40}$/)),
  WorkProviderUserId: fc.oneof(
    fc.constantFrom('1686', '8545', '__proto__', 'caf\u00e9', 'cafe\u0301', '\u202e1686'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\0')),
  ),
}

/** Values that a schema of the document takes. */
export function sound(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)!
    return BY_NAME[name] ?? sound(resolve<Schema>(schema.$ref.slice(1)).value)
  }
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.properties !== undefined) return soundObject(schema)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(sound))
  if (schema.items !== undefined) return fc.array(sound(schema.items), { maxLength: 4 })
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'boolean') return fc.boolean()
  throw new Error(`no values are made of ${JSON.stringify(schema)}`)
}

/** An object of which exactly one of some fields is there, where the schema says so; the others are null or absent. */
function soundObject({ properties = {}, required = [], oneOf = [] }: Schema): fc.Arbitrary<unknown> {
  const chosen = oneOf.length === 0 ? fc.constant(null) : fc.constantFrom(...oneOf.map((one) => one.required![0]!))
  return chosen.chain((name) => {
    const fields = Object.entries(properties).map(([field, schema]): [string, fc.Arbitrary<unknown>] => [
      field,
      field === name || required.includes(field) ? notNull(schema) : fc.constant(null),
    ])
    return fc.record(Object.fromEntries(fields), { requiredKeys: [...required, ...(name === null ? [] : [name])] })
  })
}

function notNull(schema: Schema): fc.Arbitrary<unknown> {
  return sound(schema).filter((value) => value !== null)
}

const ODD_VALUES: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  2 ** 60,
  true,
  'true',
  [],
  {},
  [null],
  { __proto__: null, toString: 1 },
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\u202e\u2066',
  '🛵'.repeat(256),
  'x'.repeat(256),
  'x'.repeat(70_000),
  'ABC-123',
  "'; drop table event; --",
  '<script>alert(1)</script>',
  'a\r\nSet-Cookie: a=b',
  '2025-02-30T10:00:00Z',
  '2025-07-06T24:00:00Z',
  '2025-07-06T10:00:00',
  '2025-07-06',
  '2025-W27-7T10:00:00Z',
  '+002025-07-06T10:00:00Z',
  '2025-07-06T10:00:00\u22120100',
  '2025-07-06T10:00:00+19:00',
  '2025-07-06T10:00:00Z[Europe/London]',
  ' 2025-07-06T10:00:00Z',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  1751796000,
]

const NAMES = ['customerNumber', 'policyId', 'workProviderUserId', 'driverId', 'timestamp', 'success', '__proto__']

type Mutation = {
  readonly name: string
  readonly value: unknown
  readonly isRemoved: boolean
  readonly isWrapped: boolean
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  name: fc.constantFrom(...NAMES, 'constructor', 'toJSON', 'extra'),
  value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue()),
  isRemoved: fc.nat(3).map((n) => n === 0),
  isWrapped: fc.nat(9).map((n) => n === 0),
})

function mutate(body: unknown, { name, value, isRemoved, isWrapped }: Mutation): unknown {
  if (isWrapped) return Array.isArray(body) ? (body[0] ?? value) : [body]
  if (Array.isArray(body))
    return body.map((item, index) => (index === 0 ? mutate(item, { name, value, isRemoved, isWrapped }) : item))
  if (typeof body !== 'object' || body === null) return value
  const fields = Object.entries(body).filter(([field]) => field !== name)
  // As a field of its own, whatever its name: an assignment to `__proto__` would not be one.
  return Object.fromEntries(isRemoved ? fields : [...fields, [name, value]])
}

/** What can be done to a text of JSON. */
const TEXT_MUTATIONS: readonly ((text: string) => string | Buffer)[] = [
  (text) => text.slice(0, -1),
  (text) => `${text}}`,
  (text) => text.replace('{', '{"timestamp":"2025-07-06T10:00:00","timestamp":1,'),
  (text) => text.replace('{', '{"customerNumber":"ABC123","customerNumber":"ABC123",'),
  (text) => text.replace(/"timestamp":"[^"]*"/, '"timestamp":1e999'),
  (text) => text.replace(/:"/, `:${'9'.repeat(400)},"x":"`),
  (text) => text.replaceAll('"', "'"),
  (text) => `\ufeff ${text}\r\n`,
  (text) => `\ufeff\ufeff${text}`,
  (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe])]),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => text.replace('{', `{"extra":${'['.repeat(31)}${']'.repeat(31)},`),
  (text) => text.replace('{', `{"extra":${'{"a":'.repeat(40)}1${'}'.repeat(40)},`),
  () => '['.repeat(100_000),
  () => '',
  () => 'null',
  () => 'NaN',
  () => '"2025-07-06T10:00:00Z"',
  () => 'workProviderUserId=1686&timestamp=2025-07-06T10:00:00Z',
]

export type Body = { readonly bytes: Buffer; readonly isSound: boolean }

/** Bodies for a schema: sound ones, and ones that were changed a little, most of which are not. */
export function bodies(schema: Schema): fc.Arbitrary<Body> {
  const good = sound(schema)
  const bytes = (text: string | Buffer): Buffer => Buffer.from(text as string)
  return fc.oneof(
    { weight: 3, arbitrary: good.map((value) => ({ bytes: bytes(JSON.stringify(value)), isSound: true })) },
    {
      weight: 3,
      arbitrary: fc.tuple(good, fc.array(mutation, { minLength: 1, maxLength: 2 })).map(([value, mutations]) => ({
        bytes: bytes(JSON.stringify(mutations.reduce<unknown>(mutate, value)) ?? ''),
        isSound: false,
      })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(good, fc.constantFrom(...TEXT_MUTATIONS))
        .map(([value, change]) => ({ bytes: bytes(change(JSON.stringify(value))), isSound: false })),
    },
  )
}
