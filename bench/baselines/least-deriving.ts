import { randomUUIDv7 } from 'node:crypto'
import { customerNumberOf } from '../load/job.ts'
import { claim } from './claim.ts'
import { connectAsProgram } from './connection.ts'

/*
 * The limit of deriving: what has to be written of each report, a thousand to a statement, and nothing read or decided.
 * It is stored in the inbox, taken out of it, kept as a report, added as an event; every second one ends a shift, which
 * was stored when it began. Tables and keys are those of the program; each transaction is durable when it is over.
 *
 * With MEASURE_READS also what no program can leave out that has several projectors, and people who bind and annul beside them:
 * the identities are locked and their bindings read, the streams are locked and the shifts read that are stored of them.
 * Nothing is decided by it.
 */
const HAS_READS = process.env['MEASURE_READS'] === '1'
const ROWS_A_TURN = 1_000
const SECONDS = Number(process.env['MEASURE_SECONDS'] ?? 5)
const WARM_UP_TURNS = 20
const FIRST_AT = 1_760_000_000_000_000
const MICROSECONDS_A_TURN = 60_000_000

const COURIERS = 50_000
const TURNS_A_ROUND = COURIERS / ROWS_A_TURN
const TABLES = ['inbox', 'report', 'event', 'shift']

const client = await connectAsProgram()
for (const table of TABLES) {
  await client.query(`drop table if exists least_${table}`)
  await client.query(`create table least_${table} (like ${table} including all)`)
}

const { rows } = await client.query<{ id: string }>('select id from work_provider limit 1')
const workProviderId = rows[0]!.id
const indexes = Array.from({ length: ROWS_A_TURN }, (_, index) => index)
let turns = 0

/** Each turn another thousand couriers, who log in and, a round later, out. */
async function turn(): Promise<void> {
  const round = Math.floor(turns / TURNS_A_ROUND)
  const first = (turns % TURNS_A_ROUND) * ROWS_A_TURN
  const at = FIRST_AT + round * MICROSECONDS_A_TURN
  const isLogin = round % 2 === 0
  await client.query({
    name: 'accept',
    text: `insert into least_inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at)
      select slice, $1::uuid, request_id, 0, 'customer_number', identity, $5::event_kind,
        timestamptz 'epoch' + $6::bigint * interval '1 microsecond'
      from unnest($2::smallint[], $3::uuid[], $4::text[]) as row (slice, request_id, identity)`,
    values: [
      workProviderId,
      indexes.map((index) => index % 64),
      indexes.map(() => randomUUIDv7()),
      indexes.map((index) => `C${first + index}`),
      isLogin ? 'login' : 'logout',
      at,
    ],
  })
  await client.query('begin')
  await client.query({
    name: 'claim',
    text: claim(ROWS_A_TURN),
  })
  if (HAS_READS) await lockAndRead(first, at)
  await client.query({
    name: 'shifts',
    text: `insert into least_shift (link_id, started_at, ended_at, cap_at, rules_version)
      select link_id, timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
        timestamptz 'epoch' + $3::bigint * interval '1 microsecond', 'infinity', 1
      from unnest($1::bigint[]) link_id
      on conflict (link_id, started_at) do update set ended_at = excluded.ended_at`,
    values: [indexes.map((index) => first + index), isLogin ? at : at - MICROSECONDS_A_TURN, isLogin ? null : at],
  })
  await client.query('commit')
  turns++
}

/** As the program, of the couriers whose turn it is; they are among the customers of the store. */
async function lockAndRead(first: number, at: number): Promise<void> {
  const numbers = indexes.map((index) => customerNumberOf(first + index))
  await client.query({
    name: 'identities',
    text: `select from identity join unnest($2::text[]) as asked (identity) using (identity)
      where work_provider_id = $1::uuid and kind = 'customer_number' order by identity for update of identity`,
    values: [workProviderId, numbers],
  })
  const { rows: bindings } = await client.query<{ linkId: string }>({
    name: 'bindings',
    text: `select link_id as "linkId" from binding b join unnest($2::text[]) as asked (identity) using (identity)
      left join release r on r.binding_id = b.id
      where work_provider_id = $1::uuid and identity_kind = 'customer_number'`,
    values: [workProviderId, numbers],
  })
  if (bindings.length !== ROWS_A_TURN) throw new Error(`${bindings.length} of the couriers are bound`)
  const linkIds = bindings.map((row) => row.linkId)
  await client.query({
    name: 'streams',
    text: 'select id, derive_from from link where id = any($1::bigint[]) order by id for no key update',
    values: [linkIds],
  })
  await client.query({
    name: 'stored',
    text: `select s.started_at, s.ended_at from unnest($1::bigint[]) as wanted (link_id) cross join lateral (
        select started_at, ended_at from least_shift s
        where s.link_id = wanted.link_id and started_at < timestamptz 'epoch' + $2::bigint * interval '1 microsecond'
        order by started_at desc limit 1
      ) s`,
    values: [indexes.map((index) => first + index), at],
  })
}

for (let index = 0; index < WARM_UP_TURNS; index++) await turn()
const begun = performance.now()
const before = turns
while (performance.now() - begun < SECONDS * 1000) await turn()
const seconds = (performance.now() - begun) / 1000
for (const table of TABLES) await client.query(`drop table least_${table}`)
console.log(`Rows a second: ${Math.round(((turns - before) * ROWS_A_TURN) / seconds)}.`)
process.exit(0)
