import { hash, randomUUIDv7 } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { sliceOf } from '../../src/domain/identity.ts'
import { instantOfEpochMilliseconds } from '../../src/domain/instant.ts'
import { readKey } from '../../src/http/authenticate.ts'
import { parseBody, parseReport } from '../../src/http/parse.ts'
import { CLOSED_HEADERS, PENDING } from '../../src/http/replies.ts'
import {
  booleanArray,
  integerArray,
  smallintArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/storage/binary-arrays.ts'
import { connectAsProgram } from './connection.ts'
import { listen } from './listening.ts'

/*
 * The limit of a server that keeps its word and the contract: as `least-server.ts`, and each report is looked at as
 * product.md orders (one header with the key, its hash, a body of a size, UTF-8, JSON, depth, one identity, an instant that exists),
 * and each answer says what it orders (an id of the request, where to read what became of it, that nothing is kept). Written
 * straight down, without a path, a refusal, a promise, a limit or a figure for those who watch.
 */
const client = await connectAsProgram()
await client.query('drop table if exists least_inbox')
await client.query('create table least_inbox (like inbox including all)')
const { rows: keys } = await client.query<{ digest: string; id: string }>(
  `select encode(hash, 'hex') as digest, work_provider_id as id from api_key`,
)
const workProviders = new Map(keys.map(({ digest, id }) => [digest, id]))

type Waiting = ReturnType<typeof parseReport> & {
  readonly response: ServerResponse
  readonly requestId: string
  readonly workProviderId: string
  readonly isLogin: boolean
}

const INSERT = {
  name: 'insert',
  text: `insert into least_inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select slice, work_provider_id, request_id, item,
      case when is_number then 'customer_number'::identity_kind else 'user_id'::identity_kind end, identity,
      case when is_login then 'login'::event_kind else 'logout'::event_kind end, at
    from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::boolean[], $6::text[], $7::boolean[],
      $8::timestamptz[]) as row (slice, work_provider_id, request_id, item, is_number, identity, is_login, at)`,
}

let waiting: Waiting[] = []
let isStoring = false

async function store(): Promise<void> {
  isStoring = true
  while (waiting.length > 0) {
    const taken = waiting
    waiting = []
    await client.query({
      ...INSERT,
      values: [
        smallintArray(taken.map(({ workProviderId, identity }) => sliceOf({ workProviderId, ...identity }))),
        uuidArray(taken.map((one) => one.workProviderId)),
        uuidArray(taken.map((one) => one.requestId)),
        integerArray(taken.map(() => 0)),
        booleanArray(taken.map((one) => one.identity.kind === 'customer_number')),
        textArray(taken.map((one) => one.identity.text)),
        booleanArray(taken.map((one) => one.isLogin)),
        timestampArray(taken.map((one) => one.at)),
      ],
    })
    for (const { response, requestId } of taken) {
      response
        .writeHead(202, [
          'Request-Id',
          requestId,
          ...CLOSED_HEADERS,
          'Content-Type',
          'application/json',
          'Location',
          `/v1/requests/${requestId}`,
          'Content-Length',
          String(PENDING.length),
        ])
        .end(PENDING)
    }
  }
  isStoring = false
}

const server = createServer((request, response) => {
  const workProviderId = workProviders.get(hash('sha256', readKey(request), 'hex'))!
  const isLogin = request.url!.endsWith('login')
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = parseBody(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    const report = parseReport(body, instantOfEpochMilliseconds(Date.now()), { deprecated: [] })
    waiting.push({ ...report, response, requestId: randomUUIDv7(), workProviderId, isLogin })
    if (!isStoring) void store()
  })
})
listen(server)
