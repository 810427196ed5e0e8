import { LIMITS } from '../../src/domain/limits.ts'
import { METHODS } from 'node:http'
import fc from 'fast-check'
import { type Body, bodies } from './generated-bodies.ts'
import { DOCUMENT, type Method, type Operation, type Parameter } from './openapi.ts'

/** Whose key a request carries. `retiring`: one that is revoked half-way. */
export type Caller = 'live' | 'bearer' | 'retiring' | 'none' | 'empty' | 'wrong' | 'twice' | 'odd'

export type GeneratedRequest = {
  readonly method: string
  readonly target: string
  readonly caller: Caller
  /** Further header lines. */
  readonly headers: readonly string[]
  readonly body: Buffer | null
  /** By the document it is to be served, if its caller may be. */
  readonly isSound: boolean
  /** Whether HTTP itself is kept, so that the API answers and not what stands before it. */
  readonly isHttp: boolean
}

/** What else the head of a request has, at most. */
const OTHER_HEAD_BYTES = 1_024

const ODD_TEXTS = [
  'ABC123',
  'abc123',
  '1686',
  'NOBODY',
  '%zz',
  '%',
  '%00',
  '%FF%FE',
  '%ED%A0%80',
  'caf%C3%A9',
  '%2e%2e%2f',
  '..',
  '*',
  '__proto__',
  'constructor',
  "'%20or%20true--",
  '%3Cscript%3E',
  '%0d%0aSet-Cookie:%20a=b',
  '99999999999999999999',
  '-1',
  '01a20913-51fe-79ad-a8c3-26978e81c94f',
  'a'.repeat(10_000),
  '+',
  '',
]
const oddText = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => encodeURIComponent(text.toWellFormed())),
)

const ODD_PATHS = [
  '/v1',
  '/v1/',
  '//v1/shift/login',
  '/v1//shift/login',
  '/v1/shift/login//',
  '/v1/../v1/shift/login',
  '/V1/SHIFT/LOGIN',
  '/v1/shift%2flogin',
  '/v1/shift/login/1',
  '/v1/requests',
  '/v1/requests/',
  '/v1/requests/a/b',
  '/v1/validate/customer-number/a/b',
  '/v1/%zz',
  '/__proto__',
  '/constructor/prototype',
  '/openapi.json/x',
  '/nothing',
  `/v1/${'x'.repeat(10_000)}`,
]

const ODD_HEADERS: readonly string[] = [
  'Accept: */*',
  'Accept: application/problem+json',
  'Accept: application/json, application/problem+json;q=0.1',
  'Accept: \xe9',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: text/plain; charset=utf-16',
  'User-Agent: <script>alert(1)</script>',
  'Cookie: __proto__=1; a=%zz',
  'X-HTTP-Method-Override: DELETE',
  'X-Forwarded-For: 127.0.0.1, \xff',
  'Request-Id: 019a4c2e-7d10-7c3f-9b52-4a0f6f1d2e3c',
  'Range: bytes=0-1',
  'If-None-Match: *',
  'Upgrade: h2c',
  '__proto__: 1',
]

/** What keeps a request from being HTTP, or from being read to its end. */
const BROKEN: readonly { readonly method?: string; readonly headers: readonly string[] }[] = [
  { headers: ['Host: a b'] },
  { headers: ['Host: <script>'] },
  { headers: ['Expect: the-impossible'] },
  { headers: [`X-Large: ${'x'.repeat(20_000)}`] },
  { headers: ['a line without a colon'] },
  { headers: ['X-Control: a\u0001b'] },
  { headers: ['Content-Length: 5', 'Content-Length: 6'] },
  { headers: ['Content-Length: -1'] },
  { headers: ['Content-Length: 5', 'Transfer-Encoding: chunked'] },
  { headers: ['Transfer-Encoding: gzip'] },
  { method: 'FOO', headers: [] },
  { method: 'get', headers: [] },
]

const caller: fc.Arbitrary<Caller> = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Caller>('live') },
  { weight: 1, arbitrary: fc.constant<Caller>('bearer') },
  { weight: 3, arbitrary: fc.constant<Caller>('retiring') },
  { weight: 4, arbitrary: fc.constantFrom<Caller>('none', 'empty', 'wrong', 'twice', 'odd') },
)

const headers = fc.oneof(
  { weight: 2, arbitrary: fc.constant<string[]>([]) },
  { weight: 1, arbitrary: fc.uniqueArray(fc.constantFrom(...ODD_HEADERS), { maxLength: 3, selector: nameOf }) },
)

function nameOf(line: string): string {
  return line.split(':', 1)[0]!
}

type Target = { readonly text: string; readonly isSound: boolean }

/** The path and query of an operation: as the document says, or with something odd in it. */
function targets(path: string, { parameters = [] }: Operation): fc.Arbitrary<Target> {
  const inQuery = parameters.filter((one) => one.in === 'query')
  const filled = path.includes('{')
    ? fc.tuple(oddText, fc.boolean()).map(([odd, isOdd]) => {
        const example = parameters.find((one) => one.in === 'path')!.example!
        return path.replace(/\{.*\}/, () => (isOdd && odd !== '' ? odd : example))
      })
    : fc.constant(path)
  return fc
    .record({ filled, slash: fc.constantFrom('', '', '/'), query: queries(inQuery) })
    .map(({ filled, slash, query }) => ({
      text: `${filled}${slash}${query.text === '' ? '' : `?${query.text}`}`,
      isSound: query.isSound,
    }))
}

function queries(parameters: readonly Parameter[]): fc.Arbitrary<Target> {
  const pair = (one: Parameter): string => `${one.name}=${encodeURIComponent(one.example ?? 'a')}`
  const extra = fc.constantFrom(
    '',
    'a=b',
    'a=%zz&a=b',
    'customerNumber',
    '&&=&',
    '__proto__=1',
    `x=${'y'.repeat(5_000)}`,
  )
  if (parameters.length === 0) return extra.map((text) => ({ text, isSound: true }))
  const odd = fc
    .array(fc.tuple(fc.constantFrom(...parameters), oddText), { maxLength: 3 })
    .chain((pairs) => extra.map((more) => [...pairs.map(([{ name }, value]) => `${name}=${value}`), more].join('&')))
  return fc.oneof(
    fc.constantFrom(...parameters).map((one) => ({ text: pair(one), isSound: true })),
    odd.map((text) => ({ text, isSound: false })),
  )
}

const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method as Method, operation })),
)

/** Requests for every documented operation. */
const documented = fc
  .constantFrom(...OPERATIONS)
  .chain(({ path, method, operation }): fc.Arbitrary<GeneratedRequest> => {
    const content = operation.requestBody?.content['application/json']
    const body: fc.Arbitrary<Body | null> = content === undefined ? fc.constant(null) : bodies(content.schema as never)
    const isGet = method === 'get'
    return fc
      .record({ target: targets(path, operation), body, caller, headers, isHead: fc.nat(9).map((n) => n === 0) })
      .map(({ target, body, caller, headers, isHead }) => ({
        method: isGet && isHead ? 'HEAD' : method.toUpperCase(),
        target: target.text,
        caller,
        headers,
        body: body?.bytes ?? null,
        isSound: target.isSound && (body?.isSound ?? true),
        isHttp: true,
      }))
  })

const oddMethod = fc.constantFrom(...METHODS.filter((method) => method !== 'CONNECT'))

/** Requests for what is not documented: other methods, other paths. */
const undocumented = fc
  .record({
    request: documented,
    method: fc.option(oddMethod, { nil: null }),
    path: fc.option(fc.constantFrom(...ODD_PATHS), { nil: null }),
  })
  .map(({ request, method, path }): GeneratedRequest => {
    const target = path ?? request.target
    const head = [target, ...request.headers].reduce((bytes, line) => bytes + Buffer.byteLength(line), 0)
    // Too large a head is refused before method and path are looked at.
    const isHttp = head + OTHER_HEAD_BYTES < LIMITS.headerBytes.standard
    return { ...request, method: method ?? request.method, target, isSound: false, isHttp }
  })

const broken = fc
  .tuple(documented, fc.constantFrom(...BROKEN))
  .map(([request, { method, headers }]): GeneratedRequest => ({
    ...request,
    method: method ?? request.method,
    headers,
    isSound: false,
    isHttp: false,
  }))

export const generatedRequest: fc.Arbitrary<GeneratedRequest> = fc.oneof(
  { weight: 8, arbitrary: documented },
  { weight: 2, arbitrary: undocumented },
  { weight: 1, arbitrary: broken },
)
