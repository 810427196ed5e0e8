import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { Database } from '../../src/storage/database.ts'
import { microseconds } from '../../src/storage/sql.ts'
import { waitFor } from './harness.ts'
import type { Content, Recorder } from './load.ts'

/* Compares what the database holds with what was sent and what was answered. */

export type StoredReport = {
  readonly requestId: string
  readonly item: number
  readonly identity: string
  readonly kind: EventKind
  readonly at: Instant
}

export type Verdict = {
  readonly reportsChecked: number
  /** Reports of a 202 that are not there. */
  readonly lost: number
  /** Reports, or events, that are there and were never sent, or are there too often. */
  readonly invented: number
  /** What is wrong, in words; the first few. */
  readonly problems: readonly string[]
}

const ROWS_A_PAGE = 20_000
const MAX_PROBLEMS = 20
const INBOX_DEADLINE_MS = 300_000

export function waitUntilInboxEmpty(context: Context): Promise<boolean> {
  return waitFor('the inbox being emptied', () => isInboxEmpty(context), INBOX_DEADLINE_MS)
}

/** Whether all that was accepted is derived, or will be with what is noted on its link. */
export async function isInboxEmpty({ db }: Context): Promise<boolean> {
  const { rows } = await sql<{ isEmpty: boolean }>`select not exists (select 1 from inbox) as "isEmpty"`.execute(db)
  return rows[0]!.isEmpty
}

/** All reports, derived or waiting. */
export async function readReports(db: Database): Promise<StoredReport[]> {
  const all: StoredReport[] = []
  for (const table of ['report', 'inbox']) {
    let after = { requestId: '00000000-0000-0000-0000-000000000000', item: -1 }
    for (;;) {
      const { rows } = await sql<StoredReport>`
        select request_id as "requestId", item, identity, kind, ${microseconds('at')} as at from ${sql.table(table)}
        where (request_id, item) > (${after.requestId}::uuid, ${after.item})
        order by request_id, item limit ${ROWS_A_PAGE}
      `.execute(db)
      all.push(...rows)
      if (rows.length < ROWS_A_PAGE) break
      after = rows.at(-1)!
    }
  }
  return all
}

export async function readEvents(db: Database): Promise<StoredReport[]> {
  const { rows } = await sql<StoredReport>`
    select request_id as "requestId", item, identity, kind, ${microseconds('at')} as at from event
  `.execute(db)
  return rows
}

/** Every request is there whole and as it was sent, or not at all; every one that was answered 202 is there once. */
export function compareLedgers(
  recorder: Recorder,
  reports: readonly StoredReport[],
  events: readonly StoredReport[],
): Verdict {
  const problems: string[] = []
  const counts = { lost: 0, invented: 0 }
  const note = (which: keyof typeof counts, count: number, problem: string): void => {
    counts[which] += count
    if (problems.length < MAX_PROBLEMS) problems.push(problem)
  }
  const contentOf = indexContents(recorder.contents)
  const stored = Map.groupBy(reports, (report) => report.requestId)
  const storedSends = new Map<Content, number>()
  for (const [requestId, rows] of stored) {
    const content = contentOf.get(keyOf(rows[0]!))
    if (content === undefined) note('invented', rows.length, `request ${requestId} was never sent`)
    else if (!isWhole(content, rows)) note('invented', rows.length, `request ${requestId} is not as it was sent`)
    else storedSends.set(content, (storedSends.get(content) ?? 0) + 1)
  }
  for (const content of recorder.contents) {
    for (const requestId of content.acknowledged) {
      const missing = missingItems(content, stored.get(requestId) ?? [])
      if (missing > 0) note('lost', missing, `request ${requestId} was answered 202 and lacks ${missing} reports`)
    }
    const times = storedSends.get(content) ?? 0
    if (times > content.sends) note('invented', 1, `sent ${content.sends} times and stored ${times} times`)
  }
  for (const problem of compareEvents(storedSends, events)) note(...problem)
  return { reportsChecked: reports.length, ...counts, problems }
}

/** There is one event for each report that is stored, and none besides. */
function compareEvents(
  stored: ReadonlyMap<Content, number>,
  events: readonly StoredReport[],
): ['lost' | 'invented', number, string][] {
  const wanted = new Set<string>()
  for (const content of stored.keys()) for (const key of keysOf(content)) wanted.add(key)
  const found = new Set(events.map(keyOf))
  const missing = [...wanted].filter((key) => !found.has(key))
  const surplus = events.length - wanted.size + missing.length
  return [
    ...missing.map((key): ['lost', number, string] => ['lost', 1, `there is no event for ${key}`]),
    ...(surplus === 0
      ? []
      : [['invented', surplus, `${surplus} events more than reports`] as ['invented', number, string]]),
  ]
}

function isWhole(content: Content, rows: readonly StoredReport[]): boolean {
  const byItem = new Map(rows.map((row) => [row.item, row]))
  if (rows.length !== content.items.length || byItem.size !== rows.length) return false
  return keysOf(content).every((key, item) => byItem.has(item) && keyOf(byItem.get(item)!) === key)
}

function missingItems(content: Content, rows: readonly StoredReport[]): number {
  const found = new Set(rows.map(keyOf))
  return keysOf(content).filter((key) => !found.has(key)).length
}

function indexContents(contents: readonly Content[]): Map<string, Content> {
  const index = new Map<string, Content>()
  for (const content of contents) for (const key of keysOf(content)) index.set(key, content)
  return index
}

function keysOf(content: Content): string[] {
  return content.items.map((item) => `${item.userId} ${content.kind} ${item.at}`)
}

function keyOf(report: StoredReport): string {
  return `${report.identity} ${report.kind} ${report.at}`
}
