import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { openAccepting } from './accepting.ts'
import { claim } from './claim.ts'
import { connectAsProgram, connection } from './connection.ts'
import { listen } from './listening.ts'

/*
 * The limit of a program that accepts and derives: as `least-contract.ts`, and beside it what has to be done of each
 * report, by one transaction after another: it is taken out of the inbox, kept, and added as an event; its identity is
 * locked and the binding read; the stream is locked and the last shift read; a login writes one, a logout ends it.
 * Nothing else is decided: no order but that of arrival, no repeats, no anomalies, caps, feeds, notices or annulments.
 *
 * MEASURE_TURN: the reports of a transaction at most. MEASURE_RESTS: after each a rest of so many times its
 * length, as where callers go first.
 */
const REPORTS_A_TURN = Number(process.env['MEASURE_TURN'] ?? 1_000)
const RESTS = Number(process.env['MEASURE_RESTS'] ?? 0)
const MAX_REST_MS = 50
const IDLE_MS = 5

const target = await connection()
const [accepting, deriving] = [await connectAsProgram(target), await connectAsProgram(target)]
for (const table of ['report', 'event', 'shift']) {
  await deriving.query(`drop table if exists least_${table}`)
  await deriving.query(`create table least_${table} (like ${table} including all)`)
}

const CLAIM = {
  name: 'claim',
  text: `${claim(REPORTS_A_TURN)}
    returning work_provider_id as "workProviderId", identity_kind as "identityKind", identity, kind, at::text`,
}
const ASKED = `unnest($1::uuid[], $2::text[], $3::text[]) as asked (work_provider_id, kind, identity)`
const LOCK = {
  name: 'identities',
  text: `select from identity i join ${ASKED} on i.work_provider_id = asked.work_provider_id
      and i.kind = asked.kind::identity_kind and i.identity = asked.identity
    order by i.work_provider_id, i.kind, i.identity for update of i`,
}
const BINDINGS = {
  name: 'bindings',
  text: `select asked.identity, link_id as "linkId" from ${ASKED} join binding b on b.work_provider_id = asked.work_provider_id
      and b.identity_kind = asked.kind::identity_kind and b.identity = asked.identity
    left join release r on r.binding_id = b.id`,
}
const STREAMS = {
  name: 'streams',
  text: 'select id, derive_from from link where id = any($1::bigint[]) order by id for no key update',
}
const STORED = {
  name: 'stored',
  text: `select wanted.link_id as "linkId", s.started_at::text as "startedAt"
    from unnest($1::bigint[]) as wanted (link_id) cross join lateral (
      select started_at, ended_at from least_shift s where s.link_id = wanted.link_id order by started_at desc limit 1
    ) s`,
}
const SHIFTS = {
  name: 'shifts',
  text: `insert into least_shift (link_id, started_at, ended_at, cap_at, rules_version)
    select link_id, started_at, ended_at, 'infinity', 1
    from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as row (link_id, started_at, ended_at)
    on conflict (link_id, started_at) do update set ended_at = excluded.ended_at`,
}

type Event = { workProviderId: string; identityKind: string; identity: string; kind: string; at: string }

/** Answers how many events it took. */
async function turn(): Promise<number> {
  await deriving.query('begin')
  const { rows: events } = await deriving.query<Event>(CLAIM)
  if (events.length > 0) await derive(events)
  await deriving.query('commit')
  return events.length
}

async function derive(events: readonly Event[]): Promise<void> {
  const asked = [
    events.map((event) => event.workProviderId),
    events.map((event) => event.identityKind),
    events.map((event) => event.identity),
  ]
  await deriving.query({ ...LOCK, values: asked })
  const bound = await deriving.query<{ identity: string; linkId: string }>({ ...BINDINGS, values: asked })
  const links = new Map(bound.rows.map((row) => [row.identity, row.linkId]))
  const linkIds = [...new Set(links.values())]
  await deriving.query({ ...STREAMS, values: [linkIds] })
  const stored = await deriving.query<{ linkId: string; startedAt: string }>({ ...STORED, values: [linkIds] })
  const last = new Map(stored.rows.map((row) => [row.linkId, row.startedAt]))
  const shifts = new Map<string, { linkId: string; startedAt: string; endedAt: string | null }>()
  for (const { identity, kind, at } of events) {
    const linkId = links.get(identity)
    if (linkId === undefined) continue
    const startedAt = kind === 'login' ? at : last.get(linkId)
    if (kind === 'login') last.set(linkId, at)
    if (startedAt !== undefined) {
      shifts.set(`${linkId} ${startedAt}`, { linkId, startedAt, endedAt: kind === 'login' ? null : at })
    }
  }
  const written = [...shifts.values()]
  await deriving.query({
    ...SHIFTS,
    values: [written.map((one) => one.linkId), written.map((one) => one.startedAt), written.map((one) => one.endedAt)],
  })
}

async function deriveForEver(): Promise<never> {
  for (;;) {
    const begun = performance.now()
    const taken = await turn()
    if (taken === 0) await delay(IDLE_MS)
    else if (RESTS > 0) await delay(Math.min(RESTS * (performance.now() - begun), MAX_REST_MS))
  }
}

listen(createServer(await openAccepting(accepting)))
void deriveForEver()
