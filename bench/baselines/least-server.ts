import { randomUUIDv7 } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import {
  booleanArray,
  integerArray,
  smallintArray,
  textArray,
  timestampArray,
  uuidArray,
} from '../../src/storage/binary-arrays.ts'
import { instantOfEpochMilliseconds } from '../../src/domain/instant.ts'
import { connectAsProgram } from './connection.ts'
import { ACCEPTED_ANSWER, listen, STATUS_ANSWER } from './listening.ts'
import { shared } from './shared.ts'

/*
 * The limit of a server that keeps its word: the bare HTTP server, which answers a report only when its row is on disk
 * (all that wait share an insert), and a status only when it has asked the database whether the customer is linked
 * (all that wait share a select). It checks nothing: no key, no field, no time. What the program does beside this is
 * its own; what this costs no program on this driver and this engine can save.
 */
const client = await connectAsProgram()
await client.query('drop table if exists least_inbox')
await client.query('create table least_inbox (like inbox including all)')
const { rows: workProviders } = await client.query<{ id: string }>('select id from work_provider order by name limit 1')
const workProviderId = workProviders[0]!.id

type Body = { customerNumber?: string; workProviderUserId?: string; timestamp: string }
type Waiting = { readonly response: ServerResponse; readonly body: Body }

const INSERT = {
  name: 'insert',
  text: `insert into least_inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select slice, work_provider_id, request_id, item,
      case when is_number then 'customer_number'::identity_kind else 'user_id'::identity_kind end, identity,
      'login'::event_kind, at
    from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::boolean[], $6::text[], $7::timestamptz[])
      as row (slice, work_provider_id, request_id, item, is_number, identity, at)`,
}

async function store(waiting: readonly Waiting[]): Promise<void> {
  const bodies = waiting.map((one) => one.body)
  await client.query({
    ...INSERT,
    values: [
      smallintArray(bodies.map((_, index) => index % 64)),
      uuidArray(bodies.map(() => workProviderId)),
      uuidArray(bodies.map(() => randomUUIDv7())),
      integerArray(bodies.map(() => 0)),
      booleanArray(bodies.map((body) => body.customerNumber !== undefined)),
      textArray(bodies.map((body) => body.customerNumber ?? body.workProviderUserId!)),
      timestampArray(bodies.map((body) => instantOfEpochMilliseconds(Date.parse(body.timestamp)))),
    ],
  })
  for (const { response } of waiting) {
    response
      .writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': ACCEPTED_ANSWER.length })
      .end(ACCEPTED_ANSWER)
  }
}

type Asking = { readonly response: ServerResponse; readonly isNumber: boolean; readonly identity: string }

const SELECT = {
  name: 'select',
  text: `select asked.place::int - 1 as index, b.link_id
    from unnest($1::boolean[], $2::text[]) with ordinality as asked (is_number, identity, place)
    join binding b on b.work_provider_id = $3::uuid and b.identity = asked.identity and b.identity_kind =
      case when is_number then 'customer_number'::identity_kind else 'user_id'::identity_kind end`,
}

async function look(asking: readonly Asking[]): Promise<void> {
  const { rows } = await client.query<{ index: number }>({
    ...SELECT,
    values: [
      booleanArray(asking.map((one) => one.isNumber)),
      textArray(asking.map((one) => one.identity)),
      workProviderId,
    ],
  })
  const known = new Set(rows.map((row) => row.index))
  for (const [index, { response }] of asking.entries()) {
    response
      .writeHead(known.has(index) ? 200 : 404, {
        'Content-Type': 'application/json',
        'Content-Length': STATUS_ANSWER.length,
      })
      .end(STATUS_ANSWER)
  }
}

const toStore = shared(store)
const toLookUp = shared(look)
const CUSTOMER_NUMBER = 'customerNumber='

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const url = request.url!
    toLookUp({ response, isNumber: url.includes(CUSTOMER_NUMBER), identity: url.slice(url.indexOf('=') + 1) })
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => toStore({ response, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body }))
})
listen(server)
