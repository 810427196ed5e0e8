import { TEST_PEOPLE, TEST_UNKNOWN } from '../../domain/sandbox.ts'

/** A call with everything that is sent, as a reader would send it. */
export type Sample = {
  readonly method: 'GET' | 'POST'
  /** With its query. */
  readonly path: string
  readonly body?: unknown
  /** What the example is answered with. */
  readonly status: number
}

/** Stands for the reader's key; the page fills it in, in the browser. */
export const KEY_PLACE = 'YOUR_KEY'
/** Stands for the time at which the sample is run. */
export const NOW_PLACE = '{now}'

const PERSON = { workProviderUserId: '1686', timestamp: NOW_PLACE }

/** By the path of the call in the API's description. */
export const SAMPLES: Readonly<Record<string, Sample>> = {
  '/v1/shift/login': { method: 'POST', path: '/v1/shift/login', body: PERSON, status: 202 },
  '/v1/shift/logout': { method: 'POST', path: '/v1/shift/logout', body: PERSON, status: 202 },
  '/v1/batch/login': { method: 'POST', path: '/v1/batch/login', body: [PERSON], status: 202 },
  '/v1/batch/logout': { method: 'POST', path: '/v1/batch/logout', body: [PERSON], status: 202 },
  '/v1/match': { method: 'POST', path: '/v1/match', body: { customerNumber: 'ABC123', success: true }, status: 202 },
  '/v1/user/status': { method: 'GET', path: '/v1/user/status?customerNumber=ABC123', status: 200 },
  '/v1/validate/customer-number/{customerNumber}': {
    method: 'GET',
    path: '/v1/validate/customer-number/ABC123?email=ada%40example.com',
    status: 204,
  },
  '/v1/feed': { method: 'GET', path: '/v1/feed?after=0', status: 200 },
}

const TESTED = { ...PERSON, workProviderUserId: TEST_PEOPLE.enabled.userId }

/** What to try with a test key; they are run as they stand, too. */
export const TEST_SAMPLES: Readonly<Record<'enabled' | 'unknown' | 'validate' | 'login' | 'match', Sample>> = {
  enabled: statusOf(TEST_PEOPLE.enabled, 200),
  unknown: statusOf(TEST_UNKNOWN, 404),
  validate: {
    method: 'GET',
    path: `/v1/validate/customer-number/${TEST_PEOPLE.enabled.customerNumber}?email=${encodeURIComponent(TEST_PEOPLE.enabled.email)}`,
    status: 204,
  },
  login: { method: 'POST', path: '/v1/shift/login', body: TESTED, status: 202 },
  match: {
    method: 'POST',
    path: '/v1/match',
    body: { customerNumber: TEST_PEOPLE.disabled.customerNumber, success: true },
    status: 202,
  },
}

function statusOf({ customerNumber }: { readonly customerNumber: string }, status: number): Sample {
  return { method: 'GET', path: `/v1/user/status?customerNumber=${customerNumber}`, status }
}

export const LANGUAGES = ['curl', 'python', 'typescript'] as const
export type Language = (typeof LANGUAGES)[number]
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  curl: 'curl',
  python: 'Python',
  typescript: 'TypeScript',
}

/** A program that makes the call and prints the status. `url`: of the server, without a slash at the end. */
export function program(language: Language, url: string, sample: Sample): string {
  return PROGRAMS[language](url + sample.path, sample).join('\n')
}

const PROGRAMS: Readonly<Record<Language, (url: string, sample: Sample) => string[]>> = {
  curl: (url, { body }) => [
    `curl -i "${url}" \\`,
    `  -H "Authorization: ${KEY_PLACE}"${body === undefined ? '' : ' \\'}`,
    ...(body === undefined ? [] : [`  -d '${JSON.stringify(body).replaceAll(NOW_PLACE, `'$(date -u +%FT%TZ)'`)}'`]),
  ],
  python: (url, { method, body }) => [
    ...(usesNow(body) ? ['from datetime import datetime, timezone'] : []),
    'import requests',
    '',
    ...(usesNow(body) ? ['now = datetime.now(timezone.utc).isoformat()'] : []),
    `response = requests.${method.toLowerCase()}(`,
    `    "${url}",`,
    `    headers={"Authorization": "${KEY_PLACE}"},`,
    ...(body === undefined ? [] : [`    json=${literal(body, { true: 'True', quoted: true })},`]),
    '    timeout=10,',
    ')',
    'print(response.status_code, response.text)',
  ],
  typescript: (url, { method, body }) => [
    ...(usesNow(body) ? ['const now = new Date().toISOString()'] : []),
    `const response = await fetch('${url}', {`,
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    `  headers: { Authorization: '${KEY_PLACE}' },`,
    ...(body === undefined ? [] : [`  body: JSON.stringify(${literal(body, { true: 'true', quoted: false })}),`]),
    '  signal: AbortSignal.timeout(10_000),',
    '})',
    'console.log(response.status, await response.text())',
  ],
}

function usesNow(body: unknown): boolean {
  return body !== undefined && JSON.stringify(body).includes(NOW_PLACE)
}

type Dialect = { readonly true: string; readonly quoted: boolean }

/** A body as a literal of a language. */
function literal(value: unknown, dialect: Dialect): string {
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, dialect)).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(
      ([name, one]) => `${dialect.quoted ? `"${name}"` : name}: ${literal(one, dialect)}`,
    )
    return dialect.quoted ? `{${fields.join(', ')}}` : `{ ${fields.join(', ')} }`
  }
  if (value === NOW_PLACE) return 'now'
  if (value === true) return dialect.true
  return dialect.quoted ? `"${String(value)}"` : `'${String(value)}'`
}
