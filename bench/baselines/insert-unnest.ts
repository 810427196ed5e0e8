import { randomUUIDv7 } from 'node:crypto'
import pg from 'pg'
import { connection } from './connection.ts'

/*
 * The limit of storing: the rows of the inbox, into a table with its columns and key, by one `insert ... unnest` after
 * another, each durable when it is over. The arrays are made beforehand; only request ids are new in each statement.
 */
const ROWS_A_STATEMENT = 10_000
const ROWS_A_REQUEST = 1_000
const SECONDS = Number(process.env['MEASURE_SECONDS'] ?? 5)
const WARM_UP_STATEMENTS = 5

const client = new pg.Client(await connection())
await client.connect()
await client.query('drop table if exists unnest_inbox')
await client.query('create table unnest_inbox (like inbox including all)')

const { rows } = await client.query<{ id: string }>('select id from work_provider limit 1')
const workProviderId = rows[0]!.id
const indexes = Array.from({ length: ROWS_A_STATEMENT }, (_, index) => index)
const slice = indexes.map((index) => index % 64)
const workProvider = indexes.map(() => workProviderId)
const item = indexes.map((index) => index % ROWS_A_REQUEST)
const identityKind = indexes.map((index) => (index % 2 === 0 ? 'customer_number' : 'user_id'))
const identity = indexes.map((index) => (index % 2 === 0 ? `C${index}` : `u-${index}`))
const kind = indexes.map(() => 'login')
const at = indexes.map((index) => 1_760_000_000_000_000 + index * 1000)

async function insert(): Promise<void> {
  const ids = Array.from({ length: Math.ceil(ROWS_A_STATEMENT / ROWS_A_REQUEST) }, () => randomUUIDv7())
  const requestId = indexes.map((index) => ids[Math.floor(index / ROWS_A_REQUEST)]!)
  await client.query(
    `insert into unnest_inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
    select slice, work_provider_id, request_id, item, identity_kind, identity, kind,
      timestamptz 'epoch' + at * interval '1 microsecond'
    from unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::identity_kind[], $6::text[],
      $7::event_kind[], $8::bigint[]) as row (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)`,
    [slice, workProvider, requestId, item, identityKind, identity, kind, at],
  )
}

for (let index = 0; index < WARM_UP_STATEMENTS; index++) await insert()
const begun = performance.now()
let statements = 0
while (performance.now() - begun < SECONDS * 1000) {
  await insert()
  statements++
}
const seconds = (performance.now() - begun) / 1000
await client.query('drop table unnest_inbox')
console.log(`Rows a second: ${Math.round((statements * ROWS_A_STATEMENT) / seconds)}.`)
process.exit(0)
