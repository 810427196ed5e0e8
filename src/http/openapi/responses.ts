import { LIMITS } from '../../domain/limits.ts'
import { DEPRECATED_SINCE, PENDING } from '../replies.ts'
import { errorCode, type ErrorName, ERRORS } from '../../domain/errors.ts'

/** A part of the document: plain JSON. */
export type Part = { readonly [name: string]: unknown }

export const EXAMPLE_ID = '019a4c2e-7d10-7c3f-9b52-4a0f6f1d2e3c'

/** The headers that answers carry beside the usual ones of HTTP. */
export const HEADERS: Part = {
  'Request-Id': {
    description:
      'The id of this request, given by the server and new for each. Keep it: it is what support asks for, and of an ' +
      'accepted report it is what `GET /v1/requests/{id}` takes.',
    required: true,
    schema: { $ref: '#/components/schemas/RequestId' },
    example: EXAMPLE_ID,
  },
  Location: {
    description: 'Where to read what became of the report. Not there for an empty batch, which has nothing to tell.',
    schema: { type: 'string', pattern: '^/v1/requests/[0-9a-f-]{36}$' },
    example: `/v1/requests/${EXAMPLE_ID}`,
  },
  'Zego-Error-Detail': {
    description: 'What is wrong, for the person who reads your log: one line of ASCII. Its words may change.',
    required: true,
    schema: { type: 'string', pattern: '^[ -~]+$' },
    example: 'item 3: timestamp has no time zone',
  },
  'Retry-After': {
    description: 'After how many seconds to send the request again, as it is.',
    required: true,
    schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
    example: '1',
  },
  Deprecation: {
    description: 'Only on a request that used `policyId` or `driverId`: since when these are deprecated (RFC 9745).',
    schema: { const: DEPRECATED_SINCE },
    example: DEPRECATED_SINCE,
  },
  Allow: {
    description: 'The methods that the path takes.',
    required: true,
    schema: { enum: ['GET, HEAD', 'POST'] },
    example: 'POST',
  },
}

/** References to headers, by their names. */
export function headers(...names: (keyof typeof HEADERS)[]): Part {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

/** What any request may be answered, whatever it asks for: it was hardly HTTP, or the server is at fault. */
const ANY: readonly ErrorName[] = ['INVALID_DATA', 'TIMEOUT', 'EXPECTATION_FAILED', 'HEADERS_TOO_LARGE', 'INTERNAL']
/** What any request with a key may be answered. */
const WITH_KEY: readonly ErrorName[] = ['MISSING_AUTH', 'INVALID_KEY', 'RATE_LIMITED', 'UNAVAILABLE']

/** More than the title says, where that helps. */
const SAYS: Partial<Record<ErrorName, string>> = {
  INVALID_DATA: 'Nothing of the request was stored; `Zego-Error-Detail` says what to mend',
  MISSING_AUTH: '`MISSING_AUTH`: there is no Authorization header, or it is empty',
  INVALID_KEY: '`INVALID_KEY`: the key is not a live one, or there is more than one Authorization header',
  INVALID_CUSTOMER:
    '`INVALID_CUSTOMER`: nobody you may see. Whether there is no such customer, or one who is not linked to you or did ' +
    'not consent, is not told apart',
  INVALID_CUSTOMER_EMAIL: '`INVALID_CUSTOMER_EMAIL`: there is such a customer, with another e-mail address',
  TOO_LARGE: `The body is larger than ${LIMITS.bodyBytes.standard} bytes, or the batch has more than ${LIMITS.batchItems.standard} items: send it in parts`,
  RATE_LIMITED: `The key sent more than it may: ${LIMITS.requestsPerSecond.standard} requests and ${LIMITS.eventsPerSecond.standard} events a second unless agreed otherwise. Nothing was stored`,
  TIMEOUT: `The headers did not arrive within ${LIMITS.headersMs.standard / 1000} s, or the whole request within ${LIMITS.requestMs.standard / 1000} s`,
  HEADERS_TOO_LARGE: `The request line and the headers are larger than ${LIMITS.headerBytes.standard} bytes`,
  UNAVAILABLE: 'The request may not have been stored: send it again, repeats are harmless',
}

const RETRIED: readonly ErrorName[] = ['RATE_LIMITED', 'UNAVAILABLE']

/** The answers that refuse: some errors of one operation, and those that every request may get. */
export function refusals(own: readonly ErrorName[], { isKeyed }: { readonly isKeyed: boolean }): Part {
  const names = new Set([...own, ...(isKeyed ? WITH_KEY : []), ...ANY])
  const byStatus = Map.groupBy(names, (name) => ERRORS[name].status)
  return Object.fromEntries(
    [...byStatus].sort(([a], [b]) => a - b).map(([status, group]) => [String(status), refusal(...group)]),
  )
}

/** A reference to the answer that refuses for one of some errors, all of one status. */
export function refusal(...names: readonly ErrorName[]): Part {
  return { $ref: `#/components/responses/${responseName(names)}` }
}

/** `InvalidCustomerOrInvalidCustomerEmail` */
function responseName(names: readonly ErrorName[]): string {
  const words = names.join('_OR_').toLowerCase().split('_')
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

const REFUSALS: readonly (readonly ErrorName[])[] = [
  ['INVALID_DATA'],
  ['MISSING_AUTH', 'INVALID_KEY'],
  ['INVALID_CUSTOMER'],
  ['INVALID_CUSTOMER', 'INVALID_CUSTOMER_EMAIL'],
  ['NOT_FOUND'],
  ['METHOD_NOT_ALLOWED'],
  ['GONE'],
  ['TIMEOUT'],
  ['TOO_LARGE'],
  ['EXPECTATION_FAILED'],
  ['RATE_LIMITED'],
  ['HEADERS_TOO_LARGE'],
  ['INTERNAL'],
  ['UNAVAILABLE'],
]

function describeRefusal(names: readonly ErrorName[]): Part {
  const [first] = names as [ErrorName, ...ErrorName[]]
  const { status } = ERRORS[first]
  const codes = names.map(errorCode)
  const titles = names.map((name) => ERRORS[name].title)
  const more = RETRIED.includes(first) ? ['Retry-After'] : first === 'METHOD_NOT_ALLOWED' ? ['Allow'] : []
  const error = { const: codes[0] }
  return {
    description: `${names.map((name) => SAYS[name] ?? ERRORS[name].title).join('. ')}.`,
    headers: headers('Request-Id', 'Zego-Error-Detail', 'Deprecation', ...more),
    content: {
      'application/json': {
        schema: exactly({ error: codes.length === 1 ? error : { enum: codes } }),
        examples: Object.fromEntries(codes.map((code) => [code, { value: { error: code } }])),
      },
      'application/problem+json': {
        schema: exactly({
          type: { const: 'about:blank' },
          title: titles.length === 1 ? { const: titles[0] } : { enum: titles },
          status: { const: status },
          detail: { type: 'string', pattern: '^[ -~]+$' },
          instance: { type: 'string', pattern: '^urn:uuid:[0-9a-f-]{36}$' },
          error: codes.length === 1 ? error : { enum: codes },
        }),
      },
    },
  }
}

const ACCEPTED: Part = {
  description:
    'The report is on disk: it survives whatever happens to the server from now on. What it means for a shift is worked ' +
    'out a moment later; `Location` says where to read it.',
  headers: headers('Request-Id', 'Location', 'Deprecation'),
  content: {
    'application/json': {
      schema: exactly({ status: { const: 'PENDING' } }),
      example: JSON.parse(PENDING) as unknown,
    },
  },
}

/** The answers that operations share, by name. */
export const RESPONSES: Part = {
  Accepted: ACCEPTED,
  MethodNotAllowedPage: {
    description: `${ERRORS.METHOD_NOT_ALLOWED.title}.`,
    headers: headers('Request-Id', 'Allow'),
    content: { 'text/html': { schema: { type: 'string' } } },
  },
  ...Object.fromEntries(REFUSALS.map((names) => [responseName(names), describeRefusal(names)])),
}

/** An answer 200. */
export function ok(description: string, schema: Part, examples?: Part): Part {
  return {
    description,
    headers: headers('Request-Id', 'Deprecation'),
    content: { 'application/json': { schema, ...(examples === undefined ? {} : { examples }) } },
  }
}

/** The schema of an object that has these fields and no others. */
export function exactly(properties: Part): Part {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}
