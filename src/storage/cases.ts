import { type RawBuilder, sql } from 'kysely'
import type { CaseKind, CaseName, CaseWord } from '../domain/case.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, timestamp } from './sql.ts'

export type CaseRow = CaseName & {
  readonly since: Instant
  readonly happenedAt: Instant
  readonly isDone: boolean
}

const COLUMNS = sql`
  kind, work_provider_id as "workProviderId", about, claimant, ${microseconds('since')} as since,
  ${microseconds('happened_at')} as "happenedAt", is_done as "isDone"
`

export type CaseFilter = {
  readonly kinds: readonly CaseKind[]
  readonly workProviderId: string | null
  readonly isDone: boolean
  /** Only those that became a case after the one and by the other. */
  readonly after: Instant | null
  readonly until: Instant | null
}

/** A place in the list, in the order of `since`, then of names. */
export type CasePlace = CaseName & { readonly since: Instant }

/**
 * The cases of a filter after a place, oldest first: from the front of an index for each kind, as many of each as are
 * asked for at most.
 */
export async function listCases(
  db: Database,
  filter: CaseFilter,
  place: CasePlace | null,
  limit: number,
): Promise<CaseRow[]> {
  const pieces = filter.kinds.map((kind) => sql`(${oldestOfKind(kind, filter, place, limit)})`)
  const { rows } = await sql<CaseRow>`
    select ${COLUMNS} from (${sql.join(pieces, sql` union all `)}) c
    order by c.since, c.work_provider_id, c.about, c.claimant, c.kind limit ${limit}
  `.execute(db)
  return rows
}

function oldestOfKind(
  kind: CaseKind,
  { workProviderId, isDone, after, until }: CaseFilter,
  place: CasePlace | null,
  limit: number,
): RawBuilder<unknown> {
  // Kinds come last in the order: at the very place of another kind, one of this kind may still follow.
  const beyond = place !== null && kind > place.kind ? sql`>=` : sql`>`
  const key = workProviderId === null ? sql`(since, work_provider_id, about, claimant)` : sql`(since, about, claimant)`
  const conditions = [
    sql`kind = ${kind} and is_done = ${isDone}`,
    ...(workProviderId === null ? [] : [sql`work_provider_id = ${workProviderId}`]),
    ...(after === null ? [] : [sql`since > ${timestamp(after)}`]),
    ...(until === null ? [] : [sql`since <= ${timestamp(until)}`]),
    ...(place === null ? [] : [sql`${key} ${beyond} (${placeOf(place, workProviderId)})`]),
  ]
  return sql`
    select * from reconciliation_case where ${sql.join(conditions, sql` and `)}
    order by ${workProviderId === null ? sql`since, work_provider_id, about, claimant` : sql`since, about, claimant`}
    limit ${limit}
  `
}

function placeOf({ since, workProviderId, about, claimant }: CasePlace, of: string | null): RawBuilder<unknown> {
  const name = sql`${about}::text, ${claimant}::text`
  return of === null ? sql`${timestamp(since)}, ${workProviderId}::uuid, ${name}` : sql`${timestamp(since)}, ${name}`
}

/** What to count: the open cases of some kinds that became one within bounds. */
export type CaseCounter = Pick<CaseFilter, 'kinds' | 'after' | 'until'>

/** For each work provider, how many open cases there are for each counter, counting no further than `atMost`. */
export async function countCases(
  db: Database,
  counters: readonly CaseCounter[],
  atMost: number,
): Promise<Map<string, number[]>> {
  const columns = counters.map((counter) => sql`(${countOf(counter, atMost)})`)
  const { rows } = await sql<{ id: string; counts: number[] }>`
    select w.id, array[${sql.join(columns)}]::int[] as counts from work_provider w
  `.execute(db)
  return new Map(rows.map(({ id, counts }) => [id, counts]))
}

function countOf({ kinds, after, until }: CaseCounter, atMost: number): RawBuilder<unknown> {
  const bounds = [
    ...(after === null ? [] : [sql`and since > ${timestamp(after)}`]),
    ...(until === null ? [] : [sql`and since <= ${timestamp(until)}`]),
  ]
  const pieces = kinds.map(
    (kind) => sql`(
      select from reconciliation_case
      where work_provider_id = w.id and kind = ${kind} and not is_done ${sql.join(bounds, sql` `)}
      order by since limit ${atMost}
    )`,
  )
  return sql`select least(count(*), ${atMost}) from (${sql.join(pieces, sql` union all `)}) c`
}

const NAME = sql`work_provider_id, kind, about, claimant`

function named({ workProviderId, kind, about, claimant }: CaseName): RawBuilder<unknown> {
  return sql`(${NAME}) = (${workProviderId}::uuid, ${kind}::text, ${about}::text, ${claimant}::text)`
}

/** Null for what is no case, or is settled. */
export async function findCase(db: Database, name: CaseName): Promise<CaseRow | null> {
  const { rows } = await sql<CaseRow>`
    select ${COLUMNS} from reconciliation_case where ${named(name)}
  `.execute(db)
  return rows[0] ?? null
}

/** As `findCase`; nothing happens to it until the end of the transaction. */
export async function lockCase(trx: DatabaseTransaction, name: CaseName): Promise<CaseRow | null> {
  const { rows } = await sql<CaseRow>`
    select ${COLUMNS} from reconciliation_case where ${named(name)} for update
  `.execute(trx)
  return rows[0] ?? null
}

export async function storeCaseDone(trx: DatabaseTransaction, name: CaseName, isDone: boolean): Promise<void> {
  await sql`update reconciliation_case set is_done = ${isDone} where ${named(name)}`.execute(trx)
}

export async function insertCaseWord(
  trx: DatabaseTransaction,
  name: CaseName,
  { word, note, by }: Omit<CaseWord, 'recordedAt'>,
): Promise<void> {
  const { workProviderId, kind, about, claimant } = name
  await sql`
    insert into case_word (work_provider_id, kind, about, claimant, word, note, by_whom)
    values (${workProviderId}, ${kind}, ${about}, ${claimant}, ${word}, ${note}, ${by})
  `.execute(trx)
}

/** The last words on a case, oldest of them first. */
export async function lastCaseWords(db: Database, name: CaseName, limit: number): Promise<CaseWord[]> {
  const { rows } = await sql<CaseWord>`
    select word, note, by_whom as by, ${microseconds('recorded_at')} as "recordedAt"
    from case_word where ${named(name)} order by seq desc limit ${limit}
  `.execute(db)
  return rows.toReversed()
}

/** Those of some cases that were done before: an open one among them is open again. */
export async function doneBefore(db: Database, names: readonly CaseName[]): Promise<boolean[]> {
  const { rows } = await sql<{ wasDone: boolean }>`
    -- One probe each: "exists" would be planned as a scan of all words.
    select coalesce((
      select true from case_word w
      where w.work_provider_id = asked.work_provider_id and w.kind = asked.kind and w.about = asked.about
        and w.claimant = asked.claimant and w.word = 'done'
      limit 1
    ), false) as "wasDone"
    from unnest(${names.map((one) => one.workProviderId)}::uuid[], ${names.map((one) => one.kind)}::text[],
      ${names.map((one) => one.about)}::text[], ${names.map((one) => one.claimant)}::text[])
      with ordinality as asked (work_provider_id, kind, about, claimant, place)
    order by asked.place
  `.execute(db)
  return rows.map(({ wasDone }) => wasDone)
}
