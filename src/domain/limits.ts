/** What the program takes from outsiders, at most. Each is set by the environment variable of its name. */
export type Limit = {
  readonly variable: string
  readonly standard: number
  readonly min: number
  readonly max: number
  /** Of what, in which unit. */
  readonly what: string
}

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

export const LIMITS = {
  bodyBytes: limit('MAX_BODY_BYTES', 4 * MEBIBYTE, KIBIBYTE, 64 * MEBIBYTE, 'bytes of the body of an API request'),
  batchItems: limit('MAX_BATCH_ITEMS', 10_000, 1, 100_000, 'reports in one batch'),
  pageItems: limit('MAX_PAGE_ITEMS', 1_000, 1, 10_000, 'items in one answer of `GET /v1/requests/<id>`'),
  requestsPerSecond: limit(
    'RATE_REQUESTS_PER_SECOND',
    500,
    1,
    1_000_000,
    'requests a second of one key, in one process',
  ),
  eventsPerSecond: limit(
    'RATE_EVENTS_PER_SECOND',
    100_000,
    1,
    100_000_000,
    'reports a second of one key, in one process',
  ),
  queuedEvents: limit('MAX_QUEUED_EVENTS', 200_000, 1, 10_000_000, 'reports that wait for the disk; beyond it 503'),
  queuedBytes: limit('MAX_QUEUED_BYTES', 64 * MEBIBYTE, KIBIBYTE, KIBIBYTE * MEBIBYTE, 'bytes of them'),
  connections: limit('MAX_CONNECTIONS', 10_000, 10, 1_000_000, 'connections at once; one more is closed'),
  headerBytes: limit(
    'MAX_HEADER_BYTES',
    16 * KIBIBYTE,
    KIBIBYTE,
    MEBIBYTE,
    'bytes of the request line and all headers',
  ),
  headersMs: limit('HEADERS_TIMEOUT_MS', 10_000, 100, 600_000, 'milliseconds until the headers are there'),
  requestMs: limit('REQUEST_TIMEOUT_MS', 30_000, 100, 3_600_000, 'milliseconds until the whole request is there'),
  keepAliveMs: limit('KEEP_ALIVE_TIMEOUT_MS', 75_000, 100, 3_600_000, 'milliseconds that a connection may idle'),
  passwordHashes: limit('MAX_PASSWORD_HASHES', 2, 1, 64, 'passwords hashed at once, 19 MiB each'),
  loginFailures: limit(
    'MAX_LOGIN_FAILURES',
    10,
    1,
    1_000,
    'wrong passwords in 15 minutes for one account from one network',
  ),
  linksFromNetwork: limit(
    'MAX_LINKS_FROM_NETWORK',
    5_000,
    1,
    1_000_000,
    'links of work providers that a network can open in an hour',
  ),
  mailsToAddress: limit(
    'MAX_MAILS_TO_ADDRESS',
    5,
    1,
    1_000,
    'mails in an hour that strangers can have sent to an address',
  ),
  mailsFromNetwork: limit(
    'MAX_MAILS_FROM_NETWORK',
    100,
    1,
    100_000,
    'addresses in an hour that a network can have mailed',
  ),
  liveStreams: limit('MAX_LIVE_STREAMS', 100, 1, 10_000, 'live pages of the desk that are kept up to date at once'),
} as const satisfies Record<string, Limit>

export type Limits = { readonly [Name in keyof typeof LIMITS]: number }

/** Every limit by a rule of its own. */
export function limitsBy(rule: (limit: Limit) => number): Limits {
  return Object.fromEntries(Object.entries(LIMITS).map(([name, one]) => [name, rule(one)])) as Limits
}

export const STANDARD_LIMITS: Limits = limitsBy(({ standard }) => standard)

function limit(variable: string, standard: number, min: number, max: number, what: string): Limit {
  return { variable, standard, min, max, what }
}
