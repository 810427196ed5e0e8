import { hash, randomUUIDv7 } from 'node:crypto'
import type { RequestListener, ServerResponse } from 'node:http'
import type { Client } from 'pg'
import { sliceOf } from '../../src/domain/identity.ts'
import { instantOfEpochMilliseconds } from '../../src/domain/instant.ts'
import { readKey } from '../../src/http/authenticate.ts'
import { parseBatch, parseBody, parseReport } from '../../src/http/parse.ts'
import { CLOSED_HEADERS, PENDING } from '../../src/http/replies.ts'
import {
  booleanArray,
  integerArray,
  smallintArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/storage/binary-arrays.ts'

const ROWS_AT_ONCE = 8_000
const MAX_ITEMS = 1_000

type Report = ReturnType<typeof parseReport>

const INSERT = {
  name: 'insert',
  text: `insert into least_inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select slice, work_provider_id, request_id, item,
      case when is_number then 'customer_number'::identity_kind else 'user_id'::identity_kind end, identity,
      case when is_login then 'login'::event_kind else 'logout'::event_kind end, at
    from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::boolean[], $6::text[], $7::boolean[],
      $8::timestamptz[]) as row (slice, work_provider_id, request_id, item, is_number, identity, is_login, at)`,
}

type Accepted = {
  readonly response: ServerResponse
  readonly requestId: string
  readonly workProviderId: string
  readonly isLogin: boolean
  readonly reports: readonly Report[]
}

/** The work providers by the digests of their keys. */
export async function workProvidersByKey(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ digest: string; id: string }>(
    `select encode(hash, 'hex') as digest, work_provider_id as id from api_key`,
  )
  return new Map(rows.map(({ digest, id }) => [digest, id]))
}

/**
 * Accepts reports with nothing but what the promise and the contract need: each is looked at as product.md orders (one
 * header with the key, its hash, a body of a size, UTF-8, JSON, depth, one identity, an instant that exists), those that
 * wait share an insert into `least_inbox`, and each answer, given when that is on disk, says what it has to (an id of the
 * request, where to read what became of it, that nothing is kept). Without a path, a refusal, a promise, a limit or a
 * figure for those who watch.
 */
export async function openAccepting(client: Client): Promise<RequestListener> {
  await client.query('drop table if exists least_inbox')
  await client.query('create table least_inbox (like inbox including all)')
  const workProviders = await workProvidersByKey(client)
  let waiting: Accepted[] = []
  let isStoring = false

  async function store(): Promise<void> {
    isStoring = true
    while (waiting.length > 0) {
      const taken = firstOf(waiting)
      waiting = waiting.slice(taken.length)
      await client.query({ ...INSERT, values: columnsOf(taken) })
      for (const { response, requestId } of taken) answer(response, requestId)
    }
    isStoring = false
  }

  return (request, response) => {
    const workProviderId = workProviders.get(hash('sha256', readKey(request), 'hex'))!
    const url = request.url!
    const isLogin = url.endsWith('login')
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = parseBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
      const now = instantOfEpochMilliseconds(Date.now())
      const note = { deprecated: [] }
      const reports = url.startsWith('/v1/batch')
        ? parseBatch(body, MAX_ITEMS, now, note)
        : [parseReport(body, now, note)]
      waiting.push({ reports, response, requestId: randomUUIDv7(), workProviderId, isLogin })
      if (!isStoring) void store()
    })
  }
}

/** As many as a statement takes. */
function firstOf(waiting: readonly Accepted[]): readonly Accepted[] {
  let rows = 0
  const end = waiting.findIndex(({ reports }) => (rows += reports.length) > ROWS_AT_ONCE)
  return end === -1 ? waiting : waiting.slice(0, Math.max(1, end))
}

function columnsOf(taken: readonly Accepted[]): Buffer[] {
  const rows = taken.flatMap(({ reports, ...request }) =>
    reports.map((report, item) => ({ ...report, ...request, item })),
  )
  return [
    smallintArray(rows.map(({ workProviderId, identity }) => sliceOf({ workProviderId, ...identity }))),
    uuidArray(rows.map((one) => one.workProviderId)),
    uuidArray(rows.map((one) => one.requestId)),
    integerArray(rows.map((one) => one.item)),
    booleanArray(rows.map((one) => one.identity.kind === 'customer_number')),
    textArray(rows.map((one) => one.identity.text)),
    booleanArray(rows.map((one) => one.isLogin)),
    timestampArray(rows.map((one) => one.at)),
  ]
}

function answer(response: ServerResponse, requestId: string): void {
  const location = `/v1/requests/${requestId}`
  const headers = ['Request-Id', requestId, ...CLOSED_HEADERS, 'Content-Type', 'application/json', 'Location', location]
  response.writeHead(202, [...headers, 'Content-Length', String(PENDING.length)]).end(PENDING)
}
